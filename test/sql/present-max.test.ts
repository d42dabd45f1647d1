import { afterAll, beforeAll, expect, test } from 'vitest';
import { hourUs, minuteUs, secondUs } from '../../server/clock.ts';
import { makeConfig } from '../../server/config.ts';
import { Counting } from '../../server/core/counting.ts';
import { LogState } from '../../server/core/log-state.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { eventFlag } from '../../server/events/kinds.ts';
import { packPlmn } from '../../server/events/plmn.ts';
import { unheardOf } from '../../server/reference/cell-registry.ts';
import type { Store } from '../../server/store/types.ts';
import { giveTo } from '../store/tools/give.ts';
import { makeTestDatabase, type TestDatabase } from '../store/tools/test-database.ts';

const startUs = Date.UTC(2026, 5, 1, 8) * 1000;
const everyUs = 30 * secondUs;
const hours = 4;
const cells = ['001-01-1-1', '001-01-1-2', '001-01-1-3'].map((cgi, id) => ({ id, cell: unheardOf(cgi) }));
const plmns = [packPlmn(460, 0, 2), packPlmn(440, 10, 2)];
/** [minute, subscriber, cell]: fifty in the first cell from the beginning; forty leave it at 10:50. */
const seen: [number, number, number][] = [];
for (let sub = 0; sub < 50; sub++) {
  seen.push([0, sub, 0], [100, sub, 0]);
  seen.push(sub < 40 ? [170, sub, 1] : [200, sub, 0]);
  if (sub < 5) seen.push([185, sub, 2], [190, sub, 1]);
}
seen.sort((a, b) => a[0] - b[0]);

let base: TestDatabase;
let store: Store;

beforeAll(async () => {
  base = await makeTestDatabase();
  store = await base.open();
  await store.saveCells(cells);
  const give = giveTo(store, []);
  const config = makeConfig({ where: 'test', settings: { homePlmns: '460-00' } });
  const state = new LogState();
  state.apply({ k: 'cells', listed: true, cells });
  const counting = new Counting(
    { ...config, gaugeEveryMs: everyUs / 1000, presenceTtlMs: 5 * 3_600_000 },
    state,
    (_, derived) => {
      if (derived.k === 'gauges') give.gauges(derived.gauges);
    },
  );
  for (const [minute, sub, cell] of seen) {
    const batch = new EventBatch(1);
    const flags = eventFlag.sighting;
    batch.push(startUs + minute * minuteUs, sub + 1, 7, cell, plmns[sub % 2], 0, 0, 0, flags, 0, 0, 0);
    counting.engine.apply(batch, 0, 1);
  }
  counting.engine.advance(startUs + hours * hourUs + 2 * minuteUs);
  give.eventClock(startUs + hours * hourUs);
  await store.maintain();
});
afterAll(async () => {
  await store.close();
  await base.remove();
});

/** The largest count just before the end of an interval of each bucket, straight from the sightings; 0 left out. */
function largest(widthUs: number, keyOf: (sub: number, cell: number) => number): Map<string, number> {
  const most = new Map<string, number>();
  for (let atUs = startUs; atUs < startUs + hours * hourUs; atUs += everyUs) {
    const last = new Map<number, number>();
    for (const [minute, sub, cell] of seen) if (startUs + minute * minuteUs < atUs + everyUs) last.set(sub, cell);
    const counts = new Map<number, number>();
    for (const [sub, cell] of last) counts.set(keyOf(sub, cell), (counts.get(keyOf(sub, cell)) ?? 0) + 1);
    for (const [key, n] of counts) {
      const name = `${Math.floor(atUs / widthUs) * widthUs} ${key}`;
      most.set(name, Math.max(most.get(name) ?? 0, n));
    }
  }
  return most;
}

const mapOf = (rows: { bucket: number; key: number; most: number }[]) =>
  new Map(rows.filter(({ most }) => most > 0).map(({ bucket, key, most }) => [`${bucket} ${key}`, most]));

test('the largest count of a bucket holds who was there all the time, whether a row says so in it or not', async () => {
  for (const [grain, widthUs] of [
    ['15m', 15 * minuteUs],
    ['1h', hourUs],
  ] as const) {
    const own = await store.sql<{ bucket: number; key: number; most: number }>(
      `select bucket, cell_id as key, present_max as most from cell_gauge_${grain} where bucket < $1::timestamptz`,
      [new Date((startUs + hours * hourUs) / 1000).toISOString()],
    );
    expect(mapOf(own), grain).toEqual(largest(widthUs, (_, cell) => cell));
    const origins = await store.sql<{ bucket: number; key: number; most: number }>(
      `select bucket, mcc::integer as key, present_max as most from origin_gauge_${grain}
       where region_id = 0 and bucket < $1::timestamptz`,
      [new Date((startUs + hours * hourUs) / 1000).toISOString()],
    );
    expect(mapOf(origins), grain).toEqual(largest(widthUs, (sub) => [460, 440][sub % 2]));
  }
  const [row] = await store.sql<{ n: number }>('select count(*) as n from cell_gauge');
  // Changes, and a row a quarter and cell: nowhere near every interval.
  expect(row.n).toBeLessThan(100);
});
