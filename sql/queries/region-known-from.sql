-- Since when a region was counted in a time: the start of its first interval; null: in none. One row. $1: region id,
-- $2: from, $3: to (exclusive).
select (
  select g.ts
  from region_gauge g
  where g.region_id = (select region_id from micro_region where id = $1)
    and g.ts >= $2::timestamptz and g.ts < $3::timestamptz
  order by g.ts
  limit 1
) as known_from
