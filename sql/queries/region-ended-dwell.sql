-- Stays in a region that ended in a time, by bucket of dwell (sql/012). $1: region id, $2: from, $3: to (exclusive).
select bucket, sum(observed)::integer as observed, sum(upper)::integer as upper
from region_dwell
where region_id = (select region_id from micro_region where id = $1) and ts >= $2::timestamptz and ts < $3::timestamptz
group by bucket
order by bucket
