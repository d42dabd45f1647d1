-- Grain: region_session = one row a subscriber and stay in a set of cells, as in 011.
-- Unit:  –
-- Time:  event time.
--
-- A stay in the region goes on where the newest stay in a cell tells that the subscriber went to another one of its cells
-- (or was cut there): that one has not ended, so neither has the stay in the region.
create or replace function region_session(cells integer[], since timestamptz, until timestamptz)
returns table (sub bigint, first_in timestamptz, last_in timestamptz, first_out timestamptz)
language sql stable parallel safe
begin atomic
  select n.sub, min(n.first_in), max(n.last_in), max(n.first_out)
  from (
    select m.sub, m.first_in, m.last_in, m.first_out, m.goes_on,
      count(*) filter (where m.begins) over (partition by m.sub order by m.first_in, m.first_out) as session
    from (
      select s.sub, s.first_in, s.last_in, s.first_out,
        coalesce(s.to_cell = any (cells), false)
          and lead(s.first_in) over (partition by s.sub order by s.first_in, s.first_out) is distinct from s.first_out as goes_on,
        s.first_in is distinct from lag(s.first_out) over (partition by s.sub order by s.first_in, s.first_out) as begins
      from stay s
      where s.cell_id = any (cells) and s.first_out >= since - interval '30 days' and s.first_in < until
    ) m
  ) n
  group by n.sub, n.session
  having max(n.first_out) >= since and max(n.first_out) < until and not bool_or(n.goes_on);
end;
