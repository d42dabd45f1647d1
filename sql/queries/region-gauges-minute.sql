-- Buckets in which anything was counted, as columns in one row: their places from 0, and what was counted but traffic
-- (region-traffic-minute.sql). Columns, because a client spends more on a row than the database.
-- $1: region id, $2: from, $3: to (exclusive), $4: width in seconds (a multiple of 60).
with region as (
  select region_id from micro_region where id = $1
),
-- Time whose traffic is in the aggregates, or still in the events themselves.
seen as (
  select '-infinity'::timestamptz as since, to_timestamp(value::bigint / 1000000) as until
  from meta where key = 'traffic_done_us'
  union all
  -- As timescaledb_information.chunks has it, without the time it takes to plan that view.
  select _timescaledb_functions.to_timestamp(s.range_start), _timescaledb_functions.to_timestamp(s.range_end)
  from _timescaledb_catalog.dimension_slice s
  join _timescaledb_catalog.dimension d on d.id = s.dimension_id
  join _timescaledb_catalog.hypertable h on h.id = d.hypertable_id
  where h.schema_name = 'public' and h.table_name in ('event', 'activity')
),
-- As one value, looked at for each interval.
kept as (
  select coalesce(range_agg(tstzrange(since, until)), '{}'::tstzmultirange) as spans from seen
),
counted as (
  select time_bucket(make_interval(secs => $4), ts, $2::timestamptz) as bucket,
    -- Minutes that have been dropped are unknown, too.
    bool_and(ts >= (select minutes_since()) and events_kept
      and (select spans from kept) @> ts) as known
  from city_gauge
  where ts >= $2::timestamptz and ts < $3::timestamptz
  group by 1
),
gauge as (
  select time_bucket(make_interval(secs => $4), ts, $2::timestamptz) as bucket,
    last(present, ts) as present, sum(entries) as entries, sum(exits) as exits
  from region_gauge
  where region_id = (select region_id from region) and ts >= $2::timestamptz and ts < $3::timestamptz
  group by 1
)
select coalesce(array_agg((date_part('epoch', bucket - $2::timestamptz) / $4)::integer), '{}') as place,
  coalesce(array_agg(g.present), '{}') as present, coalesce(array_agg(g.entries::float8), '{}') as entries,
  coalesce(array_agg(g.exits::float8), '{}') as exits, coalesce(array_agg(c.known), '{}') as known
from counted c
full join gauge g using (bucket)
