-- When a region that is no more lost its last cells; null: it has some still, or never had any. $1: region id.
select case when bool_and(m.valid_to < 'infinity') then max(m.valid_to) end as ended
from micro_region_cell m
where m.region_id = (select region_id from micro_region where id = $1)
