import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CellRegistry } from '../../server/reference/cell-registry.ts';
import { inPolygon, type Point } from '../../server/reference/geometry.ts';
import { type Placed, placing } from '../../server/reference/placing.ts';
import type { Region } from '../../server/reference/read-regions.ts';

const region = (id: number, what: Partial<Region>): Region => ({
  ...{ id: `r${id}`, name: '', kind: '', capacity: null, polygons: null, cells: null },
  ...what,
});

/** Cells in a square of 10 by 10, of which each third has no position. */
function registryOf(cgis: readonly string[]): CellRegistry {
  const registry = new CellRegistry();
  registry.load(
    cgis.map((cgi, i) => {
      const [lon, lat] = i % 3 === 2 ? [null, null] : [(i * 7) % 10, (i * 3) % 10];
      return { cgi, name: '', lon, lat, azimuth: null, radio: '', site: '' };
    }),
  );
  return registry;
}

function done(work: Generator<void, Placed>): { placed: Placed; slices: number } {
  for (let slices = 1; ; slices++) {
    const step = work.next();
    if (step.done) return { placed: step.value, slices };
  }
}

test('finds for each cell the regions that name it, begin its name, or lie around it', () => {
  const cgi = fc
    .tuple(fc.constantFrom('460-00', '460-0', '001-01'), fc.nat(30), fc.nat(30))
    .map((part) => part.join('-'));
  const ring = fc.tuple(fc.nat(8), fc.nat(8), fc.integer({ min: 1, max: 4 })).map(([x, y, size]): Point[] => {
    return [
      [x, y],
      [x + size, y],
      [x + size, y + size],
      [x, y + size],
      [x, y],
    ];
  });
  const listed = fc.oneof(
    cgi,
    fc.tuple(cgi, fc.nat(12)).map(([whole, n]) => `${whole.slice(0, n)}*`),
  );
  const drawn = fc.oneof(
    fc.array(listed, { minLength: 1, maxLength: 6 }).map((cells) => ({ cells })),
    fc
      .array(
        ring.map((one) => [one]),
        { minLength: 1, maxLength: 3 },
      )
      .map((polygons) => ({ polygons })),
  );
  fc.assert(
    fc.property(fc.uniqueArray(cgi, { maxLength: 40 }), fc.array(drawn, { maxLength: 8 }), (cgis, sets) => {
      const registry = registryOf(cgis);
      const regions = sets.map((what, i) => region(i, what));
      const { placed } = done(placing(regions, registry));
      expect(placed.length).toBe(registry.count);
      for (let id = 0; id < registry.count; id++) {
        const { cgi: name, lon, lat } = registry.info(id);
        const expected = regions.flatMap(({ cells, polygons }, i) => {
          const inside = cells
            ? cells.some((cell) => (cell.endsWith('*') ? name.startsWith(cell.slice(0, -1)) : name === cell))
            : lon !== null && polygons!.some((polygon) => inPolygon(polygon, lon, lat!));
          return inside ? [i] : [];
        });
        expect(placed[id]).toEqual(expected);
      }
    }),
  );
});

const city = () => registryOf(Array.from({ length: 10_012 }, (_, i) => `460-00-${40_000 + (i >> 8)}-${i}`));

test('gives up as soon as the regions have more members than may be', () => {
  const regions = Array.from({ length: 40_000 }, (_, i) => region(i, { cells: ['*'] }));
  const work = placing(regions, city(), 'the test: ', 200_000);
  let slices = 0;
  expect(() => {
    for (; slices < 1000 && !work.next().done; slices++);
  }).toThrow('the test: more than 200000 times a cell in a region: leave out regions, or draw them smaller');
  expect(slices).toBe(1);
});

test('lets others have their turn, however many prefixes fit nothing and corners a polygon has', () => {
  const nothing = Array.from({ length: 300_000 }, (_, i) => `461-${i}*`);
  expect(done(placing([region(0, { cells: nothing })], city())).slices).toBe(4);
  const round: Point[] = Array.from({ length: 2000 }, (_, i) => {
    const angle = (i % 1999) * ((2 * Math.PI) / 1999);
    return [5 + 6 * Math.cos(angle), 5 + 6 * Math.sin(angle)];
  });
  expect(done(placing([region(0, { polygons: [[round]] })], city())).slices).toBeGreaterThan(100);
});
