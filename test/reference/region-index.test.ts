import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CellInfo, CellRegistry, lacOf } from '../../server/reference/cell-registry.ts';
import { inPolygon, type Point } from '../../server/reference/geometry.ts';
import type { Region } from '../../server/reference/read-regions.ts';
import { RegionIndex } from '../../server/reference/region-index.ts';

function cell(cgi: string, lon: number | null = null, lat: number | null = null): CellInfo {
  return { cgi, name: '', lon, lat, azimuth: null, radio: '', site: '' };
}

function region(id: string, what: Partial<Region>): Region {
  return { id, name: id, kind: '', capacity: null, polygons: null, cells: null, ...what };
}

const ring = (...corners: Point[]): Point[] => [...corners, corners[0]];
const square = (x: number, y: number, size: number) => ring([x, y], [x + size, y], [x + size, y + size], [x, y + size]);

describe('a point in a polygon', () => {
  const polygon = [square(0, 0, 10), square(4, 4, 2)];

  it.each([
    ['inside', 1, 1, true],
    ['in the hole', 5, 5, false],
    ['on the border', 10, 5, true],
    ['on a corner', 0, 10, true],
    ['on the border of the hole', 4, 5, true],
    ['outside', 10.000001, 5, false],
    ['level with a corner, outside', 11, 10, false],
    ['level with an edge, outside', -1, 0, false],
  ])('is told right %s', (_name, x, y, inside) => {
    expect(inPolygon(polygon, x, y)).toBe(inside);
    expect(
      inPolygon(
        polygon.map((r) => [...r].reverse()),
        x,
        y,
      ),
    ).toBe(inside);
  });

  it('agrees with the definition for triangles: on the same side of all edges', () => {
    const coordinate = fc.integer({ min: 0, max: 6 });
    const point = fc.tuple(coordinate, coordinate);
    fc.assert(
      fc.property(point, point, point, point, (a, b, c, [x, y]) => {
        const side = ([x1, y1]: Point, [x2, y2]: Point) => Math.sign((x2 - x1) * (y - y1) - (y2 - y1) * (x - x1));
        const area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
        fc.pre(area !== 0);
        const sides = [side(a, b), side(b, c), side(c, a)];
        const inside = !(sides.includes(1) && sides.includes(-1));
        expect(inPolygon([ring(a, b, c)], x, y)).toBe(inside);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the region index', () => {
  it('finds the cells of overlapping geometries and lists, and lets later cells join', () => {
    const registry = new CellRegistry();
    registry.load([cell('460-00-1-1', 5, 5), cell('460-00-1-2', 15, 5), cell('460-00-2-1')]);
    const regions = [
      region('west', { polygons: [[square(0, 0, 10)]] }),
      region('both', { polygons: [[square(0, 0, 10)], [square(0, 0, 12)], [square(12, 0, 10)]] }),
      region('lac-2', { cells: ['460-00-2-*'] }),
      region('listed', { cells: ['460-00-1-2'], polygons: [[square(0, 0, 10)]] }),
    ];
    const index = new RegionIndex(regions, registry, () => undefined);
    const of = (cgi: string) => Array.from(index.regionsOf(registry.idOf(cgi)));
    expect([of('460-00-1-1'), of('460-00-1-2'), of('460-00-2-1')]).toEqual([[0, 1], [1, 3], [2]]);
    expect(of('460-00-2-99')).toEqual([2]);
    expect(of('460-00-3-1')).toEqual([]);
    expect(index.cellCount(2)).toBe(2);
    expect(index.cellsOf(1)).toEqual([0, 1]);
    registry.load([cell('460-00-9-9', 1, 1)]);
    expect(of('460-00-9-9')).toEqual([0, 1]);
  });

  it('agrees with testing each cell against each geometry', () => {
    const registry = new CellRegistry();
    const cells = Array.from({ length: 400 }, (_, i) => cell(`460-00-1-${i}`, (i % 20) / 2, Math.floor(i / 20) / 2));
    registry.load(cells);
    const regions = Array.from({ length: 30 }, (_, i) =>
      region(`r${i}`, { polygons: [[ring([i % 7, i % 5], [(i % 7) + 3, i % 5], [(i % 7) + 1, (i % 5) + 4])]] }),
    );
    const index = new RegionIndex(regions, registry, () => undefined);
    cells.forEach(({ lon, lat }, id) => {
      const expected = regions.flatMap(({ polygons }, r) => (inPolygon(polygons![0], lon!, lat!) ? [r] : []));
      expect(Array.from(index.regionsOf(id))).toEqual(expected);
    });
  });

  it('warns once of all geometries that hold no cell with a position', () => {
    const lines: string[] = [];
    const far = [1, 2, 3, 4, 5, 6, 7].map((n) => region(`far-${n}`, { polygons: [[square(50, 50, n)]] }));
    new RegionIndex([...far, region('list', { cells: ['460-00-1-*'] })], new CellRegistry(), (line) =>
      lines.push(line),
    );
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('regions far-1, far-2, far-3, far-4, far-5 and 2 more');
  });

  it('refuses a region that names a cell which the loaded list lacks, and only where a list is loaded', () => {
    const regions = [region('stadium', { cells: ['460-00-1-1', '460-00-1-2'] })];
    const heard = new CellRegistry();
    heard.idOf('460-00-1-1');
    expect(() => new RegionIndex(regions, heard, () => undefined)).not.toThrow();
    const listed = new CellRegistry();
    listed.idOf('460-00-1-2');
    listed.load([cell('460-00-1-1', 1, 1)]);
    expect(() => new RegionIndex(regions, listed, () => undefined)).toThrow(
      /^region stadium names the cell 460-00-1-2, which the cell list lacks/,
    );
    expect(() => new RegionIndex(regions, listed, () => undefined, 'city.geojson')).toThrow(
      /^city.geojson: region stadium names the cell 460-00-1-2, which the cell list lacks/,
    );
  });
});

describe('the cell registry', () => {
  it('gives dense, stable ids and keeps those that the store remembers', () => {
    const registry = new CellRegistry();
    registry.load([cell('460-00-1-2'), cell('460-00-1-1', 1, 2)], { ids: [1, 0] });
    expect([registry.find('460-00-1-1'), registry.find('460-00-1-2')]).toEqual([0, 1]);
    expect(registry.idOf('460-00-1-3')).toBe(2);
    expect(registry.idOf('460-00-1-1')).toBe(0);
    expect(registry.listLoaded).toBe(false);
    expect(registry.unknownCells).toBe(2);
    registry.load([cell('460-00-1-3', 3, 4)]);
    expect(registry.info(2).lon).toBe(3);
    expect(registry.unknownCells).toBe(1);
    expect(registry.listLoaded).toBe(true);
  });

  it('tells listeners of new cells, and each change by its revision', () => {
    const registry = new CellRegistry();
    const added: number[] = [];
    registry.onAdded((id) => added.push(id));
    registry.idOf('460-00-7-1');
    const { revision } = registry;
    registry.idOf('460-00-7-1');
    expect(registry.revision).toBe(revision);
    registry.load([cell('460-00-7-1', 1, 1)]);
    expect(registry.revision).toBeGreaterThan(revision);
    expect(added).toEqual([0]);
  });

  it('reads the LAC out of a CGI, with MNCs of two and three digits', () => {
    expect([lacOf('460-00-42285-28831'), lacOf('310-410-7-1'), lacOf('not a cell')]).toEqual([42285, 7, 0]);
  });
});
