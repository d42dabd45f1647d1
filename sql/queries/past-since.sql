-- Since when anything is known of who was where, µs; null: nothing is stored. Gauges tell to the minute when counting
-- began; where they have been dropped, the oldest day of stays that is kept does.
with gauge as (
  select min(ts) as since from city_gauge
),
-- As timescaledb_information.chunks has it, without the time it takes to plan that view.
stays as (
  select min(_timescaledb_functions.to_timestamp(s.range_start)) as since
  from _timescaledb_catalog.dimension_slice s
  join _timescaledb_catalog.dimension d on d.id = s.dimension_id
  join _timescaledb_catalog.hypertable h on h.id = d.hypertable_id
  where h.schema_name = 'public' and h.table_name = 'stay'
)
select (extract(epoch from case
  when stays.since + interval '1 day' < gauge.since then stays.since
  else coalesce(gauge.since, stays.since)
end) * 1000000)::bigint as since_us
from gauge, stays
