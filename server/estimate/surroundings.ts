import type { CellRegistry } from '../reference/cell-registry.ts';
import type { RegionIndex } from '../reference/region-index.ts';
import { place } from './seen-table.ts';

/**
 * Where cells are as seen from a region: in it, around it (in a location area that has a cell of the region), elsewhere.
 * Follows the registry as it grows.
 */
export class Surroundings {
  private readonly region: number;
  private readonly regions: RegionIndex;
  private readonly registry: CellRegistry;
  private places = new Uint8Array(0);
  private inside = -1;
  private around = 0;

  constructor(regions: RegionIndex, registry: CellRegistry, region: number) {
    this.regions = regions;
    this.registry = registry;
    this.region = region;
  }

  /** A value of {@link place}. */
  of(cell: number): number {
    if (this.places.length < this.registry.count) this.learn();
    return cell < this.places.length ? this.places[cell] : place.elsewhere;
  }

  /** Whether no other cell is in the region's location areas. */
  get isClosed(): boolean {
    if (this.places.length < this.registry.count) this.learn();
    return this.around === 0;
  }

  private learn(): void {
    const { registry } = this;
    const from = this.places.length;
    const cells = this.regions.cellsOf(this.region);
    const grown = new Uint8Array(registry.count);
    grown.set(this.places);
    this.places = grown;
    const areas = new Set(cells.map((cell) => registry.lac(cell)));
    // A new cell of the region may bring a location area, and with it cells known before.
    for (let cell = cells.length === this.inside ? from : 0; cell < grown.length; cell++) {
      grown[cell] = areas.has(registry.lac(cell)) ? place.around : place.elsewhere;
    }
    for (const cell of cells) grown[cell] = place.inside;
    this.inside = cells.length;
    this.around = grown.reduce((sum, each) => sum + (each === place.around ? 1 : 0), 0);
  }
}
