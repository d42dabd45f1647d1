import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { countCommand } from '../../server/cli/count.ts';
import type { Region } from '../../server/reference/read-regions.ts';
import type { CountRow } from './count-sql.ts';

/** Micro-regions that are lists of cells. */
export function groups(cellLists: Record<string, string[]>): Region[] {
  return Object.entries(cellLists).map(([id, cells]) => ({
    id,
    name: id,
    kind: 'group',
    capacity: null,
    polygons: null,
    cells,
  }));
}

const regionsFile = (folder: string) => join(folder, 'regions.geojson');

/** Writes them where {@link countText} reads them. */
export function writeRegions(folder: string, regions: Region[]): void {
  const features = regions.map(({ id, cells }) => ({ type: 'Feature', properties: { id, cells }, geometry: null }));
  writeFileSync(regionsFile(folder), JSON.stringify({ type: 'FeatureCollection', features }));
}

/** What `count` writes of a feed, sorted and with nothing hidden. */
export async function countText(folder: string, feed: string, ...more: string[]): Promise<string> {
  const out = join(folder, 'out.csv');
  const given = [feed, '--regions', regionsFile(folder), '--sort', '--hide-below', '0', '--out', out, ...more];
  expect(await countCommand.run(given)).toBe(0);
  return readFileSync(out, 'utf8');
}

export function countRows(csv: string): CountRow[] {
  const [header, ...lines] = csv.trimEnd().split('\n');
  expect(header).toBe('time,region,present,entries,exits,appeared,vanished,visitors');
  return lines.map((line) => {
    const [time, region, ...figures] = line.split(',');
    const [present, entries, exits, appeared, vanished, visitors] = figures.map(Number);
    return { time, region, present, entries, exits, appeared, vanished, visitors };
  });
}

/** Compares row by row; `toEqual` on 300,000 rows would take minutes to say what differs. */
export function expectSameRows(got: CountRow[], expected: CountRow[]): void {
  const text = (row: CountRow | undefined) => (row === undefined ? 'no row' : Object.values(row).join(','));
  const differences: string[] = [];
  for (let i = 0; i < Math.max(got.length, expected.length); i++) {
    if (text(got[i]) !== text(expected[i])) differences.push(`row ${i}: got ${text(got[i])}, SQL ${text(expected[i])}`);
  }
  expect(differences.slice(0, 10)).toEqual([]);
  expect(got.length).toBe(expected.length);
}
