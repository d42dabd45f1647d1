import type { LogRecord } from '../journal/records.ts';
import type { CellRegistry } from '../reference/cell-registry.ts';
import type { RegionIndex } from '../reference/region-index.ts';
import { nodesOf } from '../reference/region-tree.ts';

/** Whether by the record a cell that is counted gets another place or other parents, or a node of the tree its first cell. */
export function movesCells(record: LogRecord, registry: CellRegistry, regions: RegionIndex): boolean {
  if (record.k !== 'cells') return false;
  return record.cells.some(({ cell }) => {
    const id = registry.find(cell.cgi);
    if (id < 0) return regions.lacksNodeOf(cell);
    const known = registry.info(id);
    return known.lon !== cell.lon || known.lat !== cell.lat || nodesOf(known).join() !== nodesOf(cell).join();
  });
}
