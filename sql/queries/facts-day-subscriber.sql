-- $1: local midnight at which the day begins, $2: time zone.
with gone as (
  delete from subscriber_day where day = ($1::timestamptz at time zone $2)::date
),
peer as (
  select sub, count(distinct peer) filter (where peer <> 0) as peers
  from peer_hour
  where ts >= $1::timestamptz and ts < $1::timestamptz + interval '1 day'
  group by sub
)
insert into subscriber_day (
  day, sub, first_seen, last_seen, call_ms, bytes, mo_calls, mt_calls, mo_sms, mt_sms, off_net, detaches, peers)
select
  ($1::timestamptz at time zone $2)::date, h.sub, min(h.first_seen), max(h.last_seen), sum(h.call_ms), sum(h.bytes),
  sum(h.mo_calls), sum(h.mt_calls), sum(h.mo_sms), sum(h.mt_sms), sum(h.off_net), sum(h.detaches),
  coalesce(max(p.peers), 0)
from subscriber_hour h
left join peer p on p.sub = h.sub
where h.ts >= $1::timestamptz and h.ts < $1::timestamptz + interval '1 day'
group by h.sub
