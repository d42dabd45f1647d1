-- $1: JSON array of cells, $2: from when on. Adds a version of each cell that has none that is valid now;
-- its first version is valid from -infinity.
with given as (
  select c.id, c.cgi, c.name, s.site_id, c.lon, c.lat, c.azimuth, c.radio
  from jsonb_to_recordset($1::jsonb) as c (id integer, cgi text, name text, site text, lon double precision,
    lat double precision, azimuth double precision, radio text)
  left join site s on s.name = c.site
)
insert into cell (cell_id, cgi, name, site_id, lon, lat, azimuth, radio, valid_from)
select g.id, g.cgi, g.name, g.site_id, g.lon, g.lat, g.azimuth, g.radio,
  case when exists (select from cell old where old.cell_id = g.id) then $2::timestamptz else '-infinity' end
from given g
where not exists (select from cell now where now.cell_id = g.id and now.cgi = g.cgi and now.valid_to = 'infinity')
