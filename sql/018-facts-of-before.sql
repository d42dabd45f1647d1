-- Grain: as in 009: a stay in stay_queue, an hour in fact_dirty.
-- Unit:  as in 009.
-- Time:  as in 009.
--
-- A database that was filled before 009 has stays and events of which nothing is kept by day: they are counted now. Where
-- anything has been counted, everything has been since 009.
insert into stay_queue (first_out, first_in, last_in, sub, cell_id, plmn, events, to_cell)
select first_out, first_in, last_in, sub, cell_id, plmn, events, to_cell
from stay
where not exists (select from day_cell) and not exists (select from stay_queue);

insert into fact_dirty (grain, start)
select distinct 'hour', date_trunc('hour', ts)
from event
where not exists (select from fact_day) and not exists (select from fact_dirty);
