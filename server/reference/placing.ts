import Flatbush from 'flatbush';
import { UserError } from '../errors.ts';
import type { CellRegistry } from './cell-registry.ts';
import { boxOf, inPolygon } from './geometry.ts';
import type { Region } from './read-regions.ts';

/** Corners looked at, or cells found, before others have their turn: about a millisecond. */
const sliceWork = 100_000;

/** The regions of each cell known now, ascending, by cell id. */
export type Placed = readonly (readonly number[])[];

/**
 * Works out which micro-regions each known cell is in, a slice at a time: exact CGIs are looked up, prefixes too (cells
 * in order of their names), and a polygon is held against the cells in its box.
 *
 * @param membersMax so many times a cell in a region; REGIONS_TOO_LARGE once there are more
 */
export function* placing(
  regions: readonly Region[],
  registry: CellRegistry,
  named = '',
  membersMax = Number.POSITIVE_INFINITY,
): Generator<void, Placed> {
  const found: number[][] = Array.from({ length: registry.count }, () => []);
  const byName = new CellsByName(registry, found.length);
  const byPlace = new CellsByPlace(registry, found.length);
  let members = 0;
  let work = 0;
  const put = (id: number, region: number) => {
    // A cell may lie in two polygons of one region, or be named twice.
    if (found[id].at(-1) === region) return;
    found[id].push(region);
    work++;
    if (++members <= membersMax) return;
    const most = `more than ${membersMax} times a cell in a region`;
    throw new UserError('REGIONS_TOO_LARGE', `${named}${most}: leave out regions, or draw them smaller`);
  };
  for (let region = 0; region < regions.length; region++) {
    const { cells, polygons } = regions[region];
    for (const cell of cells ?? []) {
      if (cell.endsWith('*')) for (const id of byName.startingWith(cell.slice(0, -1))) put(id, region);
      else if (registry.find(cell) >= 0 && registry.find(cell) < found.length) put(registry.find(cell), region);
      if (++work < sliceWork) continue;
      yield;
      work = 0;
    }
    for (const polygon of cells === null ? (polygons ?? []) : []) {
      const corners = polygon.reduce((sum, ring) => sum + ring.length, 0);
      for (const id of byPlace.within(boxOf(polygon))) {
        const { lon, lat } = registry.info(id);
        if (inPolygon(polygon, lon!, lat!)) put(id, region);
        work += corners;
        if (work < sliceWork) continue;
        yield;
        work = 0;
      }
    }
  }
  return found;
}

/** The first cells of a registry in order of their CGIs, made when first asked for. */
class CellsByName {
  readonly #registry: CellRegistry;
  readonly #count: number;
  #names: string[] | null = null;

  constructor(registry: CellRegistry, count: number) {
    this.#registry = registry;
    this.#count = count;
  }

  *startingWith(prefix: string): Generator<number> {
    this.#names ??= Array.from({ length: this.#count }, (_, id) => this.#registry.info(id).cgi).sort();
    const names = this.#names;
    let from = 0;
    for (let to = names.length; from < to; ) {
      const middle = (from + to) >>> 1;
      if (names[middle] < prefix) from = middle + 1;
      else to = middle;
    }
    for (; from < names.length && names[from].startsWith(prefix); from++) yield this.#registry.find(names[from]);
  }
}

/** Those of them with a position, by it; made when first asked for. */
class CellsByPlace {
  readonly #registry: CellRegistry;
  readonly #count: number;
  #positioned: number[] | null = null;
  #tree: Flatbush | null = null;

  constructor(registry: CellRegistry, count: number) {
    this.#registry = registry;
    this.#count = count;
  }

  within({ minX, minY, maxX, maxY }: { minX: number; minY: number; maxX: number; maxY: number }): number[] {
    this.#positioned ??= this.#build();
    const positioned = this.#positioned;
    return this.#tree?.search(minX, minY, maxX, maxY).map((hit) => positioned[hit]) ?? [];
  }

  #build(): number[] {
    const ids = Array.from({ length: this.#count }, (_, id) => id);
    const positioned = ids.filter((id) => this.#registry.info(id).lon !== null && this.#registry.info(id).lat !== null);
    if (positioned.length === 0) return positioned;
    this.#tree = new Flatbush(positioned.length);
    for (const id of positioned) this.#tree.add(this.#registry.info(id).lon!, this.#registry.info(id).lat!);
    this.#tree.finish();
    return positioned;
  }
}
