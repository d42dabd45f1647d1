import type { RegionColumn } from './protocol.ts';
import type { RegionTable } from './tables.ts';

/** Levels of the region tree above the cell: 分公司, 区域营销中心, 片区, 营业厅. */
export const treeLevels = [1, 2, 3, 4] as const;
export type TreeLevel = (typeof treeLevels)[number];
/** A node of the region tree, counted as a micro-region is. Its id begins with `tree:`. */
export interface LayoutNode {
  id: string;
  name: string;
  level: TreeLevel;
  /** Id of the node above; '': none. */
  parent: string;
  cellCount: number;
}

/** `GET /api/regions?level=1` … `4`: the nodes of that level of the region tree. */
export interface NodeTable {
  eventUs: RegionTable['eventUs'];
  visitorsWindow: RegionTable['visitorsWindow'];
  regions: (LayoutNode & Record<RegionColumn, number | null>)[];
}
