import { afterAll, beforeAll, expect, test } from 'vitest';
import { hourUs, minuteUs, secondUs } from '../../server/clock.ts';
import { timestampUs } from '../../server/store/connection.ts';
import { FactsPace } from '../../server/store/facts-pace.ts';
import { cityStartUs } from '../sql/tools/small-city.ts';
import { openPlainDatabase, type PlainDatabase } from './tools/plain-database.ts';
import { type Lines, logTo, native } from './tools/test-database.ts';

let database: PlainDatabase;
beforeAll(async () => {
  database = await openPlainDatabase();
});
afterAll(() => database.remove());

const clockUs = cityStartUs + 12 * hourUs;

/** Each look at the clock takes a tenth of a second. */
class SlowClock {
  ms = 0;
  monotonicMs(): number {
    this.ms += 100;
    return this.ms;
  }
  nowUs = () => clockUs;
}

function paceOf(clock: SlowClock, lines: Lines = []): FactsPace {
  const { pool } = database;
  return new FactsPace({ pool, embedded: !native, timeZone: 'Asia/Shanghai', log: logTo(lines), clock });
}

/** Stays of a minute each, that ended until a time. */
const putStays = (n: number, untilUs: number) =>
  database.sql(
    `insert into stay_queue (first_out, first_in, last_in, sub, cell_id, plmn, events, to_cell)
     select t, t - interval '1 minute', t - interval '5 seconds', i, i % 50, 0, 1, -1
     from generate_series(1, $1::integer) i
     cross join lateral (select $2::timestamptz - make_interval(secs => $1 - i) / 1000 as t) x`,
    [n, timestampUs(untilUs)],
  );
const waiting = async () => (await database.sql<{ n: number }>('select count(*) as n from stay_queue'))[0].n;

test('stays that keep coming are counted as fast as they come, and hours beside them', async () => {
  const clock = new SlowClock();
  const pace = paceOf(clock);
  const lines: Lines = [];
  const told = paceOf(clock, lines);
  const step = native ? 40_000 : 4_000;
  // Far behind at first: so much that several runs are needed.
  await putStays(step * 6, clockUs - 7 * hourUs);
  await database.sql(`insert into fact_dirty (grain, start) values ('hour', $1::timestamptz)`, [
    timestampUs(clockUs - 9 * hourUs),
  ]);
  await told.run(clockUs, null, 50);
  expect(told.behindUs(clockUs)).toBeGreaterThan(6 * hourUs);
  expect(lines).toEqual([]);
  clock.ms += 600_000;
  await told.run(clockUs, null, 50);
  expect(lines.join()).toMatch(/more than six hours behind.*roles and crowds .* unknown/);
  let least = Number.POSITIVE_INFINITY;
  let hours = -1;
  for (let second = 0; second < 12; second++) {
    await putStays(step, clockUs);
    // Half of the time is its own: it is due again as long after as it took.
    while (!pace.isDue(clock.monotonicMs()));
    const beganMs = clock.ms;
    await pace.run(clockUs, null, 1_000);
    const tookMs = clock.ms - beganMs;
    expect(tookMs).toBeLessThan(2_000);
    if ((await waiting()) > 0) {
      expect(pace.isDue(beganMs + tookMs)).toBe(false);
      expect(pace.isDue(beganMs + 2 * tookMs + 200)).toBe(true);
      if (hours < 0)
        [{ n: hours }] = await database.sql<{ n: number }>(`select count(*) as n from fact_dirty where grain = 'hour'`);
    }
    least = Math.min(least, await waiting());
  }
  expect(hours, 'an hour was counted while stays were waiting').toBe(0);
  expect(least).toBe(0);
  await told.run(clockUs, null, 60_000);
  expect(told.behindUs(clockUs)).toBe(0);
  expect(lines.at(-1)).toMatch(/counted up to now again/);
});

test('whoever asks what is counted has the rest counted first, where it is little', async () => {
  const clock = new SlowClock();
  const pace = paceOf(clock);
  await putStays(100, clockUs - minuteUs);
  const runs: Promise<void>[] = [];
  const hurry = () => {
    expect(pace.isDue(clock.ms)).toBe(true);
    runs.push(pace.run(clockUs, null, 1_000));
  };
  expect(await pace.uncountedFromUs(clockUs, hurry)).toBe(Number.POSITIVE_INFINITY);
  expect(runs.length).toBeGreaterThan(0);
  await Promise.all(runs);
  // One that ends later is nobody's business yet.
  await putStays(1, clockUs + 10 * secondUs);
  expect(await pace.uncountedFromUs(clockUs, () => undefined)).toBe(Number.POSITIVE_INFINITY);
  // Nobody counts: it is said since when something lacks.
  await putStays(1, clockUs - hourUs);
  expect(await pace.uncountedFromUs(clockUs, () => undefined)).toBe(clockUs - hourUs - minuteUs);
  pace.close();
  await database.sql('truncate stay_queue');
});

test('of very many that are not counted nobody waits, nor looks since when they are', async () => {
  const pace = paceOf(new SlowClock());
  await putStays(50_000, clockUs);
  const never = () => expect.fail('is not to be waited for');
  expect(await pace.uncountedFromUs(clockUs, never)).toBeLessThan(clockUs);
  await putStays(150_001, clockUs);
  expect(await pace.uncountedFromUs(clockUs, never)).toBe(Number.NEGATIVE_INFINITY);
  pace.close();
});
