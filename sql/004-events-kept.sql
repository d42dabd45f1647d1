-- Grain: one row an interval that was counted (city_gauge).
-- Unit:  events_kept: whether the located events of the interval were being stored. Where they were not, or were lost
--        before they were aggregated, its traffic is unknown, not zero.
-- Time:  event time, as in 002.
--
-- The table meta tells what upkeep has done, in µs: 'traffic_done_us' = traffic before it is in the aggregates;
-- 'dropped.NAME' = 'from to', the chunks of NAME dropped so far lie in it: it is not refreshed again.
alter table city_gauge add column events_kept boolean not null default true;
