import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { buildFuzzer } from './build.ts';
import { plantedSequenceBugs } from './planted-sequences.ts';
import { runInThread } from './threads.ts';

test.each(plantedSequenceBugs)('finds it where $name', { timeout: 120_000 }, async ({ name, plants, found }) => {
  const bundle = await buildFuzzer(`planted ${name}`.replace(/\W+/g, '-'), plants);
  try {
    const job = { kind: 'sequences', seed: 20261122, sequences: 3_000, part: 0, of: 1 } as const;
    const { failure } = await runInThread(bundle, job);
    expect(failure).toMatch(found);
  } finally {
    rmSync(bundle, { force: true });
  }
});
