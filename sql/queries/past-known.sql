-- What is known of who was where. One row. $1: from, $2: to (exclusive, whole buckets from $1 on), $3: width in seconds.
-- counted: numbers of the buckets of which an interval was counted (marks of a hole have no length); told_us: up to where intervals are stored, µs.
-- dropped_us: stays that ended before it are gone, µs, and with them whoever was there; null: none are. Gauges are kept
-- longer than stays: who began to count before the oldest day of stays that is kept has dropped some.
with stays as (
  -- As timescaledb_information.chunks has it, without the time it takes to plan that view.
  select min(_timescaledb_functions.to_timestamp(s.range_start)) as since
  from _timescaledb_catalog.dimension_slice s
  join _timescaledb_catalog.dimension d on d.id = s.dimension_id
  join _timescaledb_catalog.hypertable h on h.id = d.hypertable_id
  where h.schema_name = 'public' and h.table_name = 'stay'
),
newest as (
  select ts + make_interval(secs => every_ms / 1000.0) as until from city_gauge order by ts desc limit 1
)
select (select extract(epoch from until) * 1000000 from newest)::bigint as told_us,
  case when (select min(ts) from city_gauge) < stays.since
    then (extract(epoch from stays.since) * 1000000)::bigint end as dropped_us,
  array(
    select distinct floor(extract(epoch from ts - $1::timestamptz) / $3)::integer
    from city_gauge
    where ts >= $1::timestamptz and ts < $2::timestamptz and every_ms > 0
  ) as counted
from stays
