import type { DiskFile } from './disk.ts';
import { findRecord, nextRecord } from './record.ts';
import { damaged, type Segment, segmentHeadBytes } from './segment.ts';

const windowBytes = 1 << 20;

export interface Tail {
  /** Where the valid records of the newest segment end; what stands behind is a tail that was not acknowledged. */
  readonly end: number;
  /** Octets of the file at which a damaged record stands before that: whole ones behind show that it was acknowledged. */
  readonly damagedAt: readonly number[];
}

/**
 * @param proven the log was on disk up to this offset, for sure
 * @throws UserError JOURNAL_DAMAGED where that shows that more was acknowledged than can be found; nothing has been changed
 */
export async function findEnd(file: DiskFile, segment: Segment, size: number, proven: number): Promise<Tail> {
  const damagedAt: number[] = [];
  for (let from = segmentHeadBytes; ; ) {
    const end = await endOfRecords(file, segment, from, size);
    const offset = segment.start + end;
    if (end === size && offset >= proven) return { end, damagedAt };
    const tail = new Uint8Array(size - end);
    const whole = tail.subarray(0, await file.read(tail, end));
    if (offset >= proven && nextRecord(whole, offset, 'committed') < 0) return { end, damagedAt };
    const next = nextRecord(whole, offset, 'any');
    if (next < 0) {
      const lost = `${proven - offset} octets behind it were acknowledged`;
      throw damaged(
        segment.path,
        end,
        end < size ? `a damaged record; ${lost}` : `the file ends, or the next one is missing; ${lost}`,
      );
    }
    damagedAt.push(end);
    from = end + next;
  }
}

/** Behind the last of the whole records that follow one another from an octet of the file on. */
async function endOfRecords(file: DiskFile, segment: Segment, from: number, size: number): Promise<number> {
  let window = new Uint8Array(0);
  let windowAt = 0;
  const load = async (at: number, length: number) => {
    const bytes = new Uint8Array(Math.min(length, size - at));
    window = bytes.subarray(0, await file.read(bytes, at));
    windowAt = at;
  };
  for (let at = from; ; ) {
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
