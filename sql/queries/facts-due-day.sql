-- $1: days that start before it are due. The oldest of those that are marked and wait for none of their hours.
select d.start
from fact_dirty d
where d.grain = 'day' and d.start < $1::timestamptz
  and not exists (
    select from fact_dirty h
    where h.grain = 'hour' and h.start >= d.start and h.start < d.start + interval '1 day')
order by d.start
limit 1
