-- A subscriber's sums by month with each other party: what is added up already, and the hours that still may change.
-- $1: subscriber, $2: first month, $3: last month (their first days), $4: time zone.
select month::text, peer::text, bool_or(peer_class = 3) as short_number, sum(mo_calls)::integer as mo_calls,
  sum(mt_calls)::integer as mt_calls, sum(mo_sms)::integer as mo_sms, sum(mt_sms)::integer as mt_sms,
  sum(call_ms)::bigint as call_ms
from (
  select month, peer, peer_class, mo_calls, mt_calls, mo_sms, mt_sms, call_ms
  from peer_month
  where sub = $1::bigint and month between $2::date and $3::date
  union all
  select date_trunc('month', ts at time zone $4)::date, peer, peer_class, mo_calls, mt_calls, mo_sms, mt_sms, call_ms
  from peer_hour
  where sub = $1::bigint and peer <> 0 and ts >= ($2::date::timestamp at time zone $4)
    and ts < (($3::date + interval '1 month') at time zone $4)
) p
group by month, peer
order by month, peer
