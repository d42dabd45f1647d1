import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPastSince } from '../../server/api/past-known.ts';
import { dayUs, hourUs, secondUs } from '../../server/clock.ts';
import { CellRegistry, unheardOf } from '../../server/reference/cell-registry.ts';
import type { Region } from '../../server/reference/read-regions.ts';
import { RegionIndex } from '../../server/reference/region-index.ts';
import { timestampUs } from '../../server/store/connection.ts';
import { readRegionPast } from '../../server/store/region-past.ts';
import type { RegionPast } from '../../shared/protocol.ts';
import { flows, groupBy, presence, roles, sessions } from '../sql/tools/past-oracle.ts';
import { cityDays, cityStartUs, dateOf, fillStays, makeCityStays } from '../sql/tools/small-city.ts';
import { openPlainDatabase, type PlainDatabase } from '../store/tools/plain-database.ts';
import { fakeLayout } from '../tools/fake-view.ts';
import { startTestServer, type TestServer } from '../tools/push-server.ts';

/** Sixty days of stays in the database, and a server with a cell list and without a region. */
const stays = makeCityStays(48);
const endUs = cityStartUs + cityDays * dayUs;
const registry = new CellRegistry();
registry.load(
  Array.from({ length: 40 }, (_, id) => ({ ...unheardOf(`460-00-1-${id + 1}`), lon: 113 + id / 100, lat: 23 })),
);

let database: PlainDatabase;
let it: TestServer;
let drawn = new RegionIndex([], registry, () => undefined);

beforeAll(async () => {
  database = await openPlainDatabase();
  await fillStays(database, stays);
  await database.maintain(endUs + dayUs);
  const zone = { timeZone: 'Asia/Shanghai', holdDownMs: 60_000 };
  it = await startTestServer({
    store: {
      regionHistory: () => Promise.reject(new Error('not asked for here')),
      dayFigures: () => Promise.reject(new Error('not asked for here')),
      regionPast: (id, question) => readRegionPast(database.pool, id, question, zone),
    },
    cellsOf: (place) => drawn.cellsOf(place),
    editor: {
      regions: [],
      set: async (regions: readonly Region[]) => {
        drawn = new RegionIndex([...regions], registry, () => undefined);
        it.layout = {
          ...fakeLayout(40, 0),
          regions: regions.map(({ cells: _, ...region }, i) => ({ ...region, cellCount: drawn.cellCount(i) })),
        };
        return { version: 1, regions: regions.length, fromUs: 0, warnings: [] };
      },
    },
  });
  it.view.clockUs = endUs + dayUs;
});
afterAll(async () => {
  await it.server.close();
  await database.remove();
});

async function draw(id: string, from: number, to: number): Promise<void> {
  const [west, east] = [113 + (from - 0.5) / 100, 113 + (to + 0.5) / 100];
  const ring = [[west, 22.9], [east, 22.9], [east, 23.1], [west, 23.1], [west, 22.9]]; // biome-ignore format: corners
  const geometry = { type: 'Polygon', coordinates: [ring] };
  const body = { type: 'FeatureCollection', features: [{ type: 'Feature', properties: { id }, geometry }] };
  const answer = await fetch(`http://127.0.0.1:${it.server.port}/api/regions`, {
    method: 'PUT',
    headers: { 'content-type': 'application/geo+json' },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
}

async function past(id: string, fromUs: number, toUs: number, bucketS: number, of: string): Promise<RegionPast> {
  const query = new URLSearchParams({ from: String(fromUs), to: String(toUs), bucket: String(bucketS), of });
  const answer = await fetch(`http://127.0.0.1:${it.server.port}/api/regions/${id}/past?${query}`);
  expect(answer.status).toBe(200);
  return (await answer.json()) as RegionPast;
}

test('a region drawn today has its last sixty days: presence, crossings, dwell, roles and crowd equal plain loops', async () => {
  await draw('new', 10, 13);
  const region = new Set([10, 11, 12, 13]);

  const whole = await past('new', cityStartUs, endUs, 3600, 'presence,flows');
  expect(whole.timeUs).toEqual(Array.from({ length: cityDays * 24 }, (_, i) => cityStartUs + i * hourUs));
  const there = presence(stays, region, cityStartUs, endUs, hourUs);
  expect(whole.presence).toEqual({
    present: there.map(({ present }) => present),
    visitors: there.map(({ visitors }) => visitors),
  });
  const crossed = flows(stays, region, cityStartUs, hourUs);
  for (const what of ['entries', 'exits', 'appeared', 'vanished'] as const)
    expect(whole.flows![what], what).toEqual(whole.timeUs.map((us) => crossed.get(us)?.[what] ?? 0));
  expect(Math.max(...(whole.flows!.entries as number[]))).toBeGreaterThan(3);

  const ended = groupBy(
    sessions(stays, region).filter(({ firstOut }) => firstOut < endUs),
    ({ firstOut }) => dateOf(firstOut),
  );
  const { dwell, roles: told } = await past('new', cityStartUs, endUs, 3600, 'dwell,roles');
  expect(dwell!.map(({ day, stays }) => [day, stays])).toEqual(
    [...ended].map(([day, own]) => [day, own.length]).sort(),
  );
  for (const { day, observedMedianMs, upperMedianMs } of dwell!) {
    const middle = (values: number[]) => values.sort((a, b) => a - b)[Math.ceil(values.length / 2) - 1];
    const own = ended.get(day)!;
    expect(observedMedianMs).toBe(Math.round(middle(own.map((s) => s.lastIn - s.firstIn)) / 1000));
    expect(upperMedianMs).toBe(Math.round(middle(own.map((s) => s.firstOut - s.firstIn)) / 1000));
  }

  const known = groupBy([...roles(stays, region, 0)], ([key]) => key.split(' ')[1]);
  for (const row of told!) {
    const own = (known.get(row.day) ?? []).map(([, role]) => role);
    const count = (role: string) => own.filter((one) => one === role).length;
    expect(row).toMatchObject({
      subscribers: own.length,
      residents: count('resident'),
      workers: count('worker'),
      visitors: count('visitor'),
      passersBy: count('passer-by'),
      undetermined: count('undetermined'),
    });
  }
  expect(told!.length).toBeGreaterThan(50);

  const dayStart = endUs - 3 * dayUs;
  const { crowd } = await past('new', dayStart, dayStart + dayUs, 3600, 'crowd');
  const role = roles(stays, region, 0);
  const expected = Array.from({ length: 24 }, (_, i) => {
    const at = dayStart + (i + 1) * hourUs;
    const inside = stays.filter((s) => region.has(s.cell) && s.firstIn < at && s.firstOut >= at).map(({ sub }) => sub);
    const day = dateOf(at - 1);
    return new Set(inside.filter((sub) => !['resident', 'worker'].includes(role.get(`${sub} ${day}`) ?? ''))).size;
  });
  expect(crowd).toEqual(expected);
});

test('after an edit the past is that of the new cells, and days are given whole however the range is cut', async () => {
  await draw('new', 30, 31);
  const region = new Set([30, 31]);
  const from = cityStartUs + 20 * dayUs + 5 * hourUs;
  const { presence: told, dwell } = await past('new', from, from + 2 * hourUs, 900, 'presence,dwell');
  const there = presence(stays, region, from, from + 2 * hourUs, 900 * secondUs);
  expect(told!.visitors).toEqual(there.map(({ visitors }) => visitors));
  const day = dateOf(from);
  const ended = sessions(stays, region).filter(({ firstOut }) => dateOf(firstOut) === day);
  expect(dwell).toMatchObject([{ day, stays: ended.length }]);
});

test('a region that was never drawn has no past', async () => {
  const answer = await fetch(`http://127.0.0.1:${it.server.port}/api/regions/old/past`);
  expect(answer.status).toBe(404);
});

test('what is known of the past begins with the first gauge, or where these are dropped with the oldest day of stays', async () => {
  const since = () => readPastSince((text, values) => database.sql(text, values));
  const oldest = (await since())!;
  expect(oldest).toBeLessThanOrEqual(cityStartUs);
  expect(oldest).toBeGreaterThan(cityStartUs - 2 * dayUs);
  const gauge = (us: number) =>
    database.sql(
      `insert into city_gauge (ts, every_ms, present, events_kept) values ('${timestampUs(us)}', 60000, 1, true)`,
    );
  await gauge(oldest + 30 * dayUs);
  expect(await since()).toBe(oldest);
  await gauge(oldest + 9 * hourUs);
  expect(await since()).toBe(oldest + 9 * hourUs);
});
