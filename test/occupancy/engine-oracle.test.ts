import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countByDefinition,
  dwellByDefinition,
  type OracleSighting,
  staysByDefinition,
  tripsByDefinition,
  tripTable,
} from './oracle.ts';
import {
  base,
  bucketByEdges,
  membersOf,
  type Scenario,
  scenario,
  secondUs,
  settingsOf,
  sightingsOf,
  ttlOf,
} from './scenario.ts';
import { regionOf, SmallCity } from './small-city.ts';

/** Overlapping, nested, equal to one cell, by prefix, and empty until its cell turns up. */
const regions = [
  regionOf('lac-100', ['001-01-100-*']),
  regionOf('mixed', ['001-01-100-3', '001-01-200-1']),
  regionOf('inner', ['001-01-100-2']),
  regionOf('all', ['*']),
  regionOf('late', ['001-01-300-*', '001-01-200-2']),
];

function run(
  given: Scenario,
  sightings: OracleSighting[],
  advance = true,
  clockUs = 0,
  settings: Record<string, unknown> = {},
): SmallCity {
  const city = new SmallCity({
    regions,
    everyUs: given.everyS * secondUs,
    settings: { ...settingsOf(given), ...settings },
  });
  sightings.forEach((sighting, i) => {
    if (advance && given.steps[i]?.advance) city.engine.advance(sighting.timeUs);
    city.see(sighting);
  });
  city.engine.advance(clockUs);
  city.engine.finish();
  return city;
}

function oracleOptions(given: Scenario, sightings: OracleSighting[]) {
  const areas = new Map<string, Set<string>>();
  const heard = [...new Set(sightings.map(({ cell }) => cell))];
  for (const { id, cells: patterns } of regions) {
    areas.set(id, membersOf(patterns!, heard));
  }
  for (const cell of heard) areas.set(cell, new Set([cell]));
  return {
    sightings,
    areas,
    everyUs: given.everyS * secondUs,
    holdDownUs: given.holdDownS * secondUs,
    ttlUs: ttlOf(given),
  };
}

/** Without the cells. */
function regionOptions(given: Scenario, sightings: OracleSighting[]) {
  const options = oracleOptions(given, sightings);
  return { ...options, areas: new Map([...options.areas].filter(([area]) => regions.some(({ id }) => id === area))) };
}

/** Intervals that the engine passed over because nothing was there count as zero rows. */
function compare(city: SmallCity, expected: ReturnType<typeof countByDefinition>): void {
  const got = city.table();
  for (const [endUs, areas] of expected) {
    for (const [area, row] of areas) {
      const zero = { present: 0, entries: 0, exits: 0, appeared: 0, vanished: 0, visitors: 0, fresh5: 0 };
      expect(got.get(endUs)?.get(area) ?? zero, `${area} at ${endUs - base}`).toEqual(row);
    }
  }
  expect(got.size).toBeLessThanOrEqual(expected.size);
}

describe('the engine against counting by definition', () => {
  it('agrees in every counter, interval, region and cell of random cities', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const sightings = sightingsOf(given);
        compare(run(given, sightings), countByDefinition(oracleOptions(given, sightings)));
      }),
      { numRuns: 400 },
    );
  });

  it('agrees in every trip between regions', () => {
    let trips = 0;
    fc.assert(
      fc.property(scenario, fc.constantFrom(0, 30, 600), (given, tripS) => {
        const sightings = sightingsOf(given);
        // Without a hold-down all of several crossings at one microsecond hold, and which of them came first to settle is
        // not the definition's.
        fc.pre(given.holdDownS > 0 || sightings.every(({ timeUs }, i) => timeUs !== sightings[i - 1]?.timeUs));
        const options = regionOptions(given, sightings);
        const city = run(given, sightings, true, 0, { tripMs: tripS * 1000 });
        const expected = tripTable(tripsByDefinition(options, tripS * secondUs), options.everyUs);
        expect(city.trips()).toEqual(expected);
        trips += expected.size;
      }),
      { numRuns: 300 },
    );
    expect(trips).toBeGreaterThan(100);
  });

  it('agrees in the dwell of every stay in a region that ended, observed and upper bound', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const sightings = sightingsOf(given);
        const everyUs = given.everyS * secondUs;
        const untilUs = (Math.floor(sightings.at(-1)!.timeUs / everyUs) + 1) * everyUs - 1;
        const expected = new Map<string, number>();
        const count = (key: string) => expected.set(key, (expected.get(key) ?? 0) + 1);
        for (const { area, fromUs, outUs, lastInUs } of dwellByDefinition(regionOptions(given, sightings), untilUs)) {
          if (outUs === null) continue;
          const name = `${(Math.floor(outUs / everyUs) + 1) * everyUs - base} ${area}`;
          count(`${name} observed ${bucketByEdges(lastInUs - fromUs)}`);
          count(`${name} upper ${bucketByEdges(outUs - fromUs)}`);
        }
        const got = new Map<string, number>();
        const city = run(given, sightings);
        for (const { endUs, dwell } of city.gauges) {
          for (let i = 0; i < (dwell?.n ?? 0); i++) {
            const { region, bucket, observed, upper } = dwell!;
            const name = `${endUs - base} ${city.regions.regions[region[i]].id}`;
            if (observed[i] > 0) got.set(`${name} observed ${bucket[i]}`, observed[i]);
            if (upper[i] > 0) got.set(`${name} upper ${bucket[i]}`, upper[i]);
          }
        }
        expect([...got].sort()).toEqual([...expected].sort());
      }),
      { numRuns: 300 },
    );
  });

  it('agrees in the live dwell of those present, to the minute', () => {
    fc.assert(
      fc.property(scenario, fc.constantFrom(0, 60, 420), (given, laterS) => {
        const sightings = sightingsOf(given);
        const minuteUs = 60 * secondUs;
        const clockUs = Math.ceil((sightings.at(-1)!.timeUs + laterS * secondUs) / minuteUs) * minuteUs;
        const city = new SmallCity({ regions, everyUs: given.everyS * secondUs, settings: settingsOf(given) });
        city.see(...sightings);
        city.engine.advance(clockUs);
        const stays = dwellByDefinition(regionOptions(given, sightings), clockUs).filter(({ outUs }) => outUs === null);
        regions.forEach(({ id }, region) => {
          const ages = stays.filter(({ area }) => area === id).map(({ fromUs }) => clockUs - fromUs);
          const minutes = ages.map((us) => Math.ceil(us / minuteUs) * 60_000).sort((a, b) => a - b);
          const median = minutes.length === 0 ? -1 : minutes[Math.ceil(0.5 * minutes.length) - 1];
          expect(city.engine.view.regionDwellMs(region, 0.5), id).toBe(median);
        });
      }),
      { numRuns: 200 },
    );
  });

  it('hands on the stays that the definition gives', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const sightings = sightingsOf(given);
        const city = run(given, sightings);
        const everyUs = given.everyS * secondUs;
        const endUs = (Math.floor(sightings.at(-1)!.timeUs / everyUs) + 1) * everyUs;
        const order = (a: { subscriber: string; firstInUs: number }, b: { subscriber: string; firstInUs: number }) =>
          a.firstInUs - b.firstInUs || a.subscriber.localeCompare(b.subscriber);
        expect(city.stays.sort(order)).toEqual(staysByDefinition(oracleOptions(given, sightings), endUs).sort(order));
      }),
      { numRuns: 200 },
    );
  });

  it('holds the balance of each region and makes regions the sums of their cells', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        // Without holdDown no crossing is ever cancelled, so the balance is exact in each interval.
        const city = run({ ...given, holdDownS: 0 }, sightingsOf(given));
        const before = new Map<string, number>();
        for (const areas of city.table().values()) {
          for (const [area, row] of areas) {
            const change = row.entries - row.exits + row.appeared - row.vanished;
            expect(row.present - (before.get(area) ?? 0), area).toBe(change);
            before.set(area, row.present);
          }
          regions.forEach(({ id }, region) => {
            const members = city.regions.cellsOf(region).map((cell) => city.registry.info(cell).cgi);
            const sum = members.reduce((total, cell) => total + areas.get(cell)!.present, 0);
            expect(areas.get(id)!.present, id).toBe(sum);
          });
        }
      }),
      { numRuns: 150 },
    );
  });

  it('has nobody unaccounted for at the end: cancelled crossings come in pairs', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const balance = new Map<string, number>();
        let present = new Map<string, number>();
        for (const areas of run(given, sightingsOf(given)).table().values()) {
          present = new Map([...areas].map(([area, row]) => [area, row.present]));
          for (const [area, row] of areas) {
            const change = row.entries - row.exits + row.appeared - row.vanished;
            balance.set(area, (balance.get(area) ?? 0) + change);
          }
        }
        expect(balance).toEqual(present);
      }),
      { numRuns: 150 },
    );
  });

  it('adds up over any split of the subscribers', () => {
    fc.assert(
      fc.property(scenario, fc.integer({ min: 1, max: 3 }), (given, parts) => {
        const sightings = sightingsOf(given);
        const whole = run(given, sightings, false).table();
        const sums = new Map<string, number>();
        for (let part = 0; part < parts; part++) {
          const own = sightings.filter(({ subscriber }) => Number(subscriber.slice(1)) % parts === part);
          // A partition's clock goes on with the rows of the others.
          const city = run(given, own, false, sightings.at(-1)!.timeUs);
          for (const [endUs, areas] of city.table()) {
            for (const [area, row] of areas) {
              for (const [name, value] of Object.entries(row)) {
                const key = `${endUs} ${area} ${name}`;
                sums.set(key, (sums.get(key) ?? 0) + value);
              }
            }
          }
        }
        for (const [endUs, areas] of whole) {
          for (const [area, row] of areas) {
            for (const [name, value] of Object.entries(row)) {
              expect(sums.get(`${endUs} ${area} ${name}`) ?? 0, `${name} of ${area}`).toBe(value);
            }
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('gives the same bytes for the same rows, however they are cut into batches', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const sightings = sightingsOf(given);
        const one = run(given, sightings);
        const other = run(given, sightings, false);
        const bytes = (city: SmallCity) => JSON.stringify([[...city.table()].map(([e, r]) => [e, [...r]])]);
        expect(bytes(other)).toBe(bytes(one));
      }),
      { numRuns: 50 },
    );
  });
});
