import type { EventBatch } from '../events/event-batch.ts';
import { nowhere, recordWords, wCellFeed } from '../presence/record.ts';
import type { SubscriberTable } from '../presence/subscriber-table.ts';
import type { RegionIndex } from '../reference/region-index.ts';

interface Rows {
  table: SubscriberTable;
  regions: RegionIndex;
  /** The rows' subscribers. */
  indices: Int32Array;
  /** Rows × 4 whose subscribers are about to be seen in other cells, and how many. */
  movers: Uint32Array;
  n: number;
  /** Takes the result. */
  into: Int32Array;
}

/** Those of some rows of the batch behind `from` who are about to enter or leave a region; returns how many. */
export function crossersOf(
  { table, regions, indices, movers, n, into }: Rows,
  { cell }: EventBatch,
  from: number,
): number {
  const { u32 } = table;
  const { setOf } = regions;
  const known = setOf.length;
  let found = 0;
  for (let i = 0; i < n; i++) {
    const row = movers[i] >> 2;
    const index = indices[row];
    const before = u32[index * recordWords + wCellFeed] & nowhere;
    const after = cell[from + row];
    if (after >= known) continue;
    if ((before < known ? setOf[before] : 0) !== setOf[after]) into[found++] = index;
  }
  return found;
}
