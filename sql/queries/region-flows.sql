-- Who came to a region and left it, from stays: entries and exits are crossings of its border that held, counted at their
-- own time; appeared and vanished concern the subscriber as a whole.
-- known: every stay of the bucket tells where the subscriber went (to_cell); where not, the figures are no counts.
-- $1: cells, $2: from, $3: to (exclusive, whole buckets from $2 on), $4: width in seconds, $5: hold-down in ms.
-- $6, $7: stays in the cells that last, as nobody has stored them yet: subscribers and first-ins, µs.
select time_bucket(make_interval(secs => $4), at, $2::timestamptz) as bucket,
  count(*) filter (where what = 'entry')::integer as entries, count(*) filter (where what = 'exit')::integer as exits,
  count(*) filter (where what = 'appeared')::integer as appeared,
  count(*) filter (where what = 'vanished')::integer as vanished,
  not bool_or(what = 'unknown') as known
from region_crossing(
  $1::integer[], $2::timestamptz, $3::timestamptz, interval '1 hour', $5::integer, $6::bigint[], $7::bigint[])
where at >= $2::timestamptz and at < $3::timestamptz
group by 1
order by 1
