-- How many were in a region, from stays: of any set of cells, drawn whenever. Present is the state just before the end of
-- the bucket, as in gauges; visitors were there at any time of it: first-in up to first-out.
-- No stay in a cell lasts three days (sql/011).
-- $1: cells, $2: from, $3: to (exclusive, whole buckets from $2 on), $4: width in seconds. One row a bucket.
-- $5, $6: stays in the cells that last, as nobody has stored them yet: subscribers and first-ins, µs.
with bucket as (
  select g as starts, g + make_interval(secs => $4) as ends
  from generate_series(
    $2::timestamptz, $3::timestamptz - interval '1 microsecond', make_interval(secs => $4)) as g
),
ended as (
  select sub, first_in, first_out
  from stay
  where cell_id = any ($1::integer[]) and first_out > $2::timestamptz and first_in < $3::timestamptz
    -- A stay without length is no visit.
    and first_out > first_in
    and first_out < $3::timestamptz + interval '3 days'
),
lasting as (
  select o.sub, timestamptz 'epoch' + o.us * interval '1 microsecond' as first_in
  from unnest($5::bigint[], $6::bigint[]) as o (sub, us)
),
member as (
  select sub, first_in, first_out,
    floor(extract(epoch from greatest(first_in, $2::timestamptz) - $2::timestamptz) / $4)::integer as first_bucket,
    floor(extract(epoch from least(first_out, $3::timestamptz) - interval '1 microsecond' - $2::timestamptz) / $4)::integer
      as last_bucket
  from (
    select sub, first_in, first_out from ended
    union all
    -- One may have ended and been stored meanwhile.
    select l.sub, l.first_in, 'infinity' from lasting l
    where l.first_in < $3::timestamptz
      and not exists (select from ended e where e.sub = l.sub and e.first_in = l.first_in)
  ) m
),
visit as (
  select n, m.sub, bool_or(m.first_out >= $2::timestamptz + make_interval(secs => (n + 1) * $4)) as at_end
  from member m
  cross join lateral generate_series(m.first_bucket, greatest(m.first_bucket, m.last_bucket)) as n
  group by n, m.sub
),
counted as (
  select n, count(*) as visitors, count(*) filter (where at_end) as present from visit group by n
)
select b.starts as bucket, coalesce(c.present, 0)::integer as present, coalesce(c.visitors, 0)::integer as visitors
from bucket b
left join counted c on $2::timestamptz + make_interval(secs => c.n * $4) = b.starts
order by b.starts
