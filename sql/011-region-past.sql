-- Grain: region_crossing = one row a step of a subscriber into or out of a set of cells; region_session = one row a
--        subscriber and stay in them that has ended; region_role = one row a subscriber and day.
-- Unit:  half-hours as in sql/009; roles by name.
-- Time:  event time; days are local ones, as in day_cell.
--
-- The past of any set of cells, and so of a region that was drawn afterwards.
--
-- Crossings of the border of any set of cells, from stays, by the definitions that hold live (DESIGN §2): one that is
-- followed by the opposite one in less than the hold-down cancels with it, unless the subscriber vanished in between. So a
-- stay in the region goes on over a ping-pong across its border, and ended stays are exits + vanished. No stay in a cell
-- lasts three days: it is cut at the first sighting a day after it began, and presence ends within two more (knobs.ts).

-- What counted: 'entry', 'exit', 'appeared', 'vanished', or 'unknown': left for a place that nobody knows (stays of before
-- 009). at: when; place: its turn among the subscriber's steps; last_in: the newest sighting in the region before it left.
-- From back before since (whoever was there then appears) up to the hold-down behind until, so that all in [since, until)
-- are settled. subs, first_in_us: stays in the cells that last, as nobody has stored them: subscribers and first-ins, µs.
-- Of the time more than an hour before since only those are looked at who were there then, and of what lies a day further
-- back those who never left: of a day's stays in a region most began on it, and a week of everybody's cost ten times as much.
create function region_crossing(
  cells integer[], since timestamptz, until timestamptz, back interval, hold_down_ms integer,
  subs bigint[], first_in_us bigint[])
returns table (sub bigint, at timestamptz, what text, last_in timestamptz, place bigint)
language sql stable parallel safe
begin atomic
  with recursive near as materialized (
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
  day_before as materialized (
    select s.sub, s.first_in, s.last_in, s.first_out, s.to_cell
    from stay s
    where s.cell_id = any (cells)
      and s.first_out >= since - least(back, interval '25 hours') and s.first_out < since - interval '1 hour'
      and s.sub in (select t.sub from there t)
  ),
  -- Of these, who has not come in that day: behind a gap of the hold-down nothing matters that was before it.
  still as materialized (
    select d.sub
    from (
      select b.sub, b.first_in, max(b.first_out) over (
          partition by b.sub order by b.first_in, b.first_out rows between unbounded preceding and 1 preceding) as left_at
      from (
        select n.sub, n.first_in, n.first_out from near n where n.sub in (select t.sub from there t)
        union all
        select y.sub, y.first_in, y.first_out from day_before y
      ) b
    ) d
    where d.first_in < since
    group by d.sub
    having not bool_or(d.first_in >= make_interval(secs => hold_down_ms / 1000.0)
      + coalesce(d.left_at, since - least(back, interval '25 hours')))
  ),
  ended as materialized (
    select n.sub, n.first_in, n.last_in, n.first_out, n.to_cell from near n
    union all
    select y.sub, y.first_in, y.last_in, y.first_out, y.to_cell from day_before y
    union all
    select s.sub, s.first_in, s.last_in, s.first_out, s.to_cell
    from stay s
    where s.cell_id = any (cells)
      and s.first_out >= since - back and s.first_out < since - least(back, interval '25 hours')
      and s.sub in (select t.sub from still t)
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
  stride as materialized (
    select m.sub, m.first_in as at, m.place * 2 as place, null::timestamptz as last_in, null::integer as to_cell
    from member m
    where not m.follows
    union all
    select m.sub, m.first_out, m.place * 2 + 1, m.last_in, m.to_cell
    from member m
    where m.first_out < 'infinity' and (m.to_cell <> all (cells) or m.to_cell is null and not m.followed)
  ),
  -- Steps in, of long before, that may cancel with one beside them: of the others it does not matter where they came from.
  pressing as materialized (
    select k.sub, k.at
    from (
      select s.*, lag(s.at) over own as before, lead(s.at) over own as behind
      from stride s
      window own as (partition by s.sub order by s.place)
    ) k
    where k.place % 2 = 0 and k.at < since - interval '1 hour'
      and least(k.at - k.before, k.behind - k.at) < make_interval(secs => hold_down_ms / 1000.0)
  ),
  -- The stay before one in the region that comes from outside: it ended with a sighting in the region. Looked for once:
  -- as a question about each stay it would be asked as often.
  arrival as materialized (
    select distinct a.sub, a.at
    from (
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
        and (s.sub, s.first_out) in (select p.sub, p.at from pressing p)
    ) a
  ),
  step as (
    select s.sub, s.at, s.place, s.last_in, s.to_cell,
      case
        when s.place % 2 = 1 then
          case when s.to_cell is null then 'unknown' when s.to_cell < 0 then 'vanished' else 'exit' end
        when a.sub is null then 'appeared'
        else 'entry'
      end as what
    from stride s
    left join arrival a on s.place % 2 = 0 and a.sub = s.sub and a.at = s.at
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

-- Stays in the region that ended in [since, until). One of more than seven days is cut off at its beginning.
create function region_session(
  cells integer[], since timestamptz, until timestamptz, hold_down_ms integer, subs bigint[], first_in_us bigint[])
returns table (sub bigint, first_in timestamptz, last_in timestamptz, first_out timestamptz)
language sql stable parallel safe
begin atomic
  select s.sub, s.first_in, s.last_in, s.at
  from (
    select c.sub, c.at, c.what, c.last_in, lag(c.at) over (partition by c.sub order by c.place) as first_in
    from region_crossing(cells, since, until, interval '7 days', hold_down_ms, subs, first_in_us) c
  ) s
  where s.what not in ('entry', 'appeared') and s.at >= since and s.at < until;
end;

-- Roles on the days from … till (inclusive) of who was there on the day. A role looks at the 28 days up to it:
-- resident: there at night (00–06) on at least half of the nights on which the subscriber was seen anywhere; else
-- worker: more than 5 h on at least 5 of the last 7 working days; else passer-by: never more than 30 min a day there;
-- else visitor. undetermined: everybody, while fewer than 7 days have been seen.
create function region_role(cells integer[], since date, till date)
returns table (day date, sub bigint, role text)
language sql stable parallel safe
begin atomic
  with calendar as materialized (
    select d.day, is_working_day(d.day) as working, k.day is not null as known
    from (select g::date as day from generate_series(since - 60, till, interval '1 day') as g) d
    -- A row of each day, looked for in that day's chunk: as a condition it would be answered from all of them.
    left join lateral (
      select s.day from day_seen s where s.day = d.day and s.day between since - 27 and till limit 1
    ) k on true
  ),
  counted_day as materialized (
    select c.day, c.working, count(*) filter (where c.working) over (order by c.day) as working_days,
      count(*) filter (where c.known) over (
        order by c.day range between interval '27 days' preceding and current row) as days_known
    from calendar c
  ),
  there as materialized (
    select c.sub, c.day, (bit_or(c.half_hours) & 4095) <> 0 as night, sum(c.held_ms) as held_ms
    from day_cell c
    where c.cell_id = any (cells) and c.day between since - 27 and till
    group by c.sub, c.day
  ),
  looked as (
    select t.sub, t.day, d.days_known,
      count(*) filter (where t.night) over month as nights,
      max(t.held_ms) over month as longest_ms,
      count(*) filter (where d.working and t.held_ms > 18000000) over week as working_days_there
    from there t
    join counted_day d on d.day = t.day
    window
      month as (partition by t.sub order by t.day range between interval '27 days' preceding and current row),
      week as (partition by t.sub order by d.working_days range between 6 preceding and current row)
  ),
  seen as (
    select s.sub, s.day,
      count(*) filter (where (s.half_hours & 4095) <> 0) over (
        partition by s.sub order by s.day range between interval '27 days' preceding and current row) as nights
    from day_seen s
    where s.day between since - 27 and till and s.sub in (select t.sub from there t)
  )
  select l.day, l.sub,
    case
      when l.days_known < 7 then 'undetermined'
      when s.nights > 0 and l.nights * 2 >= s.nights then 'resident'
      when l.working_days_there >= 5 then 'worker'
      when l.longest_ms <= 1800000 then 'passer-by'
      else 'visitor'
    end
  from looked l
  join seen s on s.sub = l.sub and s.day = l.day
  where l.day >= since;
end;
