import { afterAll, beforeAll, expect, test } from 'vitest';
import { hourUs } from '../../server/clock.ts';
import { timestampUs } from '../../server/store/connection.ts';
import { readRegionHistory } from '../../server/store/history.ts';
import { readDayFigures } from '../../server/store/region-expected.ts';
import { openPlainDatabase, type PlainDatabase } from './tools/plain-database.ts';

/** Gauges of ten seconds: the history by minute is made of them as they are, the aggregates of a minute (sql/022) too. */
const startUs = Date.UTC(2026, 9, 17, 11) * 1000;
const intervals = 2 * 360;
/** Present at the end of interval i, and who came in it. */
const presentOf = (i: number) => 1000 + ((i * 37) % 211);
const entriesOf = (i: number) => (i * 13) % 7;

let database: PlainDatabase;

beforeAll(async () => {
  database = await openPlainDatabase();
  await database.sql(`insert into micro_region (id, name, kind) values ('hall', 'Hall', 'venue')`);
  const at = Array.from({ length: intervals }, (_, i) => timestampUs(startUs + i * 10_000_000));
  await database.sql(
    `insert into region_gauge (ts, region_id, every_ms, present, fresh5, entries, exits, appeared, vanished, visitors)
     select g.ts, region_id, 10000, g.present, 0, g.entries, 1, 0, 0, 0
     from micro_region, unnest($1::timestamptz[], $2::integer[], $3::integer[]) as g (ts, present, entries)`,
    [at, at.map((_, i) => presentOf(i)), at.map((_, i) => entriesOf(i))],
  );
  await database.sql(
    `insert into cell_gauge select ts, 7, every_ms, present, fresh5, entries, exits, 0, 0, 0 from region_gauge`,
  );
  await database.sql(`insert into origin_gauge select ts, region_id, every_ms, present, 460, 0, 1 from region_gauge`);
  await database.sql(
    'insert into city_gauge (ts, every_ms, present) select ts, 10000, 5000 from unnest($1::timestamptz[]) as g (ts)',
    [at],
  );
});
afterAll(() => database.remove());

/** By plain loops. */
function expected(perBucket: number) {
  const buckets = Array.from({ length: intervals / perBucket }, (_, b) => b * perBucket);
  const own = Array.from({ length: perBucket }, (_, i) => i);
  return {
    present: buckets.map((first) => presentOf(first + perBucket - 1)),
    entries: buckets.map((first) => own.reduce((sum, i) => sum + entriesOf(first + i), 0)),
    exits: buckets.map(() => perBucket),
  };
}

const history = (bucketS: number) => readRegionHistory(database.pool, 'hall', startUs, startUs + 2 * hourUs, bucketS);

test.each([60, 300, 3600])(
  'history by %i s is that of gauges of ten seconds, before and after upkeep',
  async (bucketS) => {
    expect(await history(bucketS)).toMatchObject(expected(bucketS / 10));
    await database.maintain(startUs + 3 * hourUs);
    expect(await history(bucketS)).toMatchObject(expected(bucketS / 10));
  },
);

test('what is present at a time is that of its ten seconds', async () => {
  const [figure] = await readDayFigures(database.pool, 'hall', ['2026-10-17'], '19:31:25', 'Asia/Shanghai');
  expect(figure.value).toBe(presentOf((31 * 60 + 25 - 5) / 10));
});

test.each([
  ['cell_gauge', '1m', 60],
  ['cell_gauge', '15m', 900],
  ['region_gauge', '1m', 60],
  ['region_gauge', '15m', 900],
  ['origin_gauge', '1m', 60],
  ['origin_gauge', '15m', 900],
])('%s_%s is the last, the largest and the sums of ten seconds', async (family, grain, widthS) => {
  const { present, entries, exits } = expected(widthS / 10);
  const largest = present.map((_, b) =>
    Math.max(...Array.from({ length: widthS / 10 }, (_, i) => presentOf((b * widthS) / 10 + i))),
  );
  const sums = family === 'origin_gauge' ? {} : { entries, exits };
  const timeUs = present.map((_, b) => startUs + b * widthS * 1_000_000);
  const columns = { bucket: timeUs, present, present_max: largest, ...sums };
  const rows = await database.sql<Record<string, number>>(`select * from ${family}_${grain} order by bucket`);
  for (const [name, values] of Object.entries(columns))
    expect(
      rows.map((row) => row[name]),
      name,
    ).toEqual(values);
  const [{ own }] = await database.sql<{ own: number }>(
    `select count(*) as own from timescaledb_information.chunks c
     join timescaledb_information.continuous_aggregates a on a.materialization_hypertable_name = c.hypertable_name
     where a.view_name = $1`,
    [`${family}_${grain}`],
  );
  expect(own, 'it is materialised').toBeGreaterThan(0);
});

test('gauges that come late are in their minute after the next upkeep', async () => {
  const at = timestampUs(startUs + 5 * 60_000_000 + 55_000_000);
  await database.sql(
    `insert into region_gauge select $1, region_id, 5000, 7777, 0, 100, 0, 0, 0, 0 from micro_region`,
    [at],
  );
  await database.maintain(startUs + 3 * hourUs);
  const minute = await database.sql<{ present: number; present_max: number; entries: number }>(
    'select present, present_max, entries from region_gauge_1m where bucket = $1',
    [timestampUs(startUs + 5 * 60_000_000)],
  );
  expect(minute).toEqual([{ present: 7777, present_max: 7777, entries: expected(6).entries[5] + 100 }]);
  const [quarter] = await database.sql<{ present_max: number }>(
    'select present_max from region_gauge_15m order by bucket',
  );
  expect(quarter.present_max).toBe(7777);
});
