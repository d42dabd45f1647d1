-- Every cell with what is known of it now, by cell_id; parents from the branch down.
with recursive path as (
  select node_id, array[name] as names from region_node where parent_id is null
  union all
  select n.node_id, p.names || n.name from region_node n join path p on p.node_id = n.parent_id
)
select c.cell_id as id, c.cgi, c.name, c.lon, c.lat, c.azimuth, c.radio, s.name as site, p.names as parents
from cell c
left join site s on s.site_id = c.site_id
left join cell_parent cp on cp.cell_id = c.cell_id and cp.valid_to = 'infinity'
left join path p on p.node_id = cp.node_id
where c.valid_to = 'infinity'
order by c.cell_id
