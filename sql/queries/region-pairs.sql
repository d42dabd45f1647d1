-- Trips between a set of cells and the other micro-regions as they are drawn now, from stays, by the rule that holds live
-- (sql/012, server/DECISIONS.md 114, 146): by bucket of the entry, or of the exit where the two overlap. Rows of what there
-- was; one without id: in that bucket stays do not tell where people went, and its figures are no counts.
-- $1: cells, $2: from, $3: to (exclusive, whole buckets from $2 on), $4: width in seconds, $5: hold-down in ms, $6: trip in
-- ms: so long may one be on the way, $7: id of the region that the cells are of.
--
-- What a trip follows from is where stays went (to_cell), so that of stays that last nothing is missing. Everybody's steps
-- are looked at in the hours around one into the cells or out of them. Who was by then in what they share with another
-- region is looked for up to a week back in the cells of such regions: to which it came first decides what leaving one is.
with member as materialized (
  select m.cell_id, array_agg(m.region_id order by m.region_id) as regions
  from (
    select c.cell_id, c.region_id
    from micro_region r
    join micro_region_cell c using (region_id)
    -- Not `=`: without statistics that is thought to be hardly any.
    where r.level is null and r.id <> $7 and c.valid_to >= 'infinity'
    union all
    select cell_id, 0 from unnest($1::integer[]) as u (cell_id)
  ) m
  group by m.cell_id
),
own as materialized (
  select s.sub, s.cell_id, s.first_in, s.first_out, s.to_cell
  from stay s
  where is_among(s.cell_id, $1::integer[])
    and s.first_out >= $2::timestamptz - make_interval(hours => 1, secs => ($6::integer + 10 * $5::integer) / 1000.0)
    and s.first_out < $3::timestamptz + make_interval(secs => $5::integer / 1000.0)
  union all
  select s.sub, s.cell_id, s.first_in, s.first_out, s.to_cell
  from stay s
  where is_among(s.to_cell, $1::integer[]) and s.cell_id <> all ($1::integer[])
    and s.first_out >= $2::timestamptz - make_interval(hours => 1, secs => ($6::integer + 10 * $5::integer) / 1000.0)
    and s.first_out < $3::timestamptz + make_interval(secs => $5::integer / 1000.0)
),
-- Hours of a subscriber around its steps into the cells and out of them: what it left last may be any region's.
near as materialized (
  select distinct o.sub, h.hour
  from own o
  cross join lateral generate_series(
    time_bucket(interval '1 hour', o.first_out - make_interval(hours => 1, secs => ($6::integer + 10 * $5::integer) / 1000.0)),
    o.first_out + make_interval(secs => ($6::integer + $5::integer) / 1000.0), interval '1 hour') as h (hour)
  where o.to_cell >= 0 and (o.cell_id <> all ($1::integer[]) or o.to_cell <> all ($1::integer[]))
),
-- Cells of the regions that share some with these.
reach as materialized (
  select array_agg(m.cell_id order by m.cell_id) as cells
  from member m
  where m.regions && (select array_agg(r) from member o cross join lateral unnest(o.regions) r where o.regions[1] = 0)
),
-- Who was in a cell of both when that began, or had just come back, with its steps in these cells, and into them, of the day
-- before.
early as materialized (
  select distinct o.sub
  from own o
  left join member f on f.cell_id = o.cell_id
  where exists (select from member b where b.regions[1] = 0 and cardinality(b.regions) > 1)
    and (f.regions[1] = 0 and cardinality(f.regions) > 1
        and o.first_in < $2::timestamptz - make_interval(hours => 1, secs => ($6::integer + 10 * $5::integer) / 1000.0)
      or o.first_out < $2::timestamptz - make_interval(hours => 1, secs => ($6::integer + 9 * $5::integer) / 1000.0))
),
day_before as materialized (
  select s.sub, s.cell_id, s.first_in, s.first_out, s.to_cell
  from stay s
  where (is_among(s.cell_id, (select r.cells from reach r)) or is_among(s.to_cell, (select r.cells from reach r)))
    and s.first_out >= $2::timestamptz - make_interval(hours => 25, secs => ($6::integer + 10 * $5::integer) / 1000.0)
    and s.first_out < $2::timestamptz - make_interval(hours => 1, secs => ($6::integer + 10 * $5::integer) / 1000.0)
    -- Looked up by hash, however few they are thought to be.
    and (s.sub in (select e.sub from early e)) is true
),
-- Of these, who has been in cells of both all that day: to which it came first was before.
still as materialized (
  select d.sub
  from (
    select b.sub, b.first_in, max(b.first_out) over (
        partition by b.sub order by b.first_in, b.first_out rows between unbounded preceding and 1 preceding) as left_at
    from (
      select y.* from day_before y
      union all
      select o.* from own o
      where o.sub in (select e.sub from early e)
        and o.first_in < $2::timestamptz - make_interval(hours => 1, secs => ($6::integer + 10 * $5::integer) / 1000.0)
    ) b
    join member f on f.cell_id = b.cell_id
    where f.regions[1] = 0 and cardinality(f.regions) > 1
  ) d
  group by d.sub
  having not bool_or(d.first_in > make_interval(secs => $5::integer / 500.0) + coalesce(d.left_at,
    $2::timestamptz - make_interval(hours => 25, secs => ($6::integer + 10 * $5::integer) / 1000.0)))
),
back as materialized (
  select y.* from day_before y
  union all
  select s.sub, s.cell_id, s.first_in, s.first_out, s.to_cell
  from stay s
  where (is_among(s.cell_id, (select r.cells from reach r)) or is_among(s.to_cell, (select r.cells from reach r)))
    and s.first_out >= $2::timestamptz - interval '7 days'
    and s.first_out < $2::timestamptz - make_interval(hours => 25, secs => ($6::integer + 10 * $5::integer) / 1000.0)
    and (s.sub in (select t.sub from still t)) is true
),
chain as (
  select s.sub, s.cell_id, s.first_in, s.first_out, s.to_cell
  from stay s
  where s.first_out >= $2::timestamptz - make_interval(hours => 1, secs => ($6::integer + 10 * $5::integer) / 1000.0)
    and s.first_out < $3::timestamptz + make_interval(secs => $5::integer / 1000.0)
    and (s.sub, time_bucket(interval '1 hour', s.first_out)) in (select n.sub, n.hour from near n)
  union all
  select o.*
  from own o
  where (o.sub, time_bucket(interval '1 hour', o.first_out)) not in (select n.sub, n.hour from near n)
  union all
  select b.* from back b
  union all
  -- Out of all these cells for less than the hold-down: somewhere.
  select b.sub, b.to_cell, b.first_out, b.back_at, b.back_in
  from (
    select a.*, lead(a.cell_id) over own as back_in, lead(a.first_in) over own as back_at
    from (
      select w.*, true as is_early from back w
      union all
      select o.*, false from own o where o.sub in (select e.sub from early e)
    ) a
    window own as (partition by a.sub order by a.first_in, a.first_out)
  ) b
  where b.is_early and b.to_cell >= 0 and b.back_at > b.first_out
    and b.back_at < b.first_out + make_interval(secs => $5::integer / 1000.0)
),
-- Steps in order; a life ends with a vanish, or where nobody knows, and begins anew with an appearance in the cells. One
-- elsewhere lies behind a vanish that is told, or behind hours that are not looked at.
step as materialized (
  select b.*, count(*) filter (where b.begins) over (partition by b.sub order by b.no) as life
  from (
    select c.sub, c.cell_id, c.to_cell, c.first_out as at, f.regions as from_regions, t.regions as to_regions,
      row_number() over (order by c.sub, c.first_in, c.first_out) as no,
      row_number() over own > 1 and (coalesce(lag(c.to_cell) over own, -1) < 0
        or f.regions[1] = 0 and (lag(c.to_cell) over own <> c.cell_id or lag(c.first_out) over own <> c.first_in)) as begins,
      f.regions[1] = 0 and c.to_cell is null
        and lead(c.first_in) over own is distinct from c.first_out as is_unknown
    from chain c
    left join member f on f.cell_id = c.cell_id
    left join member t on t.cell_id = c.to_cell
    window own as (partition by c.sub order by c.first_in, c.first_out)
  ) b
),
crossing as (
  select s.sub, s.life, s.no, s.at, c.region, c.entry
  from step s
  cross join lateral (
    select r as region, false as entry from unnest(s.from_regions) r where r <> all (coalesce(s.to_regions, '{}'))
    union all
    select r, true from unnest(s.to_regions) r where r <> all (coalesce(s.from_regions, '{}'))
  ) c
  where s.to_cell >= 0 and s.from_regions is distinct from s.to_regions
),
run as (
  select g.*, count(*) filter (where g.begins) over area as run
  from (
    select c.*, coalesce(c.at - lag(c.at) over area >= make_interval(secs => $5::integer / 1000.0), true) as begins
    from crossing c
    window area as (partition by c.sub, c.life, c.region order by c.no)
  ) g
  window area as (partition by g.sub, g.life, g.region order by g.no)
),
-- Those that held: of a row of crossings each of which comes back in less than the hold-down two and two cancel.
held as (
  select r.sub, r.life, r.no, r.at, r.region, r.entry,
    lag(r.at) over area as before_at, lead(r.at) over area as next_at
  from (
    select r.*, lead(r.run) over (partition by r.sub, r.life, r.region order by r.no) is distinct from r.run
      and row_number() over (partition by r.sub, r.life, r.region, r.run order by r.no) % 2 = 1 as counts
    from run r
  ) r
  where r.counts
  window area as (partition by r.sub, r.life, r.region order by r.no)
),
-- What lies around each: exits from any region, and steps over the cells' own border (region 0); of one step regions are
-- left before any is entered. Windows backwards, so that each is one pass.
around as (
  select h.*,
    max(h.at) filter (where not h.entry) over until_now as left_at,
    max(h.at) filter (where h.region = 0 and not h.entry) over until_now as own_left_at,
    max(h.no) filter (where h.region = 0 and not h.entry) over until_now as own_left_no,
    max(h.no) filter (where h.region = 0 and h.entry) over until_now as own_came_no,
    max(h.at) filter (where h.region = 0 and h.entry) over until_now as own_came_at,
    max(h.no) filter (where h.region = 0) over before as own_before_no,
    max(h.no) filter (where h.region = 0 and h.entry) over before as in_before_no,
    max(h.at) filter (where h.region = 0 and h.entry) over before as in_before_at,
    min(h.no) filter (where h.region = 0) over from_now as own_next_no,
    min(h.at) filter (where h.region = 0) over from_now as own_next_at,
    min(h.no) filter (where h.region = 0 and h.entry) over from_now as in_next_no,
    min(h.at) filter (where h.region = 0 and h.entry) over from_now as in_next_at,
    min(h.no) filter (where h.region = 0 and not h.entry) over from_now as out_next_no,
    min(h.no) filter (where not h.entry) over behind as left_next_no
  from held h
  window
    until_now as (partition by h.sub, h.life order by h.no),
    before as (partition by h.sub, h.life order by h.no groups between unbounded preceding and 1 preceding),
    from_now as (partition by h.sub, h.life order by h.no desc),
    behind as (partition by h.sub, h.life order by h.no desc groups between unbounded preceding and 1 preceding)
),
trip as (
  select a.region as region_id, t.at, t.from_own
  from around a
  cross join lateral (
    -- At an entry elsewhere: from the cells, if nothing was left later, and it is not in them again.
    select a.at, true as from_own
    where a.entry and a.own_left_at = a.left_at and a.at - a.left_at <= make_interval(secs => $6::integer / 1000.0)
      and not (coalesce(a.own_came_no > a.own_left_no, false) and a.own_came_at < a.at)
    union all
    -- At the next entry into the cells: from what was left, if nothing was left later, and it is not there again.
    select a.in_next_at, false
    where not a.entry and a.in_next_at - a.at <= make_interval(secs => $6::integer / 1000.0)
      and (a.left_next_no is null or a.left_next_no > a.in_next_no)
      and (a.next_at is null or a.next_at >= a.in_next_at)
    union all
    -- At the next exit from the cells: into where it came while in them, and stays on.
    select a.own_next_at, true
    where a.entry and a.out_next_no = a.own_next_no and a.own_next_at > a.at
      and (a.next_at is null or a.next_at > a.own_next_at)
    union all
    -- At an exit elsewhere: into the cells, to which it came while there, and stays on.
    select a.at, false
    where not a.entry and a.in_before_no = a.own_before_no and a.in_before_at < a.at
      and (a.own_next_at is null or a.own_next_at > a.at) and (a.before_at is null or a.before_at < a.in_before_at)
  ) t (at, from_own)
  where a.region <> 0
),
counted as (
  select time_bucket(make_interval(secs => $4), t.at, $2::timestamptz) as bucket, t.region_id,
    count(*) filter (where t.from_own)::integer as into_it, count(*) filter (where not t.from_own)::integer as from_it
  from trip t
  where t.at >= $2::timestamptz and t.at < $3::timestamptz
  group by 1, 2
)
select c.bucket, r.id, c.into_it, c.from_it
from counted c
join micro_region r using (region_id)
union all
select distinct time_bucket(make_interval(secs => $4), s.at, $2::timestamptz), null::text, 0, 0
from step s
where s.is_unknown and s.at >= $2::timestamptz and s.at < $3::timestamptz
