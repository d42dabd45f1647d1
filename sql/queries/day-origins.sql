-- How many were present by origin, by the quarter of an hour: the last and the largest count of each. An origin without a
-- row in a quarter is as its row before says.
-- $1: region (0: the city), $2: from, $3: to (exclusive).
select bucket, class, country, mcc, present, present_max
from origin_gauge_15m
where region_id = $1::integer and bucket >= $2::timestamptz and bucket < $3::timestamptz
order by bucket, class, country, mcc
