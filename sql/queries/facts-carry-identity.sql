-- What was told before $1 and still holds then is told at $1 once more, because the rows before go soon.
-- $2: of the subscribers with this remainder, $3: of a division by so many.
insert into identity_told (ts, sub, value, plmn, type_allocation_code, kind)
select $1::timestamptz, sub, value, plmn, type_allocation_code, kind
from (
  select distinct on (sub, kind) sub, value, plmn, type_allocation_code, kind
  from identity_told
  where ts < $1::timestamptz and abs(sub % $3::bigint) = $2::bigint
  order by sub, kind, ts desc, value desc
) t
where value <> 0
  and not exists (
    select from identity_told n where n.sub = t.sub and n.kind = t.kind and n.ts = $1::timestamptz)
  and not exists (
    select from identity_told o
    where t.kind = 1 and o.kind = 1 and o.value = t.value and o.sub <> t.sub and o.ts <= $1::timestamptz
      and o.ts > (select max(ts) from identity_told l where l.sub = t.sub and l.kind = 1 and l.ts < $1::timestamptz))
