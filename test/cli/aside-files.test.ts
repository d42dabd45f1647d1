import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { AsideFiles } from '../../server/cli/aside-files.ts';
import { nodeDisk } from '../../server/journal/disk.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function open(disk = nodeDisk) {
  const parent = mkdtempSync(join(tmpdir(), 'aside-'));
  folders.push(parent);
  const lines: string[] = [];
  const folder = join(parent, 'quarantine', 'north');
  const log = (_: string, line: string) => void lines.push(line);
  return { folder, lines, files: () => new AsideFiles({ disk, path: folder, folder: 'q', bytesMax: 3 * 4096, log }) };
}

test('a file is kept for each batch, in place of one of the same name, up to a bound; who takes files away makes room', async () => {
  const { folder, files } = open();
  const first = files();
  expect(await first.keep('1-1.ndjson', 'one\n')).toBe(true);
  expect(await first.keep('1-2.ndjson', 'two\n')).toBe(true);
  // After a restart a batch comes again, and what was half written is of no worth.
  writeFileSync(join(folder, '1-9.ndjson.new'), 'x'.repeat(9000));
  const second = files();
  expect(await second.keep('1-2.ndjson', 'two again\n')).toBe(true);
  expect(readdirSync(folder).sort()).toEqual(['1-1.ndjson', '1-2.ndjson']);
  expect(readFileSync(join(folder, '1-2.ndjson'), 'utf8')).toBe('two again\n');
  expect(await second.keep('1-3.ndjson', 'x'.repeat(5000))).toBe(false);
  rmSync(join(folder, '1-1.ndjson'));
  expect(await second.keep('1-3.ndjson', 'x'.repeat(5000))).toBe(true);
  expect(await second.keep('1-4.ndjson', 'x')).toBe(false);
  // What comes in place of another one needs no more room than that had.
  expect(await second.keep('1-2.ndjson', 'two once more\n')).toBe(true);
  expect(await files().keep('1-3.ndjson', 'x')).toBe(true);
  expect(await files().keep('1-2.ndjson', 'x'.repeat(9000))).toBe(false);
  expect(readFileSync(join(folder, '1-2.ndjson'), 'utf8')).toBe('two once more\n');
});

test('a file that finds no room in place of another one leaves that one, and what it takes, as they were', async () => {
  const { folder, files } = open();
  const one = files();
  expect(await one.keep('1-1.ndjson', 'x')).toBe(true);
  expect(await one.keep('1-2.ndjson', 'x'.repeat(8192))).toBe(true);
  expect(await one.keep('1-2.ndjson', 'x'.repeat(8193))).toBe(false);
  expect(await one.keep('2-1.ndjson', 'x')).toBe(false);
  expect(readdirSync(folder).sort()).toEqual(['1-1.ndjson', '1-2.ndjson']);
});

test('a file that a start finds is dropped with its name alone; none is missed, and none is looked for twice', async () => {
  const { folder, files } = open();
  expect(await files().drop('1-1.ndjson')).toBe(true);
  const first = files();
  await first.keep('1-1.ndjson', 'one\n');
  await first.keep('1-2.ndjson', 'two\n');
  const second = files();
  expect(await second.drop('1-1.ndjson')).toBe(true);
  expect(await second.drop('1-1.ndjson')).toBe(true);
  expect(readdirSync(folder)).toEqual(['1-2.ndjson']);
  // An operator was faster.
  rmSync(join(folder, '1-2.ndjson'));
  expect(await second.drop('1-2.ndjson')).toBe(true);
});

test('a file that was renamed and not made lasting may be there: it is dropped too; what can not be removed is told', async () => {
  let fails = false;
  const failing = {
    ...nodeDisk,
    syncFolder: (path: string) => (fails ? Promise.reject(new Error('EIO: i/o error')) : nodeDisk.syncFolder(path)),
  };
  const { folder, files, lines } = open(failing);
  const one = files();
  await one.drop('1-0.ndjson');
  await one.keep('1-1.ndjson', 'one\n');
  fails = true;
  expect(await one.keep('1-2.ndjson', 'two\n')).toBe(false);
  expect(readdirSync(folder).sort()).toEqual(['1-1.ndjson', '1-2.ndjson']);
  expect(await one.drop('1-2.ndjson')).toBe(false);
  expect(lines.at(-1)).toMatch(/1-2\.ndjson can't be removed: EIO/);
  fails = false;
  expect(await one.drop('1-2.ndjson')).toBe(true);
  expect(readdirSync(folder)).toEqual(['1-1.ndjson']);
});

test('what can not be written is not kept, and the log says why', async () => {
  const failing = { ...nodeDisk, rename: () => Promise.reject(new Error('ENOSPC: no space left on device')) };
  const { files, lines } = open(failing);
  expect(await files().keep('1-1.ndjson', 'one\n')).toBe(false);
  expect(lines).toEqual([expect.stringMatching(/1-1\.ndjson can't be written: ENOSPC/)]);
});
