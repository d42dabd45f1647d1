import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { importCommand } from '../../server/cli/import.ts';
import { importedSegments, withProvince } from '../../server/cli/imported-segments.ts';
import { makeConfig } from '../../server/config.ts';
import { hearCommand } from '../tools/heard-command.ts';

const rows = `type,from,to,province,city,area,operator
msisdn,1390013,1390014,广东,深圳,0755,中国移动
msisdn,1390015,,广东,广州,020,
imsi,001012,,广东,深圳,755,
`;

const heard = hearCommand('import');
const data = () => heard.data;
const run = (text: string) => {
  const path = join(heard.folder, 'segments.csv');
  writeFileSync(path, text);
  return importCommand.run(['--segments', path, '--data', data()]);
};

test('takes segments over once, says so the second time, and replaces them by another file', async () => {
  expect(await run(rows)).toBe(0);
  const kept = join(data(), 'reference', 'segments.csv');
  const before = statSync(kept).mtimeMs;
  expect(await run(`${rows}\n`)).toBe(0);
  expect(heard.said).toEqual([
    '3 segments of numbers and 1 range of IMSIs in 2 areas: the server takes them in at its next start\n',
    '3 segments of numbers and 1 range of IMSIs in 2 areas: imported before, nothing has changed\n',
  ]);
  expect(statSync(kept).mtimeMs).toBe(before);
  await run(rows.replace('imsi,001012', 'imsi,001013'));
  expect(readFileSync(kept, 'utf8')).toContain('imsi,001013000000000,001013999999999');
  expect((await importedSegments(data()))?.rows.length).toBe(3);
});

test('keeps what was there when a file is refused', async () => {
  await run(rows);
  await expect(run(`${rows}msisdn,1390014,,广东,广州,020,\n`)).rejects.toMatchObject({
    code: 'SEGMENTS_ROW',
    exitCode: 1,
    message: expect.stringContaining('line 5'),
  });
  expect((await importedSegments(data()))?.rows.length).toBe(3);
});

test('is wrong usage without a file to import', async () => {
  await expect(importCommand.run([])).rejects.toMatchObject({ code: 'USAGE', exitCode: 2 });
});

test('names the province of the home areas in the settings, unless somebody has', async () => {
  await run(rows);
  const segments = await importedSegments(data());
  const config = (settings: Record<string, unknown>) => withProvince(makeConfig({ where: 'test', settings }), segments);
  expect(config({ homeAreas: '0755' }).provinceAreas).toBe('20');
  expect(config({ homeAreas: '755', provinceAreas: '752' }).provinceAreas).toBe('752');
  expect(config({}).provinceAreas).toBe('');
});
