-- The crowd in a region: those present just before the end of each bucket that are neither residents nor workers. A day is
-- counted when stays end, so a role is that of the newest of the three days up to the bucket's on which it is known; whoever
-- has none was not there before. Null where roles are undetermined: of one who is there, or of all, on a day up to which
-- fewer than seven are known.
-- $1: cells, ascending, $2: from, $3: to (exclusive, whole buckets from $2 on), $4: width in seconds, $5: time zone.
-- $6, $7: stays in the cells that last, as nobody has stored them yet: subscribers and first-ins, µs.
-- Who is present and who has which role meet in a window, not in a join: of neither does the planner know how many there
-- are. They meet once a stay and day; a stay adds one where its buckets begin and takes it away where they end.
with moment as materialized (
  select n, $2::timestamptz + make_interval(secs => n * $4) as starts,
    (($2::timestamptz + make_interval(secs => (n + 1) * $4) - interval '1 microsecond') at time zone $5)::date as day
  from generate_series(
    0, ceil(extract(epoch from $3::timestamptz - $2::timestamptz) / $4)::integer - 1) as n
),
local_day as materialized (
  select day, min(n) as first, max(n) as last from moment group by day
),
calendar as materialized (
  select g::date as day, k.day is not null as known
  from generate_series(
    ($2::timestamptz at time zone $5)::date - 27, ($3::timestamptz at time zone $5)::date, interval '1 day') as g
  -- A row of each day, looked for in that day's chunk, as region_role does.
  left join lateral (
    select s.day from day_seen s
    where s.day = g::date and s.day between ($2::timestamptz at time zone $5)::date - 27
      and ($3::timestamptz at time zone $5)::date
    limit 1
  ) k on true
),
-- Days up to which enough are known for roles.
settled as materialized (
  select day
  from (
    select day, count(*) filter (where known) over (
      order by day range between interval '27 days' preceding and current row) as days_known
    from calendar
  ) c
  where days_known >= 7
),
role as materialized (
  select day, sub, role
  from region_role($1::integer[], ($2::timestamptz at time zone $5)::date - 2, ($3::timestamptz at time zone $5)::date)
),
member as (
  select s.sub, s.first_in, s.first_out
  from stay s
  where is_among(s.cell_id, $1::integer[])
    and s.first_out > $2::timestamptz and s.first_in < $3::timestamptz
    and s.first_out < $3::timestamptz + interval '3 days'
  union all
  select l.sub, l.first_in, 'infinity'
  from region_lasting($1::integer[], $2::timestamptz, $3::timestamptz, $6::bigint[], $7::bigint[]) l
),
-- Of the buckets that end after first-in, the first one; of those that end by first-out, the last one.
placed as (
  select sub,
    floor(date_part('epoch', greatest(first_in, $2::timestamptz) - $2::timestamptz) / $4)::integer as first,
    floor(date_part('epoch', least(first_out, $3::timestamptz) - $2::timestamptz) / $4)::integer - 1 as last
  from member
),
known as (
  select r.sub, d::date as day, r.role
  from (select *, lead(day) over (partition by sub order by day) as next from role) r
  cross join lateral generate_series(r.day, least(r.day + 2, r.next - 1), interval '1 day') as d
),
marked as (
  select first, last, max(role) over (partition by sub, day) as role
  from (
    select greatest(p.first, d.first) as first, least(p.last, d.last) as last, p.sub, d.day, null as role
    from placed p
    join moment a on a.n = p.first
    join moment b on b.n = p.last
    cross join lateral generate_series(a.day, b.day, interval '1 day') as g
    join local_day d on d.day = g::date
    where p.first <= p.last
    union all
    select null, null, sub, day, role from known
  ) u
),
alike as (
  select first, last, count(*) as present, count(*) filter (where role = 'undetermined') as unknown,
    count(*) filter (where role is null or role not in ('resident', 'worker')) as crowd
  from marked
  where first is not null
  group by first, last
),
step as (
  select n, sum(present) as present, sum(unknown) as unknown, sum(crowd) as crowd
  from (
    select first as n, present, unknown, crowd from alike
    union all
    select last + 1, -present, -unknown, -crowd from alike
  ) s
  group by n
),
counted as (
  select m.starts, m.day, sum(s.present) over so_far as present, sum(s.unknown) over so_far as unknown,
    sum(s.crowd) over so_far as crowd
  from moment m
  left join step s using (n)
  window so_far as (order by m.n)
)
select starts as bucket, coalesce(present, 0)::integer as present,
  case when coalesce(present, 0) = 0 then 0
    when unknown = 0 and day in (select day from settled) then crowd::integer end as crowd
from counted
order by starts
