import { nowhere, recordWords, wCellFeed } from '../presence/record.ts';
import type { SubscriberTable } from '../presence/subscriber-table.ts';
import type { RegionIndex } from '../reference/region-index.ts';
import type { Occupancy } from './occupancy.ts';
import type { RegionEdit } from './region-edit.ts';
import type { EditedStays } from './region-stays.ts';

/** Columns of the regions after an edit, made beside those that are shown meanwhile. */
export interface Recount {
  /** Present by region and origin group. */
  readonly byOrigin: Uint32Array;
  /** Null: stays are not counted. */
  readonly stays: EditedStays | null;
}

/** Subscribers looked at before the event loop may have its turn: about a millisecond where all are concerned. */
const subsAtOnce = 4096;

/**
 * Counts changed regions from where everybody is, in one walk over the subscribers: whoever was in one that is gone or
 * changed forgets it, and whoever is in a changed or new one is there since the first sighting of the stay in its cell.
 */
export function* recounting(
  { cellCapacity, origins, regionStays }: Occupancy,
  table: SubscriberTable,
  options: { before: RegionIndex; after: RegionIndex; edit: RegionEdit; countsStays: boolean },
): Generator<void, Recount> {
  const { before, after, edit, countsStays } = options;
  const byOrigin = origins.edited(edit);
  const stays = countsStays ? regionStays.edited(edit) : null;
  const { groupCapacity } = origins;
  const isStay = (region: number) => region < before.drawn && edit.placeOf[region] < 0;
  const left = before.sets.map((set) => (countsStays ? set.filter(isStay) : none));
  const entered = after.sets.map((set) => set.filter((region) => edit.origin[region] < 0));
  const concerned = new Uint8Array(cellCapacity);
  for (let cell = 0; cell < concerned.length; cell++) {
    // Cells beyond what an index has grown to are in its empty set.
    const count = left[before.setOf[cell] ?? 0].length + entered[after.setOf[cell] ?? 0].length;
    concerned[cell] = count > 0 ? 1 : 0;
  }
  const { indices, u32 } = table;
  for (let sub = 0; sub < indices; sub++) {
    if (sub % subsAtOnce === 0) yield;
    const cell = u32[sub * recordWords + wCellFeed] & nowhere;
    if (cell === nowhere || concerned[cell] === 0) continue;
    for (const region of left[before.setOf[cell]]) regionStays.forget(sub, region);
    const group = origins.groupOf(table.origin(sub));
    for (const region of entered[after.setOf[cell]]) {
      byOrigin[region * groupCapacity + group]++;
      if (stays !== null && region < after.drawn) regionStays.beginIn(stays, sub, region, table.sinceUs(sub));
    }
  }
  return { byOrigin, stays };
}

const none = new Uint32Array(0);

/** Everybody's origin by city and region, where nobody is counted yet. */
export function countOrigins({ origins, regions: { sets, setOf } }: Occupancy, table: SubscriberTable): void {
  for (let sub = 0; sub < table.indices; sub++) {
    const cell = table.cell(sub);
    if (cell === nowhere) continue;
    const group = origins.groupOf(table.origin(sub));
    origins.addToCity(group, 1);
    for (const region of sets[setOf[cell] ?? 0]) origins.addToRegion(region, group, 1);
  }
}

/** Present of changed regions, from the cells. */
export function sumChanged({ areas, cellCapacity }: Occupancy, regions: RegionIndex, edit: RegionEdit): void {
  const { after, origin } = edit;
  const { present } = areas;
  for (let region = 0; region < after; region++) {
    if (origin[region] >= 0) continue;
    const cells = regions.cellsOf(region);
    for (let i = 0; i < cells.length; i++) {
      if (cells[i] < cellCapacity) present[region] += present[after + cells[i]];
    }
  }
}
