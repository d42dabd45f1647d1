-- Grain: one row a fact of the network and of what users have drawn: site, cell version, node of the region tree,
--        parent of a cell, micro-region, membership of a cell in a micro-region.
-- Unit:  degrees WGS-84, degrees clockwise from north, people.
-- Time:  valid_from ≤ t < valid_to in event time; -infinity and infinity stand for "always".

-- What this database is for (key 'network': the network whose events it holds).
create table meta (
  key text primary key,
  value text not null
);

create table site (
  site_id integer primary key generated always as identity,
  name text not null unique,
  lon double precision,
  lat double precision
);

-- One row a cell and version of what is known of it. cell_id is dense from 0 and belongs to the CGI for ever.
create table cell (
  cell_id integer not null,
  cgi text not null,
  name text not null,
  site_id integer references site,
  lon double precision,
  lat double precision,
  azimuth double precision,
  radio text not null,
  valid_from timestamptz not null default '-infinity',
  valid_to timestamptz not null default 'infinity',
  primary key (cell_id, valid_from),
  check (valid_from < valid_to)
);
create unique index cell_cgi_valid on cell (cgi) where valid_to = 'infinity';

-- The tree branch → marketing centre → area → service hall. Names are unique below one parent.
create table region_node (
  node_id integer primary key generated always as identity,
  parent_id integer references region_node,
  level smallint not null check (level between 1 and 4),
  name text not null,
  unique nulls not distinct (parent_id, level, name)
);

-- The service hall (or the lowest level that is known) of a cell, by date.
create table cell_parent (
  cell_id integer not null,
  node_id integer not null references region_node,
  valid_from timestamptz not null default '-infinity',
  valid_to timestamptz not null default 'infinity',
  primary key (cell_id, valid_from),
  check (valid_from < valid_to)
);

create table micro_region (
  region_id integer primary key generated always as identity,
  id text not null unique,
  name text not null,
  kind text not null,
  grade text,
  capacity integer,
  -- GeoJSON MultiPolygon coordinates; null where the region is a list of cells.
  polygons jsonb,
  -- CGIs, or prefixes of them that end in *; null where the region is a geometry.
  cells jsonb
);

-- Which cells a micro-region holds, by date: a region drawn later gets its past, an edited one keeps it.
create table micro_region_cell (
  region_id integer not null references micro_region,
  cell_id integer not null,
  valid_from timestamptz not null default '-infinity',
  valid_to timestamptz not null default 'infinity',
  primary key (region_id, cell_id, valid_from),
  check (valid_from < valid_to)
);
create index micro_region_cell_by_cell on micro_region_cell (cell_id);
