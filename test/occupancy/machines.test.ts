import fc from 'fast-check';
import { expect, test } from 'vitest';
import { machineHome, packPlmn } from '../../server/events/plmn.ts';
import { packIso } from '../../server/reference/country-codes.ts';
import { regionOf, SmallCity } from './small-city.ts';

const secondUs = 1_000_000;
const base = Date.UTC(2026, 9, 17, 11) * 1000;
const cells = ['001-01-100-1', '001-01-100-2', '001-01-200-1'];
const home = packPlmn(460, 0, 2);
const foreign = packPlmn(454, 0, 2);

function cityOf(): SmallCity {
  const regions = [regionOf('venue', ['001-01-100-*']), regionOf('all', ['*'])];
  return new SmallCity({ regions, settings: { homePlmns: '460-00', presenceTtlMs: 600_000 } });
}
function see(city: SmallCity, atS: number, subscriber: string, cell: number, plmn: number): void {
  const batch = city.batch([{ timeUs: base + atS * secondUs, subscriber, cell: cells[cell] }], { plmn });
  city.engine.apply(batch, 0, 1);
}

test('machines are present as every device, and counted apart in each region and origin', () => {
  const city = cityOf();
  const { view } = city.engine;
  see(city, 0, 'a', 0, home);
  see(city, 1, 'meter', 0, machineHome(home));
  see(city, 2, 'till', 2, machineHome(foreign));
  expect([...view.regionPresent]).toEqual([2, 3]);
  expect([...view.regionMachines]).toEqual([1, 2]);
  const local = { class: 'local', country: 'CN', mcc: '460' };
  expect(view.regionOrigins(0)).toEqual([{ ...local, present: 2, machines: 1 }]);
  expect(view.origins).toContainEqual({ class: '港澳台', country: 'HK', mcc: '454', present: 1, machines: 1 });
});

test('who is once known as a machine stays one while known, though other messages do not say so', () => {
  const city = cityOf();
  const { view } = city.engine;
  see(city, 0, 'meter', 0, home);
  expect([...view.regionMachines]).toEqual([0, 0]);
  see(city, 1, 'meter', 0, machineHome(home));
  expect([...view.regionMachines]).toEqual([1, 1]);
  see(city, 2, 'meter', 2, home);
  expect([...view.regionMachines]).toEqual([0, 1]);
  expect(view.origins).toEqual([{ class: 'local', country: 'CN', mcc: '460', present: 1, machines: 1 }]);
});

const step = fc.record({
  gapS: fc.constantFrom(0, 5, 30, 700),
  subscriber: fc.nat({ max: 5 }),
  cell: fc.nat({ max: 2 }),
  says: fc.boolean(),
});
test('an origin’s gauge is of all its devices, machines among them, in random cities', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      const city = cityOf();
      let atS = 0;
      for (const { gapS, subscriber, cell, says } of steps) {
        atS += gapS;
        // Three machines, of which only some messages say so.
        see(city, atS, `s${subscriber}`, cell, says && subscriber < 3 ? machineHome(home) : home);
      }
      city.engine.finish();
      const carried = [0, 0, 0];
      for (const { regions, origins, present } of city.gauges) {
        for (let i = 0; i < (origins?.n ?? 0); i++) {
          expect(origins!.country[i]).toBe(packIso('CN'));
          carried[origins!.region[i]] = origins!.present[i];
        }
        for (let i = 0; i < regions.n; i++) expect(carried[regions.id[i] + 1]).toBe(regions.present[i]);
        expect(carried[0]).toBe(present);
      }
    }),
    { numRuns: 150 },
  );
});
