-- Telephone numbers (kind 1) and handsets (kind 2) of subscribers, as pseudonyms, from when to when; oldest first.
-- home_area: area code without its zero, 0 = unknown, 1023 = a machine's SIM.
-- $1: subscribers
select sub::text, kind, value::text, type_allocation_code, plmn & 2097151 as home_plmn, plmn >> 21 as home_area,
  valid_from, nullif(valid_to, 'infinity') as valid_to
from identity_held($1::bigint[])
order by sub, kind, valid_from, value
