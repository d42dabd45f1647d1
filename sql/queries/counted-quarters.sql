-- Quarters of an hour of which an interval was counted and origins are kept: city_gauge is kept longer than they are.
-- $1: from, a quarter's start, $2: to (exclusive). As timescaledb_information.chunks has it, without the time it takes to
-- plan that view.
select distinct time_bucket(interval '15 minutes', ts) as quarter
from city_gauge
where ts >= $1::timestamptz and ts < $2::timestamptz
  -- A mark of a hole has no length.
  and every_ms > 0
  and ts >= coalesce((
    select min(_timescaledb_functions.to_timestamp(s.range_start))
    from _timescaledb_catalog.dimension_slice s
    join _timescaledb_catalog.dimension d on d.id = s.dimension_id
    join _timescaledb_catalog.continuous_agg a on a.mat_hypertable_id = d.hypertable_id
    where a.user_view_name = 'origin_gauge_15m'), '-infinity')
