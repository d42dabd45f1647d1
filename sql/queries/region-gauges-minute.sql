-- Buckets in which anything was counted, as columns in one row: their places from 0, and what was counted but traffic
-- (region-traffic-minute.sql). Columns, because a client spends more on a row than the database.
-- $1: region id, $2: from, $3: to (exclusive), $4: width in seconds (a multiple of 60).
with region as (
  select region_id from micro_region where id = $1
),
counted as (
  select time_bucket(make_interval(secs => $4), ts, $2::timestamptz) as bucket,
    -- Minutes that have been dropped are unknown, too.
    bool_and(ts >= (select minutes_since()) and events_kept
      and (select traffic_known()) @> ts) as known
  from city_gauge
  where ts >= $2::timestamptz and ts < $3::timestamptz
  group by 1
),
gauge as (
  select time_bucket(make_interval(secs => $4), ts, $2::timestamptz) as bucket,
    last(present, ts) as present, sum(entries) as entries, sum(exits) as exits
  from region_gauge
  where region_id = (select region_id from region) and ts >= $2::timestamptz and ts < $3::timestamptz
  group by 1
)
select coalesce(array_agg((date_part('epoch', bucket - $2::timestamptz) / $4)::integer), '{}') as place,
  coalesce(array_agg(g.present), '{}') as present, coalesce(array_agg(g.entries::float8), '{}') as entries,
  coalesce(array_agg(g.exits::float8), '{}') as exits, coalesce(array_agg(c.known), '{}') as known
from counted c
full join gauge g using (bucket)
