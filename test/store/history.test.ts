import { afterAll, beforeAll, expect, test } from 'vitest';
import { hourUs, minuteUs } from '../../server/clock.ts';
import { eventFlag } from '../../server/events/kinds.ts';
import type { Store } from '../../server/store/types.ts';
import { type Giver, giveTo } from './tools/give.ts';
import { makeCells, makeEvents, makeGauges, startUs } from './tools/synthetic.ts';
import { makeTestDatabase, type TestDatabase } from './tools/test-database.ts';

const members = [4, 5, 6];
const events = makeEvents(3_000, startUs, 100 * minuteUs);

let base: TestDatabase;
let store: Store;
let give: Giver;

beforeAll(async () => {
  base = await makeTestDatabase();
  store = await base.open();
  await store.saveCells(makeCells(40));
  give = giveTo(store, ['stadium', 'other']);
  const region = (id: string) => ({ id, name: id, kind: 'venue', capacity: 10, polygons: null, cells: ['*'] });
  await store.saveRegions([region('stadium'), region('other')], (i) => (i === 0 ? members : []));
  give.events(events, 0, events.n);
  // Counted from minute 0 to 100, but for minutes 30 to 44, when the server did not run.
  for (let minute = 0; minute < 100; minute++) {
    if (minute < 30 || minute >= 45) give.gauges(makeGauges(startUs + minute * minuteUs, 3, 2));
  }
  give.eventClock(startUs + 90 * minuteUs);
  await store.maintain();
});
afterAll(async () => {
  await store.close();
  await base.remove();
});

const units = (fromUs: number, toUs: number) => {
  let n = 0;
  for (let i = 0; i < events.n; i++) {
    const inside = events.timeUs[i] >= fromUs && events.timeUs[i] < toUs && members.includes(events.cell[i]);
    if (inside && (events.flags[i] & eventFlag.traffic) !== 0) n++;
  }
  return n;
};

test('gives a row a minute, with nulls where nothing was counted, up to the newest row', async () => {
  const history = await store.regionHistory('stadium', startUs + 1, startUs + 110 * minuteUs, 60);
  expect(history.timeUs).toEqual(Array.from({ length: 110 }, (_, i) => startUs + i * minuteUs));
  for (let minute = 0; minute < 110; minute++) {
    const atUs = startUs + minute * minuteUs;
    const counted = minute < 100 && (minute < 30 || minute >= 45);
    const gauges = makeGauges(atUs, 3, 2).regions;
    expect(history.present[minute], `minute ${minute}`).toBe(counted ? gauges.present[0] : null);
    expect(history.entries[minute]).toBe(counted ? gauges.entries[0] : null);
    expect(history.exits[minute]).toBe(counted ? gauges.exits[0] : null);
    const traffic = units(atUs, atUs + minuteUs);
    expect(history.traffic[minute]).toBe(counted || traffic > 0 ? traffic : null);
  }
});

test('sums crossings and traffic over longer buckets and takes the last present count', async () => {
  for (const bucketS of [300, 420, 3600, 5 * 3600, 24 * 3600]) {
    const widthUs = bucketS * 1_000_000;
    const history = await store.regionHistory('stadium', startUs, startUs + 100 * minuteUs, bucketS);
    const [firstUs] = history.timeUs;
    expect((firstUs + 8 * hourUs) % widthUs, 'as the days in China begin').toBe(0);
    expect(firstUs <= startUs && firstUs > startUs - widthUs).toBe(true);
    expect(history.timeUs.length).toBe(Math.ceil((startUs + 100 * minuteUs - firstUs) / widthUs));
    for (const [i, atUs] of history.timeUs.entries()) {
      let entries: number | null = null;
      let present: number | null = null;
      for (let minute = 0; minute < 100; minute++) {
        const us = startUs + minute * minuteUs;
        if (us < atUs || us >= atUs + widthUs || (minute >= 30 && minute < 45)) continue;
        const gauges = makeGauges(us, 3, 2).regions;
        entries = (entries ?? 0) + gauges.entries[0];
        present = gauges.present[0];
      }
      expect(history.entries[i], `${bucketS} s, bucket ${i}`).toBe(entries);
      expect(history.present[i]).toBe(present);
      expect(history.traffic[i]).toBe(units(atUs, atUs + widthUs));
    }
  }
});

test('a region without cells has crossings and no traffic: zero, not unknown', async () => {
  const history = await store.regionHistory('other', startUs, startUs + 2 * minuteUs, 60);
  expect(history.traffic).toEqual([0, 0]);
  expect(history.present).toEqual([0, 1].map((m) => makeGauges(startUs + m * minuteUs, 3, 2).regions.present[1]));
});

test('refuses unknown regions, odd buckets and endless ranges in one line', async () => {
  await expect(store.regionHistory('nowhere', startUs, startUs + hourUs, 60)).rejects.toMatchObject({
    code: 'REGION_UNKNOWN',
  });
  for (const [to, bucket] of [
    [startUs + hourUs, 90],
    [startUs + hourUs, 0],
    [startUs - 1, 60],
    [startUs + 20_001 * minuteUs, 60],
    [Number.NaN, 60],
  ]) {
    await expect(store.regionHistory('stadium', startUs, to, bucket)).rejects.toMatchObject({ code: 'HISTORY_RANGE' });
  }
});
