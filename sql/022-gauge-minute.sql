-- Grain: cell_gauge_1m, region_gauge_1m, origin_gauge_1m = one row a minute and cell, micro-region, origin; cell_gauge_15m,
--        region_gauge_15m as in sql/008.
-- Unit:  subscribers; crossings that held.
-- Time:  bucket is the start of the minute in event time, in which an interval begins.
--
-- Gauges by the minute, whatever their own interval is: of finer ones the last, the largest and the sums, of one of a minute
-- the row itself. Quarters of cells and regions are made of them from now on; they are kept as long as the gauges, so none
-- is lost. Their hours, and all of origins, stand on gauges and quarters as before: they are kept for 25 months, which
-- nothing could make anew.
create materialized view cell_gauge_1m
with (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) as
select
  time_bucket(interval '1 minute', ts) as bucket,
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

create materialized view region_gauge_1m
with (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) as
select
  time_bucket(interval '1 minute', ts) as bucket,
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

create materialized view origin_gauge_1m
with (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) as
select
  time_bucket(interval '1 minute', ts) as bucket,
  region_id,
  class,
  country,
  mcc,
  last(present, ts) as present,
  max(present) as present_max
from origin_gauge
group by 1, 2, 3, 4, 5
with no data;

drop materialized view cell_gauge_15m;
drop materialized view region_gauge_15m;

create materialized view cell_gauge_15m
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
  time_bucket(interval '15 minutes', bucket) as bucket,
  cell_id,
  last(present, bucket) as present,
  max(present_max) as present_max,
  sum(entries)::bigint as entries,
  sum(exits)::bigint as exits,
  sum(appeared)::bigint as appeared,
  sum(vanished)::bigint as vanished
from cell_gauge_1m
group by 1, 2
with no data;

create materialized view region_gauge_15m
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
  time_bucket(interval '15 minutes', bucket) as bucket,
  region_id,
  last(present, bucket) as present,
  max(present_max) as present_max,
  sum(entries)::bigint as entries,
  sum(exits)::bigint as exits,
  sum(appeared)::bigint as appeared,
  sum(vanished)::bigint as vanished
from region_gauge_1m
group by 1, 2
with no data;

select set_chunk_time_interval('cell_gauge_1m', interval '1 day');
select set_chunk_time_interval('region_gauge_1m', interval '7 days');
select set_chunk_time_interval('origin_gauge_1m', interval '1 day');
select set_chunk_time_interval('cell_gauge_15m', interval '7 days');
select set_chunk_time_interval('region_gauge_15m', interval '30 days');

alter materialized view cell_gauge_1m set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'cell_id, bucket');
alter materialized view region_gauge_1m set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'region_id, bucket');
alter materialized view origin_gauge_1m set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'region_id, bucket');
alter materialized view cell_gauge_15m set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'cell_id, bucket');
alter materialized view region_gauge_15m set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'region_id, bucket');

create index on cell_gauge_1m (cell_id, bucket desc);
create index on region_gauge_1m (region_id, bucket desc);
create index on origin_gauge_1m (region_id, bucket desc);

-- What upkeep knew of the quarters it had dropped: those of now have none yet, and what they read is kept as long.
delete from meta where key in ('dropped.cell_gauge_15m', 'dropped.region_gauge_15m');
