-- Grain: region_crossing as in 020.
-- Unit:  –
-- Time:  event time.
--
-- Of the time more than an hour before since only those are looked at who were there then: of a day's stays in a region
-- most began on it, and a week of everybody's cost four times as much.
create or replace function region_crossing(
  cells integer[], since timestamptz, until timestamptz, back interval, hold_down_ms integer,
  subs bigint[], first_in_us bigint[])
returns table (sub bigint, at timestamptz, what text, last_in timestamptz, place bigint)
language sql stable parallel safe
begin atomic
  with recursive near as (
    select s.sub, s.first_in, s.last_in, s.first_out, s.to_cell
    from stay s
    where s.cell_id = any (cells)
      and s.first_out >= since - interval '1 hour' and s.first_out < until + interval '3 days'
      and s.first_in < until + make_interval(secs => hold_down_ms / 1000.0)
  ),
  -- Whoever was there when that hour began, or out of it for less than the hold-down.
  there as materialized (
    select distinct n.sub from near n
    where n.first_in < since - interval '1 hour' + make_interval(secs => hold_down_ms / 1000.0)
  ),
  ended as (
    select n.sub, n.first_in, n.last_in, n.first_out, n.to_cell from near n
    union all
    select s.sub, s.first_in, s.last_in, s.first_out, s.to_cell
    from stay s
    where s.cell_id = any (cells) and s.first_out >= since - back and s.first_out < since - interval '1 hour'
      and s.sub in (select t.sub from there t)
  ),
  lasting as (
    select o.sub, timestamptz 'epoch' + o.us * interval '1 microsecond' as first_in
    from unnest(subs, first_in_us) as o (sub, us)
  ),
  member as (
    select m.sub, m.first_in, m.last_in, m.first_out, m.to_cell, row_number() over own as place,
      -- Of stays without length at the same time the one that leads outside is the last.
      coalesce(lag(m.first_out) over own = m.first_in and coalesce(lag(m.to_cell) over own = any (cells), true), false)
        as follows,
      coalesce(lead(m.first_in) over own = m.first_out, false) as followed
    from (
      select e.sub, e.first_in, e.last_in, e.first_out, e.to_cell from ended e
      union all
      -- One may have ended and been stored meanwhile.
      select l.sub, l.first_in, null, 'infinity', null from lasting l
      where l.first_in < until + make_interval(secs => hold_down_ms / 1000.0)
        and not exists (select from ended e where e.sub = l.sub and e.first_in = l.first_in)
    ) m
    window own as (partition by m.sub order by m.first_in, m.first_out, coalesce(m.to_cell <> all (cells), true))
  ),
  -- The stay before one in the region that comes from outside: it ended with a sighting in the region.
  arrival as (
    select s.sub, s.first_out as at
    from stay s
    where s.to_cell = any (cells) and s.cell_id <> all (cells)
      and s.first_out >= since - interval '1 hour'
      and s.first_out < until + make_interval(secs => hold_down_ms / 1000.0)
    union all
    select s.sub, s.first_out
    from stay s
    where s.to_cell = any (cells) and s.cell_id <> all (cells)
      and s.first_out >= since - back and s.first_out < since - interval '1 hour'
      and s.sub in (select t.sub from there t)
  ),
  step as (
    select m.sub, m.first_in as at, m.place * 2 as place, null::timestamptz as last_in, null::integer as to_cell,
      case when exists (select from arrival a where a.sub = m.sub and a.at = m.first_in) then 'entry'
        else 'appeared' end as what
    from member m
    where not m.follows
    union all
    select m.sub, m.first_out, m.place * 2 + 1, m.last_in, m.to_cell,
      case when m.to_cell is null then 'unknown' when m.to_cell < 0 then 'vanished' else 'exit' end
    from member m
    where m.first_out < 'infinity' and (m.to_cell <> all (cells) or m.to_cell is null and not m.followed)
  ),
  -- Whoever left for so short a time that it may cancel is followed outside: a vanish there lets the exit count.
  outside as (
    select q.sub, q.place, q.back_at, q.to_cell as cell_id, q.at
    from (
      select s.*, lead(s.at) over own as back_at, lead(s.what) over own as next
      from step s
      window own as (partition by s.sub order by s.place)
    ) q
    where q.what = 'exit' and q.next = 'entry'
      and q.back_at - q.at < make_interval(secs => hold_down_ms / 1000.0)
    union
    select o.sub, o.place, o.back_at, n.to_cell, n.first_out
    from outside o
    cross join lateral (
      select s.to_cell, s.first_out
      from stay s
      where s.cell_id = o.cell_id and s.sub = o.sub and s.first_in = o.at
        and s.first_out >= o.at and s.first_out <= o.back_at
        and s.first_out >= since - back and s.first_out < until + make_interval(secs => hold_down_ms / 1000.0)
    ) n
    where o.cell_id <> all (cells)
  ),
  gone as (
    select distinct o.sub, o.place from outside o where o.cell_id < 0
  ),
  run as (
    select r.*, count(*) filter (where r.starts) over (partition by r.sub order by r.place) as run
    from (
      select s.*, s.what not in ('entry', 'exit')
        or coalesce(lag(s.what) over own not in ('entry', 'exit')
          or s.at - lag(s.at) over own >= make_interval(secs => hold_down_ms / 1000.0)
          or lag(g.sub) over own is not null, true) as starts
      from step s
      left join gone g on g.sub = s.sub and g.place = s.place
      window own as (partition by s.sub order by s.place)
    ) r
  ),
  counted as (
    select r.*, count(*) over mine as crossings, row_number() over (partition by r.sub, r.run order by r.place desc) as from_end
    from run r
    window mine as (partition by r.sub, r.run)
  )
  select c.sub, c.at, c.what, c.last_in, c.place
  from counted c
  where c.what not in ('entry', 'exit') or (c.crossings % 2 = 1 and c.from_end = 1);
end;
