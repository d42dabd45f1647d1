-- Grain: number_segment = one row a segment of mobile numbers (their first seven digits); imsi_segment = one row a range of
--        IMSIs.
-- Unit:  area_code: without its zero (20 = Guangzhou). first_imsi, last_imsi: of fifteen digits, inclusive; ranges do not
--        overlap.
-- Time:  the newest import; `meta` key 'segments' has its digest.
--
-- Imported (`signalwall import --segments`) and stored at the server's next start (server/store/segments.ts).
alter table number_segment add column province text not null default '';
alter table number_segment add column city text not null default '';
alter table number_segment add column operator text not null default '';

create table imsi_segment (
  first_imsi bigint primary key,
  last_imsi bigint not null,
  area_code smallint not null,
  province text not null,
  city text not null,
  operator text not null,
  check (first_imsi <= last_imsi)
);

-- Areas by name, as the newest import has them.
create view phone_area as
select area_code, max(province) as province, max(city) as city
from (
  select area_code, province, city from number_segment where city <> ''
  union
  select area_code, province, city from imsi_segment
) s
group by area_code;
