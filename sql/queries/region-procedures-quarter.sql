-- As region-procedures-minute.sql. $4: width in seconds (a multiple of 900). A quarter in which the region was edited is the
-- sum of its minutes, each with the cells of its start.
with edited as materialized (
  select distinct time_bucket(interval '15 minutes', e.at) as bucket
  from region_edit e
  where e.region_id = $1::integer
    and e.at > $2::timestamptz and e.at < $3::timestamptz and e.at > time_bucket(interval '15 minutes', e.at)
),
counted as (
  select time_bucket(make_interval(secs => $4), ts, $2::timestamptz) as bucket,
    bool_and(ts >= (select minutes_since()) and events_kept and (select traffic_known()) @> ts) as known
  from city_gauge
  where ts >= $2::timestamptz and ts < $3::timestamptz
  group by 1
),
unit as (
  select t.bucket as bucket,
    t.location_updates, t.mo_calls, t.mt_calls, t.emergency_calls, t.mo_sms, t.mt_sms, t.supplementary_services,
    t.handovers, t.detaches, t.data, t.others
  from cell_traffic_15m t
  join micro_region_cell m on m.cell_id = t.cell_id and t.bucket >= m.valid_from and t.bucket < m.valid_to
  where m.region_id = $1::integer and t.cell_id = any ($5::integer[])
    and t.cell_id between ($5::integer[])[1] and ($5::integer[])[cardinality($5::integer[])]
    and t.bucket >= $2::timestamptz and t.bucket < $3::timestamptz
    and t.bucket not in (select bucket from edited)
  union all
  select time_bucket(interval '15 minutes', t.bucket) as bucket,
    t.location_updates, t.mo_calls, t.mt_calls, t.emergency_calls, t.mo_sms, t.mt_sms, t.supplementary_services,
    t.handovers, t.detaches, t.data, t.others
  from cell_traffic_1m t
  join micro_region_cell m on m.cell_id = t.cell_id and t.bucket >= m.valid_from and t.bucket < m.valid_to
  where m.region_id = $1::integer and t.cell_id = any ($5::integer[])
    and t.cell_id between ($5::integer[])[1] and ($5::integer[])[cardinality($5::integer[])]
    and t.bucket >= $2::timestamptz and t.bucket < $3::timestamptz
    and time_bucket(interval '15 minutes', t.bucket) in (select bucket from edited)
),
ended as (
  select t.bucket as bucket, t.kind,
    t.unknown, t.rejected, t.failed, t.unanswered, t.dropped
  from cell_outcome_15m t
  join micro_region_cell m on m.cell_id = t.cell_id and t.bucket >= m.valid_from and t.bucket < m.valid_to
  where m.region_id = $1::integer and t.cell_id = any ($5::integer[])
    and t.cell_id between ($5::integer[])[1] and ($5::integer[])[cardinality($5::integer[])]
    and t.bucket >= $2::timestamptz and t.bucket < $3::timestamptz
    and t.bucket not in (select bucket from edited) and t.kind between 1 and 13
  union all
  select time_bucket(interval '15 minutes', t.bucket) as bucket, t.kind,
    t.unknown, t.rejected, t.failed, t.unanswered, t.dropped
  from cell_outcome_1m t
  join micro_region_cell m on m.cell_id = t.cell_id and t.bucket >= m.valid_from and t.bucket < m.valid_to
  where m.region_id = $1::integer and t.cell_id = any ($5::integer[])
    and t.cell_id between ($5::integer[])[1] and ($5::integer[])[cardinality($5::integer[])]
    and t.bucket >= $2::timestamptz and t.bucket < $3::timestamptz
    and time_bucket(interval '15 minutes', t.bucket) in (select bucket from edited)
    and t.kind between 1 and 13
),
\ir region-procedures-told.sql
