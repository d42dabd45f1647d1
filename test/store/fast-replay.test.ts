/** Replays that outrun the clock on the wall: nothing that was stored may be missing from the hourly history. */

import type pg from 'pg';
import { afterEach, expect, test } from 'vitest';
import { dayUs, hourUs, minuteUs, systemClock } from '../../server/clock.ts';
import type { EventBatch } from '../../server/events/event-batch.ts';
import { Maintenance } from '../../server/store/maintenance.ts';
import { aheadUsMax } from '../../server/store/periods.ts';
import type { Store } from '../../server/store/types.ts';
import { type Giver, giveTo } from './tools/give.ts';
import { makeCells, makeEvents, makeGauges, startUs } from './tools/synthetic.ts';
import { type Lines, makeTestDatabase, type TestDatabase } from './tools/test-database.ts';
import { countTraffic } from './tools/traffic-oracle.ts';

const members = [4, 5, 6];
let base: TestDatabase | undefined;
let store: Store;
let give: Giver;
let lines: Lines;

async function start(config: Record<string, unknown> = {}): Promise<void> {
  base ??= await makeTestDatabase();
  lines = [];
  store = await base.open({ config, lines });
  await store.saveCells(makeCells(40));
  const region = { id: 'stadium', name: 'stadium', kind: 'venue', capacity: 10, polygons: null, cells: ['*'] };
  await store.saveRegions([region], () => members);
  give = giveTo(store, ['stadium']);
}

afterEach(async () => {
  await store.close();
  await base?.remove();
  base = undefined;
});

/** Two hours of events and hourly gauges, as the hub gives them: in order, with the clock, waiting for room. */
async function replay(fromUs: number, hours: number): Promise<EventBatch[]> {
  const given: EventBatch[] = [];
  for (let hour = 0; hour < hours; hour += 2) {
    const batch = makeEvents(80, fromUs + hour * hourUs, 2 * hourUs, 40, hour * 7);
    given.push(batch);
    give.events(batch, 0, batch.n);
    for (const each of [hour, hour + 1]) give.gauges(makeGauges(fromUs + each * hourUs, 3, 1, hourUs));
    give.eventClock(fromUs + (hour + 2) * hourUs);
    if (!store.room) await store.whenRoom();
    await store.whenReady();
  }
  return given;
}

async function expectHours(batches: EventBatch[]): Promise<void> {
  const expected = countTraffic(batches, hourUs);
  const rows = await store.sql<{ bucket: number; cell_id: number | null }>('select * from cell_traffic_1h');
  const found = new Set(rows.map((row) => `${row.bucket} ${row.cell_id}`));
  const missing = [...expected.keys()].filter((key) => !found.has(key));
  expect([...new Set(missing.map((key) => (Number(key.split(' ')[0]) - startUs) / hourUs))]).toEqual([]);
  expect(rows.length).toBe(expected.size);
  for (const row of rows) expect(row).toEqual(expected.get(`${row.bucket} ${row.cell_id}`));
}

async function expectHistory(fromUs: number, hours: number, batches: EventBatch[]): Promise<void> {
  const traffic = countTraffic(batches, hourUs);
  const history = await store.regionHistory('stadium', fromUs, fromUs + hours * hourUs, 3600);
  for (const [i, atUs] of history.timeUs.entries()) {
    const { present, entries } = makeGauges(atUs, 3, 1, hourUs).regions;
    expect(history.present[i], `hour ${i}`).toBe(present[0]);
    expect(history.entries[i], `hour ${i}`).toBe(entries[0]);
    const units = members.map((cell) => traffic.get(`${atUs} ${cell}`)?.units ?? 0).reduce((a, b) => a! + b!, 0);
    expect(history.traffic[i], `hour ${i}`).toBe(units);
  }
}

test('twelve days pushed through as fast as they go have every hour of their traffic and gauges, and drop their old events', async () => {
  await start();
  const hours = 12 * 24;
  const given = await replay(startUs, hours);
  await store.maintain();
  await expectHours(given);
  await expectHistory(startUs, hours, given);
  const [{ days }] = await store.sql<{ days: number }>(
    'select extract(epoch from max(ts) - min(ts))::float8 / 86400 as days from event',
  );
  expect(days).toBeLessThan(7.5);
  expect(lines.filter((line) => /^(warn|error)/.test(line))).toEqual([]);
});

test('feeds wait while the event clock is far ahead of what has been refreshed, and go on when it has been', async () => {
  await start();
  await replay(startUs, 4);
  await store.flush();
  await store.maintain();
  expect(store.room).toBe(true);
  const batch = makeEvents(50, startUs + aheadUsMax + 6 * hourUs, minuteUs);
  give.events(batch, 0, batch.n);
  give.eventClock(batch.timeUs[batch.n - 1] + 1);
  expect(store.room).toBe(false);
  await store.whenRoom();
  expect(store.room).toBe(true);
  const [{ n }] = await store.sql<{ n: number }>(`select count(*) as n from event where ts >= '2026-06-08'`);
  expect(n).toBe(50);
});

test('the clock leaps over half a year, while running and between two runs: each side keeps its hours', async () => {
  await start();
  const first = await replay(startUs, 6);
  const second = await replay(startUs + 180 * dayUs, 6);
  await store.flush();
  await store.close();
  await start();
  const third = await replay(startUs + 400 * dayUs, 6);
  const rows = await store.sql<{ n: number }>('select count(*) as n from event');
  await store.maintain();
  await store.maintain();
  expect(rows[0].n).toBeGreaterThan(0);
  await expectHours([...first, ...second, ...third]);
  const [{ hours }] = await store.sql<{ hours: number }>('select count(distinct bucket) as hours from region_gauge_1h');
  expect(hours).toBe(18);
});

test('an older replay after a newer one is aggregated too, before its events go', async () => {
  await start();
  const newer = await replay(startUs, 10 * 24);
  await store.maintain();
  const older = await replay(startUs - 60 * dayUs, 24);
  await store.maintain();
  await expectHours([...newer, ...older]);
});

test('rows of a time that has been dropped take nothing away from its aggregates, and are told of once', async () => {
  await start();
  const given = await replay(startUs, 10 * 24);
  await store.maintain();
  for (let i = 0; i < 3; i++) {
    const late = makeEvents(10, startUs + i * hourUs, minuteUs);
    give.events(late, 0, late.n);
    await store.maintain();
  }
  await expectHours(given);
  expect(lines.filter((line) => line.includes('event_traffic_1m is without them'))).toHaveLength(1);
});

test('nothing is dropped or compressed while it can not be refreshed', async () => {
  await start();
  await store.sql('alter materialized view event_traffic_1h rename to away');
  const batch = makeEvents(100, startUs, 2 * hourUs);
  give.events(batch, 0, batch.n);
  give.eventClock(startUs + 30 * dayUs);
  await expect(store.maintain()).rejects.toThrow(/event_traffic_1h/);
  await store.sql('alter materialized view away rename to event_traffic_1h');
  expect(await store.sql('select count(*) as n from event')).toEqual([{ n: 100 }]);
  await store.maintain();
  expect(await store.sql('select count(*) as n from event')).toEqual([{ n: 0 }]);
  await expectHours([batch]);
});

test('rows that come between the refresh of the minutes and that of the hours are in both', async () => {
  await start();
  const first = makeEvents(100, startUs, hourUs);
  const between = makeEvents(100, startUs + 3 * hourUs, hourUs, 40, 500);
  const late = makeEvents(50, startUs, hourUs, 40, 900);
  const storeNow = async (batch: EventBatch) => {
    give.events(batch, 0, batch.n);
    await store.flush();
    // The facts of subscribers want transactions, which this pool has not.
    await store.sql('delete from fact_dirty');
    maintenance.touched('event', batch.timeUs[0]);
  };
  // No event clock is given to the store, so that its own upkeep rests.
  let interrupted = false;
  const query = async (text: string, values: unknown[]) => {
    const rows = await store.sql(text, values);
    if (text.includes('event_traffic_1m') && !interrupted) {
      interrupted = true;
      await storeNow(between);
      await storeNow(late);
      maintenance.advance(startUs + 5 * hourUs);
    }
    return { rows };
  };
  const maintenance = new Maintenance({
    pool: { query } as unknown as pg.Pool,
    embedded: true,
    jobs: 'none',
    timeZone: 'Asia/Shanghai',
    clock: systemClock,
    log: () => undefined,
    onChange: () => undefined,
  });
  // Nor is anything carried on: that has been done for ever.
  await store.sql(
    `insert into meta (key, value) values ('carried.identity_told', '9e15 63'), ('carried.serving_told', '9e15 63')`,
  );
  await storeNow(first);
  maintenance.advance(startUs + 2 * hourUs);
  await maintenance.runNow();
  await maintenance.runNow();
  expect(interrupted).toBe(true);
  await expectHours([first, between, late]);
});

test('traffic is known where events were not stored, and unknown, not zero, where they went before they were aggregated', async () => {
  const traffic = async (fromUs: number, hours: number) =>
    (await store.regionHistory('stadium', fromUs, fromUs + hours * hourUs, 3600)).traffic;
  await start({ keepEvents: 'off' });
  await replay(startUs, 4);
  await store.flush();
  await store.close();
  await start();
  await replay(startUs + 4 * hourUs, 4);
  await store.maintain();
  expect((await store.sql<{ n: number }>('select count(distinct ts) as n from event'))[0].n).toBeGreaterThan(0);
  const known = await traffic(startUs, 8);
  for (const units of known) expect(units).toBeGreaterThan(0);
  // A quiet hour that was counted is zero.
  give.gauges(makeGauges(startUs + 8 * hourUs, 3, 1, hourUs));
  give.eventClock(startUs + 9 * hourUs);
  await store.maintain();
  expect(await traffic(startUs + 8 * hourUs, 1)).toEqual([0]);
  // Somebody else drops chunks that were never refreshed.
  await replay(startUs + 20 * hourUs, 4);
  await store.flush();
  await store.sql(`select drop_chunks('event', older_than => '2100-01-01'::timestamptz)`);
  expect(await traffic(startUs + 20 * hourUs, 4)).toEqual([null, null, null, null]);
});
