-- $1: JSON array of cells, $2: level 1 … 4. Nodes of that level that are missing; the levels above are there already.
with recursive listed as (
  select distinct c.parents
  from jsonb_to_recordset($1::jsonb) as c (parents jsonb)
  where jsonb_typeof(c.parents) = 'array' and jsonb_array_length(c.parents) >= $2::integer
),
path as (
  select node_id, level, jsonb_build_array(name) as names from region_node where parent_id is null
  union all
  select n.node_id, n.level, p.names || to_jsonb(n.name) from region_node n join path p on p.node_id = n.parent_id
),
wanted as (
  select distinct
    parents ->> ($2::integer - 1) as name,
    coalesce((select jsonb_agg(v order by i) from jsonb_array_elements(parents) with ordinality as e (v, i)
              where i < $2::integer), '[]') as above
  from listed
)
insert into region_node (parent_id, level, name)
select p.node_id, $2::integer, w.name
from wanted w
left join path p on p.names = w.above
where $2::integer = 1 or p.node_id is not null
on conflict (parent_id, level, name) do nothing
