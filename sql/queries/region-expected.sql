-- What was present in a region at one time of some local days: a row a day, in order; null where nothing is known of it.
-- $1: region id, $2: days, $3: local time, $4: time zone.
select d.day::text as day, (
    select g.present
    from region_gauge g
    where g.region_id = (select region_id from micro_region where id = $1)
      and g.ts <= (d.day + $3::time) at time zone $4
      and g.ts > (d.day + $3::time) at time zone $4 - interval '1 hour'
      and g.ts + make_interval(secs => g.every_ms / 1000.0) > (d.day + $3::time) at time zone $4
    order by g.ts desc
    limit 1
  ) as present
from unnest($2::date[]) as d (day)
order by d.day;
