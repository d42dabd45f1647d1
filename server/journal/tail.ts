import type { DiskFile } from './disk.ts';
import { findRecord, showsCommit } from './record.ts';
import { damaged, type Segment, segmentHeadBytes } from './segment.ts';

const windowBytes = 1 << 20;

/**
 * Where the valid records of the newest segment end; what stands behind is a tail that was not acknowledged.
 *
 * @param proven the log was on disk up to this offset, for sure
 * @throws UserError JOURNAL_DAMAGED where that, or a valid record behind, shows that it was; nothing has been changed
 */
export async function findEnd(file: DiskFile, segment: Segment, size: number, proven: number): Promise<number> {
  const end = await endOfRecords(file, segment, size);
  const offset = segment.start + end;
  if (offset < proven) {
    const lost = `${proven - offset} octets behind it were acknowledged`;
    throw damaged(
      segment.path,
      end,
      end < size ? `a damaged record; ${lost}` : `the file ends, or the next one is missing; ${lost}`,
    );
  }
  if (end === size) return end;
  const tail = new Uint8Array(size - end);
  const n = await file.read(tail, end);
  if (showsCommit(tail.subarray(0, n), offset)) throw damaged(segment.path, end, 'a damaged record');
  return end;
}

/** Behind the last of the whole records that follow one another from the segment's head on. */
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
