import { afterAll, beforeAll, expect, test } from 'vitest';
import { EventBatch, noCause, noCell } from '../../server/events/event-batch.ts';
import { namedQuery } from '../../server/store/queries.ts';
import type { Store } from '../../server/store/types.ts';
import { type Giver, giveTo } from './tools/give.ts';
import { makeCells, makeEvents, makeGauges, makeStays, startUs } from './tools/synthetic.ts';
import { makeTestDatabase, type TestDatabase } from './tools/test-database.ts';

let base: TestDatabase;
let store: Store;
let give: Giver;

beforeAll(async () => {
  base = await makeTestDatabase();
  store = await base.open();
  give = giveTo(store, ['x', 'y', 'z']);
});
afterAll(async () => {
  await store.close();
  await base.remove();
});

/** The two halves of a pseudonym as the signed number that PostgreSQL keeps. */
const signed = (lo: number, hi: number) => BigInt.asIntN(64, (BigInt(hi) << 32n) | BigInt(lo)).toString();

test('every column of an event reads back as it was given, extremes included, and -1 where no cause was told', async () => {
  const batch = makeEvents(900, startUs, 60_000_000);
  const extreme = new EventBatch(8);
  const max = 0xffffffff;
  extreme.push(startUs + 61_000_001, max, max, noCell, 0x1fffff, 13, 4, 255, 255, max, 99_999_999, 2 ** 53 - 1, {
    peerLo: max,
    peerHi: max,
    peerClass: 5,
    country: 1023,
    area: 0x1fffff,
  });
  extreme.push(startUs + 61_000_002, 0, 0x8000_0000, 2 ** 31 - 1, 0, 0, 0, 0, 0, 0, 0, 0);
  extreme.push(startUs + 61_000_003, 1, 1, 1, 0, 0, 0, noCause, 0, 0, 0, 0);
  for (const each of [batch, extreme]) give.events(each, 0, each.n);
  await store.flush();
  const expected = [batch, extreme].flatMap((each) =>
    Array.from({ length: each.n }, (_, i) => {
      const row = each.row(i);
      const { timeUs, subLo, subHi, cell, typeAllocationCode, durationMs, peerLo, peerHi, peerClass, cause, ...same } =
        row;
      return {
        ts: timeUs,
        sub: signed(subLo, subHi),
        peer: signed(peerLo, peerHi),
        peer_class: peerClass,
        cell_id: cell === noCell ? null : cell,
        type_allocation_code: typeAllocationCode,
        cause: cause === noCause ? -1 : cause,
        duration_ms: Math.min(durationMs, 2 ** 31 - 1),
        ...same,
      };
    }),
  );
  const rows = await store.sql('select *, sub::text as sub, peer::text as peer from event order by ts');
  expect(rows).toEqual(expected);
});

test('gauges carry the start of their interval and its length, stays all three times', async () => {
  const regions = ['x', 'y', 'z'].map((id) => ({
    id,
    name: id,
    kind: 'venue',
    capacity: 5,
    polygons: null,
    cells: [id],
  }));
  await store.saveRegions(regions, () => []);
  const gauges = makeGauges(startUs, 30, 3, 30_000_000);
  const stays = makeStays(50, startUs);
  give.gauges(gauges);
  give.stays(stays);
  await store.flush();
  for (const [table, key, columns] of [
    ['cell_gauge', 'cell_id', gauges.cells],
    ['region_gauge', 'id', gauges.regions],
  ] as const) {
    const join = table === 'region_gauge' ? 'join micro_region using (region_id)' : '';
    const rows = await store.sql(
      `select ts, every_ms, ${key} as id, present, fresh5, entries, exits, appeared, vanished, visitors
       from ${table} ${join} order by ${key}`,
    );
    const { n, ...arrays } = columns;
    const expected = Array.from({ length: n }, (_, i) => ({
      ts: startUs,
      every_ms: 30_000,
      ...Object.fromEntries(Object.entries(arrays).map(([name, values]) => [name, values[i]])),
    }));
    if (table === 'region_gauge') for (const [i, row] of expected.entries()) Object.assign(row, { id: regions[i].id });
    expect(rows).toEqual(expected);
  }
  expect(await store.sql('select * from city_gauge')).toEqual([
    { ts: startUs, every_ms: 30_000, present: gauges.present, events_kept: true, events_one_in: 1 },
  ]);
  const rows = await store.sql('select *, sub::text as sub from stay order by first_out');
  expect(rows).toEqual(
    Array.from({ length: stays.n }, (_, i) => ({
      to_cell: stays.toCell![i] === 0xffffffff ? -1 : stays.toCell![i],
      first_in: stays.firstInUs[i],
      last_in: stays.lastInUs[i],
      first_out: stays.firstOutUs[i],
      sub: signed(stays.subLo[i], stays.subHi[i]),
      cell_id: stays.cell[i],
      plmn: stays.plmn[i],
      events: stays.events[i],
    })),
  );
});

test('origins, trips and dwell of an interval stand under the regions’ surrogates', async () => {
  const u4 = (...values: number[]) => Uint32Array.from(values);
  const atUs = startUs + 86_400_000_000;
  give.gauges({
    ...makeGauges(atUs, 0, 0, 30_000_000),
    origins: { n: 2, region: u4(0, 2), class: u4(1, 0), country: u4(110, 0), mcc: u4(460, 0), present: u4(7, 0) },
    places: {
      ...{ n: 2, region: u4(0, 2), class: u4(6, 3), country: u4(110, 5), mcc: u4(310, 460), present: u4(4, 9) },
      ...{ plmn: u4(635_290, 0), area: u4(0, 755) },
    },
    flows: { n: 1, from: u4(1), to: u4(0), count: u4(5) },
    dwell: { n: 1, region: u4(1), bucket: u4(63), observed: u4(2), upper: u4(1) },
  });
  await store.flush();
  const ids = await store.sql<{ id: string; region_id: number }>('select id, region_id from micro_region');
  const surrogate = (id: string) => ids.find((row) => row.id === id)!.region_id;
  expect(await store.sql(`select * from origin_gauge order by class desc`)).toEqual([
    { ts: atUs, region_id: 0, every_ms: 30_000, present: 7, mcc: 460, country: 110, class: 1 },
    { ts: atUs, region_id: surrogate('y'), every_ms: 30_000, present: 0, mcc: 0, country: 0, class: 0 },
  ]);
  const place = { ts: atUs, every_ms: 30_000 };
  expect(await store.sql(`select * from origin_place order by present`)).toEqual([
    { ...place, region_id: 0, present: 4, plmn: 635_290, mcc: 310, country: 110, class: 6, area: 0 },
    { ...place, region_id: surrogate('y'), present: 9, plmn: 0, mcc: 460, country: 5, class: 3, area: 755 },
  ]);
  const origins = namedQuery('day-origins');
  const day = [new Date(atUs / 1000).toISOString(), new Date(atUs / 1000 + 86_400_000).toISOString()];
  const quarters = await store.sql<Record<'class' | 'present' | 'present_max', number>>(origins, [0, ...day]);
  expect(quarters.map(({ class: kind, present, present_max }) => [kind, present, present_max])).toEqual([[1, 7, 7]]);
  // Who has come the day before and stays has no row of the next day.
  const next = [1, 2].map((days) => new Date(atUs / 1000 + days * 86_400_000).toISOString());
  const carried = await store.sql<Record<'bucket' | 'class' | 'present', number>>(origins, [0, ...next]);
  expect(carried).toMatchObject([{ bucket: atUs + 86_400_000_000, class: 1, present: 7 }]);
  expect(await store.sql('select * from region_flow')).toEqual([
    { ts: atUs, from_region: surrogate('y'), to_region: surrogate('x'), every_ms: 30_000, count: 5 },
  ]);
  expect(await store.sql('select * from region_dwell')).toEqual([
    { ts: atUs, region_id: surrogate('y'), every_ms: 30_000, observed: 2, upper: 1, bucket: 63 },
  ]);
});

test('rows at times that are none are counted, not stored', async () => {
  const batch = new EventBatch(8);
  for (const us of [Number.NaN, -1, 0, 9e15]) batch.push(us, 1, 1, 1, 0, 1, 1, 0, 4, 0, 0, 0);
  const before = store.status.droppedRows;
  give.events(batch, 0, batch.n);
  await store.flush();
  expect(store.status.droppedRows - before).toBe(4);
});

test('cells come back as they were saved, with ids, sites and parents', async () => {
  const cells = makeCells(300);
  await store.saveCells(cells);
  expect(await store.loadCells()).toEqual(cells);
  await store.saveCells(cells);
  expect(await store.loadCells()).toEqual(cells);
  expect(await store.sql('select count(*) as n from cell')).toEqual([{ n: 300 }]);
});

test('a cell that moves keeps its id and its old version, up to the event clock', async () => {
  const moved = makeCells(300).slice(10, 12);
  give.eventClock(startUs + 3_600_000_000);
  moved[0].cell.lon = 120;
  moved[0].cell.parents = ['branch 9', 'centre 9', 'area', 'hall 9'];
  await store.saveCells(moved);
  const versions = await store.sql('select lon, valid_from, valid_to from cell where cell_id = 10 order by valid_from');
  expect(versions).toEqual([
    { lon: 113.01, valid_from: -Infinity, valid_to: startUs + 3_600_000_000 },
    { lon: 120, valid_from: startUs + 3_600_000_000, valid_to: Infinity },
  ]);
  expect((await store.loadCells())[10]).toEqual(moved[0]);
  expect(await store.sql('select count(*) as n from cell_parent where cell_id in (10, 11)')).toEqual([{ n: 3 }]);
});

test('a cell that turns up while running is stored with the next rows, and in the regions that hold it by then', async () => {
  const cell = { cgi: '460-01-7-7', name: '460-01-7-7', lon: null, lat: null, azimuth: null, radio: 'gsm', site: '' };
  const members: number[] = [];
  await store.saveRegions(
    [{ id: 'later', name: 'later', kind: 'venue', capacity: null, polygons: null, cells: ['460-01-7-*'] }],
    () => members,
  );
  give.addCell(300, cell);
  members.push(300);
  const batch = makeEvents(8, startUs + 7_200_000_000, 1000, 1);
  batch.cell.fill(300);
  give.events(batch, 0, batch.n);
  await store.maintain();
  expect((await store.loadCells())[300]).toEqual({ id: 300, cell });
  expect(await store.sql('select cell_id, valid_from from micro_region_cell')).toEqual([
    { cell_id: 300, valid_from: -Infinity },
  ]);
  const [row] = await store.sql<{ n: number }>('select count(*) as n from event where cell_id = 300');
  expect(row.n).toBe(8);
});
