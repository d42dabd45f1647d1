-- $1: JSON array of days (day, working, name). The table holds them and no others afterwards.
with given as (
  select day, working, name from jsonb_to_recordset($1::jsonb) as d (day date, working boolean, name text)
),
gone as (
  delete from calendar_day c where not exists (select from given g where g.day = c.day)
)
insert into calendar_day as c (day, working, name)
select day, working, name from given
on conflict (day) do update set working = excluded.working, name = excluded.name
where (c.working, c.name) is distinct from (excluded.working, excluded.name)
