import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { buildFuzzer } from './build.ts';
import type { Job } from './jobs.ts';
import { plantedBugs } from './planted.ts';
import { runInThread } from './threads.ts';

/** What a bug is looked for with, the cheap ones first. */
const jobs: Job[] = [
  { kind: 'checks' },
  { kind: 'damage', part: 0, of: 1, every: 29 },
  { kind: 'mutations', seed: 20261122, inputs: 150_000, part: 0, of: 1 },
];

test.each(plantedBugs)('finds it where $name', { timeout: 120_000 }, async ({ name, found, ...plant }) => {
  const bundle = await buildFuzzer(`planted ${name}`.replace(/\W+/g, '-'), [plant]);
  try {
    for (const job of jobs) {
      const { failure } = await runInThread(bundle, job);
      if (failure === null) continue;
      expect(failure).toMatch(found);
      return;
    }
    expect.fail('none of the jobs has found it');
  } finally {
    rmSync(bundle, { force: true });
  }
});
