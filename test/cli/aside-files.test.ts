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
});

test('what can not be written is not kept, and the log says why', async () => {
  const failing = { ...nodeDisk, rename: () => Promise.reject(new Error('ENOSPC: no space left on device')) };
  const { files, lines } = open(failing);
  expect(await files().keep('1-1.ndjson', 'one\n')).toBe(false);
  expect(lines).toEqual([expect.stringMatching(/1-1\.ndjson can't be written: ENOSPC/)]);
});
