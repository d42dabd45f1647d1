-- Cells that were ever in the region, ascending. $1: region id; no row: there is none.
select array(
  select distinct cell_id from micro_region_cell m where m.region_id = r.region_id order by cell_id
) as cells
from micro_region r
where r.id = $1
