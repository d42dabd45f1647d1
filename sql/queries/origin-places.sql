-- Present by operator and area, by the quarter of an hour: as at the end of its first interval, the largest places and of
-- each origin the others (plmn and area 0). $1: region (0: the city), $2: from, a quarter's start, $3: to (exclusive).
select time_bucket(interval '15 minutes', ts) as bucket, class, country, mcc, plmn, area, present
from origin_place
where region_id = $1::integer and ts >= $2::timestamptz and ts < $3::timestamptz
order by ts, present desc, class, country, mcc, plmn, area
