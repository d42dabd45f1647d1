import { expect, test } from 'vitest';
import { unknownCount } from '../../shared/protocol.ts';
import type { LayoutNode } from '../../shared/region-tree.ts';
import { levelOf, orderNodes, pathOf } from '../../web/state/node-rows.ts';

const tree: LayoutNode[] = [
  { id: 'tree:东', name: '东', level: 1, parent: '', cellCount: 3 },
  { id: 'tree:东/甲', name: '甲', level: 2, parent: 'tree:东', cellCount: 2 },
  { id: 'tree:东/乙', name: '乙', level: 2, parent: 'tree:东', cellCount: 1 },
  { id: 'tree:东/丙', name: '丙', level: 2, parent: 'tree:东', cellCount: 1 },
];

test('the nodes of one level stand by how many are present, unknown ones last', () => {
  const present = [99, 5, unknownCount, 7];
  expect(orderNodes(tree, 2, (place) => present[place]!)).toEqual([3, 1, 2]);
  expect(orderNodes(tree, 4, () => 0)).toEqual([]);
});

test('a node is named with those above it', () => {
  expect(pathOf(tree, { id: 'x', name: '一', level: 3, parent: 'tree:东/甲', cellCount: 1 })).toBe('东 › 甲');
  expect(pathOf(tree, tree[0]!)).toBe('');
});

test('the address may ask for a level; whatever else it says means micro-regions', () => {
  expect(['', '?level=3', '?level=5', '?level=0', '?level='].map(levelOf)).toEqual([0, 3, 0, 0, 0]);
});
