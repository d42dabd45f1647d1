-- The crowd in a region: those present just before the end of each bucket that are neither residents nor workers on its
-- local day. Null where roles are undetermined.
-- $1: cells, $2: from, $3: to (exclusive, whole buckets from $2 on), $4: width in seconds, $5: time zone.
-- $6, $7: stays in the cells that last, as nobody has stored them yet: subscribers and first-ins, µs. Their day is counted
-- when they end, so their role is that of the newest of the three days up to it that is known.
with moment as (
  select g as starts, g + make_interval(secs => $4) as at,
    ((g + make_interval(secs => $4) - interval '1 microsecond') at time zone $5)::date as day
  from generate_series(
    $2::timestamptz, $3::timestamptz - interval '1 microsecond', make_interval(secs => $4)) as g
),
role as materialized (
  select day, sub, role
  from region_role($1::integer[], ($2::timestamptz at time zone $5)::date - 2, ($3::timestamptz at time zone $5)::date)
),
ended as materialized (
  select sub, first_in, first_out
  from stay
  where cell_id = any ($1::integer[]) and first_out > $2::timestamptz and first_in < $3::timestamptz
    and first_out < $3::timestamptz + interval '3 days'
),
lasting as (
  select o.sub, timestamptz 'epoch' + o.us * interval '1 microsecond' as first_in
  from unnest($6::bigint[], $7::bigint[]) as o (sub, us)
),
member as materialized (
  select sub, first_in, first_out, false as lasts from ended
  union all
  -- One may have ended and been stored meanwhile.
  select l.sub, l.first_in, 'infinity', true from lasting l
  where l.first_in < $3::timestamptz
    and not exists (select from ended e where e.sub = l.sub and e.first_in = l.first_in)
)
select m.starts as bucket, count(s.sub)::integer as present,
  case when not coalesce(bool_or(r.role = 'undetermined'), false)
    then count(s.sub) filter (where r.role is null or r.role not in ('resident', 'worker'))::integer end as crowd
from moment m
left join member s on s.first_in < m.at and s.first_out >= m.at
left join lateral (
  select r.role from role r
  where r.sub = s.sub and r.day <= m.day and (r.day = m.day or s.lasts and r.day >= m.day - 2)
  order by r.day desc
  limit 1
) r on true
group by m.starts
order by m.starts
