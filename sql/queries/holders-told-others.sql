-- Of subscribers who were told to have a telephone number those who were told another one since, as pseudonyms: the number
-- may be somebody else's by now, or the SIM have two.
-- $1: numbers, $2: who had them, $3: when that was told
select h.number::text
from unnest($1::bigint[], $2::bigint[], $3::timestamptz[]) h (number, sub, ts)
where exists (
  select from identity_told n where n.sub = h.sub and n.kind = 1 and n.ts > h.ts and n.value not in (h.number, 0))
