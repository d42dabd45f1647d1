-- $1: an hour that can't change any more, $2: time zone. Moves its sums from peer_hour to the month.
with taken as (
  delete from peer_hour where ts = $1::timestamptz returning *
)
insert into peer_month as m (month, sub, peer, call_ms, mo_calls, mt_calls, mo_sms, mt_sms, peer_class)
select date_trunc('month', $1::timestamptz at time zone $2)::date, sub, peer, sum(call_ms), sum(mo_calls),
  sum(mt_calls), sum(mo_sms), sum(mt_sms), max(peer_class)
from taken
where peer <> 0
group by sub, peer
on conflict (sub, peer, month) do update set
  call_ms = m.call_ms + excluded.call_ms,
  mo_calls = m.mo_calls + excluded.mo_calls, mt_calls = m.mt_calls + excluded.mt_calls,
  mo_sms = m.mo_sms + excluded.mo_sms, mt_sms = m.mt_sms + excluded.mt_sms,
  peer_class = greatest(m.peer_class, excluded.peer_class)
