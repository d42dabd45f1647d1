import type { LayoutCell, LayoutRegion, RegionColumn } from './protocol.ts';

/** A row of `GET /api/cells`. Figures: -1 hidden, null unknown. */
export interface CellRow extends LayoutCell {
  present: number | null;
}
/** `GET /api/cells`. */
export interface CellTable {
  /** The event time that the figures are of, µs; 0 before the first. */
  eventUs: number;
  cells: CellRow[];
}
/** `GET /api/regions`. */
export interface RegionTable {
  /** The event time that the figures are of, µs; 0 before the first. */
  eventUs: number;
  /** The gauge interval that `visitors` counts, µs, `toUs` excluded; null before the first has closed. */
  visitorsWindow: { fromUs: number; toUs: number } | null;
  regions: RegionRow[];
}
/** A row of {@link RegionTable}. Figures: -1 hidden, null unknown. */
export type RegionRow = Omit<LayoutRegion, 'polygons'> & Record<RegionColumn, number | null>;
