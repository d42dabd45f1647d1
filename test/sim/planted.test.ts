import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { buildSimulation } from './build.ts';
import { plantedBugs } from './planted.ts';
import { runInThread } from './threads.ts';

test.each(plantedBugs)('finds within 1,000 seeds that $name', { timeout: 120_000 }, async ({ name, plants }) => {
  const bundle = await buildSimulation(`planted ${name}`.replace(/\W+/g, '-'), plants);
  try {
    const job = { from: 0, seeds: 1_000, part: 0, of: 1, twiceEvery: 1_000_000, trace: false };
    const { failure } = await runInThread(bundle, job);
    expect(failure, 'none of the seeds has found it').not.toBeNull();
  } finally {
    rmSync(bundle, { force: true });
  }
});
