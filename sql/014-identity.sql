-- Grain: identity_told = one row a time that a subscriber was told to have a telephone number (kind 1) or handset (kind 2)
--        that was news; serving_told = the same of the VLR that serves it.
-- Unit:  sub, value: first 64 bits of keyed pseudonyms (value 0: none any more). vlr: E.164 number of the VLR, a network
--        node's; 0: none serves any more. plmn: the subscriber's home as in table event; network: the VLR's network, packed
--        as server/events/plmn.ts does, country: as server/reference/country-codes.ts, 0 = unknown.
-- Time:  ts: event time of the message that told.
--
-- What was told is stored as it was told, late or twice; the intervals are read out of it, so that an older message never
-- closes a newer interval. What is older than the retention and still holds is told once more before it goes
-- (server/store/facts-carry.ts).

create table identity_told (
  ts timestamptz not null,
  sub bigint not null,
  value bigint not null,
  plmn integer not null,
  type_allocation_code integer not null,
  kind smallint not null
);
select create_hypertable('identity_told', by_range('ts', interval '30 days'), create_default_indexes => false);
create index identity_told_sub on identity_told (sub, ts desc);
create index identity_told_value on identity_told (value, ts desc);
alter table identity_told set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'sub, ts');

create table serving_told (
  ts timestamptz not null,
  sub bigint not null,
  vlr bigint not null,
  plmn integer not null,
  network integer not null,
  country smallint not null
);
select create_hypertable('serving_told', by_range('ts', interval '30 days'), create_default_indexes => false);
create index serving_told_sub on serving_told (sub, ts desc);
alter table serving_told set (
  timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'sub, ts');

-- What the subscribers have had, from when to when. An interval begins where a number or handset was told and ends where
-- another one was told of the same subscriber; a number's also where it was told of another subscriber, for a number has
-- one SIM. Handsets are not so exclusive: copied IMEIs are common. Of what was told at one moment the higher one holds.
create function identity_held(subs bigint[])
returns table (
  sub bigint, kind smallint, value bigint, type_allocation_code integer, plmn integer,
  valid_from timestamptz, valid_to timestamptz)
language sql stable parallel safe
begin atomic
  with mine as (
    select t.sub, t.kind, t.value
    from identity_told t
    where t.sub = any (subs) and t.value <> 0
    group by t.sub, t.kind, t.value
  ),
  news as (
    select m.sub, m.kind, m.value, t.ts, t.value as told, t.sub as told_of, t.value = m.value as holds,
      t.type_allocation_code, t.plmn
    from mine m
    join identity_told t on t.sub = m.sub and t.kind = m.kind
    union all
    select m.sub, m.kind, m.value, t.ts, t.value, t.sub, false, 0, 0
    from mine m
    join identity_told t on t.value = m.value and t.kind = m.kind and t.sub <> m.sub
    where m.kind = 1
  ),
  marked as (
    select n.sub, n.kind, n.value, n.type_allocation_code, n.plmn, n.ts as valid_from,
      n.holds and not coalesce(lag(n.holds) over line, false) as begins,
      min(n.ts) filter (where not n.holds) over (
        partition by n.sub, n.kind, n.value order by n.ts, n.told, n.told_of
        rows between 1 following and unbounded following) as ends
    from news n
    window line as (partition by n.sub, n.kind, n.value order by n.ts, n.told, n.told_of)
  )
  select k.sub, k.kind, k.value, k.type_allocation_code, k.plmn, k.valid_from, coalesce(k.ends, 'infinity')
  from marked k
  where k.begins and k.valid_from < coalesce(k.ends, 'infinity');
end;

-- The VLRs that a subscriber was registered at, as far as registrations were seen.
create view serving_vlr_interval as
select sub, vlr, network, country, plmn, valid_from, valid_to
from (
  select sub, vlr, network, country, plmn, ts as valid_from,
    coalesce(lead(ts) over (partition by sub order by ts, vlr), 'infinity') as valid_to
  from (
    select *, vlr is distinct from lag(vlr) over (partition by sub order by ts, vlr) as begins
    from serving_told
  ) t
  where begins
) i
where vlr <> 0 and valid_from < valid_to;

-- The countries that these were in; country 0: a VLR whose number tells none.
create view serving_country_interval as
select sub, country, plmn, valid_from, valid_to
from (
  select sub, serves, country, plmn, ts as valid_from,
    coalesce(lead(ts) over (partition by sub order by ts, vlr), 'infinity') as valid_to
  from (
    select *, vlr <> 0 as serves,
      (vlr <> 0, country) is distinct from
        (lag(vlr <> 0) over (partition by sub order by ts, vlr), lag(country) over (partition by sub order by ts, vlr)) as begins
    from serving_told
  ) t
  where begins
) i
where serves and valid_from < valid_to;
