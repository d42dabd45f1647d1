-- Trips between a region and others, by the time of the entry, or of the exit where the two overlap (sql/README.md).
-- $1: region id, $2: from, $3: to (exclusive).
select r.id, sum(t.into_it)::integer as into_it, sum(t.from_it)::integer as from_it
from micro_region me
cross join lateral (
  select f.to_region as other, f.count as into_it, 0 as from_it from region_flow f
  where f.from_region = me.region_id and f.ts >= $2::timestamptz and f.ts < $3::timestamptz
  union all
  select f.from_region, 0, f.count from region_flow f
  where f.to_region = me.region_id and f.ts >= $2::timestamptz and f.ts < $3::timestamptz
) t
join micro_region r on r.region_id = t.other
where me.id = $1
group by r.id
order by sum(t.into_it + t.from_it) desc, r.id
