-- Traffic of a region whose cells were the same throughout, as columns: places from 0 of buckets with any, and how much.
-- Without the join to the dated membership, which costs each row of a cell and minute as much as to read it
-- (region-traffic-edited.sql has it).
-- $1: from, $2: to (exclusive), $3: width in seconds (a multiple of 60).
-- $4: the cells, ascending: as a parameter, so that what is not aggregated yet is looked through between the first and the
-- last of them in the index. The planner takes the rows for few then, and would sort them: ask with enable_sort = off.
select coalesce(array_agg((date_part('epoch', bucket - $1::timestamptz) / $3)::integer), '{}') as place,
  coalesce(array_agg(units::float8), '{}') as traffic
from (
  select time_bucket(make_interval(secs => $3), t.bucket, $1::timestamptz) as bucket, sum(t.units) as units
  from cell_traffic_1m t
  where t.cell_id = any ($4::integer[])
    and t.cell_id between ($4::integer[])[1] and ($4::integer[])[cardinality($4::integer[])]
    and t.bucket >= $1::timestamptz and t.bucket < $2::timestamptz
  group by 1
) b
