import { afterAll, beforeAll, expect, test } from 'vitest';
import { timestampUs } from '../../server/store/connection.ts';
import type { Store } from '../../server/store/types.ts';
import type { RegionHistory } from '../../shared/protocol.ts';
import { jsonOf, request, startTestServer } from '../tools/push-server.ts';
import type { Giver } from './tools/give.ts';
import { membershipOf, openWithCells, storedRegion } from './tools/membership.ts';
import { makeCells, startUs } from './tools/synthetic.ts';

const second = 1_000_000;
const region = (id: string) => storedRegion(id);
/** Cells of the sets, by version: what the live region index would say. */
const sets = new Map<number, number[][]>();
let live = 1;

let store: Store;
let give: Giver;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ store, give, close } = await openWithCells());
});
afterAll(() => close());

const membership = () => membershipOf(store);

function edit(ids: string[], members: number[][], atUs: number): void {
  live++;
  sets.set(live, members);
  give.eventClock(atUs);
  give.record({ k: 'regions', regions: ids.map(region), version: live, edit: { fromUs: 0, members } });
}

test('an edit dates which cells a region holds from its own event time, and ends those of a region that is gone', async () => {
  sets.set(1, [[0, 1], [2]]);
  await store.saveRegions(
    [region('a'), region('b')],
    (i, version) => (version === live ? sets.get(version)![i] : null),
    1,
  );
  edit(['a', 'c'], [[1, 3], [4]], startUs + 60 * second);
  await store.flush();
  const editUs = startUs + 60 * second;
  expect(await membership()).toEqual([
    { id: 'a', cell_id: 0, from: -1, to: editUs },
    { id: 'a', cell_id: 1, from: -1, to: -1 },
    { id: 'a', cell_id: 3, from: editUs, to: -1 },
    { id: 'b', cell_id: 2, from: -1, to: editUs },
    // Never drawn before: its past is its own.
    { id: 'c', cell_id: 4, from: -1, to: -1 },
  ]);
});

test('edits one behind the other are each dated by their own time, even where the store takes them long afterwards', async () => {
  const [one, two] = [startUs + 120 * second, startUs + 180 * second];
  edit(['a', 'c'], [[1], [4, 5]], one);
  // The next record waits until the set is stored, as the store's reader does.
  await store.whenReady();
  edit(['a', 'b', 'c'], [[1, 3], [2], [5]], two);
  await store.flush();
  const rows = (await membership()).filter(({ from, to }) => from >= one || to >= one);
  expect(rows).toEqual([
    { id: 'a', cell_id: 3, from: startUs + 60 * second, to: one },
    { id: 'a', cell_id: 3, from: two, to: -1 },
    { id: 'b', cell_id: 2, from: two, to: -1 },
    { id: 'c', cell_id: 4, from: -1, to: two },
    { id: 'c', cell_id: 5, from: one, to: -1 },
  ]);
});

test('a cell that turns up joins the regions of the set that is stored, and no other while an edit is on its way', async () => {
  const before = live;
  const cell = makeCells(8);
  sets.set(before, [[1, 3, 6], [2], [5]]);
  give.addCell(6, cell[6].cell);
  await store.maintain();
  expect((await membership()).filter(({ cell_id }) => cell_id === 6)).toEqual([
    { id: 'a', cell_id: 6, from: -1, to: -1 },
  ]);
  // The counters are at the next set already: what the index says is not of the stored one.
  live = before + 1;
  sets.set(live, [[7], [7], [7]]);
  give.addCell(7, cell[7].cell);
  await store.maintain();
  expect((await membership()).filter(({ cell_id }) => cell_id === 7)).toEqual([]);
});

test('edits that a restart finds in the journal, and the database lacks, keep their own times', async () => {
  const version = live + 2;
  const before = (await membership()).filter(({ id }) => id === 'a' || id === 'c');
  // The live index is at the newest set already; the records of both edits are still to come.
  sets.set(version, [[1, 6], [2], [3]]);
  live = version;
  const index = (i: number, asked: number) => (asked === version ? sets.get(version)![i] : null);
  await store.saveRegions(['a', 'b', 'c'].map(region), index, version, true);
  expect((await membership()).filter(({ id }) => id === 'a' || id === 'c')).toEqual(before);
  // A cell that turns up meanwhile does not make the set be written before its time.
  give.addCell(8, makeCells(9)[8].cell);
  await store.maintain();

  const [one, two] = [startUs + 240 * second, startUs + 300 * second];
  live = version - 2;
  edit(['a', 'b', 'c'], [[1, 6], [2], [5]], one);
  await store.whenReady();
  edit(['a', 'b', 'c'], [[1, 6], [2], [3]], two);
  await store.flush();
  await store.maintain();
  const rows = (await membership()).filter(({ from, to }) => from >= one || to >= one);
  expect(rows).toEqual([
    { id: 'a', cell_id: 3, from: startUs + 180 * second, to: one },
    { id: 'c', cell_id: 3, from: two, to: -1 },
    { id: 'c', cell_id: 5, from: startUs + 120 * second, to: two },
  ]);
});

test('a start takes the cells of regions that it no longer brings, from the clock of the counters on', async () => {
  const since = startUs + 400 * second;
  live++;
  sets.set(live, [[2]]);
  await store.saveRegions(
    [region('b')],
    (i, asked) => (asked === live ? sets.get(live)![i] : null),
    live,
    false,
    since,
  );
  const open = (await membership()).filter(({ to }) => to < 0);
  expect(open).toEqual([expect.objectContaining({ id: 'b', cell_id: 2 })]);
});

test('the history of a region that is no more goes on to be told, with when it ended; what never was is 404', async () => {
  const { server } = await startTestServer({
    store: { regionHistory: (...of) => store.regionHistory(...of), sql: (...of) => store.sql(...of) },
  });
  const asked = async (id: string) => {
    const range = `from=${startUs}&to=${startUs + 600 * second}`;
    const answer = await request(server.port, `/api/regions/${id}/history?${range}`);
    return { status: answer.status, body: jsonOf<RegionHistory>(answer) };
  };
  const gone = await asked('a');
  const endedUs = Math.max(...(await membership()).filter(({ id }) => id === 'a').map(({ to }) => to));
  expect(endedUs).toBeGreaterThan(startUs);
  expect([gone.status, gone.body.id, gone.body.endedUs]).toEqual([200, 'a', endedUs]);
  expect(gone.body.edits!.at(-1)).toMatchObject({ timeUs: endedUs, came: 0 });
  // It holds a cell, though the layout lacks it: the end is still to be stored.
  expect((await asked('b')).body.endedUs).toBeNull();
  expect(await asked('never')).toMatchObject({ status: 404, body: { error: { code: 'UNKNOWN_REGION' } } });
  await server.close();
});

test('an edit dated before the last one brings a cell back where it left, never twice at a time', async () => {
  edit(['b'], [[5]], startUs + 500 * second);
  await store.whenReady();
  live++;
  // The records' clock never goes back; a set dated by wall time may lie ahead of it.
  await store.sql(
    `update micro_region_cell set valid_to = valid_to + interval '1 hour' where cell_id = 2 and valid_to = $1::timestamptz`,
    [timestampUs(startUs + 500 * second)],
  );
  edit(['b'], [[2]], startUs + 510 * second);
  await store.flush();
  const rows = (await membership()).filter(({ id, cell_id }) => id === 'b' && cell_id === 2);
  for (let i = 1; i < rows.length; i++) expect(rows[i].from).toBeGreaterThanOrEqual(rows[i - 1].to);
  expect(rows.at(-1)!.to).toBe(-1);
});
