/**
 * What the counters must be, asked of the raw events in the database: from the definitions in DESIGN §2, nothing of
 * server/. Where nobody comes at the same time as somebody else, nobody is late and nobody detaches, as in a load, each
 * step is one pass; `../tools/counters-sql.ts` has the rest, too slow for a million events.
 */
import type { Held } from './held.ts';

/** By which settings is counted, µs. */
export interface Settings {
  everyUs: number;
  ttlUs: number;
  holdDownUs: number;
}

/** Figures of an area in an interval, in the order of the tables. */
const names = ['present', 'fresh5', 'entries', 'exits', 'appeared', 'vanished', 'visitors'] as const;
type Figures = Partial<Record<(typeof names)[number], number>>;

export interface Counted {
  /** By `seconds area`: the start of the interval, and a region's or cell's name. What is not there is 0. */
  figures: Map<string, Figures>;
  areas: Record<'region_gauge' | 'cell_gauge', string[]>;
  /** Times of the first and the newest event, s. */
  first: number;
  newest: number;
  everyS: number;
}

/** Asks a database: every statement commits by itself. */
export type Ask = <T>(sql: string) => Promise<T[]>;

/** Regions of a load are its location areas. */
const memberSql = `
  create table oracle_member as
    select 1 as layer, cell_id as cell, 'area' || split_part(cgi, '-', 3) as area from cell
    union all select 2, cell_id, cgi from cell
`;

/**
 * Each sighting with the presence it gives, and the life, from appearance to vanish, that it belongs to. Behind the newest
 * one of all the feed is silent, and nobody vanishes: who is there then still is at the end of that interval.
 */
const placeSql = ({ everyUs, ttlUs }: Settings) => `
  create table oracle_place as
    with seen as (
      select sub, cell_id as cell, (extract(epoch from ts) * 1000000)::bigint as t from event
      where sub <> 0 and cell_id is not null and flags & 1 = 1
    ), step as (
      select *, lag(t) over w as prev_t, lag(cell) over w as prev_cell, lead(t) over w as next_t
      from seen window w as (partition by sub order by t)
    ), clock as (
      select max(t) as newest from seen
    ), marked as (
      select *, coalesce(t - prev_t >= ${ttlUs}, true) as appears,
             coalesce(next_t - t >= ${ttlUs}, t + ${ttlUs} <= newest) as vanishes
      from step, clock
    )
    select sub, cell, t, prev_cell, appears, vanishes,
           case when vanishes then t + ${ttlUs} else coalesce(next_t, (newest / ${everyUs} + 1) * ${everyUs}) end as until_t,
           sum(appears::int) over (partition by sub order by t) as life
    from marked
`;

/** Crossings that count: of a run whose gaps are all below holdDown an even number cancels, of an odd one the last is left. */
const heldSql = ({ holdDownUs }: Settings) => `
  create table oracle_held as
    with move as (
      select b.area as left_, c.area as entered, sub, life, t
      from oracle_place p join oracle_member c using (cell)
        join oracle_member b on b.cell = p.prev_cell and b.layer = c.layer
      where not appears and b.area <> c.area
    ), crossing as (
      select entered as area, sub, life, t, 'entries' as what from move
      union all select left_, sub, life, t, 'exits' from move
    ), gap as (
      select *, coalesce(t - lag(t) over (partition by area, sub, life order by t) >= ${holdDownUs}, true) as begins
      from crossing
    ), run as (
      select *, sum(begins::int) over (partition by area, sub, life order by t) as run from gap
    ), counted as (
      select *, count(*) over (partition by area, sub, life, run) as length,
             row_number() over (partition by area, sub, life, run order by t) as at
      from run
    )
    select area, t, what from counted where at = length and length % 2 = 1
`;

const figuresSql = ({ everyUs: every }: Settings) => `
  with lasting as (
    select area, sub, t, until_t, appears, vanishes from oracle_place join oracle_member using (cell)
  ), ends as (
    -- Who is there at the end: a presence that began before it and does not end before it.
    select area, e / ${every} - 1 as k, t >= e - 300000000 as fresh
    from lasting, generate_series((t / ${every} + 1) * ${every}, until_t, ${every}) as e
  ), line as (
    select area, k, 'present' as what, count(*)::int as n from ends group by area, k
    union all select area, k, 'fresh5', count(*)::int from ends where fresh group by area, k
    union all select area, k, 'visitors', count(distinct sub)::int
      from lasting, generate_series(t / ${every}, (until_t - 1) / ${every}) as k group by area, k
    union all select area, t / ${every}, 'appeared', count(*)::int from lasting where appears group by 1, 2
    union all select area, until_t / ${every}, 'vanished', count(*)::int from lasting where vanishes group by 1, 2
    union all select area, t / ${every}, what, count(*)::int from oracle_held group by 1, 2, what
  )
  select area, (k * ${every} / 1000000)::float8 as start, json_object_agg(what, n) as figures from line group by area, k
`;

/** Counts in tables of its own, which go again. */
export async function countBySql(ask: Ask, settings: Settings): Promise<Counted> {
  try {
    for (const sql of [memberSql, placeSql(settings), heldSql(settings)]) await ask(sql);
    const rows = await ask<{ area: string; start: number; figures: Figures }>(figuresSql(settings));
    const areas = await ask<{ layer: number; area: string }>(
      'select distinct layer, area from oracle_member order by 1, 2',
    );
    const [span] = await ask<{ first: number; newest: number }>(
      'select min(t) / 1e6::float8 as first, max(t) / 1e6::float8 as newest from oracle_place',
    );
    const of = (layer: number) => areas.filter((each) => each.layer === layer).map(({ area }) => area);
    return {
      figures: new Map(rows.map(({ area, start, figures }) => [`${start} ${area}`, figures])),
      areas: { region_gauge: of(1), cell_gauge: of(2) },
      ...{ ...span, everyS: settings.everyUs / 1e6 },
    };
  } finally {
    await ask('drop table if exists oracle_member, oracle_place, oracle_held');
  }
}

/** What a table's newest row of an area says of an interval in which it has none: who was there still is. */
function carried(before: readonly number[] | undefined): number[] {
  const [present = 0, fresh5 = 0] = before ?? [];
  return [present, fresh5, 0, 0, 0, 0, present];
}

/** How many figures of every interval that was stored have been compared, and one line on each kind that differs. */
export interface Comparison {
  intervals: number;
  figures: number;
  differences: string[];
}

/** Holds the counters in the tables to those by definition. */
export function compareWith(
  { areas, everyS, figures, first, newest }: Counted,
  { counters }: { counters: Pick<Held['counters'], 'region_gauge' | 'cell_gauge' | 'city_gauge'> },
): Comparison {
  const city = new Map(counters.city_gauge.map((line) => line.split(' ').map(Number)).map(([at, , n]) => [at, n]));
  const starts = [...city.keys()].sort((a, b) => a - b);
  const differences: string[] = [];
  const firstStart = Math.floor(first / everyS) * everyS;
  const isWhole = starts.every((start, i) => start === firstStart + i * everyS);
  // The newest ones are final a little later.
  if (!isWhole || newest - (starts.at(-1) ?? 0) > 5 * everyS)
    differences.push(`city_gauge: ${starts.length} intervals, not each from ${firstStart} to about ${newest}`);
  let compared = 0;
  const wrong = new Map<string, string[]>();
  const compare = (what: string, at: string, got: number, want: number) => {
    compared++;
    if (got !== want) wrong.set(what, [...(wrong.get(what) ?? []), `${at} is ${got}, by the oracle ${want}`]);
  };
  for (const table of ['region_gauge', 'cell_gauge'] as const) {
    const told = new Map<string, number[]>();
    for (const line of counters[table]) {
      const [start, area, , ...row] = line.split(' ');
      told.set(`${start} ${area}`, row.map(Number));
    }
    for (const key of told.keys())
      if (!areas[table].includes(key.slice(key.indexOf(' ') + 1))) differences.push(`${table}: ${key} is no area`);
    for (const area of areas[table]) {
      let before: number[] | undefined;
      for (const start of starts) {
        const want = figures.get(`${start} ${area}`) ?? {};
        before = told.get(`${start} ${area}`) ?? carried(before);
        for (const [i, name] of names.entries())
          compare(`${table}.${name}`, `${area} at ${start}`, before[i], want[name] ?? 0);
      }
    }
  }
  for (const start of starts) {
    const sum = areas.cell_gauge.reduce((all, cell) => all + (figures.get(`${start} ${cell}`)?.present ?? 0), 0);
    compare('city_gauge.present', `${start}`, city.get(start)!, sum);
  }
  for (const [what, places] of wrong) differences.push(`${what}: ${places.length} differ; ${places[0]}`);
  return { intervals: starts.length, figures: compared, differences };
}
