-- Quarters of an hour of which an interval was counted and origins are kept: gauges may be kept longer than they are.
-- $1: from, a quarter's start, $2: to (exclusive), $3: region (0: the city): before it was drawn none was. As
-- timescaledb_information.chunks has it, without the time it takes to plan that view.
select distinct time_bucket(interval '15 minutes', g.ts) as quarter
from (
  -- A mark of a hole has no length.
  select c.ts from city_gauge c
  where $3::integer = 0 and c.ts >= $1::timestamptz and c.ts < $2::timestamptz and c.every_ms > 0
  union all
  select r.ts from region_gauge r
  where $3::integer <> 0 and r.region_id = $3::integer and r.ts >= $1::timestamptz and r.ts < $2::timestamptz
) g
where g.ts >= coalesce((
    select min(_timescaledb_functions.to_timestamp(s.range_start))
    from _timescaledb_catalog.dimension_slice s
    join _timescaledb_catalog.dimension d on d.id = s.dimension_id
    join _timescaledb_catalog.continuous_agg a on a.mat_hypertable_id = d.hypertable_id
    where a.user_view_name = 'origin_gauge_15m'), '-infinity')
