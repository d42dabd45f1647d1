import { afterAll, beforeAll, expect, test } from 'vitest';
import { minuteUs } from '../../server/clock.ts';
import { CarriedGauges, type GaugeRows, withEmptyOnes } from '../../server/core/carried-gauges.ts';
import type { IntervalGauges } from '../../server/occupancy/view.ts';
import type { Store } from '../../server/store/types.ts';
import { type Giver, giveTo } from './tools/give.ts';
import { makeCells, startUs } from './tools/synthetic.ts';
import { makeTestDatabase, type TestDatabase } from './tools/test-database.ts';

/** Rows of present counts by id, two entries each. */
function rows(present: Record<number, number>): GaugeRows {
  const id = Uint32Array.from(Object.keys(present), Number);
  const column = (value: (id: number) => number) => Uint32Array.from(id, value);
  const none = new Uint32Array(id.length);
  return {
    n: id.length,
    id,
    present: column((i) => present[i]),
    fresh5: column((i) => Math.floor(present[i] / 2)),
    entries: column(() => 2),
    exits: none,
    appeared: none,
    vanished: none,
    visitors: column((i) => present[i] + 1),
  };
}

const interval = (minute: number, cells: Record<number, number>, regions: Record<number, number>): IntervalGauges => ({
  startUs: startUs + minute * minuteUs,
  endUs: startUs + (minute + 1) * minuteUs,
  cells: rows(cells),
  regions: rows(regions),
  present: 0,
});

let base: TestDatabase;
let store: Store;
let give: Giver;

async function start(): Promise<void> {
  store = await base.open();
  await store.saveCells(makeCells(4));
  const region = (id: string) => ({ id, name: id, kind: 'venue', capacity: null, polygons: null, cells: ['x'] });
  await store.saveRegions([region('a'), region('b')], () => []);
  give = giveTo(store, ['a', 'b']);
}

beforeAll(async () => {
  base = await makeTestDatabase();
  await start();
});
afterAll(async () => {
  await store.close();
  await base.remove();
});

const stored = (table: string, key: string) =>
  store.sql(`select (extract(epoch from ts) - ${startUs / 1_000_000})::integer / 60 as minute, ${key} as id, present, visitors
             from ${table} order by 1, 2`);

test('an id without a row is as it was, and as many have visited as are present', () => {
  const carried = new CarriedGauges();
  const ids = ['a', 'b', 'c', 'd', 'e'];
  carried.complete(rows({ 1: 10, 3: 30 }), ids);
  const { n, id, present, fresh5, entries, visitors } = carried.complete(rows({ 3: 31, 4: 7 }), ids);
  expect(n).toBe(5);
  expect([...id]).toEqual([0, 1, 2, 3, 4]);
  expect([...present]).toEqual([0, 10, 0, 31, 7]);
  expect([...fresh5]).toEqual([0, 5, 0, 15, 3]);
  expect([...entries]).toEqual([0, 0, 0, 2, 2]);
  expect([...visitors]).toEqual([0, 10, 0, 32, 8]);
});

test('figures keep to their region when an edit gives it another place', () => {
  const carried = new CarriedGauges();
  carried.complete(rows({ 0: 10, 1: 30 }), ['a', 'b']);
  const { n, present } = carried.complete(rows({ 1: 4 }), ['b', 'c', 'a', 'd']);
  expect([n, ...present]).toEqual([4, 30, 4, 10, 0]);
});

test('the first interval of a new counting tells every cell, those with nobody in them too', () => {
  const { n, id, present, visitors } = withEmptyOnes(rows({ 2: 8 }), 4);
  expect(n).toBe(4);
  expect([...id]).toEqual([0, 1, 2, 3]);
  expect([...present]).toEqual([0, 0, 8, 0]);
  expect([...visitors]).toEqual([0, 0, 9, 0]);
});

test('stores every region in every interval, and of the cells those that changed', async () => {
  const carried = new CarriedGauges();
  const tell = (gauges: IntervalGauges) =>
    give.gauges({ ...gauges, regions: carried.complete(gauges.regions, ['a', 'b']) });
  tell(interval(0, { 0: 5, 2: 8 }, { 1: 13 }));
  tell(interval(1, { 2: 9 }, { 0: 4 }));
  tell(interval(2, {}, {}));
  await store.flush();
  expect(await stored('cell_gauge', 'cell_id')).toEqual([
    { minute: 0, id: 0, present: 5, visitors: 6 },
    { minute: 0, id: 2, present: 8, visitors: 9 },
    { minute: 1, id: 2, present: 9, visitors: 10 },
  ]);
  expect(await stored('region_gauge', 'region_id')).toEqual([
    { minute: 0, id: 1, present: 0, visitors: 0 },
    { minute: 0, id: 2, present: 13, visitors: 14 },
    { minute: 1, id: 1, present: 4, visitors: 5 },
    { minute: 1, id: 2, present: 13, visitors: 13 },
    { minute: 2, id: 1, present: 4, visitors: 4 },
    { minute: 2, id: 2, present: 13, visitors: 13 },
  ]);
  const history = await store.regionHistory('b', startUs, startUs + 3 * minuteUs, 60);
  expect(history.present).toEqual([13, 13, 13]);
  expect(history.entries).toEqual([2, 0, 0]);
});

test('an interval that is told again stands in place of what was foretold of it, and only that', async () => {
  give.gauges(interval(7, { 1: 3 }, { 0: 1, 1: 1 }));
  give.gauges(interval(8, { 0: 5, 1: 1 }, { 0: 2 }), { foretold: true });
  await store.whenReady();
  give.gauges(interval(8, { 0: 6, 1: 1 }, { 0: 3 }), { foretold: true, again: true });
  await store.whenReady();
  give.gauges(interval(8, { 2: 9 }, { 0: 4, 1: 5 }), { again: true });
  await store.flush();
  const since = async (table: string, key: string) =>
    ((await stored(table, key)) as { minute: number }[]).filter(({ minute }) => minute >= 7);
  expect(await since('cell_gauge', 'cell_id')).toEqual([
    { minute: 7, id: 1, present: 3, visitors: 4 },
    { minute: 8, id: 2, present: 9, visitors: 10 },
  ]);
  expect(await since('region_gauge', 'region_id')).toEqual([
    { minute: 7, id: 1, present: 1, visitors: 2 },
    { minute: 7, id: 2, present: 1, visitors: 2 },
    { minute: 8, id: 1, present: 4, visitors: 5 },
    { minute: 8, id: 2, present: 5, visitors: 6 },
  ]);
  expect(await store.sql('select count(*)::int as n from city_gauge')).toEqual([{ n: 5 }]);
});
