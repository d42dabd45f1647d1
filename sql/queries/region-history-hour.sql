-- Buckets in which anything was counted, from the hourly aggregates, as columns in one row: their places from 0, and what
-- was counted.
-- $1: region id, $2: from, $3: to (exclusive), $4: width in seconds (a multiple of 3600).
-- $5: cells that were in the region at any time of it, ascending: as a parameter, so that what is not aggregated yet is looked through
-- by hash, between the first and the last of them in the index.
with region as (
  select region_id from micro_region where id = $1
),
counted as (
  select time_bucket(make_interval(secs => $4), ts, $2::timestamptz) as bucket,
    bool_and(events_kept and (select traffic_known()) @> ts) as known
  from city_gauge
  where ts >= $2::timestamptz and ts < $3::timestamptz
  group by 1
),
gauge as (
  select time_bucket(make_interval(secs => $4), h.bucket, $2::timestamptz) as bucket,
    last(h.present, h.bucket) as present, sum(h.entries) as entries, sum(h.exits) as exits
  from region_gauge_1h h
  where h.region_id = (select region_id from region) and h.bucket >= $2::timestamptz and h.bucket < $3::timestamptz
  group by 1
),
-- Hours in which an edit of the region lies: their minutes are each of the region as it was when they began. Where those
-- have been dropped, the hour is unknown.
edited as (
  select distinct time_bucket(interval '1 hour', e.at) as hour
  from region_edit e
  where e.region_id = (select region_id from region)
    and e.at > $2::timestamptz and e.at < $3::timestamptz and e.at > time_bucket(interval '1 hour', e.at)
),
lost as (
  select distinct time_bucket(make_interval(secs => $4), e.hour, $2::timestamptz) as bucket, true as is_lost
  from edited e
  where e.hour < (select minutes_since())
),
told as (
  select t.bucket, t.units
  from cell_traffic_1h t
  join micro_region_cell m on m.cell_id = t.cell_id and t.bucket >= m.valid_from and t.bucket < m.valid_to
  where m.region_id = (select region_id from region)
    and t.cell_id = any ($5::integer[])
    and t.cell_id between ($5::integer[])[1] and ($5::integer[])[cardinality($5::integer[])]
    and t.bucket >= $2::timestamptz and t.bucket < $3::timestamptz
    and t.bucket not in (select hour from edited)
  union all
  select e.hour, t.units
  from edited e
  cross join lateral (
    select sum(t.units)::bigint as units
    from cell_traffic_1m t
    join micro_region_cell m on m.cell_id = t.cell_id and t.bucket >= m.valid_from and t.bucket < m.valid_to
    where m.region_id = (select region_id from region)
      and t.cell_id = any ($5::integer[])
      and t.cell_id between ($5::integer[])[1] and ($5::integer[])[cardinality($5::integer[])]
      and t.bucket >= e.hour and t.bucket < e.hour + interval '1 hour'
    having count(*) > 0
  ) t
),
traffic as (
  select time_bucket(make_interval(secs => $4), t.bucket, $2::timestamptz) as bucket, sum(t.units) as units
  from told t
  group by 1
)
select coalesce(array_agg((date_part('epoch', bucket - $2::timestamptz) / $4)::integer), '{}') as place,
  coalesce(array_agg(g.present), '{}') as present, coalesce(array_agg(g.entries::float8), '{}') as entries,
  coalesce(array_agg(g.exits::float8), '{}') as exits, coalesce(array_agg(t.units::float8), '{}') as traffic,
  coalesce(array_agg(c.known and l.is_lost is null), '{}') as known
from counted c
full join gauge g using (bucket)
full join traffic t using (bucket)
left join lost l using (bucket)
