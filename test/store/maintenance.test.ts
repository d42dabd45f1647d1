import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { dayUs, hourUs, minuteUs, secondUs, systemClock } from '../../server/clock.ts';
import type { Log } from '../../server/log.ts';
import { FactsUpkeep } from '../../server/store/facts-upkeep.ts';
import { Maintenance } from '../../server/store/maintenance.ts';
import { keptTables, refreshReachUs } from '../../server/store/periods.ts';
import { addPolicies, type Jobs } from '../../server/store/policies.ts';
import type { Store } from '../../server/store/types.ts';
import { type Giver, giveTo } from './tools/give.ts';
import { openPlainDatabase } from './tools/plain-database.ts';
import { makeCells, makeEvents, makeGauges, makeStays, startUs } from './tools/synthetic.ts';
import { makeTestDatabase, native, type TestDatabase } from './tools/test-database.ts';

let base: TestDatabase;
let store: Store;
let give: Giver;

beforeAll(async () => {
  base = await makeTestDatabase();
  store = await base.open();
  await store.saveCells(makeCells(40));
  give = giveTo(store);
});
afterAll(async () => {
  await store.close();
  await base.remove();
});

const n = async (from: string) => (await store.sql<{ n: number }>(`select count(*) as n from ${from}`))[0].n;

test('refreshes reach less far back than any source is kept, by more than a chunk', () => {
  const days = (name: string) => keptTables.find((table) => table.name === name)!.keepUs;
  for (const source of ['event', 'cell_gauge', 'region_gauge']) {
    expect(days(source) - refreshReachUs).toBeGreaterThanOrEqual(dayUs);
  }
});

test('compresses what is old enough by the event clock, and reads it as before', async () => {
  const batch = makeEvents(4_000, startUs, 6 * hourUs);
  give.events(batch, 0, batch.n);
  for (let minute = 0; minute < 10; minute++) give.gauges(makeGauges(startUs + minute * minuteUs, 10, 0));
  give.stays(makeStays(100, startUs));
  const sums = 'select count(*) as n, sum(bytes) as bytes, sum(duration_ms) as ms, max(ts) as newest from event';
  give.eventClock(startUs + 7 * hourUs);
  await store.maintain();
  const before = await store.sql(sums);
  const compressed = `timescaledb_information.chunks where hypertable_name = 'event' and is_compressed`;
  expect(await n(compressed)).toBe(0);
  give.eventClock(startUs + 21 * hourUs);
  await store.maintain();
  await store.maintain();
  expect(await n(compressed)).toBe(2);
  expect(await store.sql(sums)).toEqual(before);
  // A late row into a compressed chunk.
  give.events(makeEvents(10, startUs, minuteUs, 40, 5), 0, 10);
  await store.flush();
  expect(await n('event')).toBe(4_010);
});

test('drops events past their seven days, and keeps what was counted from them', async () => {
  const traffic = 'select * from cell_traffic_1m order by bucket, cell_id';
  await store.maintain();
  const before = await store.sql(traffic);
  expect(before.length).toBeGreaterThan(1_000);
  // Six days on nothing is dropped; eight days on all of it is.
  give.eventClock(startUs + 6 * dayUs);
  await store.maintain();
  expect(await n('event')).toBe(4_010);
  const batch = makeEvents(100, startUs + 8 * dayUs, minuteUs);
  give.events(batch, 0, batch.n);
  give.eventClock(startUs + 8 * dayUs + 2 * hourUs);
  await store.maintain();
  expect(await n('event')).toBe(100);
  const after = await store.sql<{ bucket: number }>(traffic);
  expect(after.filter(({ bucket }) => bucket < startUs + 7 * dayUs)).toEqual(before);
  // Refreshing goes on, and takes nothing away again.
  for (let i = 1; i <= 3; i++) {
    const late = makeEvents(50, startUs + 8 * dayUs + i * minuteUs, minuteUs, 40, i * 999);
    give.events(late, 0, late.n);
    give.eventClock(startUs + 8 * dayUs + (2 + i) * hourUs);
    await store.maintain();
  }
  const later = await store.sql<{ bucket: number }>(traffic);
  expect(later.filter(({ bucket }) => bucket < startUs + 7 * dayUs)).toEqual(before);
  expect(await n('cell_gauge')).toBe(100);
  expect(await n('stay')).toBe(100);
});

test('stays go after 100 days, minutes after 90, hours remain', async () => {
  give.eventClock(startUs + 95 * dayUs);
  await store.maintain();
  expect(await n(`cell_traffic_1m where bucket < '2026-06-10'`)).toBe(0);
  expect(await n('cell_traffic_1m')).toBeGreaterThan(0);
  expect(await n('cell_gauge')).toBe(0);
  expect(await n('stay')).toBe(100);
  give.eventClock(startUs + 102 * dayUs);
  await store.maintain();
  expect(await n('stay')).toBe(0);
  expect(await n('cell_traffic_1h')).toBeGreaterThan(0);
  expect(await n('cell_gauge_1h')).toBe(10);
  expect(await n('city_gauge')).toBe(10);
});

test('rows that their table refused are kept for 90 days', async () => {
  const put = (days: number) => `('stay', '22003', '\\x0000', now() - interval '${days} days')`;
  await store.sql(`insert into refused_row (table_name, sqlstate, copied, stored_at) values ${put(91)}, ${put(89)}`);
  await store.maintain();
  expect(await n(`refused_row where stored_at < now() - interval '90 days'`)).toBe(0);
  expect(await n('refused_row')).toBe(1);
  await store.sql('truncate refused_row');
});

test('what facts are counted from waits for them, however long they do not come', async () => {
  const own = await makeTestDatabase();
  const kept = await own.open();
  const rows = async (from: string) => (await kept.sql<{ n: number }>(`select count(*) as n from ${from}`))[0].n;
  try {
    await kept.saveCells(makeCells(40));
    const giver = giveTo(kept);
    const batch = makeEvents(500, startUs, hourUs);
    giver.events(batch, 0, batch.n);
    giver.eventClock(startUs + 2 * hourUs);
    const down = vi.spyOn(FactsUpkeep.prototype, 'step').mockResolvedValue(false);
    giver.eventClock(startUs + 9 * dayUs);
    await kept.maintain();
    expect(await rows('event')).toBe(500);
    expect(await rows('subscriber_day')).toBe(0);
    // It comes back, and only has time for the hours: days wait on, and what they are counted from.
    down.mockRestore();
    const { step } = FactsUpkeep.prototype;
    const hours = vi.spyOn(FactsUpkeep.prototype, 'step').mockImplementation(async function (this: FactsUpkeep, ...of) {
      return (await rows(`fact_dirty where grain = 'hour'`)) > 0 && step.apply(this, of);
    });
    await kept.maintain();
    const counted = await rows('subscriber_hour');
    expect(counted).toBeGreaterThan(0);
    expect(await rows('event')).toBe(0);
    hours.mockRestore();
    await kept.maintain();
    expect(await rows('subscriber_day')).toBeGreaterThan(0);
    expect(await rows('subscriber_hour')).toBe(0);
  } finally {
    vi.restoreAllMocks();
    await kept.close();
    await own.remove();
  }
});

test('the policies of live data name every table and aggregate', () => {
  const text = addPolicies().join('\n');
  for (const { name, countedFrom } of keptTables)
    expect(text.includes(`add_retention_policy('${name}'`), name).toBe(!countedFrom);
  expect(text).toContain(`add_continuous_aggregate_policy('event_traffic_1m'`);
});

const policies = `select count(*) as n from timescaledb_information.jobs where proc_name like 'policy_%' and hypertable_name is not null`;

test("hands over to TimescaleDB's jobs once what is stored is of the last day, and says so", async () => {
  const own = await openPlainDatabase();
  const { pool } = own;
  const nowUs = systemClock.nowUs();
  const lines: string[] = [];
  const log: Log = (_, line) => void lines.push(line);
  const upkeep = (jobs: Jobs) =>
    new Maintenance({
      ...{ pool, embedded: !native, jobs, timeZone: 'Asia/Shanghai', clock: systemClock, log },
      onChange: () => undefined,
    });
  const policed = async () => (await own.sql<{ n: number }>(policies))[0].n;
  const [later, none] = [upkeep('later'), upkeep('none')];
  try {
    await later.resume(nowUs);
    // Nothing is stored; then what a sender has kept.
    await later.runNow();
    await own.sql(`insert into ledger (stream, batch, event_us) values ('journal', 1, $1)`, [nowUs - dayUs - secondUs]);
    await later.runNow();
    expect(await policed()).toBe(0);
    await own.sql('update ledger set event_us = $1', [nowUs - dayUs + 600 * secondUs]);
    await none.resume(nowUs);
    await none.runNow();
    expect(await policed()).toBe(0);
    await later.runNow();
    expect(await policed()).toBe(addPolicies().length);
    expect(lines).toEqual(["database: events come as they happen: TimescaleDB's jobs keep it from now on"]);
  } finally {
    await Promise.all([later.close(), none.close()]);
    await own.remove();
  }
});

test("hands nothing over to TimescaleDB's jobs in a run that began before the clock reached the last day", async () => {
  const own = await openPlainDatabase();
  const { pool } = own;
  const nowUs = systemClock.nowUs();
  const upkeep = new Maintenance({
    ...{ pool, embedded: !native, jobs: 'later', timeZone: 'Asia/Shanghai', clock: systemClock, log: () => undefined },
    onChange: () => undefined,
  });
  const policed = async () => (await own.sql<{ n: number }>(policies))[0].n;
  try {
    await upkeep.resume(nowUs - 40 * dayUs);
    await own.sql(`insert into ledger (stream, batch, event_us) values ('journal', 1, $1)`, [nowUs]);
    const run = upkeep.runNow();
    // The rest of a backlog of forty days is stored while the run refreshes its beginning.
    upkeep.touched('event', nowUs - 40 * dayUs);
    upkeep.advance(nowUs);
    await run;
    expect(await policed()).toBe(0);
    await upkeep.runNow();
    expect(await policed()).toBe(addPolicies().length);
  } finally {
    await upkeep.close();
    await own.remove();
  }
});

test("hands nothing over to TimescaleDB's jobs while rows of long ago wait for the next run", async () => {
  const own = await openPlainDatabase();
  const { pool } = own;
  const nowUs = systemClock.nowUs();
  const upkeep = new Maintenance({
    ...{ pool, embedded: !native, jobs: 'later', timeZone: 'Asia/Shanghai', clock: systemClock, log: () => undefined },
    onChange: () => undefined,
  });
  const policed = async () => (await own.sql<{ n: number }>(policies))[0].n;
  try {
    await upkeep.resume(nowUs);
    await own.sql(`insert into ledger (stream, batch, event_us) values ('journal', 1, $1)`, [nowUs]);
    const run = upkeep.runNow();
    // The run has begun with the first aggregate: its job would never look so far back.
    upkeep.touched('event', nowUs - 40 * dayUs);
    await run;
    expect(await policed()).toBe(0);
    await upkeep.runNow();
    expect(await policed()).toBe(addPolicies().length);
  } finally {
    await upkeep.close();
    await own.remove();
  }
});

if (native) {
  test('a real database gets TimescaleDB policies for data that comes as it happens, and loses them for replays', async () => {
    const own = await makeTestDatabase();
    try {
      const nowUs = systemClock.nowUs();
      const all = addPolicies().length;
      for (const [mode, atStart, steps] of [
        // What a sender has kept for a month: wall time would drop it at once. Then it has come to the present.
        [
          'live',
          0,
          [
            [nowUs - 30 * dayUs, 0],
            [nowUs - 2 * dayUs, 0],
            [nowUs - 60 * secondUs, all],
          ],
        ],
        ['live', all, []],
        ['replay', 0, [[nowUs, 0]]],
        // The newest event is of today; whether all before it has been refreshed only upkeep finds out.
        ['live', 0, [[nowUs, all]]],
      ] as const) {
        const live = await own.open({ mode });
        expect(await live.sql(policies)).toEqual([{ n: atStart }]);
        const give = giveTo(live);
        // Upkeep hands over where the jobs have not begun: beside them it would meet their refreshes.
        for (const [eventUs, expected] of steps) {
          give.events(makeEvents(10, eventUs, 0), 0, 10);
          give.eventClock(eventUs);
          await live.maintain();
          expect(await live.sql(policies)).toEqual([{ n: expected }]);
        }
        await live.close();
      }
    } finally {
      await own.remove();
    }
  });
}
