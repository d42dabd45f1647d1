-- How long subscribers stayed in a region, by the local day on which they left it. observed: last-in − first-in; bound:
-- first-out − first-in; median and 90th percentile (nearest rank), ms.
-- $1: cells, $2: from, $3: to (exclusive, by the end of the stay), $4: time zone, $5: hold-down in ms.
-- $6, $7: stays in the cells that last, as nobody has stored them yet: subscribers and first-ins, µs.
select (first_out at time zone $4)::date::text as day, count(*)::integer as stays,
  (percentile_disc(0.5) within group (order by extract(epoch from last_in - first_in)) * 1000)::bigint as observed_median_ms,
  (percentile_disc(0.9) within group (order by extract(epoch from last_in - first_in)) * 1000)::bigint as observed_p90_ms,
  (percentile_disc(0.5) within group (order by extract(epoch from first_out - first_in)) * 1000)::bigint as bound_median_ms,
  (percentile_disc(0.9) within group (order by extract(epoch from first_out - first_in)) * 1000)::bigint as bound_p90_ms
from region_session($1::integer[], $2::timestamptz, $3::timestamptz, $5::integer, $6::bigint[], $7::bigint[])
group by 1
order by 1
