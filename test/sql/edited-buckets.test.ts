import { afterAll, beforeAll, expect, test } from 'vitest';
import { dayUs, hourUs, minuteUs, secondUs } from '../../server/clock.ts';
import { eventFlag } from '../../server/events/kinds.ts';
import type { Store } from '../../server/store/types.ts';
import { giveTo } from '../store/tools/give.ts';
import { makeCells, makeEvents, makeGauges, startUs } from '../store/tools/synthetic.ts';
import { makeTestDatabase, type TestDatabase } from '../store/tools/test-database.ts';

const spanUs = 4 * hourUs;
const events = makeEvents(9_000, startUs, spanUs);
/** When cell 5 goes, and when cell 6 comes: none on a whole minute. */
const goesUs = startUs + hourUs + minuteUs + 10 * secondUs;
const comesUs = startUs + 2 * hourUs + 40 * minuteUs + 59 * secondUs;
let base: TestDatabase;
let store: Store;

beforeAll(async () => {
  base = await makeTestDatabase();
  store = await base.open();
  await store.saveCells(makeCells(40));
  const give = giveTo(store, ['hall']);
  const hall = { id: 'hall', name: 'hall', kind: 'venue', capacity: 10, polygons: null, cells: ['*'] };
  let cells = [4, 5];
  const edit = (clockUs: number, after: number[]) => {
    give.eventClock(clockUs);
    cells = after;
    return store.saveRegions([hall], () => cells);
  };
  await store.saveRegions([hall], () => cells);
  give.events(events, 0, events.n);
  for (let minute = 0; minute < spanUs / minuteUs; minute++) give.gauges(makeGauges(startUs + minute * minuteUs, 3, 1));
  await edit(goesUs, [4]);
  await edit(comesUs, [4, 6]);
  give.eventClock(startUs + spanUs);
  await store.maintain();
});
afterAll(async () => {
  await store.close();
  await base.remove();
});

/** By definition: an edit counts from the first whole minute behind it. */
function units(fromUs: number, toUs: number): number {
  let n = 0;
  for (let i = 0; i < events.n; i++) {
    if (events.timeUs[i] < fromUs || events.timeUs[i] >= toUs || (events.flags[i] & eventFlag.traffic) === 0) continue;
    const minute = Math.floor(events.timeUs[i] / minuteUs) * minuteUs;
    const [cell] = [events.cell[i]];
    if (cell === 4 || (cell === 5 && minute < goesUs) || (cell === 6 && minute >= comesUs)) n++;
  }
  return n;
}

test('traffic of an hour in which a region was edited is the sum of its minutes, each with the cells of its start', async () => {
  for (const bucketS of [60, 900, 3600, 7200, 86_400]) {
    const { timeUs, traffic } = await store.regionHistory('hall', startUs, startUs + spanUs, bucketS);
    const own = timeUs.map((us) => units(us, us + bucketS * secondUs));
    expect(traffic, `${bucketS} s`).toEqual(own);
    expect(own.reduce((sum, n) => sum + n, 0)).toBe(units(startUs, startUs + spanUs));
  }
});

test('the views of a region by the quarter, the hour and the day say the same', async () => {
  for (const [view, widthUs] of [
    ['region_traffic_1m', minuteUs],
    ['region_traffic_15m', 15 * minuteUs],
    ['region_traffic_1h', hourUs],
    ['region_traffic_1d', dayUs],
  ] as const) {
    const rows = await store.sql<{ bucket: number; units: number }>(
      `select bucket, units from ${view} order by bucket`,
    );
    expect(rows, view).toEqual(rows.map(({ bucket }) => ({ bucket, units: units(bucket, bucket + widthUs) })));
    expect(
      rows.reduce((sum, row) => sum + row.units, 0),
      view,
    ).toBe(units(startUs, startUs + spanUs));
  }
});

test('where minutes have been dropped, what only they could say is unknown, and no part of it is told', async () => {
  await store.sql(`select drop_chunks('event_traffic_1m', older_than => timestamptz '2100-01-01')`);
  const unedited = (us: number) => (us === startUs || us === startUs + 3 * hourUs ? units(us, us + hourUs) : null);
  const hours = await store.regionHistory('hall', startUs, startUs + spanUs, 3600);
  expect(hours.traffic).toEqual(hours.timeUs.map(unedited));
  expect(unedited(startUs)).toBeGreaterThan(0);
  for (const bucketS of [60, 900, 86_400]) {
    const { traffic } = await store.regionHistory('hall', startUs, startUs + spanUs, bucketS);
    expect(new Set(traffic), `${bucketS} s`).toEqual(new Set([null]));
  }
  const rows = await store.sql<{ bucket: number; units: number }>('select bucket, units from region_traffic_1h');
  expect(new Map(rows.map(({ bucket, units: n }) => [bucket, n]))).toEqual(
    new Map([startUs, startUs + 3 * hourUs].map((us) => [us, unedited(us)])),
  );
  expect(await store.sql('select from region_traffic_1d')).toEqual([]);
});
