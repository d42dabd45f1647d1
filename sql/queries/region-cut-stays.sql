-- How many were in a region where a start with other settings cut off their stays: no exit and no ended stay tells of them
-- (sql/024); a stay that goes on at once in another one was not cut off. $1: region id, $2: from, $3: to (exclusive, by the cut). By the cells that the region held then.
select count(distinct (s.first_out, s.sub))::integer as cut
from stay s
join micro_region_cell m using (cell_id)
where s.to_cell is null and s.first_out >= $2::timestamptz and s.first_out < $3::timestamptz
  and m.region_id = (select region_id from micro_region where id = $1)
  and s.first_out >= m.valid_from and s.first_out < m.valid_to
  and is_among(s.cell_id, array(
    select c.cell_id
    from micro_region_cell c
    where c.region_id = (select region_id from micro_region where id = $1)
    order by c.cell_id))
  and not exists (
    select from stay n
    where n.sub = s.sub and n.first_in = s.first_out and n.first_out >= s.first_out
      and n.first_out < s.first_out + interval '3 days' and n.first_out < $3::timestamptz + interval '3 days')
