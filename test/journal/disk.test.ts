import { copyFileSync, mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemTimers } from '../../server/clock.ts';
import { nodeDisk } from '../../server/journal/disk.ts';
import { Journal } from '../../server/journal/journal.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalwall-journal-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = () =>
  Journal.open({
    disk: nodeDisk,
    folder: join(folder, 'deep', 'journal'),
    timers: systemTimers,
    newId: () => '01'.repeat(16),
    log: () => undefined,
    segmentBytes: 1 << 16,
    bytesMax: 1 << 30,
    freeBytesMin: 0,
    commitMs: 1,
  });

it('names the file that the disk does not give', async () => {
  const file = await nodeDisk.open(folder, 'read');
  await expect(file.read(new Uint8Array(8), 0)).rejects.toThrow(
    `EISDIR: illegal operation on a directory, read '${folder}'`,
  );
  await file.close();
});

it('keeps records on a real disk, behind a record that was cut off', async () => {
  const journal = await open();
  const ends = Array.from({ length: 200 }, (_, i) => journal.append(i, [new Uint8Array(1000).fill(i)]));
  await journal.whenCommitted(ends[199]);
  const base = join(folder, 'deep', 'journal', 'base.json');
  copyFileSync(base, join(folder, 'base.json'));
  await journal.close();
  // As if it had been killed: the end is not noted.
  copyFileSync(join(folder, 'base.json'), base);
  const newest = (await nodeDisk.list(join(folder, 'deep', 'journal')))
    .filter((name) => name !== 'base.json')
    .sort()
    .at(-1)!;
  const path = join(folder, 'deep', 'journal', newest);
  const file = await nodeDisk.open(path, 'read');
  const size = await file.size();
  await file.close();
  truncateSync(path, size - 300);
  const again = await open();
  expect(again.next).toBe(ends[198]);
  const reader = again.reader(0);
  for (let i = 0; i < 199; i++) {
    const record = (await reader.next())!;
    expect([record.kind, record.to, record.payload.length, record.payload[999]]).toEqual([i, ends[i], 1000, i]);
  }
  expect(await reader.next()).toBeNull();
  await reader.close();
  await again.close();
});

it('says how much room the disk has', async () => {
  expect(await nodeDisk.freeBytes(folder)).toBeGreaterThan(1 << 20);
});
