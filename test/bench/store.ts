import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { minuteUs, systemClock } from '../../server/clock.ts';
import { makeConfig } from '../../server/config.ts';
import type { EventBatch } from '../../server/events/event-batch.ts';
import { openStore } from '../../server/store/open-store.ts';
import type { Store } from '../../server/store/types.ts';
import { type Giver, giveTo } from '../store/tools/give.ts';
import { makeCells, makeEvents, makeGauges, startUs } from '../store/tools/synthetic.ts';
import { putDatabase } from '../store/tools/test-database.ts';
import { type Bench, type Figure, quantile } from './bench.ts';

const cells = 10_012;
const regions = 50;
const rowsPerMinute = 20_000;

/** Milliseconds between ticks of a 5 ms timer, beyond 5: what the main thread feels of the database. */
function watchLoop(): () => number[] {
  const delaysMs: number[] = [];
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    delaysMs.push(Math.max(0, nowMs - lastMs - 5));
    lastMs = nowMs;
  }, 5);
  return () => {
    clearInterval(timer);
    return delaysMs;
  };
}

async function feed(store: Store, give: Giver, batches: EventBatch[]): Promise<void> {
  for (const batch of batches) {
    await store.whenReady();
    give.events(batch);
  }
  await store.flush();
}

/**
 * The whole writer on the database of `DATABASE_URL`, else on a new embedded one.
 *
 * @param made the embedded one is a copy of one that is made already
 */
async function measure(minutes: number, made: boolean): Promise<Figure[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sw-bench-'));
  const databaseUrl = process.env.DATABASE_URL;
  const seconds = async (work: () => Promise<unknown>) => {
    const startedMs = performance.now();
    await work();
    return (performance.now() - startedMs) / 1000;
  };
  let store: Store | undefined;
  try {
    const open = () =>
      openStore({
        ...(databaseUrl === undefined ? {} : { databaseUrl }),
        dataDir,
        network: 'sim',
        config: makeConfig(),
        clock: systemClock,
        log: () => undefined,
        progress: () => undefined,
      });
    if (made && databaseUrl === undefined) await putDatabase(dataDir, 'sim');
    const openS = await seconds(async () => {
      store = await open();
    });
    await store!.close();
    const reopenS = await seconds(async () => {
      store = await open();
    });
    const opened = store!;
    await opened.saveCells(makeCells(cells));
    const region = (i: number) => ({
      id: `r${i}`,
      name: `r${i}`,
      kind: 'venue',
      capacity: null,
      polygons: null,
      cells: [],
    });
    await opened.saveRegions(
      Array.from({ length: regions }, (_, i) => region(i)),
      (i) => Array.from({ length: 40 }, (_, k) => i * 40 + k),
    );
    const ids = Array.from({ length: regions }, (_, i) => `r${i}`);
    const give = giveTo(opened, ids, `bench ${systemClock.nowUs()}`);
    const batches = Array.from({ length: minutes }, (_, i) =>
      makeEvents(rowsPerMinute, startUs + i * minuteUs, minuteUs, cells, i * rowsPerMinute),
    );
    const stopWatching = watchLoop();
    const eventS = await seconds(() => feed(opened, give, batches));
    const delaysMs = stopWatching();
    const gaugeS = await seconds(async () => {
      for (let i = 0; i < minutes; i++) {
        await opened.whenReady();
        give.gauges(makeGauges(startUs + i * minuteUs, cells, regions));
      }
      await opened.flush();
    });
    give.eventClock(startUs + minutes * minuteUs);
    const refreshS = await seconds(() => opened.maintain());
    const endUs = startUs + minutes * minuteUs;
    const historyS = await seconds(() => opened.regionHistory('r1', startUs, endUs, 60));
    return [
      { key: 'store.eventRowsPerS', value: (minutes * rowsPerMinute) / eventS, unit: 'rows/s' },
      { key: 'store.gaugeRowsPerS', value: (minutes * (cells + regions + 1)) / gaugeS, unit: 'rows/s' },
      { key: 'store.mainLoopDelayP99Ms', value: quantile(delaysMs, 0.99), unit: 'ms' },
      { key: 'store.refreshMsPerMinute', value: (refreshS * 1000) / minutes, unit: 'ms' },
      { key: 'store.historyMs', value: historyS * 1000, unit: 'ms' },
      { key: 'store.openNewS', value: openS, unit: 's' },
      { key: 'store.openAgainS', value: reopenS, unit: 's' },
    ];
  } finally {
    await store?.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

export const storeBench: Bench = {
  name: 'store',
  meaning: `events, gauges of ${cells.toLocaleString('en')} cells, refresh and history through the store; embedded unless DATABASE_URL is set`,
  run: (scale) => (scale === 'full' ? measure(30, false) : measure(1, true)),
};
