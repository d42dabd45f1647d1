-- Grain: activity = one row or more a 10 s, cell and kind of procedure; origin_gauge = one row an interval, micro-region
--        (0: the city) and origin that changed; *_15m, *_1h, *_1d = one row a bucket and cell, micro-region, origin.
-- Unit:  traffic units, ms, bytes; subscribers in the gauges. class: place in originClasses (shared/protocol.ts) from 1,
--        0 = unknown; country: server/reference/country-codes.ts; mcc: 0 = unknown.
-- Time:  event time. activity.ts: start of the 10 s. Buckets are in UTC, those of a day begin at midnight in China
--        (UTC+8, no summer time).
--
-- Where not all events are kept, their traffic is counted here instead: an event row with flag 8 in place of 4 is
-- counted in activity. So no unit is in both, whatever was kept when, and traffic is the sum over both.
-- The finest grain of gauges is their own interval (one minute by default): it has no aggregate of a minute.
create table activity (
  ts timestamptz not null,
  cell_id integer,
  kind smallint not null,
  units integer not null,
  unsuccessful integer not null,
  duration_ms bigint not null,
  bytes bigint not null
);
select create_hypertable('activity', by_range('ts', interval '12 hours'), create_default_indexes => false);
create index activity_cell_ts on activity (cell_id, ts desc);
alter table activity set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'cell_id, ts');

-- How many events of the interval are stored: all (1), those of one subscriber in N (N), none (0); null: written before
-- this migration, when events_kept told 1 or 0.
alter table city_gauge add column events_one_in integer;
comment on column city_gauge.events_kept is 'whether the traffic of the interval is known: from event rows or from activity';

create table origin_gauge (
  ts timestamptz not null,
  region_id integer not null,
  every_ms integer not null,
  present integer not null,
  mcc smallint not null,
  country smallint not null,
  class smallint not null
);
select create_hypertable('origin_gauge', by_range('ts', interval '1 day'), create_default_indexes => false);
create index origin_gauge_region_ts on origin_gauge (region_id, ts desc);
alter table origin_gauge set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'region_id, ts');

-- Traffic. The chain over event rows was named cell_traffic_* so far; now those names are the sum of both chains.
drop view region_traffic_1m, region_traffic_1h;
alter materialized view cell_traffic_1m rename to event_traffic_1m;
alter materialized view cell_traffic_1h rename to event_traffic_1h;

create materialized view activity_traffic_1m
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
  time_bucket(interval '1 minute', ts) as bucket,
  cell_id,
  sum(units)::bigint as units,
  coalesce(sum(units) filter (where kind in (1, 2, 3)), 0)::bigint as location_updates,
  coalesce(sum(units) filter (where kind = 4), 0)::bigint as mo_calls,
  coalesce(sum(units) filter (where kind = 5), 0)::bigint as mt_calls,
  coalesce(sum(units) filter (where kind = 6), 0)::bigint as emergency_calls,
  coalesce(sum(units) filter (where kind = 7), 0)::bigint as mo_sms,
  coalesce(sum(units) filter (where kind = 8), 0)::bigint as mt_sms,
  coalesce(sum(units) filter (where kind = 9), 0)::bigint as supplementary_services,
  coalesce(sum(units) filter (where kind = 10), 0)::bigint as handovers,
  coalesce(sum(units) filter (where kind = 11), 0)::bigint as detaches,
  coalesce(sum(units) filter (where kind = 12), 0)::bigint as data,
  coalesce(sum(units) filter (where kind = 13), 0)::bigint as others,
  sum(unsuccessful)::bigint as unsuccessful,
  (sum(duration_ms) filter (where kind in (4, 5, 6)))::bigint as call_ms,
  sum(bytes)::bigint as bytes
from activity
group by 1, 2
with no data;

create materialized view event_traffic_15m
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
  time_bucket(interval '15 minutes', bucket) as bucket,
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
from event_traffic_1m
group by 1, 2
with no data;

create materialized view event_traffic_1d
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
  time_bucket(interval '1 day', bucket, 'Asia/Shanghai') as bucket,
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
from event_traffic_1h
group by 1, 2
with no data;

create materialized view activity_traffic_15m
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
  time_bucket(interval '15 minutes', bucket) as bucket,
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
from activity_traffic_1m
group by 1, 2
with no data;

create materialized view activity_traffic_1h
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
from activity_traffic_15m
group by 1, 2
with no data;

create materialized view activity_traffic_1d
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
  time_bucket(interval '1 day', bucket, 'Asia/Shanghai') as bucket,
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
from activity_traffic_1h
group by 1, 2
with no data;

-- Traffic of cells: a bucket may have a row of each chain; add them up.

create view cell_traffic_1m as
select * from event_traffic_1m union all select * from activity_traffic_1m;

create view cell_traffic_15m as
select * from event_traffic_15m union all select * from activity_traffic_15m;

create view cell_traffic_1h as
select * from event_traffic_1h union all select * from activity_traffic_1h;

create view cell_traffic_1d as
select * from event_traffic_1d union all select * from activity_traffic_1d;

-- Traffic of micro-regions, as sql/003 says: by the membership of the bucket's own time.

create view region_traffic_1m as
select
  m.region_id, t.bucket,
  sum(t.units)::bigint as units,
  sum(t.location_updates)::bigint as location_updates,
  sum(t.mo_calls)::bigint as mo_calls,
  sum(t.mt_calls)::bigint as mt_calls,
  sum(t.emergency_calls)::bigint as emergency_calls,
  sum(t.mo_sms)::bigint as mo_sms,
  sum(t.mt_sms)::bigint as mt_sms,
  sum(t.supplementary_services)::bigint as supplementary_services,
  sum(t.handovers)::bigint as handovers,
  sum(t.detaches)::bigint as detaches,
  sum(t.data)::bigint as data,
  sum(t.others)::bigint as others,
  sum(t.unsuccessful)::bigint as unsuccessful,
  sum(t.call_ms)::bigint as call_ms,
  sum(t.bytes)::bigint as bytes
from micro_region_cell m
join cell_traffic_1m t on t.cell_id = m.cell_id and t.bucket >= m.valid_from and t.bucket < m.valid_to
group by m.region_id, t.bucket;

create view region_traffic_15m as
select
  m.region_id, t.bucket,
  sum(t.units)::bigint as units,
  sum(t.location_updates)::bigint as location_updates,
  sum(t.mo_calls)::bigint as mo_calls,
  sum(t.mt_calls)::bigint as mt_calls,
  sum(t.emergency_calls)::bigint as emergency_calls,
  sum(t.mo_sms)::bigint as mo_sms,
  sum(t.mt_sms)::bigint as mt_sms,
  sum(t.supplementary_services)::bigint as supplementary_services,
  sum(t.handovers)::bigint as handovers,
  sum(t.detaches)::bigint as detaches,
  sum(t.data)::bigint as data,
  sum(t.others)::bigint as others,
  sum(t.unsuccessful)::bigint as unsuccessful,
  sum(t.call_ms)::bigint as call_ms,
  sum(t.bytes)::bigint as bytes
from micro_region_cell m
join cell_traffic_15m t on t.cell_id = m.cell_id and t.bucket >= m.valid_from and t.bucket < m.valid_to
group by m.region_id, t.bucket;

create view region_traffic_1h as
select
  m.region_id, t.bucket,
  sum(t.units)::bigint as units,
  sum(t.location_updates)::bigint as location_updates,
  sum(t.mo_calls)::bigint as mo_calls,
  sum(t.mt_calls)::bigint as mt_calls,
  sum(t.emergency_calls)::bigint as emergency_calls,
  sum(t.mo_sms)::bigint as mo_sms,
  sum(t.mt_sms)::bigint as mt_sms,
  sum(t.supplementary_services)::bigint as supplementary_services,
  sum(t.handovers)::bigint as handovers,
  sum(t.detaches)::bigint as detaches,
  sum(t.data)::bigint as data,
  sum(t.others)::bigint as others,
  sum(t.unsuccessful)::bigint as unsuccessful,
  sum(t.call_ms)::bigint as call_ms,
  sum(t.bytes)::bigint as bytes
from micro_region_cell m
join cell_traffic_1h t on t.cell_id = m.cell_id and t.bucket >= m.valid_from and t.bucket < m.valid_to
group by m.region_id, t.bucket;

create view region_traffic_1d as
select
  m.region_id, t.bucket,
  sum(t.units)::bigint as units,
  sum(t.location_updates)::bigint as location_updates,
  sum(t.mo_calls)::bigint as mo_calls,
  sum(t.mt_calls)::bigint as mt_calls,
  sum(t.emergency_calls)::bigint as emergency_calls,
  sum(t.mo_sms)::bigint as mo_sms,
  sum(t.mt_sms)::bigint as mt_sms,
  sum(t.supplementary_services)::bigint as supplementary_services,
  sum(t.handovers)::bigint as handovers,
  sum(t.detaches)::bigint as detaches,
  sum(t.data)::bigint as data,
  sum(t.others)::bigint as others,
  sum(t.unsuccessful)::bigint as unsuccessful,
  sum(t.call_ms)::bigint as call_ms,
  sum(t.bytes)::bigint as bytes
from micro_region_cell m
join cell_traffic_1d t on t.cell_id = m.cell_id and t.bucket >= m.valid_from and t.bucket < m.valid_to
group by m.region_id, t.bucket;

-- Gauges: the last of the bucket, the largest, and sums of what crossed. Visitors are distinct subscribers and are not
-- here: of a longer time they come from stays (sql/queries/region-presence.sql).

create materialized view cell_gauge_15m
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
  time_bucket(interval '15 minutes', ts) as bucket,
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

create materialized view cell_gauge_1d
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
  time_bucket(interval '1 day', bucket, 'Asia/Shanghai') as bucket,
  cell_id,
  last(present, bucket) as present,
  max(present_max) as present_max,
  sum(entries)::bigint as entries,
  sum(exits)::bigint as exits,
  sum(appeared)::bigint as appeared,
  sum(vanished)::bigint as vanished
from cell_gauge_1h
group by 1, 2
with no data;

create materialized view region_gauge_15m
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
  time_bucket(interval '15 minutes', ts) as bucket,
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

create materialized view region_gauge_1d
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
  time_bucket(interval '1 day', bucket, 'Asia/Shanghai') as bucket,
  region_id,
  last(present, bucket) as present,
  max(present_max) as present_max,
  sum(entries)::bigint as entries,
  sum(exits)::bigint as exits,
  sum(appeared)::bigint as appeared,
  sum(vanished)::bigint as vanished
from region_gauge_1h
group by 1, 2
with no data;

create materialized view origin_gauge_15m
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
  time_bucket(interval '15 minutes', ts) as bucket,
  region_id,
  class,
  country,
  mcc,
  last(present, ts) as present,
  max(present) as present_max
from origin_gauge
group by 1, 2, 3, 4, 5
with no data;

create materialized view origin_gauge_1h
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
  time_bucket(interval '1 hour', bucket) as bucket,
  region_id,
  class,
  country,
  mcc,
  last(present, bucket) as present,
  max(present_max) as present_max
from origin_gauge_15m
group by 1, 2, 3, 4, 5
with no data;

create materialized view origin_gauge_1d
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
  time_bucket(interval '1 day', bucket, 'Asia/Shanghai') as bucket,
  region_id,
  class,
  country,
  mcc,
  last(present, bucket) as present,
  max(present_max) as present_max
from origin_gauge_1h
group by 1, 2, 3, 4, 5
with no data;

select set_chunk_time_interval('event_traffic_15m', interval '7 days');
select set_chunk_time_interval('event_traffic_1d', interval '365 days');
select set_chunk_time_interval('activity_traffic_1m', interval '1 day');
select set_chunk_time_interval('activity_traffic_15m', interval '7 days');
select set_chunk_time_interval('activity_traffic_1h', interval '30 days');
select set_chunk_time_interval('activity_traffic_1d', interval '365 days');
select set_chunk_time_interval('cell_gauge_15m', interval '7 days');
select set_chunk_time_interval('cell_gauge_1d', interval '365 days');
select set_chunk_time_interval('region_gauge_15m', interval '30 days');
select set_chunk_time_interval('region_gauge_1d', interval '365 days');
select set_chunk_time_interval('origin_gauge_15m', interval '7 days');
select set_chunk_time_interval('origin_gauge_1h', interval '30 days');
select set_chunk_time_interval('origin_gauge_1d', interval '365 days');

alter materialized view event_traffic_15m set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'cell_id, bucket');
alter materialized view activity_traffic_1m set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'cell_id, bucket');
alter materialized view activity_traffic_15m set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'cell_id, bucket');
alter materialized view activity_traffic_1h set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'cell_id, bucket');
alter materialized view cell_gauge_15m set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'cell_id, bucket');
alter materialized view region_gauge_15m set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'region_id, bucket');
alter materialized view origin_gauge_15m set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'region_id, bucket');
alter materialized view origin_gauge_1h set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'region_id, bucket');

-- The traffic of a region by the minute is read from the index alone.
create index on event_traffic_1m (cell_id, bucket desc) include (units);
create index on activity_traffic_1m (cell_id, bucket desc) include (units);
