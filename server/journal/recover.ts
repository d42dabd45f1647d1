import type { Log } from '../log.ts';
import { type Base, BaseFile } from './base.ts';
import type { Disk } from './disk.ts';
import { damaged, hasHead, type Segment, segmentHeadBytes, segmentPath, segmentStart } from './segment.ts';
import { findEnd, makeLast } from './tail.ts';

export interface Recovered {
  base: BaseFile;
  /** Oldest first; empty where nothing has been written since the base. */
  segments: Segment[];
  /** The log ends here. */
  end: number;
}

/**
 * Opens what an earlier run left: finishes a removal that was under way, cuts off a tail that was never acknowledged,
 * and sees that nothing is missing between.
 *
 * @throws UserError JOURNAL_DAMAGED, naming the file, the place and what to do
 */
export async function recover(options: {
  readonly disk: Disk;
  readonly folder: string;
  readonly newId: () => string;
  readonly log: Log;
  readonly provenTo?: (journal: string) => number;
}): Promise<Recovered> {
  const { disk, folder, newId, log, provenTo } = options;
  await disk.makeFolder(folder);
  const names = await disk.list(folder);
  const starts = names
    .map(segmentStart)
    .filter((start) => start >= 0)
    .sort((a, b) => a - b);
  for (const name of names) if (name.endsWith('.tmp')) await disk.remove(`${folder}/${name}`);
  const file = await BaseFile.open(disk, folder, names);
  if (file === null) {
    if (starts.length > 0) throw damaged(`${folder}/base.json`, 0, 'it is missing beside segments');
    return { base: await BaseFile.make(disk, folder, { id: newId(), base: 0, end: 0 }), segments: [], end: 0 };
  }
  const known = file.base;
  // A process that was killed may have left names that nothing has made last yet: the base that removals go by first.
  await disk.syncFolder(folder);
  for (const start of starts) if (start < known.base) await disk.remove(segmentPath(folder, start));
  const segments = starts
    .filter((start) => start >= known.base)
    .map((start): Segment => ({ start, path: segmentPath(folder, start) }));
  const proven = Math.max(known.end, provenTo?.(known.id) ?? 0);
  const end = await findTail(disk, known, segments, proven, log);
  if (end < proven) throw damaged(segmentPath(folder, end), 0, `the log from ${end} to ${proven} is missing`);
  return { base: file, segments, end };
}

/** @param proven the log was on disk up to there */
async function findTail(disk: Disk, { id, base, end: noted }: Base, segments: Segment[], proven: number, log: Log) {
  let expected = base;
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i];
    if (segment.start !== expected) throw damaged(segment.path, 0, `the log from ${expected} on is missing before it`);
    const newest = i === segments.length - 1;
    const file = await disk.open(segment.path, newest ? 'write' : 'read');
    try {
      const size = await file.size();
      if (!(await hasHead(file, id, segment.start))) {
        // A segment gets its head on disk before its first record.
        if (!newest || size > segmentHeadBytes) throw damaged(segment.path, 0, 'no head of this journal');
        segments.pop();
        await disk.remove(segment.path);
        break;
      }
      const end = newest ? await findEnd(file, segment, size, proven) : size;
      if (end < size) {
        log(
          'warn',
          `journal: ${size - end} octets that were never acknowledged are cut off behind ${segment.start + end}`,
        );
        await file.truncate(end);
      }
      // What a killed process has written, head and records, counts as committed from now on.
      if (newest) await makeLast(file, Math.max(0, noted - segment.start), end);
      expected = segment.start + end;
    } finally {
      await file.close();
    }
  }
  return expected;
}
