import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countCommand } from '../../server/cli/count.ts';
import type { Region } from '../../server/reference/read-regions.ts';
import { sharedPath, sharedPresent } from '../tools/shared-inputs.ts';
import { CountBySql, type CountRow } from './count-sql.ts';

/** Single LACs, overlapping and nested groups of them, one cell, and one that nothing is ever in. */
const cellLists: Record<string, string[]> = {
  'lac-42264': ['460-01-42264-*'],
  core: ['460-01-42264-*', '460-01-42278-*', '460-01-42274-*', '460-01-42266-*'],
  east: ['460-01-42274-*', '460-01-42266-*', '460-01-42245-*', '460-01-42580-*', '460-01-4225*'],
  'all-422': ['460-01-422*'],
  others: ['460-01-2*', '460-01-425*'],
  'busy-cells': ['460-01-42263-29512', '460-01-42266-15553'],
  nowhere: ['460-01-1-*'],
  everything: ['*'],
};
const regions: Region[] = Object.entries(cellLists).map(([id, cells]) => ({
  id,
  name: id,
  kind: 'group',
  capacity: null,
  polygons: null,
  cells,
}));

const folder = mkdtempSync(join(tmpdir(), 'signalwall-count-'));
const regionsFile = join(folder, 'regions.geojson');
const xdr = sharedPath('data/xdr-guangzhou-2015-08.csv.gz');

async function count(...more: string[]): Promise<string> {
  const out = join(folder, 'out.csv');
  const feed = `xdr:${xdr}?plmn=460-01&tz=+08:00`;
  const code = await countCommand.run([
    feed,
    '--regions',
    regionsFile,
    '--sort',
    '--hide-below',
    '0',
    '--out',
    out,
    ...more,
  ]);
  expect(code).toBe(0);
  return readFileSync(out, 'utf8');
}

function rowsOf(csv: string): CountRow[] {
  const [header, ...lines] = csv.trimEnd().split('\n');
  expect(header).toBe('time,region,present,entries,exits,appeared,vanished,visitors');
  return lines.map((line) => {
    const [time, region, ...figures] = line.split(',');
    const [present, entries, exits, appeared, vanished, visitors] = figures.map(Number);
    return { time, region, present, entries, exits, appeared, vanished, visitors };
  });
}

/** Compares row by row; `toEqual` on 300,000 rows would take minutes to say what differs. */
function expectSame(got: CountRow[], expected: CountRow[]): void {
  const text = (row: CountRow | undefined) => (row === undefined ? 'no row' : Object.values(row).join(','));
  const differences: string[] = [];
  for (let i = 0; i < Math.max(got.length, expected.length); i++) {
    if (text(got[i]) !== text(expected[i])) differences.push(`row ${i}: got ${text(got[i])}, SQL ${text(expected[i])}`);
  }
  expect(differences.slice(0, 10)).toEqual([]);
  expect(got.length).toBe(expected.length);
}

describe.runIf(sharedPresent)('count over a month of real records against SQL', () => {
  let sql: CountBySql;

  beforeAll(async () => {
    const features = regions.map(({ id, cells }) => ({ type: 'Feature', properties: { id, cells }, geometry: null }));
    writeFileSync(regionsFile, JSON.stringify({ type: 'FeatureCollection', features }));
    sql = await CountBySql.open();
    await sql.loadXdr(xdr, '460-01', 8);
  });

  afterAll(async () => {
    await sql?.close();
    rmSync(folder, { recursive: true });
  });

  it.each([
    { every: '60s', everyUs: 60e6, set: {} },
    { every: '15m', everyUs: 900e6, set: {} },
    { every: '5m', everyUs: 300e6, set: { presenceTtlMs: 600_000, holdDownMs: 0 } },
    { every: '1h', everyUs: 3600e6, set: { presenceTtlMs: 1_800_000, holdDownMs: 300_000 } },
  ])('agrees in every figure with --every $every and $set', async ({ every, everyUs, set }) => {
    const sets = Object.entries(set).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
    const got = rowsOf(await count('--every', every, ...sets));
    const expected = await sql.count({
      regions,
      everyUs,
      ttlUs: 1000 * ('presenceTtlMs' in set ? (set.presenceTtlMs as number) : 7_200_000),
      holdDownUs: 1000 * ('holdDownMs' in set ? (set.holdDownMs as number) : 60_000),
    });
    expect(expected.some(({ visitors }) => visitors > 100)).toBe(true);
    expectSame(got, expected);
  });

  it('prints the same bytes when it runs again', async () => {
    expect(await count('--every', '5m')).toBe(await count('--every', '5m'));
  });
});
