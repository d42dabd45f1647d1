-- Grain: origin_place = one row a quarter of an hour, micro-region (0: the city) and place of origin; origin_place_1h,
--        origin_place_1d = one row a bucket and place that was told in it.
-- Unit:  subscribers. class, country, mcc as in sql/008; plmn: the operator of other networks' SIMs, packed as
--        server/events/plmn.ts does; area: area code without its zero of the home network's SIMs of other cities and
--        provinces (names: view phone_area). Both 0: others of the origin.
-- Time:  event time; ts is the start of the interval that begins the quarter, present the state just before its end.
--
-- Whole each time: the largest places of each region (knob placeRowsMax) and, of each origin, everybody else of it as its
-- others, so that an origin's rows of a quarter add up to its figure in origin_gauge. A place without a row is nobody's, or
-- one of the others, so no row holds on until a later one; and those of a bucket are not all of one quarter: told is the
-- newest that a place was told in. Operators and areas are some four hundred where origins are a few dozen, and of small
-- figures most change each minute: by the quarter they cost what origins do.
create table origin_place (
  ts timestamptz not null,
  region_id integer not null,
  every_ms integer not null,
  present integer not null,
  plmn integer not null,
  mcc smallint not null,
  country smallint not null,
  class smallint not null,
  area smallint not null
);
select create_hypertable('origin_place', by_range('ts', interval '1 day'), create_default_indexes => false);
create index origin_place_region_ts on origin_place (region_id, ts desc);
alter table origin_place set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'region_id, ts');

create materialized view origin_place_1h
with (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) as
select
  time_bucket(interval '1 hour', ts) as bucket,
  region_id,
  class,
  country,
  mcc,
  plmn,
  area,
  last(present, ts) as present,
  max(present) as present_max,
  max(ts) as told
from origin_place
group by 1, 2, 3, 4, 5, 6, 7
with no data;

create materialized view origin_place_1d
with (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) as
select
  time_bucket(interval '1 day', bucket, 'Asia/Shanghai') as bucket,
  region_id,
  class,
  country,
  mcc,
  plmn,
  area,
  last(present, bucket) as present,
  max(present_max) as present_max,
  max(told) as told
from origin_place_1h
group by 1, 2, 3, 4, 5, 6, 7
with no data;

select set_chunk_time_interval('origin_place_1h', interval '30 days');
select set_chunk_time_interval('origin_place_1d', interval '365 days');

alter materialized view origin_place_1h set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'region_id, bucket');

create index on origin_place_1h (region_id, bucket desc);
create index on origin_place_1d (region_id, bucket desc);
