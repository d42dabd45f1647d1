import { finished } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hourUs, minuteUs } from '../../server/clock.ts';
import { eventFlag } from '../../server/events/kinds.ts';
import { CopyBuffer } from '../../server/store/copy-buffer.ts';
import { ActivityCounts, activityColumns, eventsOneIn, keepsEventsOf } from '../../server/store/facts-activity.ts';
import { readCalendar } from '../../server/store/facts-calendar.ts';
import { hourOf, markEventHours } from '../../server/store/facts-dirty.ts';
import { openPlainDatabase, type PlainDatabase } from './tools/plain-database.ts';
import { makeEvents, startUs } from './tools/synthetic.ts';
import { countTraffic, type TrafficRow } from './tools/traffic-oracle.ts';

let database: PlainDatabase;
const batches = [makeEvents(3_000, startUs, 2 * hourUs), makeEvents(500, startUs + 20 * minuteUs, minuteUs, 3, 77)];

beforeAll(async () => {
  database = await openPlainDatabase();
});
afterAll(() => database.remove());

test('traffic of which no events are kept is counted to the unit, whatever the transactions it came in', async () => {
  const counts = new ActivityCounts();
  const client = await database.pool.connect();
  const store = async () => {
    const out = new CopyBuffer();
    const { rows } = counts;
    counts.drain(out);
    expect(out.rows).toBe(rows);
    const stream = client.query(copyFrom(`copy activity (${activityColumns}) from stdin with (format binary)`));
    stream.end(out.finished());
    await finished(stream);
  };
  let n = 0;
  for (const batch of batches) {
    for (let i = 0; i < batch.n; i++) {
      if ((batch.flags[i] & eventFlag.traffic) === 0) continue;
      const { timeUs, cell, kind, outcome, durationMs, bytes } = batch.row(i);
      counts.add(timeUs, cell, kind, outcome, durationMs, bytes);
      if (++n % 1_500 === 0) await store();
    }
  }
  await store();
  client.release();
  await database.maintain(startUs + 3 * hourUs);
  for (const [grain, bucketUs] of [
    ['1m', minuteUs],
    ['15m', 15 * minuteUs],
    ['1h', hourUs],
  ] as const) {
    const rows = await database.sql<TrafficRow>(`select * from cell_traffic_${grain}`);
    const found = new Map(rows.map((row) => [`${row.bucket} ${row.cell_id}`, row]));
    expect(found, grain).toEqual(countTraffic(batches, bucketUs));
  }
});

test('a sample takes whole subscribers, and nobody who is unresolved', () => {
  expect(['all', '1/16', 'off'].map(eventsOneIn)).toEqual([1, 16, 0]);
  const kept = (oneIn: number) =>
    [
      [0, 0],
      [0, 5],
      [16, 0],
      [17, 1],
    ].map(([lo, hi]) => keepsEventsOf(lo, hi, oneIn));
  expect(kept(1)).toEqual([true, true, true, true]);
  expect(kept(0)).toEqual([false, false, false, false]);
  expect(kept(16)).toEqual([false, true, true, false]);
});

test('an hour is marked once however often its rows come', async () => {
  const client = await database.pool.connect();
  await markEventHours(client, new Set([hourOf(startUs), hourOf(startUs + hourUs)]));
  await markEventHours(client, [hourOf(startUs + 59 * minuteUs)]);
  await markEventHours(client, []);
  client.release();
  expect(await database.sql('select grain, start, touched from fact_dirty order by start')).toEqual([
    { grain: 'hour', start: startUs, touched: 2 },
    { grain: 'hour', start: startUs + hourUs, touched: 1 },
  ]);
});

test('the calendar knows the holidays of China and the working days that make up for them', async () => {
  const days = ['2026-10-01', '2026-10-10', '2026-10-11', '2026-10-12', '2025-01-26', '2027-02-05'];
  const rows = await database.sql<{ working: boolean }>(
    'select is_working_day(day) as working from unnest($1::date[]) with ordinality as d (day, n) order by n',
    [days],
  );
  expect(rows.map(({ working }) => working)).toEqual([false, true, false, true, true, false]);
  for (const { day, working } of readCalendar()) {
    const weekend = [0, 6].includes(new Date(`${day}T00:00:00Z`).getUTCDay());
    if (working) expect(weekend, `${day} makes up for a holiday`).toBe(true);
  }
  for (const text of ['day;working', 'day,working,name\n2026-13-01,true,x', 'day,working,name\n2026-01-01,yes,x']) {
    expect(() => readCalendar(text)).toThrow(/calendar/);
  }
  const twice = 'day,working,name\n2026-01-01,false,x\n2026-01-01,true,x';
  expect(() => readCalendar(twice)).toThrow(/calendar, line 3/);
});
