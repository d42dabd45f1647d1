-- The crowd in a region: those present just before the end of each bucket that are neither residents nor workers on its
-- local day. Null where roles are undetermined.
-- $1: cells, $2: from, $3: to (exclusive, whole buckets from $2 on), $4: width in seconds, $5: time zone.
with moment as (
  select g as starts, g + make_interval(secs => $4) as at,
    ((g + make_interval(secs => $4) - interval '1 microsecond') at time zone $5)::date as day
  from generate_series(
    $2::timestamptz, $3::timestamptz - interval '1 microsecond', make_interval(secs => $4)) as g
),
role as materialized (
  select day, sub, role
  from region_role($1::integer[], ($2::timestamptz at time zone $5)::date, ($3::timestamptz at time zone $5)::date)
),
member as materialized (
  select sub, first_in, first_out
  from stay
  where cell_id = any ($1::integer[]) and first_out > $2::timestamptz and first_in < $3::timestamptz
    and first_out < $3::timestamptz + interval '31 days'
)
select m.starts as bucket, count(s.sub)::integer as present,
  case when not coalesce(bool_or(r.role = 'undetermined'), false)
    then count(s.sub) filter (where r.role is null or r.role not in ('resident', 'worker'))::integer end as crowd
from moment m
left join member s on s.first_in < m.at and s.first_out >= m.at
left join role r on r.day = m.day and r.sub = s.sub
group by m.starts
order by m.starts
