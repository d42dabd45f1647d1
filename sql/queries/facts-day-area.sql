-- $1: local midnight at which the day begins, $2: time zone. $3: China's packed country code. An area of seven digits is
-- a mobile number's segment, a shorter one an area code itself.
with gone as (
  delete from subscriber_day_area where day = ($1::timestamptz at time zone $2)::date
)
insert into subscriber_day_area (day, sub, call_ms, calls, sms, country, area_code)
select
  ($1::timestamptz at time zone $2)::date, p.sub, sum(p.call_ms), sum(p.mo_calls + p.mt_calls),
  sum(p.mo_sms + p.mt_sms), p.country,
  case when p.country <> $3::smallint then 0 when p.area between 1 and 999 then p.area else s.area_code end as place
from peer_hour p
left join number_segment s on s.segment = p.area
where p.ts >= $1::timestamptz and p.ts < $1::timestamptz + interval '1 day'
group by p.sub, p.country, place
