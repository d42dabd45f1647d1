/**
 * Statements of `oracle.ts`, each one pass: tables `oracle_…`, and questions to them. Areas of layer 1 are micro-regions,
 * of layer 2 cells.
 */
import type { Settings } from './oracle.ts';

export const tables = ['oracle_member', 'oracle_place', 'oracle_held', 'oracle_stay'] as const;

/** A region lists cells, or what their names begin with. */
export const memberSql = ({ regions }: Settings) => `
  create table oracle_member as
    select distinct 1 as layer, cell_id as cell, region as area from cell join (values
      ${regions.flatMap(({ id, cells }) => cells.map((cell) => `('${id}', '${cell}')`)).join(', ')}
    ) as listed (region, pattern)
      on cgi = pattern or (right(pattern, 1) = '*' and starts_with(cgi, left(pattern, -1)))
    union all select 2, cell_id, cgi from cell
`;

/**
 * Each sighting that came in time with the presence it gives, the life, from appearance to vanish, that it belongs to, and
 * the home that its life has told so far. A detach that names no cell places nobody and ends the presence before it.
 * Octets are the order of arrival. Behind the newest of all events the feed is silent, and nobody vanishes: who is there
 * then still is at the end of that interval.
 */
export const placeSql = ({ everyUs, reorderUs, ttlUs }: Settings) => `
  create table oracle_place as
    with arrival as (
      select sub, cell_id as cell, t, flags, plmn, line,
             coalesce(t < max(t) over (order by line rows between unbounded preceding and 1 preceding)
                        - ${reorderUs ?? 'null::bigint'}, false) as late
      from (select sub, cell_id, flags, plmn, bytes as line, (extract(epoch from ts) * 1000000)::bigint as t from event) e
    ), seen as (
      select sub, t, line, plmn, flags & 2 > 0 as detach, case when flags & 1 = 1 then cell end as cell
      from arrival where not late and sub <> 0 and ((cell is not null and flags & 1 = 1) or flags & 2 > 0)
    ), step as (
      select *, lag(t) over w as prev_t, lag(cell) over w as prev_cell, lag(detach) over w as prev_detach,
             lead(t) over w as next_t, lead(cell) over w is null and lead(t) over w is not null as next_ends
      from seen window w as (partition by sub order by t, line)
    ), clock as (
      select max(t) as newest from arrival
    ), ending as (
      select *, coalesce(prev_detach or t - prev_t >= ${ttlUs}, true) as appears,
             detach or coalesce(next_ends or next_t - t >= ${ttlUs}, t + ${ttlUs} <= newest) as vanishes,
             case when detach then t when next_ends then least(next_t, t + ${ttlUs}) else t + ${ttlUs} end as end_t
      from step, clock where cell is not null
    ), lived as (
      select *, sum(appears::int) over w as life, row_number() over w as n
      from ending window w as (partition by sub order by t, line)
    )
    select sub, life, n, cell, t, prev_t, case when appears then null else prev_cell end as prev_cell, appears, vanishes,
           case when vanishes then end_t else coalesce(next_t, (newest / ${everyUs} + 1) * ${everyUs}) end as until_t,
           -- A machine, and what said so first; then the newest that tells an area; then the first that tells anything.
           (coalesce(min(n << 31 | plmn) filter (where plmn >> 21 = 1023) over w,
                     max(n << 31 | plmn) filter (where plmn >> 21 between 1 and 1022) over w,
                     min(n << 31 | plmn) filter (where plmn > 0) over w, 0) & 2147483647)::int as home
    from lived window w as (partition by sub, life order by n)
`;

/** Crossings that count: of a run whose gaps are all below holdDown an even number cancels, of an odd one the last is left. */
export const heldSql = ({ holdDownUs }: Settings) => `
  create table oracle_held as
    with move as (
      select sub, life, n, t, prev_t, cell, prev_cell from oracle_place where cell <> prev_cell
    ), crossing as (
      select m.layer, m.area, sub, life, n, t, prev_t, true as entry from move join oracle_member m using (cell)
        where not exists (select from oracle_member x where x.area = m.area and x.cell = prev_cell)
      union all
      select m.layer, m.area, sub, life, n, t, prev_t, false from move join oracle_member m on m.cell = prev_cell
        where not exists (select from oracle_member x where x.area = m.area and x.cell = move.cell)
    ), gap as (
      select *, coalesce(t - lag(t) over (partition by area, sub, life order by n) >= ${holdDownUs}, true) as begins
      from crossing
    ), run as (
      select *, sum(begins::int) over (partition by area, sub, life order by n) as run from gap
    ), counted as (
      select *, count(*) over (partition by area, sub, life, run) as length,
             row_number() over (partition by area, sub, life, run order by n) as at
      from run
    )
    select layer, area, sub, life, n, t, prev_t, entry from counted where at = length and length % 2 = 1
`;

/**
 * Stays in regions: from an appearance or a held entry to the next held exit or the vanish. `last_t`: the last sighting
 * inside; null in `out_t`: it goes on.
 */
export const staySql = `
  create table oracle_stay as
    with side as (
      select area, sub, life, n, t, entry, case when not entry then prev_t end as last_t, false as vanished
      from oracle_held where layer = 1
      union all
      select area, sub, life, n, t, true, null, false from oracle_place join oracle_member using (cell)
        where layer = 1 and appears
      union all
      select area, sub, life, n, until_t, false, t, true from oracle_place join oracle_member using (cell)
        where layer = 1 and vanishes
    ), paired as (
      select area, sub, life, t, entry, lead(n) over w as out_n, lead(t) over w as out_t, lead(last_t) over w as last_t,
             lead(vanished) over w as vanished
      from side window w as (partition by area, sub, life order by n, entry desc)
    )
    select area, sub, life, t, out_n, out_t, last_t, vanished from paired where entry
`;

export const figuresSql = ({ everyUs: every }: Settings) => `
  with lasting as (
    select area, sub, t, until_t, appears, vanishes from oracle_place join oracle_member using (cell)
  ), ends as (
    -- Who is there at the end: a presence that began before it and does not end before it.
    select area, e / ${every} - 1 as k, t >= e - 300000000 as fresh
    from lasting, generate_series((t / ${every} + 1) * ${every}, until_t, ${every}) as e
  ), line as (
    select area, k, 'present' as what, count(*)::int as n from ends group by area, k
    union all select area, k, 'fresh5', count(*)::int from ends where fresh group by area, k
    -- Nobody is there for no time: who detaches at once.
    union all select area, k, 'visitors', count(distinct sub)::int
      from lasting, generate_series(t / ${every}, (until_t - 1) / ${every}) as k where until_t > t group by area, k
    union all select area, t / ${every}, 'appeared', count(*)::int from lasting where appears group by 1, 2
    union all select area, until_t / ${every}, 'vanished', count(*)::int from lasting where vanishes group by 1, 2
    union all select area, t / ${every}, case when entry then 'entries' else 'exits' end, count(*)::int
      from oracle_held group by 1, 2, 3
  )
  select area, (k * ${every} / 1000000)::float8 as start, json_object_agg(what, n) as figures from line group by area, k
`;

/** Whether stay `s` lasts beyond the crossing at place `n` and time `t`, in which it had begun before. */
const around = (s: string, t: string, n: string) =>
  `${s}.t < ${t} and (${s}.out_t is null or ${s}.out_t > ${t} or (${s}.vanished and ${s}.out_n >= ${n}))`;

/**
 * Trips at an entry: from the regions left last since the appearance, if not too long ago and not where it is again; at an
 * exit: into where it stays on, having come there from what it leaves.
 */
export const tripsSql = ({ everyUs, tripUs }: Settings) => `
  with crossing as (
    select *, max(t) filter (where not entry) over (partition by sub, life order by n) as left_t
    from oracle_held where layer = 1
  ), at_entry as (
    select x.area as from_, i.area as to_, i.t from crossing i
      join oracle_held x on x.layer = 1 and not x.entry and x.sub = i.sub and x.life = i.life and x.t = i.left_t
    where i.entry and x.area <> i.area and i.t - x.t <= ${tripUs} and not exists (
      select from oracle_stay s where s.area = x.area and s.sub = i.sub and s.life = i.life and ${around('s', 'i.t', 'i.n')})
  ), at_exit as (
    select a.area, b.area, a.out_t from oracle_stay a join oracle_stay b on b.sub = a.sub and b.life = a.life
    where not a.vanished and b.area <> a.area and b.t > a.t and ${around('b', 'a.out_t', 'a.out_n')}
  )
  select concat_ws(' ', t / ${everyUs} * ${everyUs} / 1000000, from_, to_) as key, array[count(*)]::int[] as figures
  from (select * from at_entry union all select * from at_exit) as trip group by 1
`;

/** Bucket 0 below 30 s, then four an octave, 64 in all: stays that ended, by observed dwell and by its upper bound. */
export const dwellSql = ({ everyUs }: Settings) => `
  with edges as (
    select array_agg(round(30000000 * 2 ^ (b / 4.0))::bigint order by b) as us from generate_series(0, 62) b
  ), ended as (
    select area, out_t, true as is_observed, last_t - t as dwell from oracle_stay where out_t is not null
    union all select area, out_t, false, out_t - t from oracle_stay where out_t is not null
  )
  select concat_ws(' ', out_t / ${everyUs} * ${everyUs} / 1000000, area, width_bucket(dwell, us)) as key,
         array[count(*) filter (where is_observed), count(*) filter (where not is_observed)]::int[] as figures
  from ended, edges group by 1
`;

/** Who is there at the end of an interval, by the home that is known then; area '': the whole city. */
export const originsSql = ({ everyUs: every }: Settings) => `
  with ends as (
    select cell, home, e / ${every} - 1 as k
    from oracle_place, generate_series((t / ${every} + 1) * ${every}, until_t, ${every}) as e
  ), line as (
    select '' as area, home, k, count(*)::int as n from ends group by home, k
    union all select area, home, k, count(*)::int from ends join oracle_member using (cell) where layer = 1 group by 1, 2, 3
  )
  select area, home, (k * ${every} / 1000000)::float8 as start, n from line
`;

/** Procedures by the minute and cell, however late they came. */
export const trafficSql = `
  select concat_ws(' ', floor(extract(epoch from ts) / 60)::bigint * 60, cgi) as key,
         array[count(*), count(*) filter (where kind = 11)]::int[] as figures
  from event join cell using (cell_id) where flags & 4 > 0 group by 1
`;
