import { expect, test } from 'vitest';
import { layoutMaker } from '../../server/api/layout.ts';
import { makeConfig } from '../../server/config.ts';
import { CellRegistry } from '../../server/reference/cell-registry.ts';
import { RegionIndex } from '../../server/reference/region-index.ts';

test('another region tree is in the layout at once, with a revision of its own: figures stand by its places', () => {
  const registry = new CellRegistry();
  const cell = (ci: number, parents: string[]) => ({
    ...{ cgi: `460-00-1-${ci}`, name: '', lon: null, lat: null, azimuth: null, radio: '', site: '', parents },
  });
  const treeOfNow = () => new RegionIndex([], registry, () => undefined, undefined, true);
  registry.load([cell(1, ['东', '甲'])]);
  let regions = treeOfNow();
  let nowMs = 0;
  const layout = layoutMaker({
    ...{ config: makeConfig({ where: 'test', settings: {} }), registry, title: '', build: 'test', schematic: null },
    ...{ regions: () => regions, regionsVersion: () => 1, clock: { nowUs: () => 0, monotonicMs: () => nowMs } },
  });
  const before = layout();
  expect(before.tree.map(({ name }) => name)).toEqual(['东', '甲']);
  // The registry knows of the cell before the counters have its node; meanwhile the layout is made anew.
  registry.load([cell(2, ['西'])]);
  expect(layout()).toBe(before);
  nowMs += 5000;
  const between = layout();
  expect([between.cells.length, between.tree]).toEqual([2, before.tree]);
  regions = treeOfNow();
  const after = layout();
  expect(after.tree.map(({ name }) => name)).toEqual(['东', '西', '甲']);
  expect(after.revision).toBeGreaterThan(between.revision);
  expect(layout()).toBe(after);
});
