import { afterAll, beforeAll, expect, test } from 'vitest';
import { dayUs, hourUs, minuteUs, secondUs } from '../../server/clock.ts';
import { readRegionPast } from '../../server/store/region-past.ts';
import type { RegionPast } from '../../shared/protocol.ts';
import { dayFacts, flows, presence, sessions } from '../sql/tools/past-oracle.ts';
import { cityStartUs, dateOf, fillStays, makeCityStays, type Stay } from '../sql/tools/small-city.ts';
import { openPlainDatabase, type PlainDatabase } from '../store/tools/plain-database.ts';

/** The city's stays, cut off on a busy morning: those that have not ended are not in the database. */
const nowUs = cityStartUs + 13 * dayUs + 10 * hourUs + 20 * minuteUs;
const fromUs = cityStartUs + 11 * dayUs;
const toUs = nowUs - (nowUs % hourUs);
const far = cityStartUs + 1000 * dayUs;
const begun = makeCityStays(48).filter(({ firstIn }) => firstIn <= nowUs);
const ended = begun.filter(({ firstOut }) => firstOut <= nowUs);
const lasting = begun.filter(({ firstOut }) => firstOut > nowUs);
/** As the city stands at the time: what lasts goes on. */
const known: Stay[] = begun.map((stay) => (stay.firstOut > nowUs ? { ...stay, firstOut: far, to: 0 } : stay));
const regions = [
  [10, 11, 12, 13],
  [12, 13, 14, 30, 31],
];

const zone = {
  timeZone: 'Asia/Shanghai',
  holdDownMs: 60_000,
  tripMs: 1_800_000,
  ...{ presenceTtlMs: 7_200_000, presenceTtlByLac: '' },
};

let database: PlainDatabase;
beforeAll(async () => {
  database = await openPlainDatabase();
  await fillStays(database, ended);
  await database.maintain(nowUs + 1);
});
afterAll(() => database.remove());

function openIn(cells: readonly number[], stays: readonly Stay[] = lasting) {
  const own = stays.filter(({ cell }) => cells.includes(cell));
  return {
    subs: own.map(({ sub }) => BigInt(sub)),
    firstInUs: own.map(({ firstIn }) => firstIn),
    complete: true,
    oldestUs: Math.min(...own.map(({ firstIn }) => firstIn)),
  };
}

async function pastOf(cells: readonly number[], open: ReturnType<typeof openIn>, bucketS = 3600): Promise<RegionPast> {
  const question = { cells, fromUs, toUs, bucketS, parts: ['presence', 'flows', 'dwell', 'crowd'] as const };
  return await readRegionPast(database.pool, 'r', { ...question, open, heldUs: Infinity }, zone);
}

test.each(regions)('who is there now and has not left is in the past of a region (%#)', async (...cells) => {
  const region = new Set(cells);
  const there = openIn(cells);
  expect(there.subs.length).toBeGreaterThan(3);
  const past = await pastOf(cells, there);
  const expected = presence(known, region, fromUs, toUs, hourUs);
  expect(past.presence!.present).toEqual(expected.map(({ present }) => present));
  expect(past.presence!.visitors).toEqual(expected.map(({ visitors }) => visitors));
  const before = presence(ended, region, fromUs, toUs, hourUs);
  expect(expected, 'those who last make a difference').not.toEqual(before);
  // The crowd is some of them.
  for (const [i, crowd] of past.crowd!.entries())
    if (crowd !== null) expect(crowd).toBeLessThanOrEqual(expected[i].present);
});

test.each(regions)('entries and appearances of who has not left are counted (%#)', async (...cells) => {
  const past = await pastOf(cells, openIn(cells));
  const rows = flows(known, new Set(cells), fromUs, hourUs);
  for (const name of ['entries', 'exits', 'appeared', 'vanished'] as const)
    expect(past.flows![name], name).toEqual(past.timeUs.map((us) => rows.get(us)?.[name] ?? 0));
});

test.each(regions)('a stay in the region that goes on in another of its cells has not ended (%#)', async (...cells) => {
  const past = await pastOf(cells, openIn(cells));
  const all = sessions(known, new Set(cells)).filter(({ firstOut }) => firstOut < far);
  const byDay = new Map<string, number>();
  for (const { firstOut } of all) byDay.set(dateOf(firstOut), (byDay.get(dateOf(firstOut)) ?? 0) + 1);
  for (const { day, stays } of past.dwell!) expect(stays, day).toBe(byDay.get(day));
  expect(past.dwell!.length).toBe(3);
});

test.each(regions)('who is there and has not left is told beside the roles of the day (%#)', async (...cells) => {
  const region = new Set(cells);
  const open = openIn(cells);
  const question = { cells, fromUs, toUs, bucketS: 3600, parts: ['roles'] as const, open, heldUs: nowUs };
  const { roles } = await readRegionPast(database.pool, 'r', question, zone);
  const counted = new Set(ofDays(ended, region));
  const besides = ofDays(
    lasting.map((stay) => ({ ...stay, firstOut: nowUs, lastIn: nowUs, to: 0 })),
    region,
  );
  const wanted = new Map<string, number>();
  for (const key of new Set(besides)) {
    const day = key.split(' ')[1];
    if (!counted.has(key)) wanted.set(day, (wanted.get(day) ?? 0) + 1);
  }
  expect(roles!.map(({ day }) => day)).toEqual([11, 12, 13].map((day) => dateOf(cityStartUs + day * dayUs)));
  expect(roles!.at(-1)!.lasting).toBeGreaterThan(0);
  for (const { day, lasting: n } of roles!) expect(n, day).toBe(wanted.get(day) ?? 0);
  const many = { ...open, subs: [], firstInUs: [], complete: false };
  const { roles: some } = await readRegionPast(database.pool, 'r', { ...question, open: many }, zone);
  expect(some!.map(({ lasting: n }) => n)).toEqual([null, null, null]);
});

/** `subscriber day` of each local day that a stay in the region lasts. */
function ofDays(stays: readonly Stay[], region: ReadonlySet<number>): string[] {
  return [...dayFacts(stays, region).keys()].map((key) => {
    const [sub, day] = key.split(' ');
    return `${sub} ${dateOf(cityStartUs + Number(day) * dayUs)}`;
  });
}

test('roles and crowd of days that stays may still be counted to are unknown', async () => {
  const [cells] = regions;
  const question = {
    cells,
    fromUs,
    toUs,
    bucketS: 3600,
    parts: ['roles', 'crowd'] as const,
    open: openIn(cells),
    heldUs: nowUs,
  };
  const all = await readRegionPast(database.pool, 'r', question, zone);
  const some = await readRegionPast(database.pool, 'r', question, zone, cityStartUs + 12 * dayUs + 5 * hourUs);
  expect(some.roles).toEqual(all.roles!.slice(0, 1));
  expect(some.crowd).toEqual(all.crowd!.map((figure, at) => (at < 24 ? figure : null)));
  expect(all.crowd!.slice(24)).not.toEqual(some.crowd!.slice(24));
  const none = await readRegionPast(database.pool, 'r', question, zone, Number.NEGATIVE_INFINITY);
  expect(none.roles).toEqual([]);
  expect(none.crowd!.every((figure) => figure === null)).toBe(true);
});

test('one that has ended and been stored meanwhile counts once', async () => {
  const cells = regions[0];
  const late = ended.filter(({ firstOut, cell }) => firstOut > toUs - 2 * hourUs && cells.includes(cell));
  expect(late.length).toBeGreaterThan(0);
  const twice = await pastOf(cells, openIn(cells, [...lasting, ...late]));
  expect(twice).toEqual(await pastOf(cells, openIn(cells)));
});

test.each(regions)(
  'a region of thousands of cells is asked for in pieces, and its past is the same (%#)',
  async (...cells) => {
    // Cells where nobody is; not in order.
    const many = [...Array.from({ length: 9_000 }, (_, i) => 10_000 - i), ...cells];
    expect(await pastOf(many, openIn(cells), 900)).toEqual(await pastOf(cells, openIn(cells), 900));
  },
);

test('who does not wait for the answer any more is not asked for further', async () => {
  const given = { cells: regions[0], fromUs, toUs, bucketS: 3600, parts: ['presence'] as const };
  const question = { ...given, open: openIn(regions[0]), heldUs: toUs, signal: AbortSignal.abort() };
  const asked = readRegionPast(database.pool, 'r', question, zone);
  await expect(asked).rejects.toThrow(/aborted/);
});

test('where they are too many, what was since the oldest of them is unknown', async () => {
  const cells = regions[0];
  const oldestUs = toUs - 5 * hourUs + secondUs;
  const past = await pastOf(cells, { subs: [], firstInUs: [], complete: false, oldestUs });
  const known = past.timeUs.length - 5;
  for (const figures of [past.presence!.present, past.presence!.visitors, past.flows!.entries, past.crowd!]) {
    expect(figures.slice(known)).toEqual([null, null, null, null, null]);
    expect(figures[known - 1]).not.toBeNull();
  }
});
