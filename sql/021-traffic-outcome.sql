-- Grain: event_outcome_*, activity_outcome_*, cell_outcome_* = one row a bucket, cell and kind of procedure of which any did
--        not succeed; region_outcome_* = one row a bucket, micro-region and kind.
-- Unit:  traffic units by outcome: unknown, rejected, failed, unanswered, dropped (server/events/kinds.ts). Those that
--        succeeded are the rest of the kind's units, so that most minutes of most cells have no row.
-- Time:  event time; buckets as in sql/008.
--
-- What cell_traffic_* tell of outcomes is `unsuccessful` (rejected and failed) over all procedures; an aggregate gets no
-- columns later, and hours are kept longer than what they were made of. So outcomes have a chain of their own, with the
-- same periods. Its hours are made of minutes: by way of quarters, too, the planner no longer sees which events an hour's
-- open part is made of, and looks into all of them. Of traffic before `meta` key 'outcomes_since_us' nobody knows the
-- outcomes: it has no row here, and is no success.
alter table activity add column unknown integer;
alter table activity add column rejected integer;
alter table activity add column unanswered integer;
alter table activity add column dropped integer;
comment on column activity.unsuccessful is 'rejected and failed';

-- Events tell their outcomes as long as they are there: from behind the newest hour of traffic of which they have gone. What
-- was counted in activity so far has none. Whole hours, because an hour's outcomes are known as a whole or not at all.
insert into meta (key, value)
select 'outcomes_since_us',
  (extract(epoch from time_bucket(interval '1 hour', since + interval '59 minutes 59.999999 seconds')) * 1000000)::bigint::text
from (
  select greatest(
    (select max(ts) + interval '10 seconds' from activity),
    (
      select max(bucket) + interval '1 hour'
      from event_traffic_1h
      where bucket < coalesce((
        select min(_timescaledb_functions.to_timestamp(s.range_start))
        from _timescaledb_catalog.dimension_slice s
        join _timescaledb_catalog.dimension d on d.id = s.dimension_id
        join _timescaledb_catalog.hypertable h on h.id = d.hypertable_id
        where h.schema_name = 'public' and h.table_name = 'event'), 'infinity')
    )) as since
) s
where since is not null;

create materialized view event_outcome_1m
with (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) as
select
  time_bucket(interval '1 minute', ts) as bucket,
  cell_id,
  kind,
  count(*) filter (where outcome = 0) as unknown,
  count(*) filter (where outcome = 2) as rejected,
  count(*) filter (where outcome = 3) as failed,
  count(*) filter (where outcome = 4) as unanswered,
  count(*) filter (where outcome = 5) as dropped
from event
where flags & 4 <> 0 and outcome <> 1
group by 1, 2, 3
with no data;

create materialized view activity_outcome_1m
with (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) as
select
  time_bucket(interval '1 minute', ts) as bucket,
  cell_id,
  kind,
  sum(unknown)::bigint as unknown,
  sum(rejected)::bigint as rejected,
  sum(unsuccessful - rejected)::bigint as failed,
  sum(unanswered)::bigint as unanswered,
  sum(dropped)::bigint as dropped
from activity
where unknown + unsuccessful + unanswered + dropped > 0
group by 1, 2, 3
with no data;

create materialized view event_outcome_15m
with (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) as
select
  time_bucket(interval '15 minutes', bucket) as bucket,
  cell_id,
  kind,
  sum(unknown)::bigint as unknown,
  sum(rejected)::bigint as rejected,
  sum(failed)::bigint as failed,
  sum(unanswered)::bigint as unanswered,
  sum(dropped)::bigint as dropped
from event_outcome_1m
group by 1, 2, 3
with no data;

create materialized view event_outcome_1h
with (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) as
select
  time_bucket(interval '1 hour', bucket) as bucket,
  cell_id,
  kind,
  sum(unknown)::bigint as unknown,
  sum(rejected)::bigint as rejected,
  sum(failed)::bigint as failed,
  sum(unanswered)::bigint as unanswered,
  sum(dropped)::bigint as dropped
from event_outcome_1m
group by 1, 2, 3
with no data;

create materialized view event_outcome_1d
with (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) as
select
  time_bucket(interval '1 day', bucket, 'Asia/Shanghai') as bucket,
  cell_id,
  kind,
  sum(unknown)::bigint as unknown,
  sum(rejected)::bigint as rejected,
  sum(failed)::bigint as failed,
  sum(unanswered)::bigint as unanswered,
  sum(dropped)::bigint as dropped
from event_outcome_1h
group by 1, 2, 3
with no data;

create materialized view activity_outcome_15m
with (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) as
select
  time_bucket(interval '15 minutes', bucket) as bucket,
  cell_id,
  kind,
  sum(unknown)::bigint as unknown,
  sum(rejected)::bigint as rejected,
  sum(failed)::bigint as failed,
  sum(unanswered)::bigint as unanswered,
  sum(dropped)::bigint as dropped
from activity_outcome_1m
group by 1, 2, 3
with no data;

create materialized view activity_outcome_1h
with (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) as
select
  time_bucket(interval '1 hour', bucket) as bucket,
  cell_id,
  kind,
  sum(unknown)::bigint as unknown,
  sum(rejected)::bigint as rejected,
  sum(failed)::bigint as failed,
  sum(unanswered)::bigint as unanswered,
  sum(dropped)::bigint as dropped
from activity_outcome_1m
group by 1, 2, 3
with no data;

create materialized view activity_outcome_1d
with (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) as
select
  time_bucket(interval '1 day', bucket, 'Asia/Shanghai') as bucket,
  cell_id,
  kind,
  sum(unknown)::bigint as unknown,
  sum(rejected)::bigint as rejected,
  sum(failed)::bigint as failed,
  sum(unanswered)::bigint as unanswered,
  sum(dropped)::bigint as dropped
from activity_outcome_1h
group by 1, 2, 3
with no data;

-- Of cells: a bucket may have a row of each chain; add them up.

create view cell_outcome_1m as
select * from event_outcome_1m union all select * from activity_outcome_1m;

create view cell_outcome_15m as
select * from event_outcome_15m union all select * from activity_outcome_15m;

create view cell_outcome_1h as
select * from event_outcome_1h union all select * from activity_outcome_1h;

create view cell_outcome_1d as
select * from event_outcome_1d union all select * from activity_outcome_1d;

-- Of micro-regions, as sql/019 says: a bucket in which an edit lies is summed from its minutes.

create view region_outcome_1m as
select
  m.region_id, t.bucket, t.kind,
  sum(t.unknown)::bigint as unknown,
  sum(t.rejected)::bigint as rejected,
  sum(t.failed)::bigint as failed,
  sum(t.unanswered)::bigint as unanswered,
  sum(t.dropped)::bigint as dropped
from micro_region_cell m
join cell_outcome_1m t on t.cell_id = m.cell_id and t.bucket >= m.valid_from and t.bucket < m.valid_to
group by m.region_id, t.bucket, t.kind;

create view region_outcome_15m as
select
  m.region_id, t.bucket, t.kind,
  sum(t.unknown)::bigint as unknown,
  sum(t.rejected)::bigint as rejected,
  sum(t.failed)::bigint as failed,
  sum(t.unanswered)::bigint as unanswered,
  sum(t.dropped)::bigint as dropped
from micro_region_cell m
join cell_outcome_15m t on t.cell_id = m.cell_id and t.bucket >= m.valid_from and t.bucket < m.valid_to
where not exists (
  select from region_edit e
  where e.region_id = m.region_id and e.at > t.bucket and e.at < t.bucket + interval '15 minutes')
group by m.region_id, t.bucket, t.kind
union all
select
  e.region_id, e.bucket, t.kind,
  sum(t.unknown)::bigint as unknown,
  sum(t.rejected)::bigint as rejected,
  sum(t.failed)::bigint as failed,
  sum(t.unanswered)::bigint as unanswered,
  sum(t.dropped)::bigint as dropped
from (
  select distinct region_id, time_bucket(interval '15 minutes', at) as bucket from region_edit
  where at > time_bucket(interval '15 minutes', at)
) e
join region_outcome_1m t on t.region_id = e.region_id and t.bucket >= e.bucket and t.bucket < e.bucket + interval '15 minutes'
where e.bucket >= minutes_since()
group by e.region_id, e.bucket, t.kind;

create view region_outcome_1h as
select
  m.region_id, t.bucket, t.kind,
  sum(t.unknown)::bigint as unknown,
  sum(t.rejected)::bigint as rejected,
  sum(t.failed)::bigint as failed,
  sum(t.unanswered)::bigint as unanswered,
  sum(t.dropped)::bigint as dropped
from micro_region_cell m
join cell_outcome_1h t on t.cell_id = m.cell_id and t.bucket >= m.valid_from and t.bucket < m.valid_to
where not exists (
  select from region_edit e
  where e.region_id = m.region_id and e.at > t.bucket and e.at < t.bucket + interval '1 hour')
group by m.region_id, t.bucket, t.kind
union all
select
  e.region_id, e.bucket, t.kind,
  sum(t.unknown)::bigint as unknown,
  sum(t.rejected)::bigint as rejected,
  sum(t.failed)::bigint as failed,
  sum(t.unanswered)::bigint as unanswered,
  sum(t.dropped)::bigint as dropped
from (
  select distinct region_id, time_bucket(interval '1 hour', at) as bucket from region_edit
  where at > time_bucket(interval '1 hour', at)
) e
join region_outcome_1m t on t.region_id = e.region_id and t.bucket >= e.bucket and t.bucket < e.bucket + interval '1 hour'
where e.bucket >= minutes_since()
group by e.region_id, e.bucket, t.kind;

create view region_outcome_1d as
select
  m.region_id, t.bucket, t.kind,
  sum(t.unknown)::bigint as unknown,
  sum(t.rejected)::bigint as rejected,
  sum(t.failed)::bigint as failed,
  sum(t.unanswered)::bigint as unanswered,
  sum(t.dropped)::bigint as dropped
from micro_region_cell m
join cell_outcome_1d t on t.cell_id = m.cell_id and t.bucket >= m.valid_from and t.bucket < m.valid_to
where not exists (
  select from region_edit e
  where e.region_id = m.region_id and e.at > t.bucket and e.at < t.bucket + interval '1 day')
group by m.region_id, t.bucket, t.kind
union all
select
  e.region_id, e.bucket, t.kind,
  sum(t.unknown)::bigint as unknown,
  sum(t.rejected)::bigint as rejected,
  sum(t.failed)::bigint as failed,
  sum(t.unanswered)::bigint as unanswered,
  sum(t.dropped)::bigint as dropped
from (
  select distinct region_id, time_bucket(interval '1 day', at, 'Asia/Shanghai') as bucket from region_edit
  where at > time_bucket(interval '1 day', at, 'Asia/Shanghai')
) e
join region_outcome_1m t on t.region_id = e.region_id and t.bucket >= e.bucket and t.bucket < e.bucket + interval '1 day'
where e.bucket >= minutes_since()
group by e.region_id, e.bucket, t.kind;

select set_chunk_time_interval('event_outcome_1m', interval '1 day');
select set_chunk_time_interval('event_outcome_15m', interval '7 days');
select set_chunk_time_interval('event_outcome_1h', interval '30 days');
select set_chunk_time_interval('event_outcome_1d', interval '365 days');
select set_chunk_time_interval('activity_outcome_1m', interval '1 day');
select set_chunk_time_interval('activity_outcome_15m', interval '7 days');
select set_chunk_time_interval('activity_outcome_1h', interval '30 days');
select set_chunk_time_interval('activity_outcome_1d', interval '365 days');

alter materialized view event_outcome_1m set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'cell_id, bucket');
alter materialized view event_outcome_15m set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'cell_id, bucket');
alter materialized view event_outcome_1h set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'cell_id, bucket');
alter materialized view activity_outcome_1m set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'cell_id, bucket');
alter materialized view activity_outcome_15m set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'cell_id, bucket');
alter materialized view activity_outcome_1h set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'cell_id, bucket');

create index on event_outcome_1m (cell_id, bucket desc);
create index on event_outcome_15m (cell_id, bucket desc);
create index on event_outcome_1h (cell_id, bucket desc);
create index on event_outcome_1d (cell_id, bucket desc);
create index on activity_outcome_1m (cell_id, bucket desc);
create index on activity_outcome_15m (cell_id, bucket desc);
create index on activity_outcome_1h (cell_id, bucket desc);
create index on activity_outcome_1d (cell_id, bucket desc);
