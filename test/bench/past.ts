import { dayUs, minuteUs } from '../../server/clock.ts';
import { readRegionPast } from '../../server/store/region-past.ts';
import { pastParts } from '../../shared/protocol.ts';
import { openPlainDatabase, type PlainDatabase } from '../store/tools/plain-database.ts';
import { fakeLayout } from '../tools/fake-view.ts';
import { startTestServer } from '../tools/push-server.ts';
import type { Bench, Figure } from './bench.ts';
import { fillPast, type PastSize } from './past-fill.ts';

interface Size extends PastSize {
  /** Cells of the regions that are drawn: a typical one, and a large one. */
  readonly typical: number;
  readonly large: number;
}

const sizes: Record<'full' | 'small', Size> = {
  // 1.2 million stays a day.
  full: { days: 60, subscribers: 160_000, cells: 10_012, typical: 40, large: 1000 },
  small: { days: 2, subscribers: 40, cells: 40, typical: 2, large: 8 },
};

/** Midnight in China at which the last day ends. */
const endUs = Date.UTC(2026, 9, 31, 16) * 1000;

/** What the database has written aside while it sorted, MiB. */
async function spilledMiB(database: PlainDatabase): Promise<number> {
  await database.sql('select pg_stat_clear_snapshot()');
  const [{ bytes }] = await database.sql<{ bytes: number }>(
    'select temp_bytes as bytes from pg_stat_database where datname = current_database()',
  );
  return bytes / 2 ** 20;
}

/** `GET /api/regions/ID/past` of all days, by the hour: what it answers to who names no part, and each part alone. */
async function measure(size: Size): Promise<Figure[]> {
  const database = await openPlainDatabase();
  const regions = { typical: size.typical, large: size.large };
  const first = Math.floor(size.cells / 4);
  const cellsOf = (place: number) => Array.from({ length: Object.values(regions)[place] }, (_, i) => first + i);
  const zone = {
    timeZone: 'Asia/Shanghai',
    holdDownMs: 60_000,
    tripMs: 1_800_000,
    ...{ presenceTtlMs: 7_200_000, presenceTtlByLac: '' },
  };
  const it = await startTestServer({
    cellsOf,
    store: {
      regionPast: (id, question) => readRegionPast(database.pool, id, question, zone),
      sql: (text, values) => database.sql(text, values),
    },
  });
  const layout = fakeLayout(size.cells, 2);
  it.layout = {
    ...layout,
    regions: layout.regions.map((region, i) => ({ ...region, id: Object.keys(regions)[i] })),
  };
  it.view.clockUs = endUs + minuteUs;
  const figures: Figure[] = [];
  try {
    const filledMs = performance.now();
    const client = await database.pool.connect();
    await fillPast(client, size, endUs);
    client.release();
    await database.sql('vacuum analyze');
    figures.push({ key: 'past.fillS', value: (performance.now() - filledMs) / 1000, unit: 's' });
    for (const id of Object.keys(regions)) {
      const before = await spilledMiB(database);
      for (const name of [...pastParts, 'all']) {
        const startedMs = performance.now();
        const query = new URLSearchParams({ from: String(endUs - size.days * dayUs), to: String(endUs) });
        if (name !== 'all') query.set('of', name);
        const answer = await fetch(`http://127.0.0.1:${it.server.port}/api/regions/${id}/past?${query}`);
        const bytes = (await answer.arrayBuffer()).byteLength;
        if (answer.status !== 200)
          throw new Error(`${name} of ${id}: ${answer.status} after ${performance.now() - startedMs} ms`);
        figures.push({ key: `past.${id}.${name}S`, value: (performance.now() - startedMs) / 1000, unit: 's' });
        if (name === 'all') figures.push({ key: `past.${id}.answerBytes`, value: bytes, unit: 'bytes' });
      }
      figures.push({ key: `past.${id}.spilledMiB`, value: (await spilledMiB(database)) - before, unit: 'MiB' });
    }
  } finally {
    await it.server.close();
    await database.remove();
  }
  return figures;
}

export const pastBench: Bench = {
  name: 'past',
  meaning:
    'the last 60 days of regions of 40 and 1,000 cells drawn today, end to end, in a city of 1.2 million stays a day; wants DATABASE_URL (the embedded one takes a small city)',
  run: (scale) => measure(scale === 'full' && process.env.DATABASE_URL !== undefined ? sizes.full : sizes.small),
};
