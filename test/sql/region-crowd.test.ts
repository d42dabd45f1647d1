import { afterAll, beforeAll, expect, test } from 'vitest';
import { dayUs, hourUs, minuteUs } from '../../server/clock.ts';
import { timestampUs } from '../../server/store/connection.ts';
import { namedQuery } from '../../server/store/queries.ts';
import { openPlainDatabase, type PlainDatabase } from '../store/tools/plain-database.ts';
import { cityStartUs, fillStays, type Stay } from './tools/small-city.ts';

const home = 10;
const elsewhere = 20;
const days = 20;
const residents = Array.from({ length: 10 }, (_, i) => i + 1);
const nobody = [[], []];

/** At home from seven in the evening on; on the last one switched off at 23:20, and nobody is told. */
function lives(sub: number): Stay[] {
  return Array.from({ length: days }, (_, day): Stay[] => {
    const at = (minutes: number) => cityStartUs + day * dayUs + minutes * minuteUs;
    const stay = (cell: number, from: number, to: number, next: number): Stay => ({
      ...{ sub, cell, firstIn: at(from), lastIn: at(to) - minuteUs, firstOut: at(to), to: next, events: 2 },
    });
    const evening =
      day === days - 1
        ? { ...stay(home, 19 * 60, 25 * 60 + 20, -1), lastIn: at(23 * 60 + 20) }
        : stay(home, 19 * 60, 24 * 60 + 10, home);
    return [stay(home, 10, 8 * 60, elsewhere), stay(elsewhere, 8 * 60, 19 * 60, home), evening];
  }).flat();
}

let database: PlainDatabase;
beforeAll(async () => {
  database = await openPlainDatabase();
});
afterAll(() => database.remove());

async function crowdOf(cell: number, fromUs: number, toUs: number, lasting: unknown[][] = nobody) {
  const values = [[cell], timestampUs(fromUs), timestampUs(toUs), 1800, 'Asia/Shanghai', ...lasting];
  return await database.sql<{ present: number; crowd: number | null }>(namedQuery('region-crowd'), values);
}

const midnight = cityStartUs + days * dayUs;
const newcomers = [
  Array.from({ length: 30 }, (_, i) => 5_000 + i),
  Array.from({ length: 30 }, () => midnight + hourUs + minuteUs),
];

test('on a new server nobody’s role is known, and how many are a crowd is not either; where nobody is there is none', async () => {
  const rows = await crowdOf(77, midnight + hourUs - hourUs / 2, midnight + 2 * hourUs, newcomers);
  expect(rows).toMatchObject([
    { present: 0, crowd: 0 },
    { present: 30, crowd: null },
    { present: 30, crowd: null },
  ]);
});

test('residents who are last seen before midnight are residents after it, until their presence ends', async () => {
  await fillStays(database, residents.flatMap(lives));
  await database.maintain(midnight + 2 * dayUs);
  const rows = await crowdOf(home, midnight - hourUs, midnight + 2 * hourUs);
  expect(rows.map(({ present }) => present)).toEqual([10, 10, 10, 10, 0, 0]);
  expect(rows.map(({ crowd }) => crowd)).toEqual([0, 0, 0, 0, 0, 0]);
});

test('where days enough are known, those who have just come are the crowd', async () => {
  const rows = await crowdOf(77, midnight + hourUs, midnight + 2 * hourUs, newcomers);
  expect(rows).toMatchObject([
    { present: 30, crowd: 30 },
    { present: 30, crowd: 30 },
  ]);
});
