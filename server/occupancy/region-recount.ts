import { nowhere, recordWords, wCellFeed } from '../presence/record.ts';
import type { SubscriberTable } from '../presence/subscriber-table.ts';
import type { RegionIndex } from '../reference/region-index.ts';
import type { Occupancy } from './occupancy.ts';
import type { RegionEdit } from './region-edit.ts';

/**
 * Counts changed regions from where everybody is, in one walk over the subscribers: whoever was in one that is gone or
 * changed forgets it, and whoever is in a changed or new one is there since the first sighting of the stay in its cell.
 *
 * @param keys of the notes of each region before
 */
export function recount(
  occupancy: Occupancy,
  table: SubscriberTable,
  options: { before: RegionIndex; after: RegionIndex; edit: RegionEdit; keys: readonly number[]; countsStays: boolean },
): void {
  const { origins, regionStays } = occupancy;
  const { before, after, edit, keys, countsStays } = options;
  sumChanged(occupancy, after, edit);
  const isStay = (region: number) => region < before.drawn && edit.placeOf[region] < 0;
  const left = before.sets.map((set) => (countsStays ? set.filter(isStay) : none));
  const entered = after.sets.map((set) => set.filter((region) => edit.origin[region] < 0));
  const concerned = new Uint8Array(occupancy.cellCapacity);
  for (let cell = 0; cell < concerned.length; cell++) {
    // Cells beyond what an index has grown to are in its empty set.
    const count = left[before.setOf[cell] ?? 0].length + entered[after.setOf[cell] ?? 0].length;
    concerned[cell] = count > 0 ? 1 : 0;
  }
  const { indices, u32 } = table;
  for (let sub = 0; sub < indices; sub++) {
    const cell = u32[sub * recordWords + wCellFeed] & nowhere;
    if (cell === nowhere || concerned[cell] === 0) continue;
    for (const region of left[before.setOf[cell]]) regionStays.forget(sub, keys[region]);
    const group = origins.groupOf(table.origin(sub));
    for (const region of entered[after.setOf[cell]]) {
      origins.addToRegion(region, group, 1);
      if (countsStays && region < after.drawn) regionStays.begin(sub, region, table.sinceUs(sub));
    }
  }
}

const none = new Uint32Array(0);

/** Present of changed regions, from the cells. */
function sumChanged({ areas, cellCapacity }: Occupancy, regions: RegionIndex, { after, origin }: RegionEdit): void {
  const { present } = areas;
  for (let region = 0; region < after; region++) {
    if (origin[region] >= 0) continue;
    const cells = regions.cellsOf(region);
    for (let i = 0; i < cells.length; i++) {
      if (cells[i] < cellCapacity) present[region] += present[after + cells[i]];
    }
  }
}
