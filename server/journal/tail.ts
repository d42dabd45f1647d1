import type { DiskFile } from './disk.ts';
import { findRecord, RecordSearch } from './record.ts';
import { damaged as damagedError, type Segment, segmentHeadBytes } from './segment.ts';

const windowBytes = 1 << 20;

/** So many damaged records are named. */
const namedMax = 8;

export interface Tail {
  /** Where the valid records of the newest segment end; what stands behind is a tail that was not acknowledged. */
  readonly end: number;
  /** So many damaged records stand before that: whole ones behind show that they were acknowledged. */
  readonly damaged: number;
  /** Octets of the file at which the first ones of them stand. */
  readonly damagedAt: readonly number[];
}

/**
 * @param proven the log was on disk up to this offset, for sure
 * @throws UserError JOURNAL_DAMAGED where that shows that more was acknowledged than can be found; nothing has been changed
 */
export async function findEnd(file: DiskFile, segment: Segment, size: number, proven: number): Promise<Tail> {
  const first = await endOfRecords(file, segment, size);
  const rest = new Uint8Array(size - first);
  const bytes = rest.subarray(0, await file.read(rest, first));
  const records = new RecordSearch(bytes, segment.start + first);
  /** Where no record goes on, the last time behind all of them; and how many of these were acknowledged, in order. */
  const breaks = [first];
  let damaged = 0;
  let isBroken = true;
  let at = 8;
  while (at < bytes.length) {
    const found = records.at(at);
    if (found === null) {
      if (!isBroken) breaks.push(first + at);
      isBroken = true;
      at += 8;
      continue;
    }
    const known = Math.max(proven, found.committed) - segment.start;
    while (breaks[damaged] < known) damaged++;
    isBroken = false;
    at += found.bytes;
  }
  if (!isBroken) breaks.push(first + at);
  const end = breaks[damaged];
  const offset = segment.start + end;
  if (offset >= proven) return { end, damaged, damagedAt: breaks.slice(0, Math.min(damaged, namedMax)) };
  const lost = `${proven - offset} octets behind it were acknowledged`;
  const what = end < size ? 'a damaged record' : 'the file ends, or the next one is missing';
  throw damagedError(segment.path, end, `${what}; ${lost}`);
}

/** Behind the last of the whole records that follow one another from the segment's beginning on. */
async function endOfRecords(file: DiskFile, segment: Segment, size: number): Promise<number> {
  let window = new Uint8Array(0);
  let windowAt = 0;
  const load = async (at: number, length: number) => {
    const bytes = new Uint8Array(Math.min(length, size - at));
    window = bytes.subarray(0, await file.read(bytes, at));
    windowAt = at;
  };
  for (let at = segmentHeadBytes; ; ) {
    const found = findRecord(window, at - windowAt, segment.start + at);
    if (found === null) return at;
    if (found !== 'short') at += found.bytes;
    // It would go on behind the file's end.
    else if (windowAt + window.length >= size) return at;
    else await load(at, windowAt === at ? window.length * 4 : windowBytes);
  }
}

/**
 * Writes what stands from `from` on once more, and syncs it. A process that ended may have left it in the system's
 * memory alone, and after a sync that failed the system takes it for written: another sync would do nothing.
 */
export async function makeLast(file: DiskFile, from: number, end: number): Promise<void> {
  const bytes = new Uint8Array(Math.max(0, Math.min(windowBytes, end - from)));
  for (let at = from; at < end; ) {
    const n = await file.read(bytes.subarray(0, Math.min(bytes.length, end - at)), at);
    await file.write(bytes.subarray(0, n), at);
    at += n;
  }
  await file.sync();
}
