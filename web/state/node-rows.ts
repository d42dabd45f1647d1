import type { LayoutNode, TreeLevel } from '../../shared/region-tree.ts';
import { isCount } from '../parts/format.ts';

/** What the list of regions shows: micro-regions (0) or one level of the region tree. */
export type ListLevel = 0 | TreeLevel;

/** The level that the address asks for: `?level=1` … `4`. */
export function levelOf(search: string): ListLevel {
  const text = new URLSearchParams(search).get('level') ?? '';
  return /^[1-4]$/.test(text) ? (Number(text) as TreeLevel) : 0;
}

/** Places in the tree of a level's nodes, those with most present first, unknown ones last. */
export function orderNodes(
  tree: readonly LayoutNode[],
  level: ListLevel,
  present: (place: number) => number,
): number[] {
  const weight = (place: number) => (isCount(present(place)) ? present(place) : -1);
  return tree
    .flatMap((node, place) => (node.level === level ? [place] : []))
    .sort((a, b) => weight(b) - weight(a) || a - b);
}

/** Names of the nodes above, from the branch down: halls of one name are told apart by them. */
export function pathOf(tree: readonly LayoutNode[], node: LayoutNode): string {
  const names: string[] = [];
  for (let at = node.parent; at !== ''; ) {
    const above = tree.find(({ id }) => id === at);
    if (above === undefined) break;
    names.unshift(above.name);
    at = above.parent;
  }
  return names.join(' › ');
}
