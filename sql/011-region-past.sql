-- Grain: region_visit, region_session = one row a subscriber and stay in a set of cells, of region_session one that has
--        ended; region_crossing = one row a step of a subscriber into or out of them; region_role = one row a subscriber and
--        day.
-- Unit:  half-hours as in sql/009; roles by name.
-- Time:  event time; days are local ones, as in day_cell.
--
-- The past of any set of cells, and so of a region that was drawn afterwards. Cells are given in ascending order.
--
-- Crossings of the border of any set of cells, from stays, by the definitions that hold live (DESIGN §2): one that is
-- followed by the opposite one in less than the hold-down cancels with it, unless the subscriber vanished in between. So a
-- stay in the region goes on over a ping-pong across its border, and ended stays are exits + vanished. No stay in a cell
-- lasts three days: it is cut at the first sighting a day after it began, and presence ends within two more (knobs.ts).

-- Whether a cell is one of many, given in ascending order: compressed rows stand by cell, a thousand together, and by its
-- ends a list leaves those out unread that lie outside of it.
create function is_among(cell integer, cells integer[]) returns boolean
language sql immutable parallel safe
begin atomic
  select cell between cells[1] and cells[cardinality(cells)] and cell = any (cells);
end;

-- Stays in the cells that last (subs, first_in_us: subscribers and first-ins, µs), but for those that have ended in
-- [since, until + 3 days) and been stored since somebody looked.
create function region_lasting(
  cells integer[], since timestamptz, until timestamptz, subs bigint[], first_in_us bigint[])
returns table (sub bigint, first_in timestamptz)
language sql stable parallel safe
begin atomic
  with told as materialized (
    select u.sub, timestamptz 'epoch' + u.us * interval '1 microsecond' as first_in
    from unnest(subs, first_in_us) as u (sub, us)
  ),
  stored as materialized (
    select s.sub, s.first_in
    from stay s
    where is_among(s.cell_id, cells) and s.first_out >= since and s.first_out < until + interval '3 days'
      -- One without length is another one, before that which lasts.
      and s.first_out > s.first_in
      and s.first_out >= (select min(t.first_in) from told t)
      and (s.sub, s.first_in) in (select t.sub, t.first_in from told t)
  )
  select t.sub, t.first_in
  from told t
  where t.first_in < until
    and not exists (select from stored s where s.sub = t.sub and s.first_in = t.first_in);
end;

-- Every time that a subscriber came to the region and left it again (went null: not yet), held or not: one pass over its
-- stays in order. came_counts, went_counts: the crossing held. entered: from outside; else it appeared there. to_cell: of
-- the sighting that ended it; -1: it vanished; null: nobody knows (stays of before 009). last_in: the newest sighting in
-- the region before it left. place: its turn among the subscriber's.
-- From back before since (whoever was there then appears) up to the hold-down behind until, so that all in [since, until)
-- are settled. subs, first_in_us: stays in the cells that last, as nobody has stored them: subscribers and first-ins, µs.
-- Of the time more than an hour before since only those are looked at who were there then, and of what lies a day further
-- back those who never left: of a day's stays in a region most began on it, and a week of everybody's cost ten times as much.
create function region_visit(
  cells integer[], since timestamptz, until timestamptz, back interval, hold_down_ms integer,
  subs bigint[], first_in_us bigint[])
returns table (
  sub bigint, place bigint, came timestamptz, entered boolean, came_counts boolean,
  went timestamptz, to_cell integer, last_in timestamptz, went_counts boolean)
language sql stable parallel safe
begin atomic
  with recursive early as materialized (
    select s.sub, s.first_in, s.first_out
    from stay s
    where is_among(s.cell_id, cells)
      and s.first_out >= since - interval '1 hour' and s.first_out < since + interval '3 days' and s.first_in < since
  ),
  -- Whoever was there when that hour began, or out of it for less than the hold-down.
  there as materialized (
    select distinct e.sub from early e
    where e.first_in < since - interval '1 hour' + make_interval(secs => hold_down_ms / 1000.0)
  ),
  day_before as materialized (
    select s.sub, s.first_in, s.last_in, s.first_out, s.to_cell
    from stay s
    where is_among(s.cell_id, cells)
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
        select e.sub, e.first_in, e.first_out from early e where e.sub in (select t.sub from there t)
        union all
        select y.sub, y.first_in, y.first_out from day_before y
      ) b
    ) d
    group by d.sub
    having not bool_or(d.first_in >= make_interval(secs => hold_down_ms / 1000.0)
      + coalesce(d.left_at, since - least(back, interval '25 hours')))
  ),
  week as materialized (
    select s.sub, s.first_in, s.last_in, s.first_out, s.to_cell
    from stay s
    where is_among(s.cell_id, cells)
      and s.first_out >= since - back and s.first_out < since - least(back, interval '25 hours')
      and s.sub in (select t.sub from still t)
  ),
  -- Whether a stay begins or ends one in the region, in one pass over stays in order; of stays without length at the same
  -- time the one that leads outside is the last.
  edge as (
    select m.sub, m.first_in, m.last_in, m.first_out, m.to_cell, m.leads, m.comes,
      m.first_out < 'infinity' and (m.leads and m.to_cell is not null or m.to_cell is null and not m.followed) as leaves
    from (
      select s.*,
        not coalesce(lag(s.stays_to) over own = s.first_in, false) as comes,
        coalesce(lead(s.first_in) over own = s.first_out, false) as followed
      from (
        select n.sub, n.first_in, n.last_in, n.first_out, n.to_cell, coalesce(n.to_cell <> all (cells), true) as leads,
          case when coalesce(n.to_cell = any (cells), true) then n.first_out end as stays_to
        from (
          select s.sub, s.first_in, s.last_in, s.first_out, s.to_cell
          from stay s
          where is_among(s.cell_id, cells)
            and s.first_out >= since - interval '1 hour' and s.first_out < until + interval '3 days'
            and s.first_in < until + make_interval(secs => hold_down_ms / 1000.0)
          union all
          select y.sub, y.first_in, y.last_in, y.first_out, y.to_cell from day_before y
          union all
          select w.sub, w.first_in, w.last_in, w.first_out, w.to_cell from week w
          union all
          select l.sub, l.first_in, null, 'infinity', null
          from region_lasting(
            cells, since - back, until + make_interval(secs => hold_down_ms / 1000.0), subs, first_in_us) l
        ) n
      ) s
      window own as (partition by s.sub order by s.first_in, s.first_out, s.leads)
    ) m
  ),
  visit as (
    select p.sub, row_number() over own as place, p.came, p.went, p.to_cell, p.last_in,
      lag(p.went) over own as before_went, lag(p.to_cell) over own as before_to
    from (
      select e.sub, e.first_in, e.first_out, e.leads,
        case when e.comes then e.first_in else lag(e.first_in) over own end as came,
        case when e.leaves then e.first_out end as went,
        case when e.leaves then e.to_cell end as to_cell,
        case when e.leaves then e.last_in end as last_in,
        e.leaves or coalesce(lead(e.comes) over own, true) as ends
      from edge e
      where e.comes or e.leaves
      window own as (partition by e.sub order by e.first_in, e.first_out, e.leads)
    ) p
    where p.ends
    window own as (partition by p.sub order by p.first_in, p.first_out, p.leads)
  ),
  -- The stay before one in the region that comes from outside: it ended with a sighting in the region. Of long ago only
  -- of those visits it matters where they came from that were shorter than the hold-down.
  arrival as (
    select a.sub, a.at, max(a.since_at) as since_at
    from (
      select s.sub, s.first_out as at, s.first_in as since_at
      from stay s
      where is_among(s.to_cell, cells)
        and s.cell_id <> all (cells)
        and s.first_out >= since - interval '1 hour'
        and s.first_out < until + make_interval(secs => hold_down_ms / 1000.0)
      union all
      select s.sub, s.first_out, s.first_in
      from stay s
      where is_among(s.to_cell, cells)
        and s.cell_id <> all (cells)
        and s.first_out >= since - back and s.first_out < since - interval '1 hour'
        and (s.sub, s.first_out) in (
          select b.sub, b.first_in
          from (
            select y.sub, y.first_in, y.first_out from day_before y
            union all
            select w.sub, w.first_in, w.first_out from week w
            union all
            select e.sub, e.first_in, e.first_out from early e where e.first_in < since - interval '1 hour'
          ) b
          where b.first_out - b.first_in < make_interval(secs => hold_down_ms / 1000.0)
        )
    ) a
    group by a.sub, a.at
  ),
  walk as materialized (
    select v.*, a.sub is not null as entered, a.since_at,
      -- Back from outside so soon that both crossings may cancel.
      coalesce(v.before_to >= 0 and v.came - v.before_went < make_interval(secs => hold_down_ms / 1000.0), false)
        and (a.sub is not null or v.came < since - interval '1 hour') as returns
    from visit v
    left join arrival a on a.sub = v.sub and a.at = v.came
  ),
  -- Whoever did so by way of more than one stay outside is followed there: a vanish lets the exit count.
  outside as (
    select w.sub, w.place, w.came as back_at, w.before_to as cell_id, w.before_went as at
    from walk w
    where w.returns and w.since_at is distinct from w.before_went
    union
    select o.sub, o.place, o.back_at, n.to_cell, n.first_out
    from outside o
    cross join lateral (
      select s.to_cell, s.first_out
      from stay s
      where s.cell_id = o.cell_id and s.sub = o.sub and s.first_in = o.at
        and s.first_out >= o.at and s.first_out <= o.back_at
        and s.first_out >= since - back and s.first_out < until + make_interval(secs => hold_down_ms / 1000.0)
      -- One by one, for they are few: a join would read everybody's stays.
      offset 0
    ) n
    where o.cell_id <> all (cells)
  ),
  gone as (
    select distinct o.sub, o.place from outside o where o.cell_id < 0
  ),
  -- Steps in a row of which each may cancel with the one before: of an odd number the last one counts. Steps are numbered
  -- 2 × place in, 2 × place + 1 out; where a row begins.
  run as (
    select r.*, greatest(r.begins, max(r.begins) over (
        partition by r.sub order by r.place rows between unbounded preceding and 1 preceding)) as out_begin,
      case when r.in_begins then r.place * 2 else max(r.begins) over (
        partition by r.sub order by r.place rows between unbounded preceding and 1 preceding) end as in_begin,
      coalesce(lead(r.in_begins) over (partition by r.sub order by r.place), true) as out_last
    from (
      select b.*, case when b.out_begins then b.place * 2 + 1 when b.in_begins then b.place * 2 end as begins
      from (
        select w.sub, w.place, w.came, w.entered, w.went, w.to_cell, w.last_in,
          not w.returns or g.sub is not null as in_begins,
          (w.entered and w.to_cell >= 0 and w.went - w.came < make_interval(secs => hold_down_ms / 1000.0)) is not true
            as out_begins
        from walk w
        left join gone g on g.sub = w.sub and g.place = w.place
      ) b
    ) r
  )
  select r.sub, r.place, r.came, r.entered,
    (r.out_begins or r.went is null) and (r.place * 2 - r.in_begin) % 2 = 0,
    r.went, r.to_cell, r.last_in,
    r.went is not null and r.out_last and (r.place * 2 + 1 - r.out_begin) % 2 = 0
  from run r;
end;

-- What counted, one row a step: 'entry', 'exit', 'appeared', 'vanished' or 'unknown', at its own time.
create function region_crossing(
  cells integer[], since timestamptz, until timestamptz, back interval, hold_down_ms integer,
  subs bigint[], first_in_us bigint[])
returns table (sub bigint, at timestamptz, what text, last_in timestamptz, place bigint)
language sql stable parallel safe
begin atomic
  select v.sub, c.at, c.what, c.last_in, c.place
  from region_visit(cells, since, until, back, hold_down_ms, subs, first_in_us) v
  cross join lateral (
    select v.came as at, case when v.entered then 'entry' else 'appeared' end as what, null::timestamptz as last_in,
      v.place * 2 as place
    where v.came_counts
    union all
    select v.went, case when v.to_cell is null then 'unknown' when v.to_cell < 0 then 'vanished' else 'exit' end, v.last_in,
      v.place * 2 + 1
    where v.went_counts
  ) c;
end;

-- Stays in the region that ended in [since, until). One of more than seven days is cut off at its beginning.
create function region_session(
  cells integer[], since timestamptz, until timestamptz, hold_down_ms integer, subs bigint[], first_in_us bigint[])
returns table (sub bigint, first_in timestamptz, last_in timestamptz, first_out timestamptz)
language sql stable parallel safe
begin atomic
  select s.sub, s.first_in, s.last_in, s.went
  from (
    select v.sub, v.last_in, v.went, v.went_counts, max(v.came) filter (where v.came_counts) over (
        partition by v.sub order by v.place rows unbounded preceding) as first_in
    from region_visit(cells, since, until, interval '7 days', hold_down_ms, subs, first_in_us) v
  ) s
  where s.went_counts and s.went >= since and s.went < until;
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
    where is_among(c.cell_id, cells) and c.day between since - 27 and till
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
    -- Whoever was not there in any night is no resident.
    where s.day between since - 27 and till and s.sub in (select t.sub from there t where t.night)
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
  left join seen s on s.sub = l.sub and s.day = l.day
  where l.day >= since;
end;
