import { type GateCount, readGates } from '../estimate/gates.ts';
import { readShares, type Shares } from '../estimate/shares.ts';
import type { Log } from '../log.ts';
import type { Region } from '../reference/read-regions.ts';

/** What people are estimated by. */
export interface EstimateInput {
  shares: Shares;
  gates: GateCount[];
}

/**
 * Market shares and gate counts as the command line names them. null: without shares nobody knows how many people a
 * device stands for.
 *
 * @param regions null: not known yet
 * @throws UserError naming file, line and remedy
 */
export async function readEstimateInput(
  { sharesFile, gatesFile }: { sharesFile?: string; gatesFile?: string },
  regions: readonly Region[] | null,
  log: Log,
): Promise<EstimateInput | null> {
  if (sharesFile === undefined) return null;
  const shares = await readShares(sharesFile);
  const gates = gatesFile === undefined ? [] : await readGates(gatesFile);
  if (regions === null) return { shares, gates };
  const known = new Set(regions.map(({ id }) => id));
  for (const id of new Set(gates.map(({ region }) => region)))
    if (!known.has(id)) log('warn', `${gatesFile}: no micro-region has the id ${id} now: its gate counts wait for one`);
  return { shares, gates };
}
