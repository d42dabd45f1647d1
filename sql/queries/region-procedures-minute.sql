-- Traffic of a region by procedure and outcome, as columns in one row: buckets that were counted and whether their traffic
-- is known, and what there was of each class in each. Places of buckets from 0; classes are those of shared/traffic.ts, by
-- place. What succeeded is the rest. Before since_us nobody knows outcomes (sql/021); null: they are known throughout.
-- $1: the region's surrogate, $2: from, $3: to (exclusive), $4: width in seconds (a multiple of 60).
-- $5: cells that were in the region at any time of it, ascending, as of region-traffic-minute.sql.
with counted as (
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
  from cell_traffic_1m t
  join micro_region_cell m on m.cell_id = t.cell_id and t.bucket >= m.valid_from and t.bucket < m.valid_to
  where m.region_id = $1::integer and t.cell_id = any ($5::integer[])
    and t.cell_id between ($5::integer[])[1] and ($5::integer[])[cardinality($5::integer[])]
    and t.bucket >= $2::timestamptz and t.bucket < $3::timestamptz
),
ended as (
  select t.bucket as bucket, t.kind,
    t.unknown, t.rejected, t.failed, t.unanswered, t.dropped
  from cell_outcome_1m t
  join micro_region_cell m on m.cell_id = t.cell_id and t.bucket >= m.valid_from and t.bucket < m.valid_to
  where m.region_id = $1::integer and t.cell_id = any ($5::integer[])
    and t.cell_id between ($5::integer[])[1] and ($5::integer[])[cardinality($5::integer[])]
    and t.bucket >= $2::timestamptz and t.bucket < $3::timestamptz
    and t.kind between 1 and 13
),
\ir region-procedures-told.sql
