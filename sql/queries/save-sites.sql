-- $1: JSON array of cells. A site stands where its cells stand (in their middle).
insert into site (name, lon, lat)
select site, avg(lon), avg(lat)
from jsonb_to_recordset($1::jsonb) as c (site text, lon double precision, lat double precision)
where site <> ''
group by site
on conflict (name) do update set lon = excluded.lon, lat = excluded.lat
where (site.lon, site.lat) is distinct from (excluded.lon, excluded.lat)
