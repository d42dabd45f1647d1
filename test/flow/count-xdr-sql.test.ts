import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedPath, sharedPresent } from '../tools/shared-inputs.ts';
import { CountBySql } from './count-sql.ts';
import { countRows, countText, expectSameRows, groups, writeRegions } from './counted-rows.ts';

/** Single LACs, overlapping and nested groups of them, one cell, and one that nothing is ever in. */
const regions = groups({
  'lac-42264': ['460-01-42264-*'],
  core: ['460-01-42264-*', '460-01-42278-*', '460-01-42274-*', '460-01-42266-*'],
  east: ['460-01-42274-*', '460-01-42266-*', '460-01-42245-*', '460-01-42580-*', '460-01-4225*'],
  'all-422': ['460-01-422*'],
  others: ['460-01-2*', '460-01-425*'],
  'busy-cells': ['460-01-42263-29512', '460-01-42266-15553'],
  nowhere: ['460-01-1-*'],
  everything: ['*'],
});

const folder = mkdtempSync(join(tmpdir(), 'signalwall-count-'));
const xdr = sharedPath('data/xdr-guangzhou-2015-08.csv.gz');
const count = (...more: string[]) => countText(folder, `xdr:${xdr}?plmn=460-01&tz=+08:00`, ...more);

describe.runIf(sharedPresent)('count over a month of real records against SQL', () => {
  let sql: CountBySql;

  beforeAll(async () => {
    writeRegions(folder, regions);
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
    const got = countRows(await count('--every', every, ...sets));
    const expected = await sql.count({
      regions,
      everyUs,
      ttlUs: 1000 * ('presenceTtlMs' in set ? (set.presenceTtlMs as number) : 7_200_000),
      holdDownUs: 1000 * ('holdDownMs' in set ? (set.holdDownMs as number) : 60_000),
    });
    expect(expected.some(({ visitors }) => visitors > 100)).toBe(true);
    expectSameRows(got, expected);
  });

  it('prints the same bytes when it runs again', async () => {
    expect(await count('--every', '5m')).toBe(await count('--every', '5m'));
  });
});
