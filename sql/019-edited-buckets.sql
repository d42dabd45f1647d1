-- Grain: region_edit = one row an edit of a region's cells; region_traffic_15m, region_traffic_1h, region_traffic_1d as in
--        sql/008, one row a micro-region and bucket.
-- Unit:  traffic units, ms, bytes.
-- Time:  event time; bucket is the start of [bucket, bucket + width), days are those of UTC+08:00.
--
-- An edit counts from the first whole minute at or behind it: the minute in which it lies is that of the region before, so
-- that minutes are the finest buckets and add up to all others. A bucket in which an edit lies is summed from its minutes:
-- by its own start it would have the cells of one side of the edit for all of its time. Where minutes have been dropped
-- (server/store/periods.ts) there is nothing to sum: of such a bucket no traffic of the region is told at all.

create view region_edit as
select distinct e.region_id, e.at
from (
  select region_id, valid_from as at from micro_region_cell
  union all
  select region_id, valid_to from micro_region_cell
) e
where e.at > '-infinity' and e.at < 'infinity';

-- Since when there are minutes of traffic (whole days, UTC). infinity: all are gone, hours are left; -infinity: there never
-- were any. As timescaledb_information.chunks has it, without the time it takes to plan that view.
create function minutes_since() returns timestamptz
language sql stable parallel safe
begin atomic
  select coalesce(
    min(_timescaledb_functions.to_timestamp(s.range_start)) filter (where a.user_view_name like '%_1m'),
    case when count(*) > 0 then 'infinity'::timestamptz else '-infinity'::timestamptz end)
  from _timescaledb_catalog.dimension_slice s
  join _timescaledb_catalog.dimension d on d.id = s.dimension_id
  join _timescaledb_catalog.continuous_agg a on a.mat_hypertable_id = d.hypertable_id
  where a.user_view_name in ('event_traffic_1m', 'activity_traffic_1m', 'event_traffic_1h', 'activity_traffic_1h');
end;

-- What sql/008 made: by the cells at each bucket's start.
alter view region_traffic_15m rename to region_traffic_15m_by_start;
alter view region_traffic_1h rename to region_traffic_1h_by_start;
alter view region_traffic_1d rename to region_traffic_1d_by_start;

-- Traffic of [since, until), whole minutes, as one row: each by the cells at its own start. No row: there was none, or of
-- an hour that had some the minutes are gone.
create function region_traffic_between(region integer, since timestamptz, until timestamptz)
returns setof region_traffic_1m
language sql stable parallel safe
begin atomic
  select
    region, since,
    sum(r.units)::bigint,
    sum(r.location_updates)::bigint,
    sum(r.mo_calls)::bigint,
    sum(r.mt_calls)::bigint,
    sum(r.emergency_calls)::bigint,
    sum(r.mo_sms)::bigint,
    sum(r.mt_sms)::bigint,
    sum(r.supplementary_services)::bigint,
    sum(r.handovers)::bigint,
    sum(r.detaches)::bigint,
    sum(r.data)::bigint,
    sum(r.others)::bigint,
    sum(r.unsuccessful)::bigint,
    sum(r.call_ms)::bigint,
    sum(r.bytes)::bigint
  from region_traffic_1m r
  where r.region_id = region and r.bucket >= since and r.bucket < until
  having count(*) > 0 and not exists (
    select from cell_traffic_1h t
    where t.cell_id in (select m.cell_id from micro_region_cell m where m.region_id = region)
      and t.bucket >= time_bucket(interval '1 hour', since) and t.bucket < least(until, minutes_since()));
end;

create view region_traffic_15m as
select w.*
from region_traffic_15m_by_start w
where not exists (
  select from region_edit e
  where e.region_id = w.region_id and e.at > w.bucket and e.at < w.bucket + interval '15 minutes')
union all
select t.*
from (
  select distinct region_id, time_bucket(interval '15 minutes', at) as bucket from region_edit
  where at > time_bucket(interval '15 minutes', at)
) e
cross join lateral region_traffic_between(e.region_id, e.bucket, e.bucket + interval '15 minutes') t;

create view region_traffic_1h as
select w.*
from region_traffic_1h_by_start w
where not exists (
  select from region_edit e
  where e.region_id = w.region_id and e.at > w.bucket and e.at < w.bucket + interval '1 hour')
union all
select t.*
from (
  select distinct region_id, time_bucket(interval '1 hour', at) as bucket from region_edit
  where at > time_bucket(interval '1 hour', at)
) e
cross join lateral region_traffic_between(e.region_id, e.bucket, e.bucket + interval '1 hour') t;

create view region_traffic_1d as
select w.*
from region_traffic_1d_by_start w
where not exists (
  select from region_edit e
  where e.region_id = w.region_id and e.at > w.bucket and e.at < w.bucket + interval '1 day')
union all
select t.*
from (
  select distinct region_id, time_bucket(interval '1 day', at, 'Asia/Shanghai') as bucket from region_edit
  where at > time_bucket(interval '1 day', at, 'Asia/Shanghai')
) e
cross join lateral region_traffic_between(e.region_id, e.bucket, e.bucket + interval '1 day') t;
