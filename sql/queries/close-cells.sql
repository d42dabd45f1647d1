-- $1: JSON array of cells, $2: from when on. Ends the present version of every cell that is known otherwise now.
-- A version that began at that very time (or later) is not ended but replaced.
with given as (
  select c.id, c.cgi, c.name, s.site_id, c.lon, c.lat, c.azimuth, c.radio
  from jsonb_to_recordset($1::jsonb) as c (id integer, cgi text, name text, site text, lon double precision,
    lat double precision, azimuth double precision, radio text)
  left join site s on s.name = c.site
),
changed as (
  select c.cell_id, c.valid_from
  from cell c
  join given g on g.id = c.cell_id and g.cgi = c.cgi
  where c.valid_to = 'infinity'
    and (c.name, c.site_id, c.lon, c.lat, c.azimuth, c.radio)
        is distinct from (g.name, g.site_id, g.lon, g.lat, g.azimuth, g.radio)
),
replaced as (
  delete from cell c using changed x
  where c.cell_id = x.cell_id and c.valid_from = x.valid_from and x.valid_from >= $2::timestamptz
)
update cell c set valid_to = $2::timestamptz
from changed x
where c.cell_id = x.cell_id and c.valid_from = x.valid_from and x.valid_from < $2::timestamptz
