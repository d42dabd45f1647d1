-- Stays in cells by page, newest end first. $1: cells, $2: from, $3: to (exclusive): those that ended then, $4: at most so
-- many, $5, $6, $7: after this one (end, subscriber, cell) of the page before; ($3, 0, 0) for the first page.
select s.sub::text, s.cell_id, s.first_in, s.last_in, s.first_out, s.events, s.plmn, s.to_cell
from unnest($1::integer[]) as wanted (cell_id)
cross join lateral (
  select *
  from stay s
  where s.cell_id = wanted.cell_id and s.first_out >= $2::timestamptz and s.first_out < $3::timestamptz
    and s.first_out <= $5::timestamptz and (s.first_out, s.sub, s.cell_id) < ($5::timestamptz, $6::bigint, $7::integer)
  order by s.first_out desc, s.sub desc
  limit $4::integer
) s
order by s.first_out desc, s.sub desc, s.cell_id desc
limit $4::integer
