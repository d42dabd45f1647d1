/** Looks for a planted bug: first in the world that is known to show it, then in all that may. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../tools/shared-inputs.ts';
import { buildSimulation } from './build.ts';
import type { Report } from './jobs.ts';
import type { PlantedBug } from './planted.ts';
import { runInThread } from './threads.ts';

/** Worlds in which each bug must be found. */
export const seedsMax = 1_000;
/** Name of a bug → a seed that shows it; `npm run test:sim -- --planted` writes it. */
export const knownSeedsFile = join(root, 'test', 'sim', 'planted-seeds.json');

export function knownSeeds(): Record<string, number | undefined> {
  return existsSync(knownSeedsFile) ? JSON.parse(readFileSync(knownSeedsFile, 'utf8')) : {};
}

/**
 * What the simulation says of a bug, and in which world; null: none of the first 1,000 shows it.
 *
 * @param known a seed below 1,000 that showed it once: it saves the way through those before. Where the worlds have
 *   changed and it shows nothing any more, they are all looked through
 */
export async function findPlanted({ name, plants }: PlantedBug, known?: number): Promise<Report['failure']> {
  const bundle = await buildSimulation(`planted ${name}`.replace(/\W+/g, '-'), plants);
  const look = async (from: number, seeds: number) => {
    const job = { from, seeds, part: 0, of: 1, twiceEvery: Number.POSITIVE_INFINITY, trace: false };
    return (await runInThread(bundle, job)).failure;
  };
  try {
    const first = known !== undefined && known < seedsMax ? await look(known, 1) : null;
    return first ?? (await look(0, seedsMax));
  } finally {
    rmSync(bundle, { force: true });
  }
}
