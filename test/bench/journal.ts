import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { systemTimers } from '../../server/clock.ts';
import { nodeDisk } from '../../server/journal/disk.ts';
import { Journal } from '../../server/journal/journal.ts';
import { temporaryFolder } from '../tools/serve.ts';
import { type Bench, type Figure, median } from './bench.ts';

const payloadBytes = 512 * 1024;

/** Seconds in which `records` of them are appended and on disk. */
async function runJournal(folder: string, records: number, bytes: number): Promise<number> {
  const journal = await Journal.open({
    disk: nodeDisk,
    folder,
    timers: systemTimers,
    newId: () => '00'.repeat(16),
    log: () => undefined,
    segmentBytes: 64 << 20,
    bytesMax: 2 ** 40,
    freeBytesMin: 0,
    commitMs: 5,
  });
  const payload = new Uint8Array(bytes).fill(5);
  const startedMs = performance.now();
  for (let i = 0; i < records; i++) {
    journal.append(1, [payload]);
    if (!journal.room) await journal.whenRoom();
  }
  await journal.whenCommitted(journal.next);
  const seconds = (performance.now() - startedMs) / 1000;
  await journal.close();
  return seconds;
}

/** The same with a write and an fdatasync each. */
function runPlain(path: string, records: number, bytes: number): number {
  const payload = new Uint8Array(bytes).fill(5);
  const file = openSync(path, 'w');
  const startedMs = performance.now();
  for (let i = 0; i < records; i++) {
    writeSync(file, payload);
    fdatasyncSync(file);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  closeSync(file);
  return seconds;
}

export const journalBench: Bench = {
  name: 'journal',
  meaning: 'records appended to the journal until they are on disk; peer: a file with write and fdatasync for each',
  async run(scale): Promise<Figure[]> {
    const folder = temporaryFolder('bench');
    const [large, small, rounds] = scale === 'full' ? [400, 50_000, 5] : [4, 200, 1];
    try {
      const times = { large: [] as number[], small: [] as number[], plain: [] as number[] };
      for (let round = 0; round <= rounds; round++) {
        times.large.push(await runJournal(join(folder.path, `l${round}`), large, payloadBytes));
        times.small.push(await runJournal(join(folder.path, `s${round}`), small, 256));
        times.plain.push(runPlain(join(folder.path, 'plain'), Math.ceil(small / 100), 256) * 100);
      }
      // The first round warms up.
      const of = (seconds: number[]) => median(seconds.slice(1));
      return [
        { key: 'journal.bytesPerS', value: (large * payloadBytes) / of(times.large), unit: 'bytes/s' },
        { key: 'journal.recordsPerS', value: small / of(times.small), unit: 'records/s' },
        { key: 'journal.plainRecordsPerS', value: small / of(times.plain), unit: 'records/s' },
        { key: 'journal.timesPlain', value: of(times.plain) / of(times.small), unit: '×' },
      ];
    } finally {
      folder.remove();
    }
  },
};
