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
  select g.cell_id, g.ts, g.present, g.fresh5, g.entries, g.exits, g.visitors
  from cell_gauge g
  where g.ts = (select ts from newest) and g.ts > $1::timestamptz - interval '1 hour' and g.ts <= $1::timestamptz
),
silent as materialized (
  select c.cell_id from cell c where c.valid_to = 'infinity'
  except
  select cell_id from now
),
-- Most of them changed within the hour, which is in one chunk or two; only the rest looks further back.
lately as materialized (
  select c.cell_id, g.ts, g.present, g.fresh5
  from silent c
  cross join lateral (
    select g.ts, g.present, g.fresh5
    from cell_gauge g
    where g.cell_id = c.cell_id and g.ts > $1::timestamptz - interval '1 hour' and g.ts <= $1::timestamptz
    order by g.ts desc
    limit 1
  ) g
)
select * from now
union all
select cell_id, ts, present, fresh5, 0, 0, present from lately
union all
select c.cell_id, g.ts, g.present, g.fresh5, 0, 0, g.present
from (select cell_id from silent except select cell_id from lately) c
cross join lateral (
  select g.ts, g.present, g.fresh5
  from cell_gauge g
  where g.cell_id = c.cell_id and g.ts > $1::timestamptz - interval '2 days' and g.ts <= $1::timestamptz
  order by g.ts desc
  limit 1
) g
