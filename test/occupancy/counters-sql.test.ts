import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { machineHome, packPlmn, placedHome } from '../../server/events/plmn.ts';
import { Sorter } from '../../server/events/sorter.ts';
import type { Region } from '../../server/reference/read-regions.ts';
import { originClasses } from '../../shared/protocol.ts';
import { CountersBySql, type Lines, type RawCity, type RawEvent } from '../tools/counters-sql.ts';
import { cells, membersOf, type Scenario, scenario, secondUs, settingsOf, sightingsOf, ttlOf } from './scenario.ts';
import { regionOf, SmallCity } from './small-city.ts';

const cityCount = 250;
const seed = 42;
const minuteUs = 60 * secondUs;

const [own, other] = [packPlmn(460, 0, 2), packPlmn(460, 1, 2)];
const scopes = { home: [own, packPlmn(460, 2, 2)], city: [755], province: [20, 752] };
/** By subscriber: homes that its rows tell, one now and one then; 0 tells none. */
const homes = [
  [0, own, placedHome(own, 755), placedHome(own, 20)],
  [packPlmn(454, 1, 2), packPlmn(455, 3, 2), 0],
  [packPlmn(310, 410, 3)],
  [packPlmn(460, 2, 2), placedHome(own, 10), machineHome(own), placedHome(own, 752), other],
  [0, 0, 0, placedHome(packPlmn(460, 2, 2), 571), placedHome(other, 20)],
];

/** The first whole minute behind all. */
const clockOf = (newestUs: number) => Math.ceil((newestUs + 1) / minuteUs) * minuteUs;

interface Given {
  base: Scenario;
  /** Cells of each region: nested and overlapping as it comes. */
  regions: string[][];
  /** How much later than its time each event arrives, s; far more than the window for some. */
  delaysS: number[];
  /** Which of its subscriber's homes each event tells. */
  tells: number[];
  /** Whether the city asks for areas at all. */
  placed: boolean;
  reorderS: number;
  tripS: number;
}

const given: fc.Arbitrary<Given> = fc.record({
  base: scenario,
  regions: fc.array(fc.subarray(cells, { minLength: 1 }), { minLength: 1, maxLength: 5 }),
  delaysS: fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constant(0) },
      { weight: 3, arbitrary: fc.constantFrom(1, 2, 5, 9, 10, 11) },
      { weight: 1, arbitrary: fc.constantFrom(30, 300, 900) },
    ),
    { minLength: 60, maxLength: 60 },
  ),
  tells: fc.array(fc.nat({ max: 59 }), { minLength: 60, maxLength: 60 }),
  placed: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  reorderS: fc.constantFrom(0, 5, 10, 60),
  tripS: fc.constantFrom(30, 600),
});

/** What a given city's feed says, in the order in which it arrives. */
function arrivalsOf({ base, delaysS, tells }: Given): RawEvent[] {
  const all = sightingsOf(base).map(({ timeUs, subscriber, cell, detach }, i) => {
    const told = homes[Number(subscriber.slice(1))];
    const plmn = told[tells[i] % told.length];
    return { at: timeUs + delaysS[i] * secondUs, event: { timeUs, subscriber, cell, detach: detach === true, plmn } };
  });
  return all.sort((a, b) => a.at - b.at).map(({ event }) => event);
}

/** Through sorter and engine, row by row, with a clock that follows the newest event. */
function play(one: Given, regions: Region[], events: readonly RawEvent[]) {
  const city = new SmallCity({
    regions,
    everyUs: one.base.everyS * secondUs,
    settings: {
      ...{ ...settingsOf(one.base), tripMs: one.tripS * 1000, homePlmns: '460-00,460-02' },
      ...(one.placed && { homeAreas: '0755', provinceAreas: '020,0752' }),
    },
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
  const regions = one.regions.map((list, i) => regionOf(`r${i}`, list));
  const events = arrivalsOf(one);
  const everyUs = one.base.everyS * secondUs;
  const { city, late, dwell } = play(one, regions, events);
  const heard = [...new Set(events.map(({ cell }) => cell))];
  const areas = new Map(regions.map(({ id, cells: list }) => [id, membersOf(list!, heard)]));
  const raw: RawCity = {
    ...{ events, areas, everyUs, ttlUs: ttlOf(one.base) },
    holdDownUs: one.base.holdDownS * secondUs,
    tripUs: one.tripS * secondUs,
    reorderUs: one.reorderS * secondUs,
    scopes: one.placed ? scopes : { ...scopes, city: [] },
  };
  return { city, regions, raw, late, dwell };
});
type City = (typeof cities)[number];

let sql: CountersBySql;
beforeAll(async () => {
  sql = await CountersBySql.open(cities.map(({ raw }) => raw));
}, 120_000);
afterAll(() => sql?.close());

/** Compares line by line, and tells the first ones that differ with their city. */
function expectSame(expected: Lines[], gotOf: (city: City) => Lines, least: number): void {
  const wrong: string[] = [];
  let lines = 0;
  cities.forEach((city, i) => {
    const want = expected[i] ?? new Map();
    const got = gotOf(city);
    lines += want.size;
    for (const name of new Set([...want.keys(), ...got.keys()])) {
      const [a, b] = [want.get(name)?.join(), got.get(name)?.join()];
      if (a !== b) wrong.push(`city ${i}, ${name}: ${b} counted, ${a} by SQL`);
    }
  });
  expect(wrong.slice(0, 10)).toEqual([]);
  expect(lines).toBeGreaterThan(least);
}

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
