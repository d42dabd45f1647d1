/** Questions to the tables of `counters-sql.ts`: rows of `city`, `name` and `figures`. */

const inside = (from: string, to: string) => `t >= ${from} and t < ${to}`;

export const countersSql = `
  with area as (
    select distinct city, area, coalesce(from_t, 0) as from_t from member left join era using (city, area)
  )
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
     where p.city = g.city and m.area = a.area and appears and p.t >= from_t and ${inside('g.s', 'g.e')}),
    (select count(*) from place p join member m using (city, cell)
     where p.city = g.city and m.area = a.area and vanishes and end_t >= g.s and end_t < g.e
       and (end_t > from_t or p.t >= from_t)),
    (select count(distinct sub) from (
       select sub from place p join member m using (city, cell)
       where p.city = g.city and m.area = a.area and greatest(p.t, g.s, from_t) < least(p.until_t, g.e)
       union all
       select sub from lasting l
       where l.city = g.city and l.area = a.area and l.from_t >= g.s and l.from_t < g.e and l.until_t > g.s) there)
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
export const tripsSql = `
  -- What of an area was pending as an edit ended it makes no trip.
  with settled as (
    select held.* from held join city using (city) left join era using (city, area) where t + hold <= coalesce(to_t, t + hold)
  ), exit as (select * from settled where entry = 0),
  at_entry as (
    -- Left twice at that moment, an area is left once: where nothing is held down.
    select distinct i.city, i.sub, i.n, x.area as from_, i.area as to_, i.t
    from settled i join exit x on x.city = i.city and x.sub = i.sub and x.life = i.life and x.n <= i.n and x.area <> i.area
    where i.entry = 1 and x.t = (select max(y.t) from exit y
      where y.city = i.city and y.sub = i.sub and y.life = i.life and y.n <= i.n)
      and i.t - x.t <= (select trip from city c where c.city = i.city)
      and not exists (select from stay s where s.area = x.area and ${around('s', 'i')})
  ), at_exit as (
    select x.city, x.sub, x.n, x.area as from_, b.area as to_, x.t
    from exit x
    join stay a on a.city = x.city and a.sub = x.sub and a.area = x.area and a.out_n = x.n and not a.vanished
    join stay b on b.area <> x.area and ${around('b', 'x')} and b.t > a.t
  ), trip as (
    select * from at_entry union all select * from at_exit
  )
  select trip.city, g.e || '|' || from_ || '>' || to_ as name, array[count(*)]::int[] as figures
  from trip join city c using (city) join grid g on g.city = trip.city and t >= g.s and t < g.e
  -- One of an area that an edit has ended is told of the intervals before it, if it had settled then.
  where not exists (select from era x where x.city = trip.city and x.area in (from_, to_)
    and (t + c.hold > x.to_t or t >= x.to_t / c.every * c.every))
  group by trip.city, g.e, from_, to_
`;

/** Bucket 0 below 30 s, then four an octave. */
export const dwellSql = `
  with edge as (select round(30000000 * 2 ^ (b / 4.0))::bigint as us from generate_series(0, 80) b),
  ended as (
    select city, area, out_t, 'observed' as what, last_t - t as us from stay where not cut
    union all select city, area, out_t, 'upper', out_t - t from stay where not cut
  ), counted as (
    select ended.*, (select count(*) from edge where edge.us <= ended.us) as bucket from ended
  )
  select counted.city, g.e || '|' || area || '|' || what || '|' || bucket as name, array[count(*)]::int[] as figures
  from counted join grid g on g.city = counted.city and out_t >= g.s and out_t < g.e
  group by counted.city, g.e, area, what, bucket
`;

export const liveDwellSql = `
  with age as (
    select stay.city, area, ceil((at - t) / 60000000.0) * 60000 as ms
    from stay join clock using (city) where t <= at and out_t > at and not cut
  )
  select city, area as name, array[percentile_disc(0.5) within group (order by ms),
                                   percentile_disc(0.9) within group (order by ms)]::int[] as figures
  from age group by city, area
`;

/** Sightings in the same cell one behind the other, within a life, are one stay. */
export const cellStaysSql = `
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

export const originsSql = `
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
