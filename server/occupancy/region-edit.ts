import type { RegionIndex } from '../reference/region-index.ts';

/**
 * What an edit of the micro-regions does to their places. A region with the same id and the same cells is unchanged,
 * wherever it stands in the list; every other one counts anew.
 */
export interface RegionEdit {
  /** Regions before and after. */
  readonly before: number;
  readonly after: number;
  /** By place before: the place after; -1: the region is gone or changed. */
  readonly placeOf: Int32Array;
  /** By place after: the place before; -1: the region is new or changed. */
  readonly origin: Int32Array;
  /** By place after: the place before of the region with the same id, changed or not; -1: the region is new. */
  readonly namesake: Int32Array;
}

export function editOf(before: RegionIndex, after: RegionIndex): RegionEdit {
  const places = new Map(before.regions.map(({ id }, place) => [id, place]));
  const namesake = Int32Array.from(after.regions, ({ id }) => places.get(id) ?? -1);
  const placeOf = new Int32Array(before.regions.length).fill(-1);
  const origin = namesake.map((place, region) => {
    if (place < 0 || !sameCells(before.cellsOf(place), after.cellsOf(region))) return -1;
    placeOf[place] = region;
    return place;
  });
  return { before: before.regions.length, after: after.regions.length, placeOf, origin, namesake };
}

/** A column of `width` numbers a region after the edit; those of changed regions are 0. */
export function remapped(column: Uint32Array, edit: RegionEdit, width = 1): Uint32Array {
  return remappedFrom(column, edit.origin, width);
}

/** @param from by place after: the place before, or -1 */
export function remappedFrom(column: Uint32Array, from: Int32Array, width = 1): Uint32Array {
  const out = new Uint32Array(from.length * width);
  from.forEach((place, region) => {
    if (place >= 0) out.set(column.subarray(place * width, (place + 1) * width), region * width);
  });
  return out;
}

/** The same of a ring of steps, each with a number a region. */
export function remappedRing(ring: Uint32Array, edit: RegionEdit, steps: number): Uint32Array {
  const { before, after, origin } = edit;
  const out = new Uint32Array(steps * after);
  for (let from = 0, to = 0; from < after; from = to) {
    // Most regions keep their neighbours: these are copied together.
    for (to = from + 1; to < after && origin[from] >= 0 && origin[to] === origin[to - 1] + 1; ) to++;
    if (origin[from] < 0) continue;
    for (let step = 0; step < steps; step++) {
      const place = step * before + origin[from];
      out.set(ring.subarray(place, place + to - from), step * after + from);
    }
  }
  return out;
}

/** What tells a region with its cells from others: its id, and a digest of the ids of its cells in any order. */
export function identityOf(regions: RegionIndex): string[] {
  return regions.regions.map(({ id }, region) => {
    const cells = regions.cellsOf(region);
    const digest = cells.reduce((sum, cell) => (sum + Math.imul(cell + 1, 0x9e3779b1)) >>> 0, 0);
    return `${id} ${cells.length} ${digest}`;
  });
}

function sameCells(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  const known = new Set(a);
  return b.every((cell) => known.has(cell));
}
