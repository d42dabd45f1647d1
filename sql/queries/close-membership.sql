-- $1: regions looked at, $2, $3: their members now (region, cell, row by row), $4: from when on.
-- Ends the membership of the cells that are members no more.
with gone as (
  select m.region_id, m.cell_id, m.valid_from
  from micro_region_cell m
  where m.region_id = any ($1::integer[])
    and m.valid_to = 'infinity'
    and not exists (
      select from unnest($2::integer[], $3::integer[]) as now (region_id, cell_id)
      where now.region_id = m.region_id and now.cell_id = m.cell_id)
),
never as (
  delete from micro_region_cell m using gone g
  where m.region_id = g.region_id and m.cell_id = g.cell_id and m.valid_from = g.valid_from
    and g.valid_from >= $4::timestamptz
)
update micro_region_cell m set valid_to = $4::timestamptz
from gone g
where m.region_id = g.region_id and m.cell_id = g.cell_id and m.valid_from = g.valid_from
  and g.valid_from < $4::timestamptz
