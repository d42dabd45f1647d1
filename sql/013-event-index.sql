-- Grain: one row an event batch's row (event); one row or more a 10 s, cell and kind of procedure (activity), as before.
-- Unit:  as before.
-- Time:  event time, as before.
--
-- Every index of these two costs each row more than the row itself: of 3.3 µs a row of event, the two that it had took
-- 2.6. Nobody asks for single events of a cell. What is read is time: refreshes, hours of facts, and the last minutes of
-- the traffic that is not aggregated yet, of which a region wants some cells. One ascending index serves that: rows come
-- in order of time, so it grows at its right end (a descending one splits its first page again and again), and cells are
-- chosen in it without a look at the rows. activity had none that begins with time.
drop index event_cell_ts;
drop index event_ts_idx;
create index event_ts_cell on event (ts, cell_id);
drop index activity_cell_ts;
create index activity_ts_cell on activity (ts, cell_id);
