import { afterAll, beforeAll, expect, test } from 'vitest';
import { dayUs, hourUs, secondUs } from '../../server/clock.ts';
import { CellRegistry, unheardOf } from '../../server/reference/cell-registry.ts';
import type { Region } from '../../server/reference/read-regions.ts';
import { RegionIndex } from '../../server/reference/region-index.ts';
import { timestampUs } from '../../server/store/connection.ts';
import { readRegionPast } from '../../server/store/region-past.ts';
import type { RegionPast } from '../../shared/protocol.ts';
import { crowds, flows, groupBy, presence, roles, sessions } from '../sql/tools/past-oracle.ts';
import { cityDays, cityStartUs, dateOf, fillCounted, fillStays, makeCityStays } from '../sql/tools/small-city.ts';
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
/** Whether the database has all stays that have ended. */
let stored = true;
let drawn = new RegionIndex([], registry, () => undefined);

beforeAll(async () => {
  database = await openPlainDatabase();
  await fillStays(database, stays);
  await fillCounted(database, cityStartUs, endUs);
  await database.maintain(endUs + dayUs);
  const zone = {
    timeZone: 'Asia/Shanghai',
    holdDownMs: 60_000,
    tripMs: 1_800_000,
    ...{ presenceTtlMs: 7_200_000, presenceTtlByLac: '' },
  };
  it = await startTestServer({
    store: {
      regionHistory: () => Promise.reject(new Error('not asked for here')),
      dayFigures: () => Promise.reject(new Error('not asked for here')),
      regionPast: (id, question) => readRegionPast(database.pool, id, question, zone),
      sql: (text, values) => database.sql(text, values),
    },
    staysStored: async () => stored,
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
  expect(crowd).toEqual(crowds(stays, region, dayStart, dayStart + dayUs, hourUs));
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

test('crossings that may still be cancelled are not told, nor trips, nor the stays that they would end', async () => {
  await draw('new', 10, 13);
  const region = new Set([10, 11, 12, 13]);
  const minuteUs = 60 * secondUs;
  const crossed = flows(stays, region, cityStartUs, minuteUs);
  const all = sessions(stays, region);
  const endOf = (us: number) => dateOf(us + 2 * minuteUs) === dateOf(us);
  const minute = [...crossed].find(([us, { exits }]) => us > cityStartUs + 30 * dayUs && exits > 0 && endOf(us))![0];
  const told = async (clockUs: number) => {
    it.view.clockUs = clockUs;
    const parts = 'presence,flows,pairs,dwell';
    const answer = await past('new', minute - minuteUs, minute + minuteUs, 60, parts);
    it.view.clockUs = endUs + dayUs;
    const day = answer.dwell!.find((row) => row.day === dateOf(minute))!.stays;
    return { ...answer, day };
  };
  const heldBy = (us: number) =>
    all.filter(({ firstOut }) => dateOf(firstOut) === dateOf(minute) && firstOut < us - minuteUs).length;

  const pending = await told(minute + 2 * minuteUs - 1);
  expect(pending.presence!.present).not.toContain(null);
  for (const what of ['entries', 'exits', 'appeared', 'vanished'] as const)
    expect(pending.flows![what], what).toEqual([crossed.get(minute - minuteUs)?.[what] ?? 0, null]);
  expect(pending.pairs!.known).toEqual([true, false]);
  const held = await told(minute + 2 * minuteUs);
  expect(held.flows!.exits[1]).toBe(crossed.get(minute)!.exits);
  expect(held.pairs!.known[1]).toBe(true);

  // Of the current day those stays are told that have ended for good.
  for (const clockUs of [minute + 1, minute + 2 * minuteUs]) {
    const { day } = await told(clockUs);
    expect(day).toBe(heldBy(clockUs));
  }
  expect(heldBy(minute + 2 * minuteUs)).toBeGreaterThan(heldBy(minute + 1));
});

test('a region that was never drawn has no past', async () => {
  const answer = await fetch(`http://127.0.0.1:${it.server.port}/api/regions/old/past`);
  expect(answer.status).toBe(404);
});

test('while the database is behind, all that a stay may touch that it lacks is unknown, as are days that may get more', async () => {
  await draw('new', 10, 13);
  const from = endUs - 5 * dayUs;
  const whole = await past('new', from, endUs, 3600, 'presence,flows,crowd,dwell,roles');
  stored = false;
  const behind = await past('new', from, endUs, 3600, 'presence,flows,crowd,dwell,roles');
  stored = true;
  // The newest interval that is stored ends a quarter of an hour less a minute before the city does.
  const known = 2 * 24 - 1;
  for (const [name, told, all] of [
    ['present', behind.presence!.present, whole.presence!.present],
    ['entries', behind.flows!.entries, whole.flows!.entries],
    ['crowd', behind.crowd!, whole.crowd!],
  ] as const) {
    expect(told.slice(0, known), name).toEqual(all.slice(0, known));
    expect(new Set(told.slice(known)), name).toEqual(new Set([null]));
    expect(all.slice(known), name).not.toContain(null);
  }
  const newest = dateOf(endUs - 1);
  expect(behind.dwell).toEqual(whole.dwell!.filter(({ day }) => day < newest));
  expect(behind.roles).toEqual(whole.roles!.filter(({ day }) => day < newest));
  expect(whole.roles!.map(({ day }) => day)).toContain(newest);
});

test('buckets in which nothing was counted are unknown, not zero: before the first, while the server was down, behind the clock', async () => {
  await draw('new', 10, 13);
  const from = cityStartUs + 40 * dayUs;
  const before = await past('new', from, from + dayUs, 3600, 'presence,flows,crowd');
  expect(before.presence!.present).not.toContain(null);
  await database.sql('delete from city_gauge where ts >= $1 and ts < $2', [
    timestampUs(from + hourUs),
    timestampUs(from + 10 * hourUs + 1),
  ]);
  const after = await past('new', from, from + dayUs, 3600, 'presence,flows,crowd');
  // A quarter of the eleventh hour was counted.
  const masked = (values: (number | null)[]) => values.map((value, i) => (i >= 1 && i < 10 ? null : value));
  expect(after.presence!.visitors).toEqual(masked(before.presence!.visitors));
  expect(after.flows!.exits).toEqual(masked(before.flows!.exits));
  expect(after.crowd).toEqual(masked(before.crowd!));

  const { presence: never } = await past('new', cityStartUs - dayUs, cityStartUs + hourUs, 3600, 'presence');
  expect(never!.present.map((value) => value === null)).toEqual([...Array<boolean>(24).fill(true), false]);
  it.view.clockUs = endUs;
  const { presence: next } = await past('new', endUs - hourUs, endUs + 3 * hourUs, 3600, 'presence');
  it.view.clockUs = endUs + dayUs;
  expect(next!.present.map((value) => value === null)).toEqual([false, true, true, true]);
});

test('an interval that is not final yet is told already: its minute is known as soon as the clock has passed it', async () => {
  const now = endUs + 5 * hourUs;
  await fillCounted(database, now - hourUs, now - 2 * 60 * secondUs);
  it.view.clockUs = now;
  const answer = await fetch(`http://127.0.0.1:${it.server.port}/api/regions/new/crowd`);
  it.view.clockUs = endUs + dayUs;
  expect(await answer.json()).toMatchObject({ atUs: now, present: 0 });
});

test('where stays have been dropped who was there is unknown, though it was counted', async () => {
  const cutUs = cityStartUs + 30 * dayUs;
  const before = await past('new', cutUs - dayUs, cutUs + 2 * dayUs, 3600, 'presence');
  expect(before.presence!.present).not.toContain(null);
  await database.sql(`select drop_chunks('stay', $1::timestamptz)`, [timestampUs(cutUs)]);
  const [{ us }] = await database.sql<{ us: number }>(`select min(range_start) as us
    from timescaledb_information.chunks where hypertable_name = 'stay'`);
  expect(us).toBeGreaterThan(cutUs - dayUs);
  const { presence: told } = await past('new', cutUs - dayUs, cutUs + 2 * dayUs, 3600, 'presence');
  const gone = (us - (cutUs - dayUs)) / hourUs;
  expect(told!.present).toEqual(before.presence!.present.map((value, i) => (i < gone ? null : value)));
});
