import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Store } from '../../server/store/types.ts';
import type { Giver } from './tools/give.ts';
import { membershipOf, openWithCells, storedRegion as region } from './tools/membership.ts';
import { startUs } from './tools/synthetic.ts';

const minute = 60_000_000;

let store: Store;
let give: Giver;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ store, give, close } = await openWithCells());
});
afterAll(() => close());

const membership = async () => {
  const named = (us: number) => (us < 0 ? '' : String((us - startUs) / minute));
  return (await membershipOf(store)).map(
    ({ id, cell_id, from, to }) => `${id} ${cell_id} [${named(from)},${named(to)})`,
  );
};

test('nodes of the region tree hold their cells by date, whatever becomes of the micro-regions', async () => {
  const members = [[0], [0, 1, 2], [0, 1], [2]];
  const regions = [region('a'), region('tree:东', 1), region('tree:东/甲', 2), region('tree:东/乙', 2)];
  await store.saveRegions(regions, (i, version) => (version === 1 ? members[i]! : null), 1);
  const tree = ['tree:东 0 [,)', 'tree:东 1 [,)', 'tree:东 2 [,)'];
  const centres = ['tree:东/乙 2 [,)', 'tree:东/甲 0 [,)', 'tree:东/甲 1 [,)'];
  expect(await membership()).toEqual(['a 0 [,)', ...tree, ...centres].sort());

  give.eventClock(startUs + minute);
  give.record({ k: 'regions', regions: [region('b')], version: 2, edit: { fromUs: 0, members: [[2]] } });
  await store.flush();
  expect(await membership()).toEqual(['a 0 [,1)', 'b 2 [,)', ...tree, ...centres].sort());
});

test('a cell that gets another parent is the new one’s from then on, also where that node is new', async () => {
  give.eventClock(startUs + 2 * minute);
  const regions = [region('b'), region('tree:东', 1), region('tree:东/乙', 2), region('tree:东/丙', 2)];
  const members = [[2], [0, 1, 2], [1, 2], [0]];
  await store.saveRegions(regions, (i, version) => (version === 2 ? members[i]! : null), 2);
  const centres = (await membership()).filter((row) => row.startsWith('tree:东/')).sort();
  expect(centres).toEqual(
    ['tree:东/甲 0 [,2)', 'tree:东/甲 1 [,2)', 'tree:东/丙 0 [2,)', 'tree:东/乙 1 [2,)', 'tree:东/乙 2 [,)'].sort(),
  );
});

test('gauges of nodes are stored like those of regions, and left out where the database never knew the node', async () => {
  const one = Uint32Array.of(1, 1);
  const columns = { present: one, entries: one, exits: one, appeared: one, vanished: one, visitors: one, fresh5: one };
  const none = new Uint32Array(0);
  const empty = { present: none, entries: none, exits: none, appeared: none, vanished: none, visitors: none };
  give.record({
    k: 'gauges',
    number: 0,
    foretold: false,
    again: false,
    regionIds: ['tree:东', 'tree:gone'],
    gauges: {
      ...{ startUs: startUs + 3 * minute, endUs: startUs + 4 * minute, present: 1 },
      cells: { n: 0, id: none, ...empty, fresh5: none },
      regions: { n: 2, id: Uint32Array.of(0, 1), ...columns },
      origins: { n: 2, region: Uint32Array.of(1, 2), class: one, country: one, mcc: one, present: one },
    },
  });
  await store.flush();
  const rows = await store.sql<{ id: string }>(
    `select r.id from region_gauge g join micro_region r using (region_id)
     union all select r.id from origin_gauge g join micro_region r using (region_id)`,
  );
  expect(rows.map(({ id }) => id)).toEqual(['tree:东', 'tree:东']);
});
