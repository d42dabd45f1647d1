-- $1: start of the hour. Rows of the roam kinds: area is the foreign network's PLMN.
with gone as (
  delete from serving_event where ts >= $1::timestamptz and ts < $1::timestamptz + interval '1 hour'
)
insert into serving_event (ts, sub, plmn, network, kind, country)
select distinct ts, sub, plmn, area, kind, country
from event
where ts >= $1::timestamptz and ts < $1::timestamptz + interval '1 hour' and sub <> 0 and kind between 14 and 17
