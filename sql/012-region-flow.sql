-- Grain: region_flow = one row an interval and pair of micro-regions with a trip; region_dwell = one row an interval,
--        micro-region and bucket of dwell in which a stay ended.
-- Unit:  trips: entries that held into to_region of a subscriber whose newest held exit before, not longer ago than
--        tripMs, was from from_region; ended stays, each once under its observed dwell (last sighting inside − first)
--        and once under its upper bound (first sighting outside − first). bucket 0 is below 30 s, bucket k ≥ 1 begins at
--        30 s × 2^((k − 1) / 4), 64 in all, the last one open. Both add up over intervals.
-- Time:  event time; ts is the start of the interval of the entry or the end of the stay.
create table region_flow (
  ts timestamptz not null,
  from_region integer not null,
  to_region integer not null,
  every_ms integer not null,
  count integer not null
);
select create_hypertable('region_flow', by_range('ts', interval '7 days'), create_default_indexes => false);
create index region_flow_from_ts on region_flow (from_region, ts desc);
create index region_flow_to_ts on region_flow (to_region, ts desc);
alter table region_flow set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'from_region, ts');

create table region_dwell (
  ts timestamptz not null,
  region_id integer not null,
  every_ms integer not null,
  observed integer not null,
  upper integer not null,
  bucket smallint not null
);
select create_hypertable('region_dwell', by_range('ts', interval '7 days'), create_default_indexes => false);
create index region_dwell_region_ts on region_dwell (region_id, ts desc);
alter table region_dwell set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'region_id, ts');
