-- Grain: ledger = one row, 'journal': how far the journal's records are stored; rows of other streams are of before
--        there was a journal. feed_position = one row a feed whose rows are stored.
-- Unit:  journal_offset: octets of the journal's log. seq: rows of the feed (batches, of acknowledged ones).
-- Time:  …_us: event time, µs; -1: none.

-- Every record of the journal that ends at or before the offset is stored, and no other; written in the transaction of
-- the rows. event_us: newest event time among the rows.
alter table ledger add column journal text;
alter table ledger add column journal_offset bigint not null default 0;
alter table ledger drop column event_rows;
alter table ledger drop column gauge_us;
alter table ledger drop column stay_us;

-- Written in the transaction of the rows too, so that a data folder that is lost does not double what is stored.
create table feed_position (
  identity text primary key,
  number smallint not null,
  epoch bigint not null,
  seq bigint not null,
  event_us bigint not null,
  clock_us bigint not null,
  first_us bigint not null
);
