-- Grain: cell_traffic_* = one row a cell and bucket; region_traffic_* = one row a micro-region and bucket;
--        cell_gauge_1h, region_gauge_1h = one row an hour and cell, micro-region.
-- Unit:  traffic units (rows of event with flag TRAFFIC), ms, bytes; gauges: subscribers.
-- Time:  bucket is the start of [bucket, bucket + width) in event time, UTC.
--
-- All are refreshed with explicit bounds up to the last closed bucket, and read in real time behind it
-- (materialized_only = false). Distinct subscribers are not summed here: visitors come from the gauges.

-- Traffic of cells by procedure class; the row of cell_id null is traffic without a known cell.
create materialized view cell_traffic_1m
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
  time_bucket(interval '1 minute', ts) as bucket,
  cell_id,
  count(*) as units,
  count(*) filter (where kind in (1, 2, 3)) as location_updates,
  count(*) filter (where kind = 4) as mo_calls,
  count(*) filter (where kind = 5) as mt_calls,
  count(*) filter (where kind = 6) as emergency_calls,
  count(*) filter (where kind = 7) as mo_sms,
  count(*) filter (where kind = 8) as mt_sms,
  count(*) filter (where kind = 9) as supplementary_services,
  count(*) filter (where kind = 10) as handovers,
  count(*) filter (where kind = 11) as detaches,
  count(*) filter (where kind = 12) as data,
  count(*) filter (where kind = 13) as others,
  count(*) filter (where outcome in (2, 3)) as unsuccessful,
  (sum(duration_ms) filter (where kind in (4, 5, 6)))::bigint as call_ms,
  sum(bytes)::bigint as bytes
from event
where flags & 4 <> 0
group by 1, 2
with no data;

create materialized view cell_traffic_1h
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
  time_bucket(interval '1 hour', bucket) as bucket,
  cell_id,
  sum(units)::bigint as units,
  sum(location_updates)::bigint as location_updates,
  sum(mo_calls)::bigint as mo_calls,
  sum(mt_calls)::bigint as mt_calls,
  sum(emergency_calls)::bigint as emergency_calls,
  sum(mo_sms)::bigint as mo_sms,
  sum(mt_sms)::bigint as mt_sms,
  sum(supplementary_services)::bigint as supplementary_services,
  sum(handovers)::bigint as handovers,
  sum(detaches)::bigint as detaches,
  sum(data)::bigint as data,
  sum(others)::bigint as others,
  sum(unsuccessful)::bigint as unsuccessful,
  sum(call_ms)::bigint as call_ms,
  sum(bytes)::bigint as bytes
from cell_traffic_1m
group by 1, 2
with no data;

-- Gauges by the hour. present is the last stored one of the hour, present_max the largest stored one (a cell stores
-- changes only, so what it carried into the hour is not in it).
create materialized view cell_gauge_1h
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
  time_bucket(interval '1 hour', ts) as bucket,
  cell_id,
  last(present, ts) as present,
  max(present) as present_max,
  sum(entries)::bigint as entries,
  sum(exits)::bigint as exits,
  sum(appeared)::bigint as appeared,
  sum(vanished)::bigint as vanished
from cell_gauge
group by 1, 2
with no data;

create materialized view region_gauge_1h
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
  time_bucket(interval '1 hour', ts) as bucket,
  region_id,
  last(present, ts) as present,
  max(present) as present_max,
  sum(entries)::bigint as entries,
  sum(exits)::bigint as exits,
  sum(appeared)::bigint as appeared,
  sum(vanished)::bigint as vanished
from region_gauge
group by 1, 2
with no data;

-- Traffic of micro-regions: each event has one cell, so a region's traffic is the sum over its cells, exactly. The
-- sum is taken when it is asked for, by the membership of the bucket's own time, because TimescaleDB does not track
-- changes of a joined table: an aggregate over the join would keep the old border for ever, and a region drawn today
-- would have no past.
create view region_traffic_1m as
select
  m.region_id, t.bucket,
  sum(t.units)::bigint as units, sum(t.location_updates)::bigint as location_updates,
  sum(t.mo_calls)::bigint as mo_calls, sum(t.mt_calls)::bigint as mt_calls, sum(t.emergency_calls)::bigint as emergency_calls,
  sum(t.mo_sms)::bigint as mo_sms, sum(t.mt_sms)::bigint as mt_sms, sum(t.supplementary_services)::bigint as supplementary_services,
  sum(t.handovers)::bigint as handovers, sum(t.detaches)::bigint as detaches, sum(t.data)::bigint as data, sum(t.others)::bigint as others,
  sum(t.unsuccessful)::bigint as unsuccessful, sum(t.call_ms)::bigint as call_ms, sum(t.bytes)::bigint as bytes
from micro_region_cell m
join cell_traffic_1m t on t.cell_id = m.cell_id and t.bucket >= m.valid_from and t.bucket < m.valid_to
group by m.region_id, t.bucket;

create view region_traffic_1h as
select
  m.region_id, t.bucket,
  sum(t.units)::bigint as units, sum(t.location_updates)::bigint as location_updates,
  sum(t.mo_calls)::bigint as mo_calls, sum(t.mt_calls)::bigint as mt_calls, sum(t.emergency_calls)::bigint as emergency_calls,
  sum(t.mo_sms)::bigint as mo_sms, sum(t.mt_sms)::bigint as mt_sms, sum(t.supplementary_services)::bigint as supplementary_services,
  sum(t.handovers)::bigint as handovers, sum(t.detaches)::bigint as detaches, sum(t.data)::bigint as data, sum(t.others)::bigint as others,
  sum(t.unsuccessful)::bigint as unsuccessful, sum(t.call_ms)::bigint as call_ms, sum(t.bytes)::bigint as bytes
from micro_region_cell m
join cell_traffic_1h t on t.cell_id = m.cell_id and t.bucket >= m.valid_from and t.bucket < m.valid_to
group by m.region_id, t.bucket;

select set_chunk_time_interval('cell_traffic_1m', interval '1 day');
select set_chunk_time_interval('cell_traffic_1h', interval '30 days');
select set_chunk_time_interval('cell_gauge_1h', interval '30 days');
select set_chunk_time_interval('region_gauge_1h', interval '120 days');

alter materialized view cell_traffic_1m set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'cell_id, bucket');
alter materialized view cell_traffic_1h set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'cell_id, bucket');
alter materialized view cell_gauge_1h set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'cell_id, bucket');
