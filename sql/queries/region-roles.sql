-- How many of each role were in a region, by local day. crowd: without residents and workers; null where roles are
-- undetermined. $1: cells, $2: first day, $3: last day (inclusive).
select day::text, count(*)::integer as subscribers,
  count(*) filter (where role = 'resident')::integer as residents,
  count(*) filter (where role = 'worker')::integer as workers,
  count(*) filter (where role = 'visitor')::integer as visitors,
  count(*) filter (where role = 'passer-by')::integer as passers_by,
  count(*) filter (where role = 'undetermined')::integer as undetermined,
  case when not bool_or(role = 'undetermined')
    then count(*) filter (where role not in ('resident', 'worker'))::integer end as crowd
from region_role($1::integer[], $2::date, $3::date)
group by day
order by day
