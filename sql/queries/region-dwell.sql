-- How long subscribers stayed in a region, by the local day on which they left it. observed: last-in − first-in; bound:
-- first-out − first-in; median and 90th percentile (nearest rank), ms; null where no stay is whole.
-- stays: those seen from their beginning to their end, of which the times are. cut: besides, pieces of stays that a start
-- with other settings cut off (sql/024): of no piece anybody knows how long the stay was. By the day on which it ended, or
-- was cut off.
-- $1: cells, $2: from, $3: to (exclusive, by the end of the stay), $4: time zone, $5: hold-down in ms.
-- $6, $7: stays in the cells that last, as nobody has stored them yet: subscribers and first-ins, µs.
-- $8: presenceTtl in ms, of location areas that differ the longest.
select (first_out at time zone $4)::date::text as day,
  count(*) filter (where whole)::integer as stays,
  count(*) filter (where not whole)::integer as cut,
  (percentile_disc(0.5) within group (order by observed) filter (where whole) * 1000)::bigint as observed_median_ms,
  (percentile_disc(0.9) within group (order by observed) filter (where whole) * 1000)::bigint as observed_p90_ms,
  (percentile_disc(0.5) within group (order by bound) filter (where whole) * 1000)::bigint as bound_median_ms,
  (percentile_disc(0.9) within group (order by bound) filter (where whole) * 1000)::bigint as bound_p90_ms
from (
  select s.first_out, not (s.cut_begin or s.cut_end) as whole,
    extract(epoch from s.last_in - s.first_in) as observed, extract(epoch from s.first_out - s.first_in) as bound
  from region_session(
    $1::integer[], $2::timestamptz, $3::timestamptz, $5::integer, $8::bigint, $6::bigint[], $7::bigint[]) s
) d
group by 1
order by 1
