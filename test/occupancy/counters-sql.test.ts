import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Sorter } from '../../server/events/sorter.ts';
import type { Region } from '../../server/reference/read-regions.ts';
import { originClasses } from '../../shared/protocol.ts';
import { CountersBySql, type Lines, type RawEvent } from '../tools/counters-sql.ts';
import { expectSameLines, type Given, given, rawOf, settingsOfCity } from './disordered-city.ts';
import { secondUs } from './scenario.ts';
import { SmallCity } from './small-city.ts';

const cityCount = 250;
const seed = 42;
const minuteUs = 60 * secondUs;

/** The first whole minute behind all. */
const clockOf = (newestUs: number) => Math.ceil((newestUs + 1) / minuteUs) * minuteUs;

/** Through sorter and engine, row by row, with a clock that follows the newest event. */
function play(one: Given, regions: Region[], events: readonly RawEvent[]) {
  const city = new SmallCity({
    regions,
    everyUs: one.base.everyS * secondUs,
    settings: settingsOfCity(one),
  });
  const sorter = new Sorter({
    latenessUs: 600 * secondUs,
    rowsMax: 10_000,
    onRows: (batch, from, to) => city.engine.apply(batch, from, to),
    onLate: (batch, from, to) => city.engine.applyLate(batch, from, to),
    onTooLate: () => undefined,
  });
  let newestUs = 0;
  for (const event of events) {
    sorter.push(city.batch([event], { plmn: event.plmn }));
    newestUs = Math.max(newestUs, event.timeUs);
    sorter.release(newestUs - one.reorderS * secondUs);
    if (sorter.releasedUs > 0) city.engine.advance(sorter.releasedUs);
  }
  sorter.release(newestUs + 1);
  // The live dwell is asked for at the first whole minute behind all, when the rest is over.
  city.engine.advance(clockOf(newestUs));
  const { view } = city.engine;
  const dwell = regions.map(({ id }, i): [string, number[]] => [
    id,
    [0.5, 0.9].map((share) => view.regionDwellMs(i, share)),
  ]);
  city.engine.finish();
  return { city, late: sorter.stats.late + sorter.stats.tooLate, dwell: new Map(dwell.filter(([, [ms]]) => ms >= 0)) };
}

const cities = fc.sample(given, { numRuns: cityCount, seed }).map((one) => {
  const { raw, regions } = rawOf(one);
  const { city, late, dwell } = play(one, regions, raw.events);
  return { city, regions, raw, late, dwell };
});
type City = (typeof cities)[number];

let sql: CountersBySql;
beforeAll(async () => {
  sql = await CountersBySql.open(cities.map(({ raw }) => raw));
}, 120_000);
afterAll(() => sql?.close());

const expectSame = (expected: Lines[], gotOf: (city: City) => Lines, least: number) =>
  expectSameLines(expected, cities.map(gotOf), least);

test('asks about disorder and lateness as the feeds bring them', async () => {
  const late = await sql.late();
  expect(cities.map((city) => city.late)).toEqual(late);
  expect(late.filter((n) => n > 0).length).toBeGreaterThan(cityCount / 4);
});

test('live dwell, median and p90 to the minute, is that of the stays that last', async () => {
  expectSame(await sql.liveDwell(), ({ dwell }) => dwell, 100);
});

test('present, fresh, entries, exits, appeared, vanished and visitors of each interval and region', async () => {
  expectSame(
    await sql.counters(),
    ({ city, regions, raw }) => {
      const lines: Lines = new Map();
      const table = city.table();
      const { everyUs } = raw;
      const times = raw.events.map(({ timeUs }) => timeUs);
      const clockUs = clockOf(Math.max(...times));
      for (let endUs = firstEnd(times, everyUs); endUs - everyUs <= clockUs; endUs += everyUs) {
        const row = table.get(endUs);
        for (const { id } of regions) {
          const r = row?.get(id);
          const figures = [r?.present, r?.fresh5, r?.entries, r?.exits, r?.appeared, r?.vanished, r?.visitors];
          if (raw.areas.get(id)!.size > 0)
            lines.set(
              `${endUs}|${id}`,
              figures.map((n) => n ?? 0),
            );
        }
      }
      return lines;
    },
    2_000,
  );
});

const firstEnd = (times: readonly number[], everyUs: number) =>
  (Math.floor(Math.min(...times) / everyUs) + 1) * everyUs;

test('trips between regions', async () => {
  expectSame(
    await sql.trips(),
    ({ city }) => {
      return new Map(
        [...city.trips()].flatMap(([endUs, row]) => [...row].map(([pair, n]) => [`${endUs}|${pair}`, [n]])),
      );
    },
    30,
  );
});

test('dwell of stays in regions that ended, observed and upper bound, by log bucket', async () => {
  expectSame(
    await sql.dwell(),
    ({ city, regions }) => {
      const lines: Lines = new Map();
      for (const { endUs, dwell } of city.gauges) {
        for (let i = 0; i < (dwell?.n ?? 0); i++) {
          const { region, bucket, observed, upper } = dwell!;
          const name = (what: string) => `${endUs}|${regions[region[i]].id}|${what}|${bucket[i]}`;
          if (observed[i] > 0) lines.set(name('observed'), [observed[i]]);
          if (upper[i] > 0) lines.set(name('upper'), [upper[i]]);
        }
      }
      return lines;
    },
    500,
  );
});

test('stays in cells', async () => {
  expectSame(
    await sql.stays(),
    ({ city }) => {
      return new Map(
        city.stays.map(({ subscriber, cell, firstInUs, lastInUs, firstOutUs, toCell, events }) => {
          return [[subscriber, cell, firstInUs, lastInUs, firstOutUs, toCell ?? '-'].join('|'), [events]];
        }),
      );
    },
    500,
  );
});

test('origins of who is present in the city and in each region, by country, province and city', async () => {
  const expected = await sql.origins();
  expectSame(
    expected,
    ({ city, regions }) => {
      const lines: Lines = new Map();
      const present = new Map<string, number>();
      const names = ['city', ...regions.map(({ id }) => id)];
      for (const { endUs, origins } of city.gauges) {
        for (let i = 0; i < (origins?.n ?? 0); i++) {
          const kind = origins!.class[i] === 0 ? 'unknown' : originClasses[origins!.class[i] - 1];
          present.set(`${names[origins!.region[i]]}|${kind} ${origins!.mcc[i]}`, origins!.present[i]);
        }
        for (const [key, n] of present) if (n > 0) lines.set(`${endUs}|${key}`, [n]);
      }
      return lines;
    },
    1_000,
  );
  const classes = new Set(
    expected.flatMap((lines) => [...lines.keys()].map((name) => name.split(/[| ]/).slice(2, -1).join(' '))),
  );
  expect([...classes].sort()).toEqual([
    'international',
    'local',
    'other city',
    'other network',
    'other province',
    'unknown',
    '港澳台',
  ]);
});
