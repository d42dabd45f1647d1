-- Grain: region_visit, region_session = one row a stay of a subscriber in a set of cells, as in sql/024 and 025.
-- Unit:  durations in ms.
-- Time:  event time.
--
-- Whether a stay is whole does not depend on where the time begins that is asked for: who was cut off in the region before it
-- is looked up, too, so that what follows is known for a piece, and where that came from.

-- Every time that a subscriber came to the region and left it again (went null: not yet), held or not: one pass over its
-- stays in order. came_counts, went_counts: the crossing held. entered: from outside; else it appeared there. to_cell: of
-- the sighting that ended it; -1: it vanished; null: nobody knows (stays of before 009). last_in: the newest sighting in
-- the region before it left. place: its turn among the subscriber's.
-- From back before since (whoever was there then appears) up to the hold-down behind until, so that all in [since, until)
-- are settled. subs, first_in_us: stays in the cells that last, as nobody has stored them: subscribers and first-ins, µs.
-- Of the time more than an hour before since only those are looked at who were there then, or whose stay was cut off then,
-- and of what lies a day further back those who never left: of a day's stays in a region most began on it, and a week of
-- everybody's cost ten times as much.
create or replace function region_visit(
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
  cut as materialized (
    select distinct s.sub
    from stay s
    where is_among(s.cell_id, cells) and s.to_cell is null
      and s.first_out >= since - back and s.first_out < since
  ),
  day_before as materialized (
    select s.sub, s.first_in, s.last_in, s.first_out, s.to_cell
    from stay s
    where is_among(s.cell_id, cells)
      and s.first_out >= since - least(back, interval '25 hours') and s.first_out < since - interval '1 hour'
      and s.sub in (select t.sub from there t union all select c.sub from cut c)
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
            or b.sub in (select c.sub from cut c)
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
    -- Who vanished from the region in that microsecond appears in it, unless its stay outside is of that microsecond, too.
    left join arrival a on a.sub = v.sub and a.at = v.came
      and (v.before_went < v.came or v.before_to >= 0 or a.since_at = a.at) is not false
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
  -- Who vanished outside in the microsecond of the exit, and is seen there again in it.
  vanished as (
    select distinct s.sub, s.first_out as at
    from (select distinct w.before_to as cell_id from walk w where w.returns and w.since_at = w.before_went) o
    cross join lateral (
      select s.sub, s.first_out
      from stay s
      where s.cell_id = o.cell_id and s.to_cell = -1 and s.first_in = s.first_out
        and s.first_out >= since - back and s.first_out < until + make_interval(secs => hold_down_ms / 1000.0)
      -- Cell by cell, for they are few: a join would read everybody's stays.
      offset 0
    ) s
  ),
  gone as (
    select o.sub, o.place from outside o where o.cell_id < 0
    union
    select w.sub, w.place
    from walk w
    join vanished x on x.sub = w.sub and x.at = w.before_went
    where w.returns
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

-- Stays in the region that ended in [since, until). One that began more than seven days before is a piece: how long before,
-- nobody has looked.
-- cut_begin, cut_end: nobody saw it begin, or end: first_in is the first sighting behind the cut, first_out the cut.
-- ttl_ms: after so long without a sighting a subscriber has vanished.
create or replace function region_session(
  cells integer[], since timestamptz, until timestamptz, hold_down_ms integer, ttl_ms bigint,
  subs bigint[], first_in_us bigint[])
returns table (
  sub bigint, first_in timestamptz, last_in timestamptz, first_out timestamptz, cut_begin boolean, cut_end boolean)
language sql stable parallel safe
begin atomic
  select s.sub, s.begins[1], s.last_in, s.went, s.begins[2] = 'infinity' or s.begins[1] < since - interval '7 days',
    s.to_cell is null
  from (
    select v.sub, v.last_in, v.went, v.to_cell, v.went_counts,
      -- When the newest that counted came, and whether behind a cut: the later one is the greater array.
      max(array[v.came, case when v.behind_cut then timestamptz 'infinity' else '-infinity' end])
        filter (where v.came_counts) over (partition by v.sub order by v.place rows unbounded preceding) as begins
    from (
      select w.*, coalesce(
          not w.entered and lag(w.to_cell) over own is null
            and w.came < lag(w.last_in) over own + make_interval(secs => ttl_ms / 1000.0), false) as behind_cut
      from region_visit(cells, since, until, interval '7 days', hold_down_ms, subs, first_in_us) w
      window own as (partition by w.sub order by w.place)
    ) v
  ) s
  where s.went_counts and s.went >= since and s.went < until;
end;
