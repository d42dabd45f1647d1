-- $1: JSON array of regions. Adds and updates; gives the surrogate of each id.
insert into micro_region as m (id, name, kind, level, capacity, polygons, cells)
select id, name, kind, level, capacity, nullif(polygons, 'null'), nullif(cells, 'null')
from jsonb_to_recordset($1::jsonb)
  as r (id text, name text, kind text, level smallint, capacity integer, polygons jsonb, cells jsonb)
on conflict (id) do update set
  name = excluded.name, kind = excluded.kind, level = excluded.level, capacity = excluded.capacity,
  polygons = excluded.polygons, cells = excluded.cells
returning region_id, id
