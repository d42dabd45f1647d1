-- Grain: one row an event batch's row (event), as in 002.
-- Unit:  codes. peer is the first 64 bits of the keyed pseudonym of the other party's number, 0 = none or unknown.
--        peer_class: server/events/kinds.ts, 0 = none. country: server/reference/country-codes.ts (two letters, five
--        bits each), 0 = unknown. area: segment (seven digits) or area code of a number in China, 0 = unknown; of the
--        roam kinds, the foreign network's PLMN as server/events/plmn.ts packs it.
-- Time:  event time, as in 002.
alter table event add column peer bigint not null default 0;
alter table event add column area integer not null default 0;
alter table event add column peer_class smallint not null default 0;
alter table event add column country smallint not null default 0;
