/**
 * Where somebody is at home is what the sightings of the life have told up to then: the newest that tells an area (10 bits
 * above the PLMN's 21; 1023 stands for a machine, and whoever is one stays one), else the first that tells a PLMN.
 */
export const homesSql = `
  create temporary table told as
    with life as (
      select city, sub, life, min(tie) as from_tie, max(tie) as to_tie from place group by city, sub, life
    ), row_ as (
      select s.city, s.sub, l.life, s.t, row_number() over (partition by s.city, s.sub order by s.t, s.line) as no,
             s.plmn & 2097151 as plmn, s.plmn >> 21 as area
      from seen s join life l on l.city = s.city and l.sub = s.sub and s.tie between l.from_tie and l.to_tie
      where s.plmn <> 0
    )
    select r.city, r.sub, r.life, r.t, r.no, h.plmn, h.area
    from row_ r cross join lateral (
      select b.plmn, b.area from row_ b where b.city = r.city and b.sub = r.sub and b.life = r.life and b.no <= r.no
      -- A machine first, and the first row that says so; then the newest with an area; then the first one.
      order by b.area = 1023 desc, b.area > 0 desc,
        case when b.area = 1023 or b.area = 0 then b.no else -b.no end limit 1
    ) h;
  create index on told (city, sub, life, no);
  create temporary table origin as
    select t.*, t.plmn >> 11 as mcc, case
      when t.plmn in (select code from scope h where h.city = t.city and h.what = 'home') then case
        when t.area in (0, 1023) or not exists (select from scope c where c.city = t.city and c.what = 'city') then 'local'
        when t.area in (select code from scope c where c.city = t.city and c.what = 'city') then 'local'
        when t.area in (select code from scope c where c.city = t.city and c.what = 'province') then 'other city'
        else 'other province' end
      when t.plmn >> 11 in (select code >> 11 from scope h where h.city = t.city and h.what = 'home') then 'other network'
      when t.plmn >> 11 in (454, 455, 466) then '港澳台'
      else 'international' end as class
    from told t;
  create index on origin (city, sub, life, no);
`;
