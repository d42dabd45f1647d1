-- $1: starts of hours whose event rows have changed. The update takes the row's lock: upkeep of that hour waits for the
-- transaction that stores the rows, and the other way round.
insert into fact_dirty (grain, start)
select 'hour', start from unnest($1::timestamptz[]) as given (start) order by start
on conflict (grain, start) do update set touched = fact_dirty.touched + 1
