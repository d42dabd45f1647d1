-- How many were present by origin, by the quarter of an hour: the last and the largest count of each. An origin without a
-- row in a quarter is as its row before says; what it was when the time begins stands in a row of the first quarter, if it
-- has none there. Looked for two days back, though the first interval of each quarter tells every origin, changed or not
-- (server/core/carried-origins.ts): while nothing comes no interval is told, and who was there is there still.
-- $1: region (0: the city), $2: from, a quarter's start, $3: to (exclusive).
with carried as (
  select distinct on (class, country, mcc) class, country, mcc, present
  from origin_gauge_15m
  where region_id = $1::integer and bucket >= $2::timestamptz - interval '2 days' and bucket < $2::timestamptz
  order by class, country, mcc, bucket desc
),
told as (
  select bucket, class, country, mcc, present, present_max
  from origin_gauge_15m
  where region_id = $1::integer and bucket >= $2::timestamptz and bucket < $3::timestamptz
)
select bucket, class, country, mcc, present, present_max from told
union all
select $2::timestamptz, class, country, mcc, present, present
from carried c
where present > 0 and not exists (
  select from told t
  where t.bucket = $2::timestamptz and (t.class, t.country, t.mcc) = (c.class, c.country, c.mcc)
)
order by bucket, class, country, mcc
