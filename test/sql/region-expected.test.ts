import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { namedQuery } from '../../server/store/queries.ts';
import { openPlainDatabase, type PlainDatabase } from '../store/tools/plain-database.ts';

let store: PlainDatabase;

beforeAll(async () => {
  store = await openPlainDatabase();
  await store.sql(
    `insert into micro_region (id, name, kind) values ('other', 'Other', 'venue'), ('hall', 'Hall', 'venue')`,
  );
  // A minute each from 19:29 to 19:31 local on three Saturdays, without that of 19:30 on the second.
  await store.sql(
    `insert into region_gauge
     select (day + at) at time zone 'Asia/Shanghai', r.region_id, 60000,
       1000 * extract(day from day) + 10 * extract(minute from at) + case r.id when 'hall' then 0 else 5 end,
       0, 0, 0, 0, 0, 0
     from micro_region r, unnest(array['2026-10-03', '2026-10-10', '2026-10-17']::date[]) as day,
       unnest(array['19:29', '19:30', '19:31']::time[]) as at
     where not (day = '2026-10-10' and at = '19:30')`,
  );
});
afterAll(async () => {
  await store.remove();
});

test('gives what a region held at a local time of each day asked for, and null where nothing was counted then', async () => {
  const days = ['2026-10-17', '2026-10-03', '2026-10-10', '2026-09-26'];
  const rows = await store.sql(namedQuery('region-expected'), ['hall', days, '19:30:30', 'Asia/Shanghai']);
  expect(rows).toEqual([
    { day: '2026-09-26', present: null },
    { day: '2026-10-03', present: 3_300 },
    { day: '2026-10-10', present: null },
    { day: '2026-10-17', present: 17_300 },
  ]);
});

describe('of a region that was edited', () => {
  const days = ['2026-10-03', '2026-10-10', '2026-10-17', '2026-10-24'];
  const at = (day: string) => `timestamptz '${day} 19:30+08'`;

  beforeAll(async () => {
    await store.sql(
      `insert into micro_region (id, name, kind) values ('moved', 'Moved', 'venue'), ('new', 'New', 'venue')`,
    );
    await store.sql(
      `insert into micro_region_cell (region_id, cell_id, valid_from, valid_to)
       select r.region_id, cell_id, valid_from, valid_to from micro_region r,
         (values ('moved', 70, timestamptz '-infinity', timestamptz '2026-10-12 12:00+08'),
           ('moved', 71, '-infinity', 'infinity'), ('moved', 72, '2026-10-12 12:00+08', 'infinity'),
           ('new', 71, '-infinity', 'infinity')) as v (id, cell_id, valid_from, valid_to)
       where r.id = v.id`,
    );
    for (const day of days)
      await store.sql(
        `insert into city_gauge (ts, every_ms, present)
         select ${at(day)}, 60000, 100 where '${day}' <> '2026-10-10'`,
      );
    // Nine people in cell 70, six in 71 and four in 72, of whom one is in 71, too: of two sightings he changed over.
    for (const day of days)
      await store.sql(
        `insert into stay (first_out, first_in, last_in, sub, cell_id, plmn, events, to_cell)
         select ${at(day)} + interval '26 hours', ${at(day)} - interval '1 hour', ${at(day)}, c * 100 + i, c, 0, 1, -1
         from (values (70, 9), (71, 6), (72, 4)) as v (c, n) cross join generate_series(1, n) i
         union all
         select ${at(day)} - interval '2 hours', ${at(day)} - interval '3 hours', ${at(day)} - interval '2 hours', 900, 72, 0, 1, -1`,
      );
    // Gauges of the border of then: 15 before the edit, 10 after it.
    await store.sql(
      `insert into region_gauge
       select (day || ' 19:30')::timestamp at time zone 'Asia/Shanghai', r.region_id, 60000, present, 0, 0, 0, 0, 0, 0
       from micro_region r, (values ('2026-10-03', 15), ('2026-10-10', 15), ('2026-10-17', 10), ('2026-10-24', 10)) as v (day, present)
       where r.id = 'moved'`,
    );
  });

  test('what was before the edit is that of the cells of now, from stays, and unknown where the server did not run', async () => {
    const rows = await store.sql(namedQuery('region-expected'), ['moved', days, '19:30:30', 'Asia/Shanghai']);
    expect(rows.map((row) => (row as { present: number }).present)).toEqual([10, null, 10, 10]);
  });

  test('one drawn today has figures, but of the last days, of which stays may last', async () => {
    const rows = await store.sql(namedQuery('region-expected'), ['new', days, '19:30:30', 'Asia/Shanghai']);
    expect(rows.map((row) => (row as { present: number | null }).present)).toEqual([6, null, 6, null]);
  });

  test('its edits are told with the cells that came and went', async () => {
    const all = ['2026-01-01', '2027-01-01'];
    expect(await store.sql(namedQuery('region-edits'), ['moved', ...all])).toEqual([
      { time: Date.parse('2026-10-12T12:00:00+08:00') * 1000, came: 1, went: 1 },
    ]);
    expect(await store.sql(namedQuery('region-edits'), ['new', ...all])).toEqual([]);
    expect(await store.sql(namedQuery('region-edits'), ['moved', '2026-10-13', '2027-01-01'])).toEqual([]);
  });
});
