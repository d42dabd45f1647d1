-- Cells that were in the region at any time of a span, ascending, whether any came or went within it, and its surrogate.
-- $1: region id, $2: from, $3: to (exclusive); no row: there is no such region.
with region as (
  select region_id from micro_region where id = $1
),
held as (
  select m.cell_id, m.valid_from, m.valid_to
  from region r
  join micro_region_cell m using (region_id)
  where m.valid_from < $3::timestamptz and m.valid_to > $2::timestamptz
)
select array(select distinct cell_id from held order by cell_id) as cells,
  exists(select from held where valid_from > $2::timestamptz or valid_to < $3::timestamptz) as edited, region_id
from region
