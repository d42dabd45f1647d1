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
 * Ids of a cell's nodes by level: each is the path from the branch down; '': none is known there. Names are unique below
 * one parent only, so the path is what tells nodes apart; one whose upper levels are not known stands in an empty step.
 */
function pathsOf({ parents = [] }: CellInfo): string[] {
  let path = treePrefix;
  return treeKinds.map((_, i) => {
    const name = parents[i] ?? '';
    path += (i > 0 ? '/' : '') + stepOf(name);
    return name === '' ? '' : path;
  });
}

function stepOf(name: string): string {
  return name.includes('%') || name.includes('/') ? name.replaceAll('%', '%25').replaceAll('/', '%2F') : name;
}

/** Ids of all nodes that a cell is in, from the branch down. */
export function nodesOf(cell: CellInfo): string[] {
  return pathsOf(cell).filter((id) => id !== '');
}

/** Cells looked at before others have their turn: about a millisecond. */
const cellsAtOnce = 1_000;

export interface RegionTree {
  /** By level, in the order in which cells name them. */
  readonly nodes: readonly TreeRegion[];
  /** Of each cell known then the places of its nodes, ascending. */
  readonly ofCells: readonly (readonly number[])[];
}

/** The tree of all cells known now, a slice at a time. */
export function* growingTree(registry: CellRegistry): Generator<void, RegionTree> {
  const levels = treeKinds.map(() => new Map<string, TreeRegion>());
  const pathsOfCells: string[][] = [];
  for (let cell = 0; cell < registry.count; cell++) {
    if (cell % cellsAtOnce === cellsAtOnce - 1) yield;
    const info = registry.info(cell);
    const paths = info.parents === undefined ? [] : pathsOf(info);
    pathsOfCells.push(paths);
    let parent = '';
    for (const [i, id] of paths.entries()) {
      if (id === '') continue;
      if (!levels[i].has(id))
        levels[i].set(id, {
          ...{ id, name: info.parents![i], kind: treeKinds[i], capacity: null, polygons: null, cells: null },
          level: (i + 1) as TreeLevel,
          parent,
        });
      parent = id;
    }
  }
  const nodes = levels.flatMap((each) => [...each.values()]);
  const places = new Map(nodes.map(({ id }, place) => [id, place]));
  const ofCells: number[][] = [];
  for (const paths of pathsOfCells) {
    if (ofCells.length % cellsAtOnce === cellsAtOnce - 1) yield;
    ofCells.push(paths.flatMap((id) => places.get(id) ?? []));
  }
  return { nodes, ofCells };
}
