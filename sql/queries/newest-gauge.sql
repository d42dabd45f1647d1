-- The newest interval that is stored, if it is not older than an hour. $1: event clock.
select ts from city_gauge
where ts <= $1::timestamptz and ts > $1::timestamptz - interval '1 hour'
order by ts desc
limit 1
