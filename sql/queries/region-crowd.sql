-- The crowd in a region: those present just before the end of each bucket that are neither residents nor workers on its
-- local day. Null where roles are undetermined.
-- $1: cells, $2: from, $3: to (exclusive, whole buckets from $2 on), $4: width in seconds, $5: time zone.
-- $6, $7: stays in the cells that last, as nobody has stored them yet: subscribers and first-ins, µs. Their day is counted
-- when they end, so their role is that of the newest of the three days up to it that is known.
-- Who is present and who has which role meet in a window, not in a join: of neither does the planner know how many there are.
with moment as (
  select n, $2::timestamptz + make_interval(secs => n * $4) as starts,
    (($2::timestamptz + make_interval(secs => (n + 1) * $4) - interval '1 microsecond') at time zone $5)::date as day
  from generate_series(
    0, ceil(extract(epoch from $3::timestamptz - $2::timestamptz) / $4)::integer - 1) as n
),
role as materialized (
  select day, sub, role
  from region_role($1::integer[], ($2::timestamptz at time zone $5)::date - 2, ($3::timestamptz at time zone $5)::date)
),
ended as materialized (
  select sub, first_in, first_out
  from stay
  where cell_id = any ($1::integer[]) and first_out > $2::timestamptz and first_in < $3::timestamptz
    and first_out < $3::timestamptz + interval '3 days'
),
lasting as (
  select o.sub, timestamptz 'epoch' + o.us * interval '1 microsecond' as first_in
  from unnest($6::bigint[], $7::bigint[]) as o (sub, us)
),
member as (
  select sub, lasts,
    -- Of the buckets that end after first-in, the first one; of those that end by first-out, the last one.
    floor(extract(epoch from greatest(first_in, $2::timestamptz) - $2::timestamptz) / $4)::integer as first_bucket,
    floor(extract(epoch from least(first_out, $3::timestamptz) - $2::timestamptz) / $4)::integer - 1 as last_bucket
  from (
    select sub, first_in, first_out, false as lasts from ended
    union all
    -- One may have ended and been stored meanwhile.
    select l.sub, l.first_in, 'infinity', true from lasting l
    where l.first_in < $3::timestamptz
      and not exists (select from ended e where e.sub = l.sub and e.first_in = l.first_in)
  ) m
),
known as (
  select null::integer as n, false as lasts, sub, day, role from role
  union all
  select null, true, r.sub, d::date, r.role
  from (select *, lead(day) over (partition by sub order by day) as next from role) r
  cross join lateral generate_series(r.day, least(r.day + 2, r.next - 1), interval '1 day') as d
),
marked as (
  select n, max(role) over (partition by sub, day, lasts) as role
  from (
    select m.n, p.lasts, p.sub, m.day, null as role
    from (
      select sub, lasts, n from member cross join lateral generate_series(first_bucket, last_bucket) as n
    ) p
    join moment m using (n)
    union all
    select n, lasts, sub, day, role from known
  ) u
),
counted as (
  select n, count(*) as present, bool_or(role = 'undetermined') as unknown,
    count(*) filter (where role is null or role not in ('resident', 'worker')) as crowd
  from marked
  where n is not null
  group by n
)
select m.starts as bucket, coalesce(c.present, 0)::integer as present,
  case when not coalesce(c.unknown, false) then coalesce(c.crowd, 0)::integer end as crowd
from moment m
left join counted c using (n)
order by m.starts
