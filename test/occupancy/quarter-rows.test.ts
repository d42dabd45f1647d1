import fc from 'fast-check';
import { expect, test } from 'vitest';
import { minuteUs } from '../../server/clock.ts';
import { scenario, secondUs, settingsOf, sightingsOf } from './scenario.ts';
import { regionOf, SmallCity } from './small-city.ts';

const regions = [regionOf('a', ['001-01-100-*']), regionOf('b', ['001-01-200-*']), regionOf('never', ['001-01-900-*'])];

test('every region has a row in the first interval, and in the first of each quarter, whether anybody is there or not', () => {
  let empty = 0;
  fc.assert(
    fc.property(scenario, (given) => {
      const everyUs = given.everyS * secondUs;
      const city = new SmallCity({ regions, everyUs, settings: settingsOf(given) });
      for (const sighting of sightingsOf(given)) city.engine.apply(city.batch([sighting]), 0, 1);
      city.engine.finish();
      const quarterOf = (us: number) => Math.floor(us / (15 * minuteUs));
      city.gauges.forEach(({ startUs, regions: told }, i) => {
        const [, , never] = [0, 1, 2].map((region) => told.id.subarray(0, told.n).indexOf(region));
        const isDue = i === 0 || quarterOf(startUs) !== quarterOf(startUs - everyUs);
        if (isDue) expect([...told.id.subarray(0, told.n)].sort()).toEqual([0, 1, 2]);
        // Nothing ever happens there.
        expect(never >= 0).toBe(isDue);
        if (!isDue) return;
        const { appeared, entries, exits, fresh5, present, vanished, visitors } = told;
        const figures = [present, appeared, vanished, entries, exits, visitors, fresh5].map((column) => column[never]);
        expect(figures).toEqual([0, 0, 0, 0, 0, 0, 0]);
        empty++;
      });
    }),
    { numRuns: 100 },
  );
  expect(empty).toBeGreaterThan(100);
});
