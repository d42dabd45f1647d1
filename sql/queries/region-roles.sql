-- How many of each role were in a region, by local day: of those of whom a stay has ended. crowd: without residents and
-- workers; null where roles are undetermined. lasting: those besides whose stay there lasts, so that the day does not count it
-- yet. $1: cells, $2: first day, $3: last day (inclusive), $4, $5: stays in the cells that last, as nobody has stored them yet:
-- subscribers and first-ins, µs. $6: time up to which they are known to last, $7: time zone.
with told as materialized (
  select day, sub, role from region_role($1::integer[], $2::date, $3::date)
),
there as (
  select distinct g::date as day, l.sub
  from region_lasting($1::integer[], $2::date::timestamp at time zone $7, $6::timestamptz, $4::bigint[], $5::bigint[]) l
  cross join lateral generate_series(
    greatest(date_trunc('day', l.first_in at time zone $7), $2::date::timestamp),
    least(($6::timestamptz - interval '1 microsecond') at time zone $7, $3::date::timestamp), interval '1 day') as g
),
lasting as (
  select t.day, count(*) as lasting
  from there t
  where not exists (select from told r where r.day = t.day and r.sub = t.sub)
  group by t.day
),
counted as (
  select day, count(*) as subscribers,
    count(*) filter (where role = 'resident') as residents,
    count(*) filter (where role = 'worker') as workers,
    count(*) filter (where role = 'visitor') as visitors,
    count(*) filter (where role = 'passer-by') as passers_by,
    count(*) filter (where role = 'undetermined') as undetermined,
    case when not bool_or(role = 'undetermined')
      then count(*) filter (where role not in ('resident', 'worker')) end as crowd
  from told
  group by day
)
select coalesce(c.day, l.day)::text as day, coalesce(subscribers, 0)::integer as subscribers,
  coalesce(residents, 0)::integer as residents, coalesce(workers, 0)::integer as workers,
  coalesce(visitors, 0)::integer as visitors, coalesce(passers_by, 0)::integer as passers_by,
  coalesce(undetermined, 0)::integer as undetermined, coalesce(lasting, 0)::integer as lasting,
  case when c.day is null then 0 else crowd end::integer as crowd,
  (coalesce(c.day, l.day) + 1)::timestamp at time zone $7 as ends
from counted c
full join lasting l on l.day = c.day
order by 1
