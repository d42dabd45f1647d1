-- Of stays that ended up to a time, those that are not in day_cell and day_seen yet: how many, as far as was looked, and since
-- when they lasted and when they ended, at the earliest. One row. $1: time, $2: so many are looked at.
select count(*)::integer as n, min(first_in) as since, min(first_out) as ended
from (select first_in, first_out from stay_queue where first_out <= $1::timestamptz limit $2::integer) q
