-- Since when a region was counted in a time: the start of its first interval; null: in none. A region has a row in the first
-- interval of each quarter of an hour, and in that in which it is drawn; between them it is counted as the city is. One row.
-- $1: region id, $2: from, $3: to (exclusive).
select case when r.drawn is not null then (
  select c.ts
  from city_gauge c
  -- A mark of a hole has no length.
  where c.ts >= $2::timestamptz and c.ts >= r.drawn and c.ts < $3::timestamptz and c.every_ms > 0
  order by c.ts
  limit 1
) end as known_from
from (select (
  select g.ts
  from region_gauge g
  where g.region_id = (select region_id from micro_region where id = $1)
    and g.ts >= $2::timestamptz - interval '15 minutes' and g.ts < $3::timestamptz
  order by g.ts
  limit 1
) as drawn) r
