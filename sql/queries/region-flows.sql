-- Who came to a region and left it, from stays: entries and exits are crossings of its border that held, counted at their
-- own time; appeared and vanished concern the subscriber as a whole. A run of crossings with less than the hold-down
-- between any two cancels in pairs from its first on: of an odd number the last one counts.
-- known: every stay of the bucket tells where the subscriber went (to_cell); where not, the figures are no counts.
-- $1: cells, $2: from, $3: to (exclusive, whole buckets from $2 on), $4: width in seconds, $5: hold-down in ms.
-- $6, $7: stays in the cells that last, as nobody has stored them yet: subscribers and first-ins, µs.
with ended as (
  select sub, first_in, first_out, to_cell
  from stay
  where cell_id = any ($1::integer[]) and first_out >= $2::timestamptz - interval '1 day'
    and first_in < $3::timestamptz + interval '1 day'
),
lasting as (
  select o.sub, timestamptz 'epoch' + o.us * interval '1 microsecond' as first_in
  from unnest($6::bigint[], $7::bigint[]) as o (sub, us)
),
member as (
  select sub, first_in, first_out, to_cell,
    first_in is distinct from lag(first_out) over (partition by sub order by first_in, first_out) as begins,
    row_number() over (partition by sub order by first_in, first_out) as place
  from (
    select sub, first_in, first_out, to_cell from ended
    union all
    -- One may have ended and been stored meanwhile.
    select l.sub, l.first_in, 'infinity', null from lasting l
    where l.first_in < $3::timestamptz + interval '1 day'
      and not exists (select from ended e where e.sub = l.sub and e.first_in = l.first_in)
  ) m
),
-- The stay before one in the region that comes from outside: it ended with a sighting in the region.
arrival as (
  select sub, first_out as at
  from stay
  where to_cell = any ($1::integer[]) and cell_id <> all ($1::integer[])
    and first_out >= $2::timestamptz - interval '1 day' and first_out < $3::timestamptz + interval '1 day'
),
step as (
  select m.sub, m.first_in as at, m.place * 2 as place,
    case when exists (select from arrival a where a.sub = m.sub and a.at = m.first_in) then 'entry'
      else 'appeared' end as what
  from member m
  where m.begins
  union all
  select sub, first_out, place * 2 + 1,
    case when to_cell is null then 'unknown' when to_cell < 0 then 'vanished' else 'exit' end
  from member
  where (to_cell is null or to_cell <> all ($1::integer[])) and first_out < 'infinity'
),
run as (
  select *, count(*) filter (where starts) over (partition by sub order by place) as run
  from (
    select *, what not in ('entry', 'exit')
      or coalesce(lag(what) over w not in ('entry', 'exit')
        or at - lag(at) over w >= make_interval(secs => $5 / 1000.0), true) as starts
    from step
    window w as (partition by sub order by place)
  ) s
),
counted as (
  select what, at
  from (
    select *, count(*) over r as crossings, row_number() over (partition by sub, run order by place desc) as from_end
    from run
    window r as (partition by sub, run)
  ) c
  where what not in ('entry', 'exit') or (crossings % 2 = 1 and from_end = 1)
)
select time_bucket(make_interval(secs => $4), at, $2::timestamptz) as bucket,
  count(*) filter (where what = 'entry')::integer as entries, count(*) filter (where what = 'exit')::integer as exits,
  count(*) filter (where what = 'appeared')::integer as appeared,
  count(*) filter (where what = 'vanished')::integer as vanished,
  not bool_or(what = 'unknown') as known
from counted
where at >= $2::timestamptz and at < $3::timestamptz
group by 1
order by 1
