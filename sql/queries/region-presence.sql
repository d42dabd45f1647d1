-- How many were in a region, from stays: of any set of cells, drawn whenever. Present is the state just before the end of
-- the bucket, as in gauges; visitors were there at any time of it: first-in up to first-out.
-- No stay in a cell lasts three days (sql/011). A stay adds one where its buckets begin and takes it away where they end.
-- $1: cells, ascending, $2: from, $3: to (exclusive, whole buckets from $2 on), $4: width in seconds. One row a bucket.
-- $5, $6: stays in the cells that last, as nobody has stored them yet: subscribers and first-ins, µs.
with member as (
  select s.sub, s.first_in, s.first_out
  from stay s
  where is_among(s.cell_id, $1::integer[])
    and s.first_out > $2::timestamptz and s.first_in < $3::timestamptz
    -- A stay without length is no visit.
    and s.first_out > s.first_in
    and s.first_out < $3::timestamptz + interval '3 days'
  union all
  select l.sub, l.first_in, 'infinity'
  from region_lasting($1::integer[], $2::timestamptz, $3::timestamptz, $5::bigint[], $6::bigint[]) l
),
-- Buckets touched, and those at whose end one was there: up to present_to.
placed as (
  select sub, first_in, first_out,
    floor(date_part('epoch', greatest(first_in, $2::timestamptz) - $2::timestamptz) / $4)::integer as touched,
    floor(date_part('epoch', least(first_out, $3::timestamptz) - interval '1 microsecond' - $2::timestamptz) / $4)::integer
      as touched_to,
    floor(date_part('epoch', least(first_out, $3::timestamptz) - $2::timestamptz) / $4)::integer - 1 as present_to
  from member
),
own as (
  select p.touched, p.touched_to, p.present_to,
    max(p.touched_to) over before as counted_to
  from placed p
  window before as (partition by p.sub order by p.first_in, p.first_out rows between unbounded preceding and 1 preceding)
),
alike as (
  select touched, greatest(touched, counted_to + 1) as visits, touched_to, present_to, count(*)::integer as n
  from own
  group by 1, 2, 3, 4
),
step as (
  select s.n, sum(s.visitors) as visitors, sum(s.present) as present
  from alike a
  cross join lateral (
    select a.visits as n, a.n as visitors, 0 as present where a.visits <= a.touched_to
    union all
    select a.touched_to + 1, -a.n, 0 where a.visits <= a.touched_to
    union all
    select a.touched, 0, a.n where a.touched <= a.present_to
    union all
    select a.present_to + 1, 0, -a.n where a.touched <= a.present_to
  ) s
  group by s.n
)
select $2::timestamptz + make_interval(secs => b.n * $4) as bucket,
  (sum(coalesce(s.present, 0)) over (order by b.n))::integer as present,
  (sum(coalesce(s.visitors, 0)) over (order by b.n))::integer as visitors
from generate_series(0, ceil(extract(epoch from $3::timestamptz - $2::timestamptz) / $4)::integer - 1) as b (n)
left join step s using (n)
order by b.n
