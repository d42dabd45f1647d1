import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packPlmn } from '../../server/events/plmn.ts';
import { formatIso } from '../../server/reference/country-codes.ts';
import { originClasses } from '../../shared/protocol.ts';
import { countByDefinition } from './oracle.ts';
import { membersOf, scenario, secondUs, settingsOf, sightingsOf, ttlOf } from './scenario.ts';
import { regionOf, SmallCity } from './small-city.ts';

const regions = [regionOf('a', ['001-01-100-*']), regionOf('b', ['001-01-100-3', '001-01-200-*'])];
/** By subscriber: PLMN and the group it is counted under. */
const plmns = [packPlmn(460, 2, 2), packPlmn(454, 1, 2), packPlmn(310, 410, 3), packPlmn(460, 0, 2), 0];
const groups = ['local CN 460', '港澳台 HK 454', 'international US 310', 'local CN 460', 'unknown  0'];

test('origins of every interval, carried on where nothing is told, are those of who is present in city and regions', () => {
  let rows = 0;
  fc.assert(
    fc.property(scenario, (given) => {
      const sightings = sightingsOf(given);
      const everyUs = given.everyS * secondUs;
      const city = new SmallCity({ regions, everyUs, settings: settingsOf(given) });
      for (const sighting of sightings) {
        const batch = city.batch([sighting], { plmn: plmns[Number(sighting.subscriber.slice(1))] });
        city.engine.apply(batch, 0, 1);
      }
      city.engine.finish();
      const heard = [...new Set(sightings.map(({ cell }) => cell))];
      const areas = new Map([
        ['city', new Set(heard)],
        ...regions.map(({ id, cells }) => [id, membersOf(cells!, heard)] as const),
      ]);
      const options = { areas, everyUs, holdDownUs: 0, ttlUs: ttlOf(given) };
      const names = ['city', 'a', 'b'];
      const present = new Map<string, number>();
      for (const { endUs, origins } of city.gauges) {
        for (let i = 0; i < (origins?.n ?? 0); i++) {
          rows++;
          const kind = origins!.class[i] === 0 ? 'unknown' : originClasses[origins!.class[i] - 1];
          const group = `${kind} ${formatIso(origins!.country[i])} ${origins!.mcc[i]}`;
          const key = `${names[origins!.region[i]]} ${group}`;
          expect(present.get(key) ?? 0, 'a row tells a change').not.toBe(origins!.present[i]);
          present.set(key, origins!.present[i]);
        }
        for (const group of new Set(groups)) {
          const own = sightings.filter(({ subscriber }) => groups[Number(subscriber.slice(1))] === group);
          // One more sighting far on carries the table to the end of the run.
          const until = { timeUs: endUs, subscriber: 'nobody', cell: 'nowhere' };
          const table = countByDefinition({ ...options, sightings: [...own.filter((s) => s.timeUs < endUs), until] });
          for (const name of names) {
            const expected = table.get(endUs)?.get(name)?.present ?? 0;
            expect(present.get(`${name} ${group}`) ?? 0, `${name} ${group}`).toBe(expected);
          }
        }
      }
    }),
    { numRuns: 60 },
  );
  expect(rows).toBeGreaterThan(100);
});
