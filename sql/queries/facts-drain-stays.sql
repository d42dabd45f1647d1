-- $1: how many stays at most, $2: time zone. Takes stays out of the queue and adds them to day_cell and day_seen: one
-- piece a local day. until: the end of the held time, inclusive.
with taken as (
  delete from stay_queue
  where ctid = any (array(select ctid from stay_queue limit $1::integer))
  returning sub, cell_id, plmn, first_in, last_in,
    case when to_cell >= 0 then first_out else last_in end as held_out,
    case when to_cell >= 0 then greatest(last_in, first_out - interval '1 microsecond') else last_in end as until
),
piece as (
  select t.sub, t.cell_id, t.plmn, d.day,
    greatest(t.first_in, d.starts) as came, least(t.until, d.ends - interval '1 microsecond') as until,
    least(t.last_in, d.ends) - greatest(t.first_in, d.starts) as observed,
    least(t.held_out, d.ends) - greatest(t.first_in, d.starts) as held
  from taken t
  cross join lateral (
    select g::date as day, g at time zone $2 as starts, (g + interval '1 day') at time zone $2 as ends
    from generate_series(
      date_trunc('day', t.first_in at time zone $2), t.until at time zone $2, interval '1 day') as g
  ) d
),
half as (
  select p.*,
    (floor(extract(epoch from (p.came at time zone $2)::time))::integer / 1800) as first_half,
    (floor(extract(epoch from (p.until at time zone $2)::time))::integer / 1800) as last_half
  from piece p
),
counted as (
  select sub, cell_id, plmn, day, came, until,
    ((1::bigint << (last_half - first_half + 1)) - 1) << first_half as half_hours,
    greatest(0, extract(epoch from observed) * 1000)::integer as observed_ms,
    greatest(0, extract(epoch from held) * 1000)::integer as held_ms
  from half
),
cells as (
  insert into day_cell as c (day, sub, half_hours, cell_id, observed_ms, held_ms)
  select day, sub, bit_or(half_hours), cell_id, sum(observed_ms), sum(held_ms)
  from counted
  group by day, cell_id, sub
  on conflict (cell_id, day, sub) do update set
    half_hours = c.half_hours | excluded.half_hours,
    observed_ms = c.observed_ms + excluded.observed_ms, held_ms = c.held_ms + excluded.held_ms
),
seen as (
  insert into day_seen as s (day, first_seen, last_seen, sub, half_hours, plmn)
  select day, min(came), max(until), sub, bit_or(half_hours), max(plmn)
  from counted
  group by day, sub
  on conflict (sub, day) do update set
    half_hours = s.half_hours | excluded.half_hours,
    first_seen = least(s.first_seen, excluded.first_seen), last_seen = greatest(s.last_seen, excluded.last_seen),
    plmn = greatest(s.plmn, excluded.plmn)
)
select count(*) as n from taken
