import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readRegions } from '../../server/reference/read-regions.ts';

const folder = mkdtempSync(join(tmpdir(), 'signalwall-regions-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function file(content: unknown): string {
  const path = join(folder, `${files++}.geojson`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const square = [
  [113, 23],
  [114, 23],
  [114, 24],
  [113, 24],
  [113, 23],
];
const polygon = { type: 'Polygon', coordinates: [square] };
const feature = (properties: object, geometry: object | null = polygon) => ({ type: 'Feature', properties, geometry });
const collection = (...features: object[]) => ({ type: 'FeatureCollection', features });

describe('reading micro-regions', () => {
  it('keeps the order and takes Polygon, MultiPolygon and lists of cells', async () => {
    const regions = await readRegions(
      file(
        collection(
          feature({ id: 'b', name: 'Stadium', kind: 'venue', capacity: 60000 }),
          feature({ id: 7 }, { type: 'MultiPolygon', coordinates: [[square], [square]] }),
          feature({ id: 'cells', cells: ['460-00-42285-28831', '460-00-42286-*', '*'] }, null),
        ),
      ),
    );
    expect(regions.map(({ id, name, kind, capacity }) => ({ id, name, kind, capacity }))).toEqual([
      { id: 'b', name: 'Stadium', kind: 'venue', capacity: 60000 },
      { id: '7', name: '7', kind: '', capacity: null },
      { id: 'cells', name: 'cells', kind: '', capacity: null },
    ]);
    expect(regions.map(({ polygons }) => polygons?.length ?? null)).toEqual([1, 2, null]);
    expect(regions[2].cells).toHaveLength(3);
  });

  const ring = (points: number[][]) => collection(feature({ id: 'r' }, { type: 'Polygon', coordinates: [points] }));
  it.each([
    ['an open ring', ring(square.slice(0, 4)), 'feature 1 (r): the outer ring of its polygon is open'],
    ['three points', ring([square[0], square[1], square[0]]), 'fewer than 4 points'],
    ['a ring of one point', ring([square[0], square[0], square[0], square[0]]), 'no area'],
    ['swapped degrees', ring(square.map(([x, y]) => [y, x])), 'look swapped'],
    ['a longitude off the globe', ring(square.map(([x, y]) => [x + 100, y])), 'lon 213 is not within ±180'],
    [
      'a point that is none',
      ring([...square.slice(0, 2), [null as unknown as number, 1], ...square.slice(3)]),
      'point 3',
    ],
    ['no id', collection(feature({ name: 'x' })), 'feature 1: it has no id'],
    ['an id twice', collection(feature({ id: 'x' }), feature({ id: 'x' })), 'feature 2 (x): feature 1 has the same id'],
    ['a point geometry', collection(feature({ id: 'x' }, { type: 'Point', coordinates: [1, 2] })), 'is a Point'],
    ['neither geometry nor cells', collection(feature({ id: 'x' }, null)), 'neither a geometry nor a list of cells'],
    ['a capacity in words', collection(feature({ id: 'x', capacity: 'many' })), 'capacity "many"'],
    [
      'a cell that is none',
      collection(feature({ id: 'x', cells: ['42285'] })),
      "the cell '42285' is no MCC-MNC-LAC-CI",
    ],
    ['a star in the middle', collection(feature({ id: 'x', cells: ['460-*-1'] })), "the cell '460-*-1'"],
    ['an empty list of cells', collection(feature({ id: 'x', cells: [] })), '`cells` is an empty list'],
    ['cells in one text', collection(feature({ id: 'x', cells: '460-*' })), '`cells` is no list'],
    ['another GeoJSON object', { type: 'Feature' }, 'no GeoJSON FeatureCollection'],
    ['no JSON', '{"type":\n "FeatureCollection",,}', 'not JSON'],
  ])('refuses %s in one line with the place and the remedy', async (_name, content, message) => {
    const path = file(content);
    const error = await readRegions(path).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ name: 'UserError', message: expect.stringContaining(message) });
    expect((error as Error).message).toContain(path);
    expect((error as Error).message).not.toContain('\n');
  });

  it('warns in one line each of a file without regions and of kinds that nobody knows', async () => {
    const warned = async (content: object) => {
      const said: string[] = [];
      const path = file(content);
      await readRegions(path, (line) => said.push(line));
      return said.map((line) => line.replace(path, 'PATH'));
    };
    expect(await warned(collection(feature({ id: 'a', kind: 'venue' }), feature({ id: 'b' })))).toEqual([]);
    expect(await warned(collection())).toEqual([
      'PATH: "features" is empty: there is no micro-region to count in; add one',
    ]);
    const odd = ['pub', 7, 'park'].map((kind, i) => feature({ id: `r${i}`, kind }));
    expect(await warned(collection(feature({ id: 'a', kind: 'hall' }), ...odd))).toEqual([
      "PATH: unknown kind of regions r0 ('pub'), r1 ('7'), r2 ('park'): they are counted as any other; " +
        'the kinds are group, campus, estate, office, industrial, hall, community, venue',
    ]);
  });

  it('names a missing file and a folder once, with the remedy', async () => {
    const path = join(folder, 'absent.geojson');
    await expect(readRegions(path)).rejects.toMatchObject({
      message: `region file ${path}: no such file; check the path`,
    });
    await expect(readRegions(folder)).rejects.toMatchObject({
      message: `region file ${folder}: is a folder; name a file in it`,
    });
  });

  it('tells the line of broken JSON', async () => {
    await expect(readRegions(file('{\n\n "features" []}'))).rejects.toThrow('line 3');
  });
});
