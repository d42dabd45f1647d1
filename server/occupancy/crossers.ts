import type { EventBatch } from '../events/event-batch.ts';
import { nowhere, recordWords, wCellFeed } from '../presence/record.ts';
import type { SubscriberTable } from '../presence/subscriber-table.ts';
import type { RegionIndex } from '../reference/region-index.ts';

interface Rows {
  table: SubscriberTable;
  regions: RegionIndex;
  /** The rows' subscribers; -1: unknown. */
  indices: Int32Array;
  n: number;
  /** Takes the result. */
  into: Int32Array;
}

/** Those of `n` rows of the batch from `from` on who are about to enter or leave a region; returns how many. */
export function crossersOf({ table, regions, indices, n, into }: Rows, { cell }: EventBatch, from: number): number {
  const { u32 } = table;
  const { setOf } = regions;
  const known = setOf.length;
  let found = 0;
  for (let i = 0; i < n; i++) {
    const index = indices[i];
    if (index < 0) continue;
    const before = u32[index * recordWords + wCellFeed] & nowhere;
    const after = cell[from + i];
    if (before === after || after >= known) continue;
    if ((before < known ? setOf[before] : 0) !== setOf[after]) into[found++] = index;
  }
  return found;
}
