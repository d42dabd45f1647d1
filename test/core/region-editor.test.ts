import { expect, test } from 'vitest';
import { systemClock, type Timers } from '../../server/clock.ts';
import { RegionEditor } from '../../server/core/region-editor.ts';
import { CellRegistry } from '../../server/reference/cell-registry.ts';
import type { Region } from '../../server/reference/read-regions.ts';

/** An editor of an empty city, whose journal has room, and what it has put there. */
function newEditor(regionsMax: number) {
  const registry = new CellRegistry();
  registry.idOf('460-00-1-1');
  const records: unknown[] = [];
  const timers = {
    after: (ms: number, work: () => void) => {
      const timer = setTimeout(work, ms);
      return () => clearTimeout(timer);
    },
  } as Timers;
  const editor = new RegionEditor({
    core: {
      state: { registry, regions: [], regionsVersion: 1 },
      counting: { engine: { view: { clockUs: 5e6 } } },
      whenApplied: async () => undefined,
    } as never,
    records: { append: (record: unknown) => records.push(record) },
    ...{ journal: { full: false, failed: null }, clock: systemClock, timers, config: { regionsMax } },
  });
  return { editor, records };
}

const all = (n: number): Region[] =>
  Array.from({ length: n }, (_, i) => {
    return { id: `r${i}`, name: '', kind: '', capacity: null, polygons: null, cells: ['*'] };
  });

test('an edit with more regions than regionsMax is refused, and nothing of it is journalled', async () => {
  const { editor, records } = newEditor(3);
  await expect(editor.set(all(4), 'the test')).rejects.toMatchObject({
    code: 'REGIONS_TOO_MANY',
    message: 'the test: 4 regions, of which regionsMax allows 3: leave some out, or set it higher at the next start',
  });
  expect(records).toEqual([]);
  expect(await editor.set(all(3), 'the test')).toMatchObject({ version: 2, regions: 3, fromUs: 5e6 });
  expect(records).toMatchObject([{ k: 'regions', edit: { members: [[0], [0], [0]] } }]);
});

test('an edit that comes while another is looked through is told to wait, and one that was refused holds nobody up', async () => {
  const { editor } = newEditor(3);
  const first = editor.set(all(2), 'the first');
  await expect(editor.set(all(1), 'the second')).rejects.toMatchObject({ code: 'REGIONS_BUSY' });
  await first;
  await expect(editor.set(all(4), 'the third')).rejects.toMatchObject({ code: 'REGIONS_TOO_MANY' });
  expect(await editor.set(all(1), 'the fourth')).toMatchObject({ regions: 1 });
});
