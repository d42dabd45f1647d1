/** Looks for a planted bug: first in the world that is known to show it, then in all that may. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../tools/shared-inputs.ts';
import { buildSimulation } from './build.ts';
import type { Report } from './jobs.ts';
import type { PlantedBug } from './planted.ts';
import { runInThread } from './threads.ts';

/** Name of a bug → a seed that shows it; `npm run test:sim -- --planted` writes it. */
export const knownSeedsFile = join(root, 'test', 'sim', 'planted-seeds.json');

export function knownSeeds(): Record<string, number | undefined> {
  return existsSync(knownSeedsFile) ? JSON.parse(readFileSync(knownSeedsFile, 'utf8')) : {};
}

/**
 * What the simulation says of a bug, and in which world; null: none of those in which it must be found shows it.
 *
 * @param known a seed among them that showed it once: it saves the way through those before. Where the worlds have
 *   changed and it shows nothing any more, they are all looked through
 */
export async function findPlanted({ name, plants, within }: PlantedBug, known?: number): Promise<Report['failure']> {
  const bundle = await buildSimulation(`planted ${name}`.replace(/\W+/g, '-'), plants);
  const look = async (from: number, seeds: number) => {
    const job = { from, seeds, part: 0, of: 1, twiceEvery: Number.POSITIVE_INFINITY, trace: false };
    return (await runInThread(bundle, job)).failure;
  };
  try {
    const first = known !== undefined && known < within ? await look(known, 1) : null;
    return first ?? (await look(0, within));
  } finally {
    rmSync(bundle, { force: true });
  }
}
