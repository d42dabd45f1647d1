-- Grain: one row a region that is counted (micro_region): micro-regions, and from now on the nodes of the region tree.
-- Unit:  level: 1 branch, 2 marketing centre, 3 area, 4 service hall; null: a micro-region.
-- Time:  membership by date, as in 001: a cell that gets another parent is the new node's from then on.
--
-- A node is counted, stored and asked for as a micro-region is: gauges, origins, traffic by membership, the past from
-- stays. Its id is its path, 'tree:branch/centre/area/hall'. What the cells' own list says stands in region_node and
-- cell_parent.
alter table micro_region add column level smallint check (level between 1 and 4);
