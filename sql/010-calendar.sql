-- Grain: calendar_day = one row a day that is not as its weekday says.
-- Unit:  –
-- Time:  day: local calendar day.
--
-- Imported from sql/data/calendar-cn.csv at every start (server/store/facts-calendar.ts).
create table calendar_day (
  day date primary key,
  working boolean not null,
  name text not null
);

-- Working days: Monday to Friday, but for the days that the calendar names (holidays, and 调休 to make up for them).
create function is_working_day(of date) returns boolean
language sql stable parallel safe
return coalesce((select working from calendar_day where day = of), extract(isodow from of) < 6);
