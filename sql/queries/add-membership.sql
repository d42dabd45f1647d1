-- $1, $2: members now (region, cell, row by row), $3: from when on, $4: first cell_id that was not known before.
-- A region without any member so far, and a cell not known before, are members from -infinity on; but a cell is in one
-- node of the region tree at each level, so one that gets another parent is the new one's from $3 on. Nobody is a member
-- twice at a time: one that left later than $3 comes back where it left (a set that was dated by wall time).
with drawn as (
  select distinct region_id from micro_region_cell
)
insert into micro_region_cell (region_id, cell_id, valid_from)
select now.region_id, now.cell_id,
  case
    when exists (
      select from micro_region_cell o
      join micro_region other on other.region_id = o.region_id
      where r.level is not null and other.level = r.level and o.cell_id = now.cell_id) then $3::timestamptz
    when d.region_id is null or now.cell_id >= $4::integer then '-infinity'
    else greatest($3::timestamptz, (
      select max(b.valid_to) from micro_region_cell b
      where b.region_id = now.region_id and b.cell_id = now.cell_id))
  end
from unnest($1::integer[], $2::integer[]) as now (region_id, cell_id)
join micro_region r on r.region_id = now.region_id
left join drawn d on d.region_id = now.region_id
where not exists (
  select from micro_region_cell m
  where m.region_id = now.region_id and m.cell_id = now.cell_id and m.valid_to = 'infinity')
