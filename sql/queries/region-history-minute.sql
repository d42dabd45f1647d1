-- One row a bucket in which anything was counted. Traffic of a minute is that of the cells that the region had when it
-- began: an edit counts from the first whole minute on (sql/019).
-- $1: region id, $2: from, $3: to (exclusive), $4: width in seconds (a multiple of 60).
-- $5: cells that were ever in the region, ascending: as a parameter, so that what is not aggregated yet is looked through
-- by hash, between the first and the last of them in the index.
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
),
traffic as (
  select time_bucket(make_interval(secs => $4), t.bucket, $2::timestamptz) as bucket, sum(t.units) as units
  from cell_traffic_1m t
  join micro_region_cell m on m.cell_id = t.cell_id and t.bucket >= m.valid_from and t.bucket < m.valid_to
  where m.region_id = (select region_id from region)
    and t.cell_id = any ($5::integer[])
    and t.cell_id between ($5::integer[])[1] and ($5::integer[])[cardinality($5::integer[])]
    and t.bucket >= $2::timestamptz and t.bucket < $3::timestamptz
  group by 1
)
select bucket, g.present, g.entries, g.exits, t.units as traffic, c.known
from counted c
full join gauge g using (bucket)
full join traffic t using (bucket)
order by bucket
