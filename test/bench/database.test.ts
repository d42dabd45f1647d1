import { expect, test } from 'vitest';
import { historyBench } from './history.ts';
import { pastBench } from './past.ts';
import { storeBench } from './store.ts';

/** With `DATABASE_URL` alone (vitest.config.ts). */
test.each([storeBench, historyBench, pastBench])(
  'the bench $name runs on a real database',
  { timeout: 120_000 },
  async (bench) => {
    const figures = await bench.run('small');
    expect(figures.length).toBeGreaterThan(0);
    for (const { key, value } of figures) expect(Number.isFinite(value), key).toBe(true);
  },
);
