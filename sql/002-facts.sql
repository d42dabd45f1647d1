-- Grain: event = one row an event batch's row; cell_gauge, region_gauge, city_gauge = one row an interval and cell,
--        micro-region, city; stay = one row an ended stay of a subscriber in a cell; ledger = one row a stream.
-- Unit:  subscribers unless the column's name says otherwise (…_ms milliseconds, bytes).
-- Time:  event time. event.ts: the row's own. gauges' ts: the START of the interval [ts, ts + every_ms), so that
--        rows fall into the buckets that hold them; present and fresh5 are the state just before its END.
--        stay is kept by first_out, its end, so that rows arrive in the order of their chunks.

-- Located events. sub is the first 64 bits of the keyed pseudonym, 0 = unresolved. Codes of kind, outcome, flags:
-- server/events/kinds.ts. plmn is packed as server/events/plmn.ts does, 0 = unknown. cell_id is null where no cell
-- is known. type_allocation_code: 8 or 6 digits of the IMEI, 0 = unknown.
create table event (
  ts timestamptz not null,
  sub bigint not null,
  bytes bigint not null,
  cell_id integer,
  plmn integer not null,
  duration_ms integer not null,
  type_allocation_code integer not null,
  kind smallint not null,
  outcome smallint not null,
  cause smallint not null,
  flags smallint not null
);
select create_hypertable('event', by_range('ts', interval '3 hours'));
create index event_cell_ts on event (cell_id, ts desc);
alter table event set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'cell_id, ts');

-- Gauges of the cells whose figures changed in the interval: a cell without a row is as its last row says, with
-- nothing crossing. present: subscribers in it; fresh5: of those, with a fix age ≤ 5 min; entries, exits: crossings
-- that held; appeared, vanished; visitors: distinct subscribers present at any time of the interval.
create table cell_gauge (
  ts timestamptz not null,
  cell_id integer not null,
  every_ms integer not null,
  present integer not null,
  fresh5 integer not null,
  entries integer not null,
  exits integer not null,
  appeared integer not null,
  vanished integer not null,
  visitors integer not null
);
select create_hypertable('cell_gauge', by_range('ts', interval '12 hours'), create_default_indexes => false);
create index cell_gauge_cell_ts on cell_gauge (cell_id, ts desc);
create index cell_gauge_ts on cell_gauge (ts desc);
alter table cell_gauge set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'cell_id, ts');

-- The same of micro-regions: every region in every interval that was counted.
create table region_gauge (
  ts timestamptz not null,
  region_id integer not null,
  every_ms integer not null,
  present integer not null,
  fresh5 integer not null,
  entries integer not null,
  exits integer not null,
  appeared integer not null,
  vanished integer not null,
  visitors integer not null
);
select create_hypertable('region_gauge', by_range('ts', interval '7 days'), create_default_indexes => false);
create index region_gauge_region_ts on region_gauge (region_id, ts desc);
create index region_gauge_ts on region_gauge (ts desc);
alter table region_gauge set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'region_id, ts');

-- One row an interval that was counted: where none stands, nothing is known.
create table city_gauge (
  ts timestamptz not null,
  every_ms integer not null,
  present integer not null
);
select create_hypertable('city_gauge', by_range('ts', interval '30 days'));

-- Stays in cells. first_in: first sighting in the cell, last_in: last sighting in it, first_out: first sighting
-- elsewhere, or the vanish. events: sightings in the cell.
create table stay (
  first_out timestamptz not null,
  first_in timestamptz not null,
  last_in timestamptz not null,
  sub bigint not null,
  cell_id integer not null,
  plmn integer not null,
  events integer not null
);
select create_hypertable('stay', by_range('first_out', interval '1 day'), create_default_indexes => false);
create index stay_cell_out on stay (cell_id, first_out desc);
alter table stay set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'cell_id, first_out');

-- How far each stream is stored; written in the transaction of its rows. batch counts that stream's transactions.
-- Of event rows, those before event_us are stored and the first event_rows ones at event_us (a restarted feed gives
-- them in the same order). gauge_us: end of the newest interval; stay_us: newest first_out. µs, -1: nothing yet.
create table ledger (
  stream text primary key,
  batch bigint not null default 0,
  event_us bigint not null default -1,
  event_rows bigint not null default 0,
  gauge_us bigint not null default -1,
  stay_us bigint not null default -1
);
