import { nowhere } from '../presence/record.ts';
import type { SubscriberTable } from '../presence/subscriber-table.ts';
import type { RegionIndex } from '../reference/region-index.ts';
import type { Occupancy } from './occupancy.ts';
import type { RegionEdit } from './region-edit.ts';
import { exitBit } from './region-trips.ts';
import type { SubscriberNotes } from './subscriber-notes.ts';

/**
 * Counts changed regions from where everybody is, in one walk over the subscribers: their notes get the regions' new
 * places or go with them, and whoever is in a changed region is there since the first sighting of the stay in its cell.
 */
export function recount(
  occupancy: Occupancy,
  table: SubscriberTable,
  regions: RegionIndex,
  edit: RegionEdit,
  countsStays: boolean,
): void {
  const { notes, origins, regionStays } = occupancy;
  sumChanged(occupancy, regions, edit);
  const keepsNotes = edit.placeOf.every((place, region) => place === region);
  const changed = regions.sets.map((set) => set.filter((region) => edit.origin[region] < 0));
  const { setOf } = regions;
  const { indices } = table;
  for (let sub = 0; sub < indices; sub++) {
    if (!keepsNotes) moveNotes(notes, sub, edit.placeOf);
    const cell = table.cell(sub);
    if (cell === nowhere) continue;
    const entered = changed[setOf[cell]];
    if (entered.length === 0) continue;
    const group = origins.groupOf(table.origin(sub));
    for (let i = 0; i < entered.length; i++) {
      origins.addToRegion(entered[i], group, 1);
      if (countsStays) regionStays.begin(sub, entered[i], table.sinceUs(sub));
    }
  }
}

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

function moveNotes(notes: SubscriberNotes, sub: number, placeOf: Int32Array): void {
  for (let note = notes.firstOf(sub); note !== 0; ) {
    const next = notes.nextOf(note);
    const key = notes.keyOf(note);
    if (key < exitBit) {
      if (placeOf[key] < 0) notes.drop(sub, note);
      else notes.set(note, placeOf[key], notes.valueOf(note));
    }
    note = next;
  }
}
