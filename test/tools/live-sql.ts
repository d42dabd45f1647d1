/**
 * What is shown at a moment, in SQL over the tables of `counters-sql.ts`, from DESIGN §2: fix ages, inflow and outflow over
 * a window, visitors of the newest interval. A moment is a whole minute; all rows before it that move anybody have come,
 * none at it, and whoever's presence ends at it is gone.
 */
import type { CountersBySql, Lines } from './counters-sql.ts';

export interface Moments {
  /** Window of inflow and outflow, µs. */
  windowUs: number;
  /** Each later than the first row. */
  atUs: readonly number[];
}

/** Takes in the moments of each city, by its place. */
export async function setMoments(sql: CountersBySql, cities: readonly Moments[]): Promise<void> {
  await sql.exec('create table moment (city int, at bigint); create table flow_window (city int, win bigint)');
  await sql.insert(
    'moment',
    cities.flatMap(({ atUs }, city) => atUs.map((at) => ({ city, at }))),
  );
  await sql.insert(
    'flow_window',
    cities.map(({ windowUs }, city) => ({ city, win: windowUs })),
  );
  await sql.exec(`
    -- Where everybody is then: the newest sighting, unless its presence has ended.
    create table here as
      select * from (
        select distinct on (city, at, sub) city, at, sub, n, cell, t, end_t
        from moment join place using (city) where t < at order by city, at, sub, n desc
      ) newest where end_t > at;
    create index on here (city, at);
    analyze moment; analyze here;
  `);
}

/** `at`: present, median and p90 fix age of the city, ms, to the half minute above. */
export const fixAges = (sql: CountersBySql): Promise<Lines[]> =>
  sql.lines(`
    with age as (select city, at, ceil((at - t) / 30000000.0) * 30000 as ms from here)
    select city, at::text as name, array[count(*), percentile_disc(0.5) within group (order by ms),
                                         percentile_disc(0.9) within group (order by ms)]::int[] as figures
    from age group by city, at
  `);

/** `at|area`: present, those of them seen in the last 5 and 30 min; from the half minute on in which these began. */
export const freshness = (sql: CountersBySql): Promise<Lines[]> =>
  sql.lines(`
    with age as (select *, at / 30000000 * 30000000 - t as us from here)
    select city, at || '|' || area as name, array[count(*), count(*) filter (where us <= 5 * 60000000),
                                                  count(*) filter (where us <= 30 * 60000000)]::int[] as figures
    from age join member using (city, cell) group by city, at, area
  `);

/** `at|area|class mcc`: subscribers present by origin; behind `CountersBySql.origins`, which finds out where all are at home. */
export const originsThen = (sql: CountersBySql): Promise<Lines[]> =>
  sql.lines(`
    select p.city, p.at || '|' || m.area || '|' || coalesce(o.class || ' ' || o.mcc, 'unknown 0') as name,
           array[count(*)]::int[] as figures
    from here p join member m using (city, cell)
    join place l on l.city = p.city and l.sub = p.sub and l.t = p.t and l.n = p.n
    left join lateral (
      select class, mcc from origin o where o.city = p.city and o.sub = p.sub and o.life = l.life and o.t < p.at
      order by no desc limit 1
    ) o on true
    group by p.city, p.at, m.area, o.class, o.mcc
  `);

/**
 * `at|area`: entries and exits of the window up to the moment, of those that are known to have held: holdDown has passed.
 * Whoever has vanished since cannot undo one either, but that is not told any sooner.
 */
export const windows = (sql: CountersBySql): Promise<Lines[]> =>
  sql.lines(`
    select h.city, m.at || '|' || h.area as name, array[sum(entry), sum(1 - entry)]::int[] as figures
    from moment m join flow_window using (city) join city c using (city)
    join held h on h.city = m.city and h.t >= m.at - win and h.t < m.at
    where h.t + c.hold <= m.at
    group by h.city, m.at, h.area
  `);

/** `at|area`: distinct subscribers who were there at any time of the newest interval that has ended. */
export const visitors = (sql: CountersBySql): Promise<Lines[]> =>
  sql.lines(`
    select m.city, m.at || '|' || area as name, array[count(distinct p.sub)]::int[] as figures
    from moment m join city c using (city)
    cross join lateral (select m.at / every * every as e) ended
    join place p on p.city = m.city and greatest(p.t, e - every) < least(p.until_t, e)
    join member b on b.city = p.city and b.cell = p.cell
    group by m.city, m.at, area
  `);
