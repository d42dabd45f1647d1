-- Which VLR was told before $1 and still serves then is told at $1 once more, because the rows before go soon.
-- $2: of the subscribers with this remainder, $3: of a division by so many.
insert into serving_told (ts, sub, vlr, plmn, network, country)
select $1::timestamptz, sub, vlr, plmn, network, country
from (
  select distinct on (sub) sub, vlr, plmn, network, country
  from serving_told
  where ts < $1::timestamptz and abs(sub % $3::bigint) = $2::bigint
  order by sub, ts desc, vlr desc
) t
where vlr <> 0
  and not exists (select from serving_told n where n.sub = t.sub and n.ts = $1::timestamptz)
