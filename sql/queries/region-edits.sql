-- When a region got or lost cells, in order: edits of its outline, and of the cell list. $1: region id, $2: from, $3: to
-- (exclusive). A region's first cells are its own for all times, and so are cells that were not heard of before.
select e.at as time, count(*) filter (where e.came)::integer as came, count(*) filter (where not e.came)::integer as went
from (
  select m.valid_from as at, true as came, m.region_id from micro_region_cell m
  union all
  select m.valid_to, false, m.region_id from micro_region_cell m
) e
where e.region_id = (select region_id from micro_region where id = $1)
  and e.at >= $2::timestamptz and e.at < $3::timestamptz
group by e.at
order by e.at
