-- Whose telephone numbers are, as pseudonyms: of each the subscriber of whom it was told last.
-- $1: numbers
select distinct on (value) value::text as number, sub::text as subscriber, ts as "timeUs"
from identity_told t
where kind = 1 and value = any ($1::bigint[])
  and not exists (
    select from identity_told n where n.sub = t.sub and n.kind = 1 and n.ts > t.ts and n.value not in (t.value, 0))
order by value, ts desc, sub desc
