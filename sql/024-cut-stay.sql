-- Grain: region_session = one row a stay in a set of cells that ended, or of which nobody saw how it went on.
-- Unit:  durations in ms.
-- Time:  event time.
--
-- A start with other settings cuts off the stays of those present: their last stay in a cell ends where the counters do,
-- and nobody knows where it led (to_cell null). Whoever is seen in the region again before it could have vanished was
-- there all along, as far as anybody knows: what follows is a piece too. Stays from before 009, which never told where
-- they led, count as cut where none follows at once.
drop function region_session(integer[], timestamptz, timestamptz, integer, bigint[], bigint[]);

-- Stays in the region that ended in [since, until). One of more than seven days is cut off at its beginning.
-- cut_begin, cut_end: nobody saw it begin, or end: first_in is the first sighting behind the cut, first_out the cut.
-- ttl_ms: after so long without a sighting a subscriber has vanished.
create function region_session(
  cells integer[], since timestamptz, until timestamptz, hold_down_ms integer, ttl_ms bigint,
  subs bigint[], first_in_us bigint[])
returns table (
  sub bigint, first_in timestamptz, last_in timestamptz, first_out timestamptz, cut_begin boolean, cut_end boolean)
language sql stable parallel safe
begin atomic
  select s.sub, s.begins[1], s.last_in, s.went, s.begins[2] = 'infinity', s.to_cell is null
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
