import { afterAll, beforeAll, expect, test } from 'vitest';
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
