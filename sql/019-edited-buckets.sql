-- Grain: region_edit = one row an edit of a region's cells; region_traffic_15m, region_traffic_1h, region_traffic_1d as in
--        sql/008, one row a micro-region and bucket.
-- Unit:  traffic units, ms, bytes.
-- Time:  event time; bucket is the start of [bucket, bucket + width), days are those of UTC+08:00.
--
-- An edit counts from the first whole minute at or behind it: the minute in which it lies is that of the region before, so
-- that minutes are the finest buckets and add up to all others. A bucket in which an edit lies is summed from smaller
-- ones: by its own start it would have the cells of one side of the edit for all of its time. Where minutes have been
-- dropped (server/store/periods.ts) there is nothing to sum: of such an hour no traffic of the region is told here.

create view region_edit as
select distinct e.region_id, e.at
from (
  select region_id, valid_from as at from micro_region_cell
  union all
  select region_id, valid_to from micro_region_cell
) e
where e.at > '-infinity' and e.at < 'infinity';

create or replace view region_traffic_15m as
select w.* from (
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
  group by m.region_id, t.bucket
) w
where not exists (
  select from region_edit e
  where e.region_id = w.region_id and e.at > w.bucket and e.at < w.bucket + interval '15 minutes')
union all
select
  e.region_id, e.bucket, t.units, t.location_updates, t.mo_calls, t.mt_calls, t.emergency_calls, t.mo_sms, t.mt_sms,
  t.supplementary_services, t.handovers, t.detaches, t.data, t.others, t.unsuccessful, t.call_ms, t.bytes
from (
  select distinct region_id, time_bucket(interval '15 minutes', at) as bucket from region_edit
  where at > time_bucket(interval '15 minutes', at)
) e
cross join lateral (
  select
    sum(r.units)::bigint as units,
    sum(r.location_updates)::bigint as location_updates,
    sum(r.mo_calls)::bigint as mo_calls,
    sum(r.mt_calls)::bigint as mt_calls,
    sum(r.emergency_calls)::bigint as emergency_calls,
    sum(r.mo_sms)::bigint as mo_sms,
    sum(r.mt_sms)::bigint as mt_sms,
    sum(r.supplementary_services)::bigint as supplementary_services,
    sum(r.handovers)::bigint as handovers,
    sum(r.detaches)::bigint as detaches,
    sum(r.data)::bigint as data,
    sum(r.others)::bigint as others,
    sum(r.unsuccessful)::bigint as unsuccessful,
    sum(r.call_ms)::bigint as call_ms,
    sum(r.bytes)::bigint as bytes
  from region_traffic_1m r
  where r.region_id = e.region_id and r.bucket >= e.bucket and r.bucket < e.bucket + interval '15 minutes'
  having count(*) > 0
) t;

create or replace view region_traffic_1h as
select w.* from (
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
  group by m.region_id, t.bucket
) w
where not exists (
  select from region_edit e
  where e.region_id = w.region_id and e.at > w.bucket and e.at < w.bucket + interval '1 hour')
union all
select
  e.region_id, e.bucket, t.units, t.location_updates, t.mo_calls, t.mt_calls, t.emergency_calls, t.mo_sms, t.mt_sms,
  t.supplementary_services, t.handovers, t.detaches, t.data, t.others, t.unsuccessful, t.call_ms, t.bytes
from (
  select distinct region_id, time_bucket(interval '1 hour', at) as bucket from region_edit
  where at > time_bucket(interval '1 hour', at)
) e
cross join lateral (
  select
    sum(r.units)::bigint as units,
    sum(r.location_updates)::bigint as location_updates,
    sum(r.mo_calls)::bigint as mo_calls,
    sum(r.mt_calls)::bigint as mt_calls,
    sum(r.emergency_calls)::bigint as emergency_calls,
    sum(r.mo_sms)::bigint as mo_sms,
    sum(r.mt_sms)::bigint as mt_sms,
    sum(r.supplementary_services)::bigint as supplementary_services,
    sum(r.handovers)::bigint as handovers,
    sum(r.detaches)::bigint as detaches,
    sum(r.data)::bigint as data,
    sum(r.others)::bigint as others,
    sum(r.unsuccessful)::bigint as unsuccessful,
    sum(r.call_ms)::bigint as call_ms,
    sum(r.bytes)::bigint as bytes
  from region_traffic_1m r
  where r.region_id = e.region_id and r.bucket >= e.bucket and r.bucket < e.bucket + interval '1 hour'
  having count(*) > 0
) t;

create or replace view region_traffic_1d as
select w.* from (
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
  group by m.region_id, t.bucket
) w
where not exists (
  select from region_edit e
  where e.region_id = w.region_id and e.at > w.bucket and e.at < w.bucket + interval '1 day')
union all
select
  e.region_id, e.bucket, t.units, t.location_updates, t.mo_calls, t.mt_calls, t.emergency_calls, t.mo_sms, t.mt_sms,
  t.supplementary_services, t.handovers, t.detaches, t.data, t.others, t.unsuccessful, t.call_ms, t.bytes
from (
  select distinct region_id, time_bucket(interval '1 day', at, 'Asia/Shanghai') as bucket from region_edit
  where at > time_bucket(interval '1 day', at, 'Asia/Shanghai')
) e
cross join lateral (
  select
    sum(r.units)::bigint as units,
    sum(r.location_updates)::bigint as location_updates,
    sum(r.mo_calls)::bigint as mo_calls,
    sum(r.mt_calls)::bigint as mt_calls,
    sum(r.emergency_calls)::bigint as emergency_calls,
    sum(r.mo_sms)::bigint as mo_sms,
    sum(r.mt_sms)::bigint as mt_sms,
    sum(r.supplementary_services)::bigint as supplementary_services,
    sum(r.handovers)::bigint as handovers,
    sum(r.detaches)::bigint as detaches,
    sum(r.data)::bigint as data,
    sum(r.others)::bigint as others,
    sum(r.unsuccessful)::bigint as unsuccessful,
    sum(r.call_ms)::bigint as call_ms,
    sum(r.bytes)::bigint as bytes
  from region_traffic_1h r
  where r.region_id = e.region_id and r.bucket >= e.bucket and r.bucket < e.bucket + interval '1 day'
  having count(*) > 0
) t;
