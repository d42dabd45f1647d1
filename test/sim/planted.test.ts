import { expect, test } from 'vitest';
import { findPlanted, knownSeeds } from './find-planted.ts';
import { plantedBugs } from './planted.ts';

const known = knownSeeds();

test.each(plantedBugs)('finds within $within seeds that $name', { timeout: 300_000 }, async (bug) => {
  const failure = await findPlanted(bug, known[bug.name]);
  expect(failure, 'none of the seeds has found it').not.toBeNull();
  expect(failure!.seed).toBeLessThan(bug.within);
});
