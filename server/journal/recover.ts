import { assertInvariant, isFromOutside, messageOf, UserError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type Base, BaseFile } from './base.ts';
import type { Disk, DiskFile } from './disk.ts';
import { damaged, headOf, type Segment, segmentHeadBytes, segmentPath, segmentStart } from './segment.ts';
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
 * and says what is damaged or missing before that. It may be that nobody needs it: who does meets it when he reads.
 *
 * @throws UserError JOURNAL_DAMAGED, naming the file, the place and what to do, where the log's end can't be told
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

/** What is wrong with an older part of the log: it is told, and whoever needs it is told again where it stops him. */
type Tell = (path: string, at: number, what: string) => void;

/** @param proven the log was on disk up to there @returns where it ends; `segments` gets those that are missing */
async function findTail(disk: Disk, base: Base, segments: Segment[], proven: number, log: Log): Promise<number> {
  const tell: Tell = (path, at, what) =>
    log(
      'error',
      `journal: ${path}, octet ${at}: ${what}. Who needs it waits there: check the disk, bring the file back from a copy and start again`,
    );
  const found = segments.splice(0);
  /** Where the next one begins; null: the disk does not tell. */
  let expected: number | null = base.base;
  for (const segment of found) {
    const { start, path } = segment;
    if (expected !== null && start > expected) {
      const missing = segmentPath(folderOf(path), expected);
      tell(missing, 0, `the log from ${expected} to ${start} is missing`);
      segments.push({ start: expected, path: missing, isMissing: true });
    } else if (expected !== null && start < expected) tell(path, 0, `the one before it goes on up to ${expected}`);
    if (segment !== found.at(-1)) {
      segments.push(segment);
      const size = await sizeOfOlder(disk, base.id, segment, tell);
      expected = size === null ? null : start + size;
      continue;
    }
    const end = await endOfNewest(disk, base, segment, proven, tell, log);
    if (end >= 0) {
      segments.push(segment);
      expected = start + end;
    } else if (expected === start) await disk.remove(path);
    else throw damaged(path, 0, 'it holds nothing, and where the log before it ends can not be told');
  }
  assertInvariant(expected !== null, 'the newest segment ends somewhere');
  return expected;
}

const folderOf = (path: string) => path.slice(0, path.lastIndexOf('/'));

/** How long it is; null: the disk does not say, which is for whoever reads it to meet again. */
async function sizeOfOlder(disk: Disk, id: string, segment: Segment, tell: Tell): Promise<number | null> {
  let size: number | null = null;
  try {
    const file = await disk.open(segment.path, 'read');
    try {
      size = await file.size();
      await checkHead(file, id, segment, tell);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof UserError || !isFromOutside(error)) throw error;
    tell(segment.path, 0, `the disk does not give it (${messageOf(error)})`);
  }
  return size;
}

/**
 * A damaged head costs nothing: each record tells its own place.
 *
 * @throws UserError JOURNAL_DAMAGED where it is that of another segment
 */
async function checkHead(file: DiskFile, id: string, { start, path }: Segment, tell: Tell): Promise<void> {
  const head = await headOf(file, id, start);
  if (head === 'foreign') throw damaged(path, 0, 'its head is that of another journal, or of another place');
  if (head === 'damaged') tell(path, 0, 'its head is damaged');
}

/** Cuts off what was never acknowledged, and makes the rest last. @returns where the file ends; -1: it has no record yet */
async function endOfNewest(
  disk: Disk,
  { id, end: noted }: Base,
  segment: Segment,
  proven: number,
  tell: Tell,
  log: Log,
): Promise<number> {
  const { start, path } = segment;
  const file = await disk.open(path, 'write');
  try {
    const size = await file.size();
    // A segment gets its head on disk before its first record.
    if (size <= segmentHeadBytes && (await headOf(file, id, start)) !== 'own') return -1;
    await checkHead(file, id, segment, tell);
    const { end, damaged, damagedAt } = await findEnd(file, segment, size, proven);
    for (const at of damagedAt) tell(path, at, 'a damaged record');
    const more = damaged - damagedAt.length;
    if (more > 0) tell(path, damagedAt.at(-1)!, `${more} more damaged records behind it`);
    if (end < size) {
      log('warn', `journal: ${size - end} octets that were never acknowledged are cut off behind ${start + end}`);
      await file.truncate(end);
    }
    // What a killed process has written, head and records, counts as committed from now on.
    await makeLast(file, Math.max(0, noted - start), end);
    return end;
  } finally {
    await file.close();
  }
}
