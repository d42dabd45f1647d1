-- The local days that a range touches. $1: from, $2: to (exclusive), $3: time zone.
select d.first::date::text as first_day, d.last::date::text as last_day, d.first at time zone $3 as since,
  (d.last + interval '1 day') at time zone $3 as until
from (
  select date_trunc('day', $1::timestamptz at time zone $3) as first,
    date_trunc('day', ($2::timestamptz - interval '1 microsecond') at time zone $3) as last
) d
