-- Traffic of a region to which cells came or from which they went, as columns. Traffic of a minute is that of the
-- cells that the region had when it began: an edit counts from the first whole minute on (sql/019).
-- $1 to $4: as of region-traffic-minute.sql; $5: region id.
select coalesce(array_agg((date_part('epoch', bucket - $1::timestamptz) / $3)::integer), '{}') as place,
  coalesce(array_agg(units::float8), '{}') as traffic
from (
  select time_bucket(make_interval(secs => $3), t.bucket, $1::timestamptz) as bucket, sum(t.units) as units
  from cell_traffic_1m t
  join micro_region_cell m on m.cell_id = t.cell_id and t.bucket >= m.valid_from and t.bucket < m.valid_to
  where m.region_id = (select region_id from micro_region where id = $5)
    and t.cell_id = any ($4::integer[])
    and t.cell_id between ($4::integer[])[1] and ($4::integer[])[cardinality($4::integer[])]
    and t.bucket >= $1::timestamptz and t.bucket < $2::timestamptz
  group by 1
) b
