-- Grain: region_session = one row a subscriber and stay in a set of cells; region_role = one row a subscriber and day.
-- Unit:  half-hours as in sql/009; roles by name.
-- Time:  event time; days are local ones, as in day_cell.
--
-- The past of any set of cells, and so of a region that was drawn afterwards.

-- Stays in the cells that follow one another without a gap (the next one's first-in is this one's first-out) are one
-- stay in the region. Those that ended in [since, until); one of more than 30 days is cut off at its beginning.
create function region_session(cells integer[], since timestamptz, until timestamptz)
returns table (sub bigint, first_in timestamptz, last_in timestamptz, first_out timestamptz)
language sql stable parallel safe
begin atomic
  select n.sub, min(n.first_in), max(n.last_in), max(n.first_out)
  from (
    select m.sub, m.first_in, m.last_in, m.first_out,
      count(*) filter (where m.begins) over (partition by m.sub order by m.first_in, m.first_out) as session
    from (
      select s.sub, s.first_in, s.last_in, s.first_out,
        s.first_in is distinct from lag(s.first_out) over (partition by s.sub order by s.first_in, s.first_out) as begins
      from stay s
      where s.cell_id = any (cells) and s.first_out >= since - interval '30 days' and s.first_in < until
    ) m
  ) n
  group by n.sub, n.session
  having max(n.first_out) >= since and max(n.first_out) < until;
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
    select d.day, is_working_day(d.day) as working,
      exists (select from day_seen s where s.day = d.day) as known
    from (select g::date as day from generate_series(since - 60, till, interval '1 day') as g) d
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
