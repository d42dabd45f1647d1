import type { TreeLevel } from '../../shared/region-tree.ts';
import type { CellInfo, CellRegistry } from './cell-registry.ts';
import type { Region } from './read-regions.ts';

/** Kinds of the nodes of the region tree above the cell, by level from 1: 分公司, 区域营销中心, 片区, 营业厅. */
const treeKinds = ['branch', 'marketing centre', 'area', 'service hall'] as const;

/** Ids of nodes begin so, and no id of a micro-region does. */
export const treePrefix = 'tree:';

/** A node of the region tree, counted as a micro-region is: its cells are those whose parents it is among. */
export interface TreeRegion extends Region {
  level: TreeLevel;
  /** Id of the node above; '': none is known. */
  parent: string;
}

/**
 * Id of a cell's node at a level, the path from the branch down; '': none is known there. Names are unique below one
 * parent only, so the path is what tells nodes apart; one whose upper levels are not known stands in an empty step.
 */
function nodeId({ parents }: CellInfo, level: number): string {
  const name = parents?.[level - 1] ?? '';
  if (name === '') return '';
  const steps = parents!.slice(0, level).map((step) => step.replaceAll('%', '%25').replaceAll('/', '%2F'));
  return treePrefix + steps.join('/');
}

/** Ids of all nodes that a cell is in, from the branch down. */
export function nodesOf(cell: CellInfo): string[] {
  return treeKinds.map((_, i) => nodeId(cell, i + 1)).filter((id) => id !== '');
}

/** The nodes of all cells: by level, in the order in which cells name them. */
export function treeOf(registry: CellRegistry): TreeRegion[] {
  const levels = treeKinds.map(() => new Map<string, TreeRegion>());
  for (let cell = 0; cell < registry.count; cell++) {
    const info = registry.info(cell);
    if (info.parents === undefined) continue;
    for (const [i, nodes] of levels.entries()) {
      const id = nodeId(info, i + 1);
      if (id === '' || nodes.has(id)) continue;
      const above = nodesOf({ ...info, parents: info.parents.slice(0, i) }).at(-1) ?? '';
      nodes.set(id, {
        ...{ id, name: info.parents[i], kind: treeKinds[i], capacity: null, polygons: null, cells: null },
        level: (i + 1) as TreeLevel,
        parent: above,
      });
    }
  }
  return levels.flatMap((nodes) => [...nodes.values()]);
}
