-- Grain: one row a subscriber and … hour (subscriber_hour; peer_hour: and other party), day (subscriber_day;
--        subscriber_day_area: and place called; day_seen), day and cell (day_cell), month (identity_month: and home and
--        handset; peer_month: and other party); serving_event = one row a registration abroad; fact_day = one row a day;
--        fact_dirty = one row an hour or day that is to be counted again; stay_queue = one row a stay not yet counted.
-- Unit:  sub, peer: first 64 bits of keyed pseudonyms. …_ms milliseconds, bytes. half_hours: bit i = the half-hour that
--        begins i × 30 min after local midnight. Codes as in table event.
-- Time:  event time. ts: start of an hour, UTC; day, month: of the configured time zone (config.ts, timeZone).
--
-- Filled by upkeep (server/store/facts-upkeep.ts) from event and stay. Rows that come late re-do their hour and day. What
-- comes from event knows only subscribers whose events are kept (fact_day.events_one_in): no row of another one means
-- unknown, not zero.

-- Cell of the sighting that ended the stay, -1 = vanished or detached, null = not recorded (before this migration).
alter table stay add column to_cell integer;
create index stay_to_cell_out on stay (to_cell, first_out desc);

-- Written in the transaction of the rows, so that no late row can be missed: an hour of event rows ('hour'), and a day
-- whose hours were counted again ('day'). The update of an existing row is what makes writer and upkeep take turns.
create table fact_dirty (
  grain text not null check (grain in ('hour', 'day')),
  start timestamptz not null,
  touched bigint not null default 1,
  primary key (grain, start)
);

-- A copy of each stay, taken out in the transaction that adds it to day_cell and day_seen: counted once.
create table stay_queue (
  first_out timestamptz not null,
  first_in timestamptz not null,
  last_in timestamptz not null,
  sub bigint not null,
  cell_id integer not null,
  plmn integer not null,
  events integer not null,
  to_cell integer
);

create table subscriber_hour (
  ts timestamptz not null,
  first_seen timestamptz not null,
  last_seen timestamptz not null,
  sub bigint not null,
  call_ms bigint not null,
  bytes bigint not null,
  mo_calls integer not null,
  mt_calls integer not null,
  mo_sms integer not null,
  mt_sms integer not null,
  off_net integer not null,
  detaches integer not null
);
select create_hypertable('subscriber_hour', by_range('ts', interval '1 day'));
alter table subscriber_hour set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'ts, sub');

-- Calls and short messages with a known other party, or one whose place is known.
create table peer_hour (
  ts timestamptz not null,
  sub bigint not null,
  peer bigint not null,
  call_ms bigint not null,
  area integer not null,
  mo_calls integer not null,
  mt_calls integer not null,
  mo_sms integer not null,
  mt_sms integer not null,
  peer_class smallint not null,
  country smallint not null
);
select create_hypertable('peer_hour', by_range('ts', interval '1 day'));

-- Of which days the facts were counted, and from which share of the subscribers: 1 all, N one in N, 0 none, null: it
-- changed during the day, or is not known.
create table fact_day (
  day date primary key,
  events_one_in integer
);

-- calls, sms: by direction; off_net: calls and short messages with subscribers of other networks; peers: distinct known
-- other parties. first_seen, last_seen: of any event.
create table subscriber_day (
  day date not null,
  sub bigint not null,
  first_seen timestamptz not null,
  last_seen timestamptz not null,
  call_ms bigint not null,
  bytes bigint not null,
  mo_calls integer not null,
  mt_calls integer not null,
  mo_sms integer not null,
  mt_sms integer not null,
  off_net integer not null,
  detaches integer not null,
  peers integer not null
);
select create_hypertable('subscriber_day', by_range('day', interval '7 days'), create_default_indexes => false);
create index subscriber_day_sub on subscriber_day (sub, day desc);
alter table subscriber_day set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'sub, day');

-- Which area code a mobile number's segment (its first seven digits) belongs to; imported.
create table number_segment (
  segment integer primary key,
  area_code smallint not null
);

-- Who was called and written to, by place. area_code: without its zero (20 = Guangzhou); 0 = outside China, null = not
-- known (a mobile number's segment that number_segment lacks). Long distance is what is not the home city's.
create table subscriber_day_area (
  day date not null,
  sub bigint not null,
  call_ms bigint not null,
  calls integer not null,
  sms integer not null,
  country smallint not null,
  area_code smallint
);
select create_hypertable('subscriber_day_area', by_range('day', interval '7 days'), create_default_indexes => false);
create index subscriber_day_area_sub on subscriber_day_area (sub, day desc);
alter table subscriber_day_area set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'sub, day');

-- observed_ms: from first-in to last-in; held_ms: to the next sighting elsewhere where there was one (the upper bound,
-- but for what follows the last sighting before a vanish). half_hours: those touched by the held time.
create table day_cell (
  day date not null,
  sub bigint not null,
  half_hours bigint not null,
  cell_id integer not null,
  observed_ms integer not null,
  held_ms integer not null,
  primary key (cell_id, day, sub)
);
select create_hypertable('day_cell', by_range('day', interval '1 day'), create_default_indexes => false);
alter table day_cell set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'cell_id, sub, day');

-- The same of all cells together: from stays, so known whatever events are kept.
create table day_seen (
  day date not null,
  first_seen timestamptz not null,
  last_seen timestamptz not null,
  sub bigint not null,
  half_hours bigint not null,
  plmn integer not null,
  primary key (sub, day)
);
select create_hypertable('day_seen', by_range('day', interval '1 day'), create_default_indexes => false);
alter table day_seen set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'sub, day');

-- Sums of each month with each known other party. An hour is added when its events are about to go.
create table peer_month (
  month date not null,
  sub bigint not null,
  peer bigint not null,
  call_ms bigint not null,
  mo_calls integer not null,
  mt_calls integer not null,
  mo_sms integer not null,
  mt_sms integer not null,
  peer_class smallint not null,
  primary key (sub, peer, month)
);
select create_hypertable('peer_month', by_range('month', interval '30 days'), create_default_indexes => false);

-- A subscriber's home and handset, when first and last seen together in the month. type_allocation_code 0: not told.
create table identity_month (
  month date not null,
  first_seen timestamptz not null,
  last_seen timestamptz not null,
  sub bigint not null,
  plmn integer not null,
  type_allocation_code integer not null,
  primary key (sub, plmn, type_allocation_code, month)
);
select create_hypertable('identity_month', by_range('month', interval '90 days'), create_default_indexes => false);

-- Months in a row are one interval.
create view identity_interval as
select sub, plmn, type_allocation_code, min(first_seen) as first_seen, max(last_seen) as last_seen
from (
  select *, month - make_interval(months => row_number() over (
    partition by sub, plmn, type_allocation_code order by month)::integer) as run
  from identity_month
) m
group by sub, plmn, type_allocation_code, run;

-- Registrations with networks abroad (kinds roam-out, roam-in, roam-back, roam-end). network: the foreign PLMN.
create table serving_event (
  ts timestamptz not null,
  sub bigint not null,
  plmn integer not null,
  network integer not null,
  kind smallint not null,
  country smallint not null
);
select create_hypertable('serving_event', by_range('ts', interval '30 days'));
create index serving_event_sub on serving_event (sub, ts desc);

-- Where a subscriber was registered, from when to when; the newest interval is open.
create view serving_interval as
select sub, plmn, network, country, kind, ts as valid_from,
  coalesce(lead(ts) over (partition by sub order by ts, kind), 'infinity') as valid_to
from serving_event;
