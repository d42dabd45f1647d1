import { describe, expect, test } from 'vitest';
import { makeCity } from '../../../fixtures/make/city/index.ts';
import { xOf, yOf } from '../../../fixtures/make/city/plane.ts';
import { inRiver } from '../../../fixtures/make/city/schematic.ts';

const city = makeCity(1);

/** Even-odd rule in degrees, written apart from the one under test. */
function holds(ring: [number, number][], lon: number, lat: number): boolean {
  let crossings = 0;
  for (let i = 1; i < ring.length; i++) {
    const [ax, ay] = ring[i - 1];
    const [bx, by] = ring[i];
    if (ay > lat !== by > lat && lon < ax + ((lat - ay) * (bx - ax)) / (by - ay)) crossings++;
  }
  return crossings % 2 === 1;
}

function tally<T>(list: Iterable<T>): Map<T, number> {
  const counts = new Map<T, number>();
  for (const one of list) counts.set(one, (counts.get(one) ?? 0) + 1);
  return counts;
}

/** Whether two sides of a ring that are no neighbours cross. */
function crossesItself(ring: [number, number][]): boolean {
  const left = ([ax, ay]: number[], [bx, by]: number[], [cx, cy]: number[]) =>
    Math.sign((bx - ax) * (cy - ay) - (by - ay) * (cx - ax));
  const last = ring.length - 1;
  for (let i = 0; i < last; i++) {
    for (let j = i + 2; j < last; j++) {
      if (i === 0 && j === last - 1) continue;
      const [a, b, c, d] = [ring[i], ring[i + 1], ring[j], ring[j + 1]];
      if (left(a, b, c) !== left(a, b, d) && left(c, d, a) !== left(c, d, b)) return true;
    }
  }
  return false;
}

const metres = (a: { lon: number; lat: number }, b: { lon: number; lat: number }) =>
  Math.hypot((a.lon - b.lon) * 102_350, (a.lat - b.lat) * 110_760);

describe.each([1, 2, 77])('the city of seed %i', (seed) => {
  const { cells, lacOf, regions, stadium } = makeCity(seed);

  test('has 4,317 sites with 10,012 cells, two or three each, under identities of their own', () => {
    expect(cells.length).toBe(10_012);
    const sectors = tally(cells.map(({ site }) => site));
    expect(sectors.size).toBe(4_317);
    expect(new Set(sectors.values())).toEqual(new Set([2, 3]));
    expect(new Set(cells.map(({ cgi }) => cgi)).size).toBe(10_012);
    const wrong = cells.filter(({ cgi }, i) => {
      const [, lac, ci] = /^460-00-([1-9]\d*)-([1-9]\d*)$/.exec(cgi)!;
      return Number(lac) !== lacOf[i] || Number(ci) > 65_535;
    });
    expect(wrong).toEqual([]);
  });

  test('has cells in every micro-region, three regions of each kind at least, and simple closed rings', () => {
    for (const { id, polygons } of regions) {
      const [ring] = polygons[0];
      expect(ring[0], id).toEqual(ring.at(-1));
      expect(crossesItself(ring), id).toBe(false);
      expect(
        cells.some(({ lon, lat }) => holds(ring, lon, lat)),
        id,
      ).toBe(true);
    }
    const kinds = tally(regions.map(({ kind }) => kind));
    expect([...kinds.keys()].sort()).toEqual(
      ['campus', 'community', 'estate', 'group', 'hall', 'industrial', 'office', 'venue'].sort(),
    );
    expect(Math.min(...kinds.values())).toBeGreaterThanOrEqual(3);
    expect(regions[stadium]).toMatchObject({ name: '天河体育中心', kind: 'venue', capacity: 60_000 });
  });

  test('keeps the stadium to its own cells, in a location area of their own', () => {
    const [ring] = regions[stadium].polygons[0];
    const inside = cells.flatMap(({ lon, lat }, i) => (holds(ring, lon, lat) ? [i] : []));
    expect(new Set(inside.map((i) => cells[i].site.replace(/\d+$/, '')))).toEqual(new Set(['天河体育中心']));
    const lacs = new Set(inside.map((i) => lacOf[i]));
    expect(lacs.size).toBe(1);
    expect(lacOf.filter((lac) => lacs.has(lac)).length).toBe(inside.length);
  });
});

test('the same seed makes the same city, another seed another one', () => {
  expect(makeCity(1).cells).toEqual(city.cells);
  expect(makeCity(2).cells).not.toEqual(city.cells);
});

test('a shared location area puts the stadium into its district', () => {
  const shared = makeCity(1, 'shared');
  const own = city.cells.findIndex(({ site }) => site.startsWith('天河体育中心'));
  expect(shared.lacOf.filter((lac) => lac === shared.lacOf[own]).length).toBeGreaterThan(60);
});

test('masts stand on dry land within the extent, most of them in the core', () => {
  let core = 0;
  for (const { lon, lat } of city.cells) {
    const outside = lon < 112.95 || lon > 113.65 || lat < 22.85 || lat > 23.45;
    expect(outside || inRiver(xOf(lon), yOf(lat), 5), `${lon} ${lat}`).toBe(false);
    if (metres({ lon, lat }, { lon: 113.29, lat: 23.12 }) < 10_000) core++;
  }
  // 5 % of the land
  expect(core).toBeGreaterThan(city.cells.length / 4);
});

test('location areas number 40 to 60 and every cell of a neighbourhood hall is complete up to its branch', () => {
  const sizes = tally(city.lacOf);
  expect(sizes.size).toBeGreaterThanOrEqual(40);
  expect(sizes.size).toBeLessThanOrEqual(60);
  const parentOf = new Map<string, string>();
  const suffixes = ['分公司', '区域营销中心', '片区', '营业厅'];
  const wrong = city.cells.filter(({ parents }) => {
    if (parents.length !== 4 || parents.some((name, level) => !name.endsWith(suffixes[level]))) return true;
    for (let level = 1; level < 4; level++) {
      if ((parentOf.get(parents[level]) ?? parents[level - 1]) !== parents[level - 1]) return true;
      parentOf.set(parents[level], parents[level - 1]);
    }
    return false;
  });
  expect(wrong).toEqual([]);
});

test('the serving cell is of a near mast, and mostly the sector that looks at the phone', () => {
  let facing = 0;
  let near = 0;
  const places = city.cells.filter((_, i) => i % 40 === 0);
  for (const [i, { lon, lat }] of places.entries()) {
    const turn = i * 2.4;
    const phone = { lon: lon + 0.0012 * Math.sin(turn), lat: lat + 0.0012 * Math.cos(turn) };
    const cell = city.cells[city.locate(phone.lon, phone.lat)];
    const nearest = Math.min(...city.cells.map((other) => metres(other, phone)));
    if (metres(cell, phone) < 2 * nearest + 60) near++;
    const bearing = (Math.atan2(phone.lon - cell.lon, phone.lat - cell.lat) * 180) / Math.PI;
    if (Math.cos(((bearing - cell.azimuth) * Math.PI) / 180) > 0) facing++;
  }
  expect(near / places.length).toBeGreaterThan(0.97);
  expect(facing / places.length).toBeGreaterThan(0.8);
});
