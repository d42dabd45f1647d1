-- $1: an hour that was counted again, $2: time zone. Marks its day.
insert into fact_dirty (grain, start)
values ('day', date_trunc('day', $1::timestamptz at time zone $2) at time zone $2)
on conflict (grain, start) do update set touched = fact_dirty.touched + 1
