import { afterAll, beforeAll, expect, test } from 'vitest';
import { hourUs, minuteUs } from '../../server/clock.ts';
import { timestampUs } from '../../server/store/connection.ts';
import { largestPairs, pairsOf, pairsToldMax } from '../../server/store/region-pairs.ts';
import { readRegionPast } from '../../server/store/region-past.ts';
import type { RegionPast } from '../../shared/protocol.ts';
import { fillCounted } from '../sql/tools/small-city.ts';
import { openPlainDatabase, type PlainDatabase } from '../store/tools/plain-database.ts';
import { fakeLayout } from '../tools/fake-view.ts';
import { request, startTestServer, type TestServer } from '../tools/push-server.ts';

const startUs = Date.UTC(2026, 9, 17, 2) * 1000;
const endUs = startUs + 6 * hourUs;
/** Cells of regions that are drawn in the database; the one that is asked for is drawn in the server alone. */
const drawn = { west: [1, 2], far: [9], gone: [3] };
const asked = [2, 3];

let database: PlainDatabase;
let servers: Record<'exact' | 'hiding', TestServer>;

beforeAll(async () => {
  database = await openPlainDatabase();
  await fillCounted(database, startUs, endUs);
  for (const [id, cells] of Object.entries(drawn))
    await database.sql(
      `with r as (insert into micro_region (id, name, kind) values ($1, $1, 'venue') returning region_id)
       insert into micro_region_cell (region_id, cell_id, valid_to)
       select region_id, unnest($2::integer[]), case when $1 = 'gone' then timestamptz '2026-01-01' else 'infinity' end from r`,
      [id, cells],
    );
  const rows: [number, number, number, number, number | null][] = [];
  /** Seen in one cell after the other, ten minutes each, and last in one where it stays. */
  const goes = (sub: number, fromUs: number, ...cells: (number | null)[]) =>
    cells.slice(0, -1).forEach((cell, i) => {
      rows.push([sub, cell!, fromUs + i * 10 * minuteUs, fromUs + (i + 1) * 10 * minuteUs, cells[i + 1]]);
    });
  // From far away into the region in the first hour, one of thirty straight on.
  for (let sub = 1; sub <= 30; sub++) goes(sub, startUs, 9, 5, sub === 30 ? 9 : 3);
  // In the third one from what overlaps through the overlap, back in the fourth.
  for (let sub = 40; sub < 45; sub++) goes(sub, startUs + 2 * hourUs, 1, 2, 3, 3, 3, 3, 2, 1, 1);
  // A start cut off a stay in the fifth.
  goes(50, startUs + 4 * hourUs, 3, null);
  const columns = [0, 1, 2, 3, 4].map((column) => rows.map((row) => row[column]));
  await database.sql(
    `insert into stay (first_out, first_in, last_in, sub, cell_id, plmn, events, to_cell)
     select first_out, first_in, first_out, sub, cell_id, 0, 1, to_cell
     from unnest($1::bigint[], $2::integer[], $3::timestamptz[], $4::timestamptz[], $5::integer[])
       as s (sub, cell_id, first_in, first_out, to_cell)`,
    columns.map((column, i) => (i === 2 || i === 3 ? column.map((us) => timestampUs(us!)) : column)),
  );
  const config = {
    timeZone: 'Asia/Shanghai',
    holdDownMs: 60_000,
    tripMs: 1_800_000,
    ...{ presenceTtlMs: 7_200_000, presenceTtlByLac: '' },
  };
  const start = async (minCount: number) => {
    const server = await startTestServer({
      settings: { minCount },
      cellsOf: () => asked,
      store: {
        regionPast: (id, question) => readRegionPast(database.pool, id, question, config),
        sql: (text, values) => database.sql(text, values),
      },
    });
    server.layout = fakeLayout(10, 1);
    server.view.clockUs = endUs + hourUs;
    return server;
  };
  servers = { exact: await start(0), hiding: await start(20) };
});
afterAll(async () => {
  for (const { server } of Object.values(servers)) await server.close();
  await database.remove();
});

async function past(of: string, server = servers.exact, fromUs = startUs): Promise<RegionPast> {
  const path = `/api/regions/r0/past?from=${fromUs}&to=${endUs}&bucket=3600${of}`;
  const { status, body } = await request(server.server.port, path);
  expect(status).toBe(200);
  return JSON.parse(body.toString()) as RegionPast;
}

test('trips between a region drawn today and each other one are told by bucket, both ways', async () => {
  const { pairs } = await past('&of=pairs', servers.exact, startUs - hourUs);
  expect(pairs).toEqual({
    // Nothing was counted in the first one; in the sixth a start cut somebody off.
    known: [false, true, true, true, true, false, true],
    regions: [
      { id: 'far', into: [null, 0, 0, 0, 0, null, 0], from: [null, 29, 0, 0, 0, null, 0] },
      { id: 'west', into: [null, 0, 0, 0, 5, null, 0], from: [null, 0, 0, 5, 0, null, 0] },
    ],
    leftOut: 0,
  });
});

test('figures of few are hidden and others rounded, and their order tells nothing', async () => {
  const { pairs } = await past('&of=pairs', servers.hiding);
  expect(pairs).toEqual({
    known: [true, true, true, true, false, true],
    regions: [
      { id: 'far', into: [0, 0, 0, 0, null, 0], from: [30, 0, 0, 0, null, 0] },
      { id: 'west', into: [0, 0, 0, -1, null, 0], from: [0, 0, -1, 0, null, 0] },
    ],
    leftOut: 0,
  });
});

test('who does not name them does not wait for them', async () => {
  const { pairs, ...others } = await past('');
  expect(pairs).toBeUndefined();
  expect(Object.keys(others)).toEqual(expect.arrayContaining(['presence', 'flows', 'crowd', 'dwell', 'roles']));
});

test('a node of the region tree has none, and neither has more than can be told', async () => {
  const { exact } = servers;
  const answerTo = async (id: string, bucket: number) => {
    const path = `/api/regions/${id}/past?from=${startUs}&to=${endUs}&bucket=${bucket}&of=pairs`;
    const { status, body } = await request(exact.server.port, path);
    return [status, (JSON.parse(body.toString()) as { error?: { code: string } }).error?.code];
  };
  const layout = exact.layout;
  const [region] = layout.regions;
  exact.layout = { ...layout, tree: [{ ...region, id: 'tree:x', level: 1, parent: '' }] };
  expect(await answerTo('tree:x', 3600)).toEqual([404, 'NOT_OF_NODES']);
  exact.layout = { ...layout, regions: Array.from({ length: 20_000 }, (_, i) => ({ ...region, id: `r${i}` })) };
  expect(await answerTo('r0', 60)).toEqual([400, 'RANGE_TOO_LONG']);
  exact.layout = layout;
  expect(await answerTo('r0', 60)).toEqual([200, undefined]);
});

test('of very many regions those with the most trips are told, of all pieces together and of what may be told', async () => {
  const ids = Array.from({ length: pairsToldMax + 30 }, (_, i) => `r${String(i).padStart(3, '0')}`);
  async function* pieces() {
    for (const bucket of [0, 1]) yield ids.map((id, i) => ({ bucket, id, into_it: bucket === 0 ? 1 : i, from_it: 0 }));
    // Still pending, and nobody can tell.
    yield [{ bucket: 2, id: 'pending', into_it: 999, from_it: 0 }];
    yield [
      { bucket: 3, id: 'r000', into_it: 999, from_it: 0 },
      { bucket: 3, id: null, into_it: 0, from_it: 0 },
    ];
  }
  const all = await pairsOf(pieces(), 4, (us) => us);
  const told = largestPairs(all, [true, true, false, true]);
  expect(told.known).toEqual([true, true, false, false]);
  expect(told.leftOut).toBe(30);
  expect(told.regions.map(({ id }) => id)).toEqual(ids.slice(30).reverse());
  expect(told.regions.at(-1)).toEqual({ id: 'r030', into: [1, 30, null, null], from: [0, 0, null, null] });
});
