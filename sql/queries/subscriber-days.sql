-- What is known of a subscriber by day. known: the events of the day are kept of this subscriber; then no row means that
-- there was nothing, else it is unknown (null).
-- $1: subscriber, $2: first day, $3: last day (inclusive), $4: low 32 bits of the pseudonym, by which samples go.
select d.day::text,
  k.known,
  s.first_seen, s.last_seen,
  case when k.known then coalesce(s.call_ms, 0) end as call_ms,
  case when k.known then coalesce(s.bytes, 0) end as bytes,
  case when k.known then coalesce(s.mo_calls, 0) end as mo_calls,
  case when k.known then coalesce(s.mt_calls, 0) end as mt_calls,
  case when k.known then coalesce(s.mo_sms, 0) end as mo_sms,
  case when k.known then coalesce(s.mt_sms, 0) end as mt_sms,
  case when k.known then coalesce(s.off_net, 0) end as off_net,
  case when k.known then coalesce(s.detaches, 0) end as detaches,
  case when k.known then coalesce(s.peers, 0) end as peers
from (select g::date as day from generate_series($2::date, $3::date, interval '1 day') as g) d
left join fact_day f on f.day = d.day
left join subscriber_day s on s.day = d.day and s.sub = $1::bigint
cross join lateral (
  select coalesce(f.events_one_in > 0 and $4::bigint % nullif(f.events_one_in, 0) = 0, false) as known
) k
order by d.day
