import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publishEndedDwell, publishLiveDwell, publishOrigins, publishTrips } from '../../server/access/area-figures.ts';
import { dayUs, hourUs, minuteUs, secondUs } from '../../server/clock.ts';
import { packPlmn } from '../../server/events/plmn.ts';
import { dwellBucketOf, dwellQuantileMs } from '../../server/occupancy/dwell-buckets.ts';
import { packIso } from '../../server/reference/country-codes.ts';
import { timestampUs } from '../../server/store/connection.ts';
import { namedQuery } from '../../server/store/queries.ts';
import type {
  HourOfCells,
  LatestCells,
  RegionDwell,
  RegionOrigins,
  RegionProcedures,
  RegionTrips,
} from '../../shared/region-answers.ts';
import { openPlainDatabase, type PlainDatabase } from '../store/tools/plain-database.ts';
import { FakeView } from '../tools/fake-view.ts';
import { jsonOf, request, startTestServer, type TestServer } from '../tools/push-server.ts';

const fromUs = Date.UTC(2026, 9, 17, 11) * 1000;
const at = (minutes: number) => `'${timestampUs(fromUs + minutes * minuteUs)}'`;

let database: PlainDatabase;
let it: TestServer;

beforeAll(async () => {
  database = await openPlainDatabase();
  for (const statement of [
    `insert into micro_region (id, name, kind) values ('r0', 'Hall', 'venue'), ('r1', 'Park', 'venue'), ('r2', 'Gate', 'venue')`,
    `insert into region_flow (ts, from_region, to_region, every_ms, count)
     select v.ts::timestamptz, f.region_id, t.region_id, 60000, v.n
     from (values (${at(1)}, 'r0', 'r1', 30), (${at(2)}, 'r0', 'r1', 12), (${at(3)}, 'r1', 'r0', 5),
       (${at(4)}, 'r2', 'r1', 99), (${at(70)}, 'r0', 'r2', 7)) as v (ts, a, b, n)
     join micro_region f on f.id = v.a join micro_region t on t.id = v.b`,
    // Forty stays below 30 s, and ten of 4 to 4 min 45 s.
    `insert into region_dwell (ts, region_id, every_ms, observed, upper, bucket)
     select v.ts::timestamptz, region_id, 60000, v.o, v.u, v.b
     from (values (${at(1)}, 25, 20, 0), (${at(9)}, 15, 20, 0), (${at(9)}, 10, 10, ${dwellBucketOf(240 * secondUs)}),
       (${at(70)}, 1000, 1000, 9)) as v (ts, o, u, b)
     join micro_region on id = 'r0'`,
    `insert into origin_gauge (ts, region_id, every_ms, present, mcc, country, class)
     values (${at(-60)}, 1, 60000, 40, 460, ${packIso('CN')}, 1), (${at(20)}, 1, 60000, 60, 310, ${packIso('US')}, 6),
       (${at(35)}, 1, 60000, 0, 460, ${packIso('CN')}, 1)`,
    // Told of the second quarter alone: the third lacks its first interval.
    `insert into origin_place (ts, region_id, every_ms, present, plmn, mcc, country, class, area)
     values (${at(15)}, 1, 60000, 7, ${packPlmn(310, 410, 3)}, 310, ${packIso('US')}, 6, 0),
       (${at(15)}, 1, 60000, 5, 0, 310, ${packIso('US')}, 6, 0), (${at(15)}, 1, 60000, 40, 0, 460, ${packIso('CN')}, 3, 755)`,
    // Down for the half-hour before, with a mark of what was lost; and of long ago, of which nothing else is kept.
    `insert into city_gauge (ts, every_ms, present, events_kept)
     select t, 60000, 1, true from generate_series(${at(-60)}::timestamptz, ${at(59)}, interval '1 minute') t
     where t not between ${at(-30)} and ${at(-1)}
     union all
     select ${at(-100 * 24 * 60)}, 60000, 1, true
     union all
     select ${at(-20)}, 0, 0, false`,
    // As they are told: when a region is drawn, and with each quarter's first interval; the third one is empty.
    `insert into region_gauge (ts, region_id, every_ms, present, entries, exits, appeared, vanished, visitors, fresh5)
     select ts, region_id, every_ms, n, 0, 0, 0, 0, n, n from city_gauge cross join micro_region
     cross join lateral (select case id when 'r2' then 0 else 1 end as n) p
     where every_ms > 0 and ts >= ${at(-90)} and (extract(minute from ts)::integer % 15 = 0 or ts = ${at(20)})
       and (id in ('r0', 'r1') or ts >= ${at(20)})`,
    `insert into cell (cell_id, cgi, name, radio) values (0, '460-00-1-1', 'a', 'GSM'), (1, '460-00-1-2', 'b', 'GSM')`,
    `insert into cell_gauge (ts, cell_id, every_ms, present, fresh5, entries, exits, appeared, vanished, visitors)
     values (${at(58)}, 0, 60000, 9, 1, 2, 3, 0, 0, 9), (${at(59)}, 1, 60000, 200, 1, 0, 0, 0, 0, 200)`,
    `insert into event (ts, sub, bytes, cell_id, plmn, duration_ms, type_allocation_code, kind, outcome, cause, flags)
     select timestamptz ${at(20)}, i, 0, 0, 0, 0, 0, 1, 1 + i % 2, -1, 5 from generate_series(1, 25) i`,
    `insert into micro_region_cell (region_id, cell_id) select region_id, 0 from micro_region where id = 'r2'`,
    // Two whom a start with other settings cut off there, of whom the region still held the cell of one; others elsewhere,
    // an hour later, one who left, and one whose next stay there is known.
    `insert into micro_region_cell (region_id, cell_id, valid_to)
     select region_id, c, case when c = 5 then ${at(10)}::timestamptz else 'infinity' end
     from micro_region, generate_series(4, 5) c where id = 'r0'`,
    `insert into stay (first_out, first_in, last_in, sub, cell_id, plmn, events, to_cell)
     select v.o::timestamptz, v.o::timestamptz - interval '1 hour', v.o, v.sub, v.cell, 0, 1, v.went
     from (values (${at(20)}::timestamptz, 1, 4, null), (${at(20)}, 2, 5, null), (${at(20)}, 3, 9, null),
       (${at(70)}, 4, 4, null), (${at(20)}, 5, 4, 9), (${at(20)}, 6, 4, null), (${at(80)}, 6, 4, 9)) as v (o, sub, cell, went)`,
  ])
    await database.sql(statement);
  it = await startTestServer({
    store: { sql: (text, values) => database.sql(text, values) },
    areaNames: new Map([[755, { province: '广东', city: '深圳' }]]),
  });
  it.view.clockUs = fromUs + hourUs;
});
afterAll(async () => {
  await it.server.close();
  await database.remove();
});

const ask = async <T>(path: string, status = 200): Promise<T> => {
  const answer = await request(it.server.port, `/api/${path}`);
  expect(answer.status).toBe(status);
  return jsonOf<T>(answer);
};
const hour = `from=${fromUs}&to=${fromUs + hourUs}`;

describe('figures that the gauges hold', () => {
  test('trips of a region go both ways, and only those of the time', async () => {
    expect(await ask<RegionTrips>(`regions/r0/flows?${hour}`)).toEqual({
      ...{ id: 'r0', fromUs, toUs: fromUs + hourUs, knownFromUs: fromUs },
      ...{ regions: [{ id: 'r1', into: 42, from: 5 }], edits: [{ timeUs: fromUs + 10 * minuteUs, came: 0, went: 1 }] },
    });
    const { regions } = await ask<RegionTrips>(`regions/r1/flows?${hour}`);
    expect(regions).toEqual([
      { id: 'r2', into: 0, from: 99 },
      { id: 'r0', into: 5, from: 42 },
    ]);
  });

  test('dwell is that of those who are there, and of stays that ended in the time', async () => {
    it.view.regionPresent[0] = 50;
    it.view.wholeFromUs = it.view.clockUs - 500_000_000;
    it.view.regionDwellMs = (region, share) => (region + 1) * share * 600_000;
    const { live, ended } = await ask<RegionDwell>(`regions/r0/dwell?${hour}`);
    expect(live).toEqual({ present: 50, medianMs: 300_000, p90Ms: 540_000, knownMs: 500_000 });
    // The 25th of fifty among forty below 30 s; the 45th is the middle of a bucket from 4 min on.
    expect(ended).toMatchObject({ stays: 50, cut: 1, observedMedianMs: 18_750, upperMedianMs: 18_750 });
    expect(ended.observedP90Ms).toBeGreaterThan(240_000);
    expect(ended.observedP90Ms).toBeLessThan(286_000);
  });

  test('of a time in which a region was not drawn, or nothing was counted, nothing is known: no nobody', async () => {
    const before = `from=${fromUs - hourUs}&to=${fromUs}`;
    const never = { ...{ stays: null, cut: null, observedMedianMs: null, observedP90Ms: null }, upperMedianMs: null };
    expect(await ask<RegionTrips>(`regions/r2/flows?${before}`)).toMatchObject({ knownFromUs: null, regions: null });
    const { ended } = await ask<RegionDwell>(`regions/r2/dwell?${before}`);
    expect(ended).toMatchObject({ ...never, knownFromUs: null, upperP90Ms: null });
    const { quarters } = await ask<RegionOrigins>(`regions/r2/origins?${before}`);
    expect(quarters.map(({ origins, places }) => [origins, places])).toEqual(Array(4).fill([null, null]));

    // Drawn in the second quarter.
    const knownFromUs = fromUs + 20 * minuteUs;
    const since = await ask<RegionDwell>(`regions/r2/dwell?${hour}`);
    expect(since.ended).toMatchObject({ knownFromUs, stays: 0, cut: 0, upperP90Ms: null });
    expect(await ask<RegionTrips>(`regions/r2/flows?${hour}`)).toMatchObject({ knownFromUs, edits: [] });
    const told = (await ask<RegionOrigins>(`regions/r2/origins?${hour}`)).quarters.map(({ origins }) => origins);
    expect(told).toEqual([null, [], [], []]);
    // Nobody comes into an empty region: that is known, between its rows too.
    const quarter = `from=${fromUs + 45 * minuteUs}&to=${fromUs + hourUs}`;
    const empty = { knownFromUs: fromUs + 45 * minuteUs, regions: [] };
    expect(await ask<RegionTrips>(`regions/r2/flows?${quarter}`)).toMatchObject(empty);
    const between = ['r2', timestampUs(fromUs + 47 * minuteUs), timestampUs(fromUs + 52 * minuteUs)];
    const [row] = await database.sql<{ known_from: number }>(namedQuery('region-known-from'), between);
    expect(row.known_from).toBe(fromUs + 47 * minuteUs);
    const down = await ask<RegionDwell>(`regions/r0/dwell?from=${fromUs - 30 * minuteUs}&to=${fromUs}`);
    expect(down.ended).toMatchObject({ ...never, knownFromUs: null });
  });

  test('origins of a time hold what was there when it began and what came and went', async () => {
    const { quarters } = await ask<RegionOrigins>(`regions/r0/origins?${hour}`);
    const local = { class: 'local', country: 'CN', mcc: '460', present: 40 };
    const american = { class: 'international', country: 'US', mcc: '310', present: 60 };
    expect(quarters.map(({ origins }) => origins)).toEqual([[local], [american, local], [american], [american]]);
    expect((await ask<RegionOrigins>(`origins?${hour}`)).quarters).toHaveLength(4);
  });

  test('guests are told by operator and by area with its name, where that was told', async () => {
    const { quarters } = await ask<RegionOrigins>(`regions/r0/origins?${hour}`);
    const american = { class: 'international', country: 'US', mcc: '310', area: 0, province: '', city: '' };
    const chinese = { class: 'other province', country: 'CN', mcc: '460', operator: '' };
    expect(quarters.map(({ places }) => places)).toEqual([
      [],
      [
        { ...chinese, area: 755, province: '广东', city: '深圳', present: 40 },
        { ...american, operator: '310-410', present: 7 },
        { ...american, operator: '', present: 5 },
      ],
      ...[null, null],
    ]);
  });

  test('of a quarter in which nothing was counted origins are unknown, not nobody and not those of before', async () => {
    const span = `from=${fromUs - 90 * minuteUs}&to=${fromUs + 7 * 24 * hourUs - 90 * minuteUs}`;
    const { quarters } = await ask<RegionOrigins>(`regions/r0/origins?${span}`);
    expect(quarters).toHaveLength(672);
    const sizes = quarters.map(({ origins }) => origins?.length ?? null);
    expect(sizes.slice(0, 12)).toEqual([null, null, 1, 1, null, null, 1, 2, 1, 1, null, null]);
    expect(new Set(sizes.slice(10))).toEqual(new Set([null]));
  });

  test('where origins have been dropped they are unknown, though it was counted', async () => {
    await database.maintain(fromUs + 2 * hourUs);
    const old = fromUs - 100 * dayUs;
    const { quarters } = await ask<RegionOrigins>(`origins?from=${old}&to=${old + hourUs}`);
    expect(quarters.map(({ origins }) => origins)).toEqual([null, null, null, null]);
  });

  test('a region has its traffic by procedure and outcome, a figure a bucket', async () => {
    const { units, classes, timeUs, edits } = await ask<RegionProcedures>(`regions/r2/traffic?${hour}&bucket=1200`);
    expect(timeUs).toEqual([0, 20, 40].map((minutes) => fromUs + minutes * minuteUs));
    expect({ units, edits }).toEqual({ units: [0, 25, 0], edits: [] });
    const none = [0, 0, 0];
    const others = { unknown: none, failed: none, unanswered: none, dropped: none };
    expect(classes).toEqual({
      'location updates': { units, success: [0, 12, 0], rejected: [0, 13, 0], ...others },
    });
    const before = await ask<RegionProcedures>(`regions/r2/traffic?from=${fromUs - 29 * minuteUs}&to=${fromUs}`);
    expect(before).toMatchObject({ bucketS: 900, units: [null, null], classes: {} });
    await ask('regions/nowhere/traffic', 404);
    await ask(`regions/r2/traffic?${hour}&bucket=61`, 400);
  });

  test('cells have their latest gauge, and the traffic of an hour', async () => {
    expect((await ask<LatestCells>('cells/latest')).cells).toEqual([
      { cgi: '460-00-1-1', timeUs: fromUs + 58 * minuteUs, present: 9, entries: 0, exits: 0 },
      { cgi: '460-00-1-2', timeUs: fromUs + 59 * minuteUs, present: 200, entries: 0, exits: 0 },
    ]);
    const answer = await ask<HourOfCells>(`cells/hour?at=${fromUs + 7 * minuteUs}`);
    expect(answer).toMatchObject({ fromUs, toUs: fromUs + hourUs, cells: [{ cgi: '460-00-1-1', units: 25 }] });
  });

  test('a region that is none and a range that is too long are refused', async () => {
    await ask('regions/nowhere/flows', 404);
    await ask('regions/r0/dwell?from=0', 400);
    await ask('cells/hour?at=noon', 400);
  });
});

describe('where small figures are hidden', () => {
  test('small trips are, and their order tells nothing', () => {
    const rows = [
      { id: 'b', into_it: 19, from_it: 0 },
      { id: 'a', into_it: 3, from_it: 0 },
      { id: 'c', into_it: 104, from_it: 1 },
    ];
    expect(publishTrips(rows, 20)).toEqual([
      { id: 'c', into: 100, from: -1 },
      { id: 'a', into: -1, from: 0 },
      { id: 'b', into: -1, from: 0 },
    ]);
  });

  test('so is how long so few stayed, live and ended', () => {
    const view = new FakeView(1, 1);
    view.regionPresent[0] = 19;
    expect(publishLiveDwell(view, 0, 20)).toMatchObject({ present: -1, medianMs: -1, p90Ms: -1 });
    expect(publishEndedDwell({ observed: [9, 10], upper: [9, 10], cut: 5 }, 20)).toMatchObject({
      ...{ stays: -1, cut: -1, upperP90Ms: -1 },
    });
  });

  test('and origins hide as they do live: one hidden row alone could be had by subtracting', () => {
    const row = { class: 'local', country: 'CN', mcc: '460', present: 300 } as const;
    const [{ origins }] = publishOrigins(
      [{ timeUs: 1, origins: [row, { ...row, mcc: '461', present: 4 }], places: null }],
      20,
    );
    expect(origins!.map(({ present }) => present).sort()).toEqual([-1, null]);
  });
});

test('a share of a histogram lies in the bucket that holds it', () => {
  expect(dwellQuantileMs([], 0.5)).toBe(-1);
  expect(dwellQuantileMs([0, 0, 4], 0.5)).toBeGreaterThan(dwellQuantileMs([0, 4, 0], 0.99));
  expect(dwellQuantileMs([2, 0, 2], 0.5)).toBe(30_000);
});
