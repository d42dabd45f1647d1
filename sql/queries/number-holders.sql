-- Whose telephone numbers are, as pseudonyms: of each the subscriber of whom it was told last. Another number that this one
-- was told to have since changes nothing: a SIM may have two.
-- $1: numbers
select distinct on (value) value::text as number, sub::text as subscriber, ts as "timeUs"
from identity_told
where kind = 1 and value = any ($1::bigint[])
order by value, ts desc, sub desc
