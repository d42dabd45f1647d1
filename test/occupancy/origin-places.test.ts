import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packPlmn, placedHome } from '../../server/events/plmn.ts';
import { Largest, ranksOf } from '../../server/occupancy/origin-places.ts';
import type { IntervalGauges } from '../../server/occupancy/view.ts';
import { formatIso } from '../../server/reference/country-codes.ts';
import { originClasses } from '../../shared/protocol.ts';
import { MemoryState } from '../tools/memory-state.ts';
import { countByDefinition, type OracleSighting } from './oracle.ts';
import { membersOf, scenario, secondUs, settingsOf, sightingsOf, ttlOf } from './scenario.ts';
import { regionOf, SmallCity } from './small-city.ts';

const regions = [regionOf('a', ['001-01-100-*']), regionOf('b', ['001-01-100-3', '001-01-200-*'])];
const names = ['city', 'a', 'b'];
const home = packPlmn(460, 0, 2);
const homeSettings = { homePlmns: '460-00', homeAreas: '20', provinceAreas: '755,757' };
/** By subscriber: the home, its origin and its place; the city's own and the unknown have none. */
const homes = [
  { plmn: placedHome(home, 755), origin: 'other city CN 460', place: '0 755' },
  { plmn: packPlmn(310, 410, 3), origin: 'international US 310', place: `${packPlmn(310, 410, 3)} 0` },
  { plmn: packPlmn(310, 260, 3), origin: 'international US 310', place: `${packPlmn(310, 260, 3)} 0` },
  { plmn: placedHome(home, 20), origin: 'local CN 460', place: '' },
  { plmn: placedHome(home, 757), origin: 'other city CN 460', place: '0 757' },
];
const homeOf = ({ subscriber }: OracleSighting) => homes[Number(subscriber.slice(1))];

/** Rows of an interval as `region origin place` → present, in their order. */
function toldIn({ places }: IntervalGauges): [string, number][] {
  return Array.from({ length: places?.n ?? 0 }, (_, i) => {
    const { region, class: kind, country, mcc, plmn, area, present } = places!;
    const origin = `${originClasses[kind[i] - 1]} ${formatIso(country[i])} ${mcc[i]}`;
    return [`${names[region[i]]} ${origin} ${plmn[i]} ${area[i]}`, present[i]];
  });
}

/** By definition: the largest places by themselves, the others under their origin. */
function largestOf(counts: Map<string, { origin: string; present: number }>, rowsMax: number): Map<string, number> {
  const sorted = [...counts].filter(([, { present }]) => present > 0).sort(([, a], [, b]) => b.present - a.present);
  const rows = new Map<string, number>();
  sorted.forEach(([place, { origin, present }], i) => {
    const key = i < rowsMax ? `${origin} ${place}` : `${origin} 0 0`;
    rows.set(key, (rows.get(key) ?? 0) + present);
  });
  return rows;
}

test('operators and areas of who is present are told with each quarter’s first interval, of city and regions', () => {
  let rows = 0;
  fc.assert(
    fc.property(scenario, fc.constantFrom(0, 1, 32), (given, placeRowsMax) => {
      const sightings = sightingsOf(given);
      const everyUs = given.everyS * secondUs;
      const settings = { ...settingsOf(given), ...homeSettings, placeRowsMax };
      const city = new SmallCity({ regions, everyUs, settings });
      for (const sighting of sightings)
        city.engine.apply(city.batch([sighting], { plmn: homeOf(sighting).plmn }), 0, 1);
      city.engine.finish();
      const heard = [...new Set(sightings.map(({ cell }) => cell))];
      const areas = new Map([
        ['city', new Set(heard)],
        ...regions.map(({ id, cells }) => [id, membersOf(cells!, heard)] as const),
      ]);
      const options = { areas, everyUs, holdDownUs: 0, ttlUs: ttlOf(given) };
      for (const interval of city.gauges) {
        const quarterUs = 900 * secondUs;
        if (Math.floor(interval.startUs / quarterUs) === Math.floor((interval.startUs - everyUs) / quarterUs)) {
          expect(interval.places).toBeUndefined();
          continue;
        }
        const told = new Map(toldIn(interval));
        rows += told.size;
        for (const name of names) {
          const counts = new Map<string, { origin: string; present: number }>();
          for (const { origin, place, plmn } of homes) {
            if (place === '') continue;
            const own = sightings.filter((s) => homeOf(s).plmn === plmn && s.timeUs < interval.endUs);
            const until = { timeUs: interval.endUs, subscriber: 'nobody', cell: 'nowhere' };
            const table = countByDefinition({ ...options, sightings: [...own, until] });
            counts.set(place, { origin, present: table.get(interval.endUs)?.get(name)?.present ?? 0 });
          }
          const mine = [...told].filter(([key]) => key.startsWith(`${name} `));
          // Of places alike one or the other may be among the largest: what they come to by origin is the same.
          const sums = (all: Iterable<[string, number]>) => {
            const by = new Map<string, number>();
            for (const [key, n] of all) {
              const origin = key.split(' ').slice(0, -2).join(' ');
              by.set(origin, (by.get(origin) ?? 0) + n);
            }
            return Object.fromEntries(by);
          };
          const want = [...largestOf(counts, placeRowsMax)].map(([key, n]): [string, number] => [`${name} ${key}`, n]);
          expect(sums(mine)).toEqual(sums(want));
          const figures = (all: [string, number][]) => all.filter(([key]) => !key.endsWith(' 0 0')).map(([, n]) => n);
          expect(figures(mine)).toEqual(figures(want));
          if (placeRowsMax === 32) expect(Object.fromEntries(mine)).toEqual(Object.fromEntries(want));
        }
      }
    }),
    { numRuns: 60 },
  );
  expect(rows).toBeGreaterThan(50);
});

/** Each of eight guests in the same cell. */
function full(settings: Record<string, unknown>): SmallCity {
  const city = new SmallCity({ regions, settings: { ...homeSettings, ...settings } });
  for (let i = 0; i < 8; i++) {
    const sighting = { timeUs: Date.UTC(2026, 5, 1, 12) * 1000 + i, subscriber: `s${i}`, cell: '001-01-100-1' };
    city.engine.apply(city.batch([sighting], { plmn: packPlmn(310, 100 + i, 3) }), 0, 1);
  }
  return city;
}

test('who comes when there are as many places as may be is one of the others, and an origin is counted whole', () => {
  const { engine } = full({ placesMax: 5 });
  // One of them is the group of nobody’s home.
  const shown = engine.view.originPlaces.map(({ plmn, present }) => [plmn === 0, present]);
  expect(shown).toEqual([...Array.from({ length: 4 }, () => [false, 1]), [true, 4]]);
  expect(engine.view.origins).toMatchObject([{ mcc: '310', present: 8 }]);
});

test('state that is put down with other limits is counted anew by those of now', () => {
  const kept = MemoryState.of(full({}).engine);
  const city = new SmallCity({ regions, settings: { ...homeSettings, placesMax: 3 } });
  for (const { id, cgi } of [{ id: 0, cgi: '001-01-100-1' }]) expect(city.registry.idOf(cgi)).toBe(id);
  city.engine.restore(kept);
  expect(city.engine.view.originPlaces.map(({ present }) => present)).toEqual([1, 1, 6]);
  expect(city.engine.view.regionOrigins(0)).toMatchObject([{ mcc: '310', present: 8 }]);
});

test('the largest are those that sorting would give', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9), { maxLength: 40 }), fc.nat(8), (counts, max) => {
      const keys = counts.map((_, i) => String((i * 7919) % 101).padStart(9, '0'));
      const largest = new Largest(max, ranksOf(keys));
      for (const [i, count] of counts.entries()) largest.add(i, count);
      const order = counts.map((_, i) => i).sort((a, b) => counts[b] - counts[a] || (keys[a] < keys[b] ? -1 : 1));
      expect([...largest.values.subarray(0, largest.n)]).toEqual(order.slice(0, max));
      expect([...largest.counts.subarray(0, largest.n)]).toEqual(order.slice(0, max).map((i) => counts[i]));
    }),
  );
});
