-- Stays in a region by page, newest end first. $1: cells, $2: from, $3: to: those that ended in [$2, $3), $4: at most so
-- many, $5, $6: after this one (end, subscriber) of the page before, or null, $7: hold-down in ms.
-- $8, $9: stays in the cells that last, as nobody has stored them yet: subscribers and first-ins, µs.
-- $10: presenceTtl in ms, of location areas that differ the longest.
-- cut_begin, cut_end: a piece of a stay that a start with other settings cut off: nobody saw it begin, or end (sql/024).
select sub::text, first_in, last_in, first_out, cut_begin, cut_end
from region_session(
  $1::integer[], $2::timestamptz, $3::timestamptz, $7::integer, $10::bigint, $8::bigint[], $9::bigint[]) s
where $5::timestamptz is null or (s.first_out, s.sub) < ($5::timestamptz, $6::bigint)
order by s.first_out desc, s.sub desc
limit $4::integer
