-- What was present in a region at one time of some local days: a row a day, in order; null where nothing is known of it.
-- Gauges tell it of the region as it is now. Where it held other cells then, or was not drawn yet, stays tell it, as soon as
-- all of them have ended: none lasts three days (sql/011).
-- $1: region id, $2: days, $3: local time, $4: time zone.
with membership as (
  select array_agg(distinct m.cell_id) filter (where m.valid_to = 'infinity') as cells,
    -- The newest edit.
    greatest(max(m.valid_from), max(m.valid_to) filter (where m.valid_to < 'infinity')) as changed
  from micro_region_cell m
  where m.region_id = (select region_id from micro_region where id = $1)
),
newest as (
  select ts from city_gauge order by ts desc limit 1
)
select d.day::text as day,
  case
    when g.present is not null and t.at >= coalesce(m.changed, '-infinity') then g.present
    -- The server ran, so stays were kept.
    when c.ends <= n.ts - interval '3 days' then (
      select count(distinct s.sub)::integer
      from stay s
      where s.cell_id = any (m.cells) and s.first_in < c.ends
        and s.first_out >= c.ends and s.first_out < c.ends + interval '3 days'
    )
  end as present
from unnest($2::date[]) as d (day)
cross join lateral (select (d.day + $3::time) at time zone $4 as at) t
cross join membership m
left join newest n on true
left join lateral (
  select g.present
  from region_gauge g
  where g.region_id = (select region_id from micro_region where id = $1)
    and g.ts <= t.at and g.ts > t.at - interval '1 hour'
    and g.ts + make_interval(secs => g.every_ms / 1000.0) > t.at
  order by g.ts desc
  limit 1
) g on true
left join lateral (
  select c.ts + make_interval(secs => c.every_ms / 1000.0) as ends
  from city_gauge c
  where c.ts <= t.at and c.ts > t.at - interval '1 hour'
    and c.ts + make_interval(secs => c.every_ms / 1000.0) > t.at
  order by c.ts desc
  limit 1
) c on true
order by d.day;
