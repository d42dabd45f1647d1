import { afterAll, beforeAll, expect, test } from 'vitest';
import { hourUs, minuteUs } from '../../server/clock.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { eventFlag, kindCode } from '../../server/events/kinds.ts';
import type { Store } from '../../server/store/types.ts';
import { type Giver, giveTo } from '../store/tools/give.ts';
import { makeCells, makeEvents, makeGauges, startUs } from '../store/tools/synthetic.ts';
import { makeTestDatabase, type TestDatabase } from '../store/tools/test-database.ts';
import { countTraffic, type TrafficRow } from '../store/tools/traffic-oracle.ts';

let base: TestDatabase;
let store: Store;
let give: Giver;
/** Everything given to the store. */
const given: EventBatch[] = [];

async function giveAll(batch: EventBatch, clockUs: number): Promise<void> {
  given.push(batch);
  give.events(batch, 0, batch.n);
  give.eventClock(clockUs);
  await store.maintain();
}

async function rowsOf(relation: string): Promise<Map<string, TrafficRow>> {
  const rows = await store.sql<TrafficRow>(`select * from ${relation}`);
  return new Map(rows.map((row) => [`${row.bucket} ${row.cell_id}`, row]));
}

/** Name of the table behind an aggregate: what is materialised, without the real-time tail. */
async function materialised(view: string): Promise<string> {
  const [row] = await store.sql<{ name: string }>(
    `select format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name) as name
     from timescaledb_information.continuous_aggregates where view_name = $1`,
    [view],
  );
  return row.name;
}

beforeAll(async () => {
  base = await makeTestDatabase();
  store = await base.open();
  await store.saveCells(makeCells(40));
  give = giveTo(store, ['a', 'b']);
  await giveAll(makeEvents(6_000, startUs, 3 * hourUs + 20 * minuteUs), startUs + 3 * hourUs + 10 * minuteUs);
});
afterAll(async () => {
  await store.close();
  await base.remove();
});

test('the traffic of cells per minute and hour equals counts over the rows, the open buckets included', async () => {
  expect(await rowsOf('cell_traffic_1m')).toEqual(countTraffic(given, minuteUs));
  expect(await rowsOf('cell_traffic_1h')).toEqual(countTraffic(given, hourUs));
});

test('only closed buckets are materialised', async () => {
  const closed = (bucketUs: number) => Math.floor((startUs + 3 * hourUs + 10 * minuteUs) / bucketUs) * bucketUs;
  for (const [view, bucketUs] of [
    ['event_traffic_1m', minuteUs],
    ['event_traffic_1h', hourUs],
  ] as const) {
    const [{ newest }] = await store.sql<{ newest: number }>(
      `select max(bucket) as newest from ${await materialised(view)}`,
    );
    expect(newest, view).toBe(closed(bucketUs) - bucketUs);
  }
});

test('late rows below the watermark appear after the next upkeep, in minutes and in hours', async () => {
  await giveAll(
    makeEvents(500, startUs + 30 * minuteUs, 40 * minuteUs, 40, 50_000),
    startUs + 3 * hourUs + 12 * minuteUs,
  );
  expect(await rowsOf('cell_traffic_1m')).toEqual(countTraffic(given, minuteUs));
  expect(await rowsOf('cell_traffic_1h')).toEqual(countTraffic(given, hourUs));
});

test('a row from the future hides nothing of the present', async () => {
  const future = new EventBatch(8);
  const cell = 3;
  future.push(startUs + 40 * hourUs, 1, 1, cell, 0, kindCode['mo call'], 1, 0, eventFlag.traffic, 5, 0, 0);
  await giveAll(future, startUs + 3 * hourUs + 13 * minuteUs);
  await giveAll(
    makeEvents(300, startUs + 3 * hourUs + 13 * minuteUs, 5 * minuteUs),
    startUs + 3 * hourUs + 20 * minuteUs,
  );
  expect(await rowsOf('cell_traffic_1m')).toEqual(countTraffic(given, minuteUs));
  expect(await rowsOf('cell_traffic_1h')).toEqual(countTraffic(given, hourUs));
});

test('the traffic of a region is that of the cells it held at the time', async () => {
  const regions = [
    { id: 'a', name: 'A', kind: 'venue', capacity: 100, polygons: null, cells: ['x'] },
    { id: 'b', name: 'B', kind: 'campus', capacity: null, polygons: null, cells: ['y'] },
  ];
  const members = [
    [1, 2, 3],
    [3, 4],
  ];
  await store.saveRegions(regions, (region) => members[region]);
  // From the event clock on (3 h 20 min) region b has cell 5 in place of cell 4.
  members[1] = [3, 5];
  await store.saveRegions(regions, (region) => members[region]);
  await giveAll(
    makeEvents(800, startUs + 3 * hourUs + 20 * minuteUs, 30 * minuteUs),
    startUs + 3 * hourUs + 40 * minuteUs,
  );

  const changedUs = startUs + 3 * hourUs + 20 * minuteUs;
  const expected = new Map<string, number>();
  for (const { bucket, cell_id, units } of countTraffic(given, minuteUs).values()) {
    const inB = (cell_id === 4 && bucket! < changedUs) || (cell_id === 5 && bucket! >= changedUs);
    const add = (id: string) => expected.set(`${id} ${bucket}`, (expected.get(`${id} ${bucket}`) ?? 0) + units!);
    if (cell_id !== null && [1, 2, 3].includes(cell_id)) add('a');
    if (cell_id === 3 || inB) add('b');
  }
  const rows = await store.sql<{ id: string; bucket: number; units: number }>(
    'select id, bucket, units from region_traffic_1m join micro_region using (region_id)',
  );
  expect(new Map(rows.map(({ id, bucket, units }) => [`${id} ${bucket}`, units]))).toEqual(expected);
  const [hours] = await store.sql<{ same: boolean }>(
    `select (select sum(units) from region_traffic_1h h where region_id = 1)
          = (select sum(units) from region_traffic_1m m where region_id = 1) as same`,
  );
  expect(hours.same).toBe(true);
});

test('gauges by the hour are the last of the hour and the sums over it', async () => {
  for (let minute = 0; minute < 150; minute++) give.gauges(makeGauges(startUs + minute * minuteUs, 5, 2));
  await store.maintain();
  for (const [view, table, key] of [
    ['cell_gauge_1h', 'cell_gauge', 'cell_id'],
    ['region_gauge_1h', 'region_gauge', 'region_id'],
  ]) {
    const got = await store.sql(`select * from ${view} order by bucket, ${key}`);
    const plain = await store.sql(
      `select date_trunc('hour', ts) as bucket, ${key}, (array_agg(present order by ts desc))[1] as present,
         max(present) as present_max, sum(entries)::bigint as entries, sum(exits)::bigint as exits,
         sum(appeared)::bigint as appeared, sum(vanished)::bigint as vanished
       from ${table} group by 1, 2 order by 1, 2`,
    );
    expect(got, view).toEqual(plain);
    expect(got.length).toBe(3 * (key === 'cell_id' ? 5 : 2));
  }
});
