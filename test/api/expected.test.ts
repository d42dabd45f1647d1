import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publishExpected } from '../../server/access/expected.ts';
import { readDayFigures } from '../../server/store/region-expected.ts';
import type { RegionExpected } from '../../shared/region-answers.ts';
import { openPlainDatabase, type PlainDatabase } from '../store/tools/plain-database.ts';
import { jsonOf, request, startTestServer, type TestServer } from '../tools/push-server.ts';

let database: PlainDatabase;
let it: TestServer;

beforeAll(async () => {
  database = await openPlainDatabase();
  await database.sql(`insert into micro_region (id, name, kind) values ('r0', 'Hall', 'venue')`);
  // At 19:30 local on Saturdays, one of them in a holiday, 17 October, and a Sunday.
  await database.sql(
    `insert into region_gauge
     select (day || ' 19:30')::timestamp at time zone 'Asia/Shanghai', r.region_id, 60000, present, 0, 0, 0, 0, 0, 0
     from micro_region r, (values ('2026-08-29', 1000), ('2026-09-05', 1100), ('2026-09-12', 1200), ('2026-09-19', 1300),
       ('2026-09-26', 1400), ('2026-10-03', 1900), ('2026-10-17', 5000), ('2026-09-06', 7)) as past (day, present)`,
  );
  it = await startTestServer({
    store: {
      regionHistory: () => Promise.reject(new Error('not asked for here')),
      regionPast: () => Promise.reject(new Error('not asked for here')),
      sql: async <T>(text: string, values: unknown[]) => (await database.pool.query(text, values)).rows as T[],
      dayFigures: (id, days, time) => readDayFigures(database.pool, id, days, time, 'Asia/Shanghai'),
    },
  });
});
afterAll(async () => {
  await it.server.close();
  await database.remove();
});

const ask = (path: string) => request(it.server.port, `/api/regions/${path}`);

describe('what is expected of a region', () => {
  test('is taken from like days and says how far off the figure is', async () => {
    const answer = await ask('r0/expected?at=2026-10-17T19:30:20%2B08:00');
    expect(answer.status).toBe(200);
    const { band, ...rest } = jsonOf<RegionExpected>(answer);
    const atUs = Date.parse('2026-10-17T19:30:20+08:00') * 1000;
    // Six Saturdays: the median is 1,250, the mean absolute deviation 1,300 / 6.
    expect(rest).toEqual({ id: 'r0', atUs, present: 5_000, z: 17.3, verdict: 'fault first' });
    expect(band).toEqual({ median: 1_250, low: 600, high: 1_900, days: 6 });
  });

  test('is unknown where nothing was counted, and so is the figure of a time without a gauge', async () => {
    const answer = jsonOf<RegionExpected>(await ask('r0/expected?at=2026-10-17T08:00:00%2B08:00'));
    expect(answer).toMatchObject({ present: null, band: null, z: null, verdict: null });
  });

  test('is of the newest stored gauge without a time, for as long as the next one waits for its crossings', async () => {
    const everyUs = 30_000_000;
    const firstUs = Date.parse('2026-10-17T20:00:00+08:00') * 1000;
    for (let s = 100; s < 170; s += 5) {
      it.view.clockUs = firstUs + s * 1_000_000;
      // An interval is final a minute after its end.
      const finals = Math.floor((s - 60) / 30);
      await database.sql('delete from city_gauge; delete from region_gauge where every_ms = 30000');
      for (let i = 0; i < finals; i++) {
        const at = `to_timestamp(${(firstUs + i * everyUs) / 1e6})`;
        await database.sql(`insert into city_gauge values (${at}, 30000, 1000)`);
        await database.sql(
          `insert into region_gauge select ${at}, region_id, 30000, ${100 * (i + 1)}, 0, 0, 0, 0, 0, 0 from micro_region`,
        );
      }
      const answer = jsonOf<RegionExpected>(await ask('r0/expected'));
      expect(answer, `${s} s`).toMatchObject({ present: 100 * finals, atUs: firstUs + (finals - 1) * everyUs });
    }
    await database.sql('delete from city_gauge; delete from region_gauge where every_ms = 30000');
  });

  test('is of the newest closed gauge where nothing of the last hour is stored', async () => {
    it.view.clockUs = Date.parse('2026-10-17T19:31:40+08:00') * 1000;
    expect(jsonOf<RegionExpected>(await ask('r0/expected'))).toMatchObject({ present: 5_000, verdict: 'fault first' });
  });

  test('is refused for a time that is none and a region that is none', async () => {
    expect((await ask('r0/expected?at=noon')).status).toBe(400);
    expect((await ask('nowhere/expected')).status).toBe(404);
  });
});

describe('where small figures are hidden', () => {
  const past = (...values: number[]) => values.map((value, i) => ({ day: `2026-10-0${i + 1}`, value }));
  const head = { id: 'r0', atUs: 1 };

  test('a hidden figure has no z, and a low band no exact border', () => {
    const shown = publishExpected({ ...head, present: 7, past: past(5, 12, 19, 3) }, 20);
    expect(shown).toMatchObject({ present: -1, z: null, verdict: null });
    expect(shown.band).toMatchObject({ median: -1, low: -1, high: -1, days: 4 });
  });

  test('nothing moves when somebody more was there', () => {
    const [one, other] = [0, 1].map((more) =>
      publishExpected({ ...head, present: 301 + more, past: past(100, 110, 121 + more, 130, 142 + more) }, 20),
    );
    expect(one).toEqual(other);
    expect(one).toMatchObject({ present: 300, band: { median: 120 } });
  });
});
