-- $1: local midnight at which the day begins, $2: time zone. From which share of the subscribers the day's facts are; null
-- where it changed, and where the day was counted only in part: the server was down, or so quiet that intervals were
-- passed over. As intervals need not begin at midnight, one of them may reach into the next day.
insert into fact_day (day, events_one_in)
select ($1::timestamptz at time zone $2)::date,
  case when min(one_in) = max(one_in) and sum(every_ms) + max(every_ms) > 86400000 then min(one_in) end
from (
  select coalesce(events_one_in, events_kept::integer) as one_in, every_ms
  from city_gauge
  where ts >= $1::timestamptz and ts < $1::timestamptz + interval '1 day'
) g
on conflict (day) do update set events_one_in = excluded.events_one_in
