-- Grain: refused_row = one row that the table it was meant for refused (a value or a constraint), as it was copied.
-- Unit:  copied: the row in PostgreSQL's binary COPY format, without header and trailer; pseudonyms only.
-- Time:  stored_at: wall time.
create table refused_row (
  stored_at timestamptz not null default now(),
  table_name text not null,
  sqlstate text not null,
  copied bytea not null
);
create index refused_row_stored_at on refused_row (stored_at);
