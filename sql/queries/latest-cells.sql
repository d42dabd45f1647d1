-- The newest gauge of every cell: rows of the newest interval, and of cells without one there their last row, which holds
-- for them still. Cells that changed nothing for two days have no row.
-- $1: event clock; the newest interval began within the hour before it.
with newest as (
  select ts from cell_gauge
  where ts > $1::timestamptz - interval '1 hour' and ts <= $1::timestamptz
  order by ts desc
  limit 1
),
now as materialized (
  select g.cell_id, g.ts, g.present, g.entries, g.exits
  from cell_gauge g
  where g.ts = (select ts from newest) and g.ts > $1::timestamptz - interval '1 hour' and g.ts <= $1::timestamptz
),
silent as materialized (
  select c.cell_id from cell c
  where c.valid_to = 'infinity' and not exists (select from now n where n.cell_id = c.cell_id)
),
-- Most of them changed within the hour, which is in one chunk or two; only the rest looks further back.
lately as materialized (
  select c.cell_id, g.ts, g.present
  from silent c
  cross join lateral (
    select g.ts, g.present
    from cell_gauge g
    where g.cell_id = c.cell_id and g.ts > $1::timestamptz - interval '1 hour' and g.ts <= $1::timestamptz
    order by g.ts desc
    limit 1
  ) g
),
older as materialized (
  select c.cell_id from silent c where not exists (select from lately l where l.cell_id = c.cell_id)
)
select * from now
union all
select cell_id, ts, present, 0, 0 from lately
union all
select c.cell_id, g.ts, g.present, 0, 0
from older c
cross join lateral (
  select g.ts, g.present
  from cell_gauge g
  where g.cell_id = c.cell_id and g.ts > $1::timestamptz - interval '2 days' and g.ts <= $1::timestamptz
  order by g.ts desc
  limit 1
) g
