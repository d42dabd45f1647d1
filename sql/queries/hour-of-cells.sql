-- Traffic of all cells over an hour or more. $1: from, $2: to (exclusive), whole minutes. Whole quarters come from the
-- aggregate of quarters, what is before and behind them from that of minutes.
select cell_id, sum(units)::bigint as units, sum(location_updates)::bigint as location_updates,
  sum(mo_calls)::bigint as mo_calls, sum(mt_calls)::bigint as mt_calls, sum(mo_sms)::bigint as mo_sms,
  sum(mt_sms)::bigint as mt_sms, sum(handovers)::bigint as handovers, sum(data)::bigint as data,
  sum(unsuccessful)::bigint as unsuccessful, sum(bytes)::bigint as bytes
from (
  select cell_id, units, location_updates, mo_calls, mt_calls, mo_sms, mt_sms, handovers, data, unsuccessful, bytes
  from cell_traffic_15m
  where bucket >= time_bucket(interval '15 minutes', $1::timestamptz + interval '14 minutes 59.999999 seconds')
    and bucket < time_bucket(interval '15 minutes', $2::timestamptz)
  union all
  select cell_id, units, location_updates, mo_calls, mt_calls, mo_sms, mt_sms, handovers, data, unsuccessful, bytes
  from cell_traffic_1m
  where bucket >= $1::timestamptz
    and bucket < time_bucket(interval '15 minutes', $1::timestamptz + interval '14 minutes 59.999999 seconds')
  union all
  select cell_id, units, location_updates, mo_calls, mt_calls, mo_sms, mt_sms, handovers, data, unsuccessful, bytes
  from cell_traffic_1m
  where bucket >= time_bucket(interval '15 minutes', $2::timestamptz) and bucket < $2::timestamptz
) t
group by cell_id
