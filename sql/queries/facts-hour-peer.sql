-- $1: start of the hour.
with gone as (
  delete from peer_hour where ts = $1::timestamptz
)
insert into peer_hour (ts, sub, peer, call_ms, area, mo_calls, mt_calls, mo_sms, mt_sms, peer_class, country)
select
  $1::timestamptz, sub, peer, coalesce(sum(duration_ms) filter (where kind in (4, 5)), 0), area,
  count(*) filter (where kind = 4), count(*) filter (where kind = 5),
  count(*) filter (where kind = 7), count(*) filter (where kind = 8),
  peer_class, country
from event
where ts >= $1::timestamptz and ts < $1::timestamptz + interval '1 hour' and sub <> 0
  and flags & 12 <> 0 and kind in (4, 5, 7, 8) and (peer <> 0 or area <> 0 or country <> 0)
group by sub, peer, area, peer_class, country
