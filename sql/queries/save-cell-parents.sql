-- $1: JSON array of cells, $2: from when on. Gives each cell the node of its listed parents, by date.
with recursive path as (
  select node_id, jsonb_build_array(name) as names from region_node where parent_id is null
  union all
  select n.node_id, p.names || to_jsonb(n.name) from region_node n join path p on p.node_id = n.parent_id
),
given as (
  select c.id, p.node_id
  from jsonb_to_recordset($1::jsonb) as c (id integer, parents jsonb)
  join path p on p.names = c.parents
),
moved as (
  select cp.cell_id, cp.valid_from
  from cell_parent cp
  join given g on g.id = cp.cell_id
  where cp.valid_to = 'infinity' and cp.node_id <> g.node_id
),
ended as (
  update cell_parent cp set valid_to = $2::timestamptz
  from moved m
  where cp.cell_id = m.cell_id and cp.valid_from = m.valid_from and m.valid_from < $2::timestamptz
)
insert into cell_parent (cell_id, node_id, valid_from)
select g.id, g.node_id,
  case when exists (select from cell_parent old where old.cell_id = g.id) then $2::timestamptz else '-infinity' end
from given g
where not exists (
  select from cell_parent cp where cp.cell_id = g.id and cp.valid_to = 'infinity' and cp.node_id = g.node_id)
on conflict (cell_id, valid_from) do update set node_id = excluded.node_id
