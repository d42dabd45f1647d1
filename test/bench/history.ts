import type pg from 'pg';
import { dayUs, hourUs, minuteUs, secondUs } from '../../server/clock.ts';
import { timestampUs, transaction } from '../../server/store/connection.ts';
import { findBuckets } from '../../server/store/history.ts';
import { namedQuery } from '../../server/store/queries.ts';
import { openPlainDatabase } from '../store/tools/plain-database.ts';
import { type Bench, type Figure, median, quantile } from './bench.ts';
import { type FillSize, fillCity, fillTail, tailSeconds } from './history-fill.ts';

const sizes: Record<'full' | 'small', FillSize> = {
  full: { days: 30, denseHours: 26, cells: 10_012, regions: 50 },
  small: { days: 1, denseHours: 1, cells: 40, regions: 2 },
};

/** Midnight in China at which the last day ends. */
const endUs = Date.UTC(2026, 9, 31, 16) * 1000;
/** Up to here there are events; what is behind `endUs` is not aggregated. */
const nowUs = endUs + tailSeconds * secondUs;

interface Case {
  key: string;
  ask: (pool: pg.Pool, i: number) => Promise<unknown>;
}

const asked = (query: string, values: (i: number) => unknown[]) => (pool: pg.Pool, i: number) =>
  pool.query(namedQuery(query), values(i));

function cases({ days, regions }: FillSize): Case[] {
  const at = timestampUs;
  const region = (i: number) => 1 + ((i * 7) % regions);
  const cells = (i: number) => Array.from({ length: 40 }, (_, k) => region(i) * 40 + k);
  const day = { fromUs: nowUs - dayUs, toUs: nowUs, bucketS: 60 };
  return [
    {
      key: 'regionDayByMinute',
      ask: (pool, i) => transaction(pool, (client) => findBuckets(client, `r${region(i)}`, day)),
    },
    {
      key: 'dayOfOrigins',
      ask: asked('day-origins', (i) => [
        i % (regions + 1),
        at(endUs - ((i % days) + 1) * dayUs),
        at(endUs - (i % days) * dayUs),
      ]),
    },
    {
      key: 'pageOfStays',
      ask: asked('cell-stays', (i) => {
        const toUs = endUs - (i % days) * dayUs - (i % 24) * hourUs;
        return [cells(i), at(toUs - 2 * dayUs), at(toUs), 100, at(toUs), 0, 0];
      }),
    },
    { key: 'latestOfCells', ask: asked('latest-cells', () => [at(endUs)]) },
    {
      key: 'hourOfCells',
      ask: asked('hour-of-cells', (i) => [at(endUs - hourUs - (i % 60) * minuteUs), at(endUs - (i % 60) * minuteUs)]),
    },
    {
      key: 'lastHourOfCells',
      ask: asked('hour-of-cells', () => [at(endUs + minuteUs - hourUs), at(endUs + minuteUs)]),
    },
  ];
}

/** Seconds of upkeep until nothing is left to compress: two chunks a run. */
async function keep(store: Awaited<ReturnType<typeof openPlainDatabase>>): Promise<number> {
  const startedMs = performance.now();
  for (let left = Infinity, before = Infinity; left > 0; ) {
    await store.maintain(endUs + secondUs);
    const [{ n }] = await store.sql<{ n: number }>(
      `select count(*) as n from timescaledb_information.chunks where not is_compressed`,
    );
    left = n === before ? 0 : n;
    before = n;
  }
  return (performance.now() - startedMs) / 1000;
}

/** p50 and p95 of each query, one after the other, after a warm-up. */
async function measure(size: FillSize, runs: number, upkeep: boolean): Promise<Figure[]> {
  const store = await openPlainDatabase();
  const figures: Figure[] = [];
  const client = await store.pool.connect();
  try {
    if (process.env.DATABASE_URL !== undefined) await client.query('set statement_timeout = 0');
    const filledMs = performance.now();
    await fillCity(client, size, endUs);
    figures.push({ key: 'history.fillS', value: (performance.now() - filledMs) / 1000, unit: 's' });
    if (upkeep) figures.push({ key: 'history.upkeepS', value: await keep(store), unit: 's' });
    await fillTail(client, size, endUs);
    await client.query(upkeep ? 'vacuum analyze' : 'analyze');
    for (const { key, ask } of cases(size)) {
      const tookMs: number[] = [];
      for (let i = 0; i < runs + 5; i++) {
        const startedMs = performance.now();
        await ask(store.pool, i);
        if (i >= 5) tookMs.push(performance.now() - startedMs);
      }
      figures.push({ key: `history.${key}P50Ms`, value: median(tookMs), unit: 'ms' });
      figures.push({ key: `history.${key}P95Ms`, value: quantile(tookMs, 0.95), unit: 'ms' });
    }
  } finally {
    // Whatever happened: the pool waits for it when it ends.
    client.release();
    await store.remove();
  }
  return figures;
}

export const historyBench: Bench = {
  name: 'history',
  meaning:
    'the queries behind wall and API over 30 days of 10,012 cells; wants DATABASE_URL (the embedded one takes a small city)',
  run: (scale) => {
    const full = scale === 'full' && process.env.DATABASE_URL !== undefined;
    return measure(full ? sizes.full : sizes.small, full ? 200 : 3, full);
  },
};
