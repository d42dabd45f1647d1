-- $1: start of the hour. Kinds and flags: server/events/kinds.ts; flags 4 or 8: a unit of traffic.
with gone as (
  delete from subscriber_hour where ts = $1::timestamptz
)
insert into subscriber_hour (
  ts, first_seen, last_seen, sub, call_ms, bytes, mo_calls, mt_calls, mo_sms, mt_sms, off_net, detaches)
select
  $1::timestamptz, min(ts), max(ts), sub,
  coalesce(sum(duration_ms) filter (where flags & 12 <> 0 and kind in (4, 5, 6)), 0),
  coalesce(sum(bytes) filter (where flags & 12 <> 0), 0),
  count(*) filter (where flags & 12 <> 0 and kind in (4, 6)),
  count(*) filter (where flags & 12 <> 0 and kind = 5),
  count(*) filter (where flags & 12 <> 0 and kind = 7),
  count(*) filter (where flags & 12 <> 0 and kind = 8),
  count(*) filter (where flags & 12 <> 0 and kind in (4, 5, 7, 8) and peer_class = 2),
  count(*) filter (where flags & 12 <> 0 and kind = 11)
from event
where ts >= $1::timestamptz and ts < $1::timestamptz + interval '1 hour' and sub <> 0
group by sub
