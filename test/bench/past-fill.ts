/** Days of a city's stays and of what is kept of them by day, by SQL: everybody near home, every day alike. */
import type pg from 'pg';
import { dayUs } from '../../server/clock.ts';
import { timestampUs } from '../../server/store/connection.ts';

export interface PastSize {
  readonly days: number;
  readonly subscribers: number;
  readonly cells: number;
}

const hash = (salt: number) => `(hashint8(s * 1000003 + k * 101 + ${salt}) & 2147483647)`;
const seconds = (column: string) => `${column} * interval '1 second'`;

/**
 * One day, in tables of its own (the embedded database has no temporary ones). Six stays of some four hours in cells around home; one in sixteen ends by a vanish an hour
 * before the next; in one of eight the phone swings to the next cell and back within half a minute.
 */
const oneDay = ({ subscribers, cells }: PastSize): string[] => [
  `create table bench_leg as
   with step as (
     select s, k, k * 14400 + ${hash(1)} % 8192 as came, ${hash(2)} % 16 = 0 as gone, ${hash(3)} % 8 = 0 as swings,
       ((hashint8(s * 31) & 2147483647) % ${cells} + ${hash(4)} % 64) % ${cells} as cell
     from generate_series(1::bigint, ${subscribers}) s cross join generate_series(0, 5) k
   ),
   stay as (
     select s.*, coalesce(lead(came) over own, first_value(came) over own + 86400)
         - case when gone then 4200 else 0 end as went,
       case when gone then -1 else coalesce(lead(cell) over own, first_value(cell) over own) end as goes_to
     from step s
     window own as (partition by s order by k rows between unbounded preceding and unbounded following)
   )
   select hashint8extended(s, 1) as sub, l.came, l.went, l.cell, l.goes_to
   from stay
   cross join lateral (
     select came, went, cell, goes_to where not swings
     union all
     select * from (values
       (came, came + 600, cell, (cell + 1) % ${cells}),
       (came + 600, came + 630, (cell + 1) % ${cells}, cell),
       (came + 630, went, cell, goes_to)) v
     where swings
   ) l`,
  `create table bench_fact as
   select sub, cell, bit_or(((1::bigint << (least(went - 1, 86399) / 1800 - came / 1800 + 1)) - 1) << (came / 1800)) as half_hours,
     sum(went - came) * 1000 as ms
   from bench_leg
   group by sub, cell`,
];

/** The day that begins at `startUs`. */
const fillDay = (startUs: number): string[] => {
  const start = `timestamptz '${timestampUs(startUs)}'`;
  const date = `(${start} at time zone 'Asia/Shanghai')::date`;
  return [
    `insert into stay (first_out, first_in, last_in, sub, cell_id, plmn, events, to_cell)
     select ${start} + ${seconds('went')}, ${start} + ${seconds('came')}, ${start} + ${seconds('(went - 20)')},
       sub, cell, 942080, 5, goes_to
     from bench_leg order by cell, went`,
    `insert into day_cell (day, sub, half_hours, cell_id, observed_ms, held_ms)
     select ${date}, sub, half_hours, cell, ms, ms from bench_fact order by cell, sub`,
    `insert into day_seen (day, first_seen, last_seen, sub, half_hours, plmn)
     select ${date}, ${start}, ${start} + interval '20 hours', sub, bit_or(half_hours), 942080
     from bench_fact group by sub order by sub`,
  ];
};

/** As upkeep does; the newest chunk of stays still grows. */
const compress = (table: string, keep: number) =>
  `select compress_chunk(c, true) from (select c from show_chunks('${table}') c order by c desc offset ${keep}) s`;

/** Fills an empty database with the days before `endUs`, a local midnight, all of them compressed, and with regions. */
export async function fillPast(client: pg.ClientBase, size: PastSize, endUs: number): Promise<void> {
  for (const statement of oneDay(size)) await client.query(statement);
  for (let day = size.days; day > 0; day--) {
    for (const statement of fillDay(endUs - day * dayUs)) await client.query(statement);
    for (const table of ['stay', 'day_cell', 'day_seen'])
      await client.query(compress(table, day > 1 && table === 'stay' ? 2 : 0));
  }
  await client.query('drop table bench_leg, bench_fact');
  await drawOthers(client, size.cells);
}

/** Micro-regions all over the city, of 40 cells each, every other one half in the one before: for trips between them. */
async function drawOthers(client: pg.ClientBase, cells: number): Promise<void> {
  await client.query(
    `insert into micro_region (id, name, kind) select 'r' || i, 'r' || i, 'venue' from generate_series(0, ${cells} / 50) i`,
  );
  await client.query(
    `insert into micro_region_cell (region_id, cell_id, valid_from)
     select distinct r.region_id, (i * 50 + (i % 2) * -20 + k + ${cells}) % ${cells}, timestamptz '-infinity'
     from generate_series(0, ${cells} / 50) i cross join generate_series(0, 39) k join micro_region r on r.id = 'r' || i`,
  );
}
