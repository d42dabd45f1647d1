-- Ends region-procedures-minute.sql, -quarter.sql and -hour.sql: from unit (bucket, columns of classes), ended (bucket, kind,
-- outcomes) and counted (bucket, known) to one row of columns.
traffic as (
  select time_bucket(make_interval(secs => $4), bucket, $2::timestamptz) as bucket,
    sum(location_updates) as location_updates, sum(mo_calls) as mo_calls, sum(mt_calls) as mt_calls,
    sum(emergency_calls) as emergency_calls, sum(mo_sms) as mo_sms, sum(mt_sms) as mt_sms,
    sum(supplementary_services) as supplementary_services, sum(handovers) as handovers, sum(detaches) as detaches,
    sum(data) as data, sum(others) as others
  from unit
  group by 1
),
outcome as (
  select time_bucket(make_interval(secs => $4), bucket, $2::timestamptz) as bucket, greatest(kind, 3) - 3 as class,
    sum(unknown) as unknown, sum(rejected) as rejected, sum(failed) as failed, sum(unanswered) as unanswered,
    sum(dropped) as dropped
  from ended
  group by 1, 2
),
told as (
  select (date_part('epoch', t.bucket - $2::timestamptz) / $4)::integer as place, c.class, c.units,
    coalesce(o.unknown, 0) as unknown, coalesce(o.rejected, 0) as rejected, coalesce(o.failed, 0) as failed,
    coalesce(o.unanswered, 0) as unanswered, coalesce(o.dropped, 0) as dropped
  from traffic t
  cross join lateral (values
    (0, t.location_updates), (1, t.mo_calls), (2, t.mt_calls), (3, t.emergency_calls), (4, t.mo_sms), (5, t.mt_sms),
    (6, t.supplementary_services), (7, t.handovers), (8, t.detaches), (9, t.data), (10, t.others)
  ) c (class, units)
  left join outcome o on o.bucket = t.bucket and o.class = c.class
  where c.units > 0
)
select k.*, t.*, (select value::bigint from meta where key = 'outcomes_since_us') as since_us
from (
  select coalesce(array_agg((date_part('epoch', bucket - $2::timestamptz) / $4)::integer), '{}') as counted,
    coalesce(array_agg(known), '{}') as known
  from counted
) k
cross join (
  select
    coalesce(array_agg(place), '{}') as place, coalesce(array_agg(class), '{}') as class,
    coalesce(array_agg(units::float8), '{}') as units, coalesce(array_agg(unknown::float8), '{}') as unknown,
    coalesce(array_agg(rejected::float8), '{}') as rejected, coalesce(array_agg(failed::float8), '{}') as failed,
    coalesce(array_agg(unanswered::float8), '{}') as unanswered,
    coalesce(array_agg(dropped::float8), '{}') as dropped
  from told
) t
