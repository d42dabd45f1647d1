import { expect, test } from 'vitest';
import { packPlmn, placedHome } from '../../server/events/plmn.ts';
import { Origins } from '../../server/occupancy/origins.ts';
import { OriginClassifier } from '../../server/reference/origin.ts';

/** As many regions as a whole province has, each with people of many operators and areas. */
const regionCount = 900;
const placeRowsMax = 5;
const home = packPlmn(460, 0, 2);
const homes = [
  ...Array.from({ length: 150 }, (_, i) => packPlmn(202 + 3 * i, 1, 2)),
  ...Array.from({ length: 50 }, (_, i) => placedHome(home, 310 + i)),
];

function fullOrigins(): Origins {
  const limits = { placesMax: 1_024, placeRowsMax };
  const origins = new Origins(new OriginClassifier('460-00', '20', '755'), regionCount, limits);
  const groups = homes.map((plmn) => origins.groupOf(origins.codeOf(plmn)));
  for (let region = 0; region < regionCount; region++)
    for (let k = 0; k < 12; k++)
      for (let n = 0; n <= k; n++) {
        const group = groups[(region + 17 * k) % groups.length];
        origins.addToRegion(region, group, 1);
        origins.addToCity(group, 1);
      }
  return origins;
}

/** Its steps, and what it gave. */
function inSteps<T>(steps: Generator<void, T>): { steps: number; told: T } {
  for (let n = 1; ; n++) {
    const { done, value } = steps.next();
    if (done === true) return { steps: n, told: value };
  }
}

test('places and changes of 900 regions are told in steps, each of a few regions', () => {
  const origins = fullOrigins();
  const regionsAtOnce = regionCount / 20;
  expect(inSteps(origins.places()).steps).toBeGreaterThan(regionCount / regionsAtOnce);
  expect(inSteps(origins.takingChanged()).steps).toBeGreaterThan(regionCount / regionsAtOnce);
});

test('what is told in steps is everybody of city and regions, once', () => {
  const origins = fullOrigins();
  const sumsOf = (table: { n: number; region: Uint32Array; present: Uint32Array } | undefined) => {
    const sums = new Array<number>(1 + regionCount).fill(0);
    for (let row = 0; row < table!.n; row++) sums[table!.region[row]] += table!.present[row];
    return sums;
  };
  const rows = [
    origins.cityCounts(),
    ...Array.from({ length: regionCount }, (_, region) => origins.regionCounts(region)),
  ];
  const all = rows.map((counts) => counts.reduce((sum, { present }) => sum + present, 0));
  const placed = rows.map((counts) =>
    counts.reduce((sum, { class: of, present }) => sum + (of === 'unknown' || of === 'local' ? 0 : present), 0),
  );
  expect(all.slice(0, 2)).toEqual([regionCount * 78, 78]);
  expect(placed[0]).toBeGreaterThan(0);
  expect(sumsOf(inSteps(origins.places()).told)).toEqual(placed);
  expect(sumsOf(inSteps(origins.takingChanged()).told)).toEqual(all);
  expect(inSteps(origins.takingChanged()).told).toBeUndefined();
});

test('an operator that is heard later is told beside those known before', () => {
  const origins = fullOrigins();
  const before = origins.cityPlaces();
  const late = packPlmn(310, 410, 3);
  const group = origins.groupOf(origins.codeOf(late));
  for (let n = 0; n < 100_000; n++) origins.addToCity(group, 1);
  expect(before.some(({ plmn }) => plmn === late)).toBe(false);
  expect(origins.cityPlaces()[0]).toMatchObject({ plmn: late, present: 100_000 });
});
