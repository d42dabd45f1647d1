-- $1: start of the hour, $2: time zone. First and last times only move apart, so an hour may be counted again.
insert into identity_month as m (month, first_seen, last_seen, sub, plmn, type_allocation_code)
select date_trunc('month', $1::timestamptz at time zone $2)::date, min(ts), max(ts), sub, plmn, type_allocation_code
from event
where ts >= $1::timestamptz and ts < $1::timestamptz + interval '1 hour' and sub <> 0
  and (plmn <> 0 or type_allocation_code <> 0)
group by sub, plmn, type_allocation_code
on conflict (sub, plmn, type_allocation_code, month) do update set
  first_seen = least(m.first_seen, excluded.first_seen), last_seen = greatest(m.last_seen, excluded.last_seen)
where excluded.first_seen < m.first_seen or excluded.last_seen > m.last_seen
