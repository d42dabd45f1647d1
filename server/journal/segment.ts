import { crc32 } from 'node:zlib';
import { messageOf, UserError } from '../errors.ts';
import type { Disk, DiskFile } from './disk.ts';

/** A file of the log. Its octet `p` is octet `start + p` of the log. */
export interface Segment {
  readonly start: number;
  readonly path: string;
  /** It was not there at the start: whoever reads there is told, and somebody may bring it back. */
  readonly isMissing?: boolean;
}

/** Octets before the first record: magic, journal's identity, start, CRC-32. */
export const segmentHeadBytes = 32;
const magic = 0x31_4a_57_53; // "SWJ1"
const suffix = '.journal';

export function segmentPath(folder: string, start: number): string {
  return `${folder}/${String(start).padStart(16, '0')}${suffix}`;
}

/** Start of the segment that a file's name means; -1: it is none. */
export function segmentStart(name: string): number {
  return /^\d{16}\.journal$/.test(name) ? Number(name.slice(0, -suffix.length)) : -1;
}

/** The segment that holds an offset, and where it ends at the latest; null: none has been written there. */
export function segmentAt(segments: readonly Segment[], offset: number): { segment: Segment; end: number } | null {
  const i = segments.findLastIndex(({ start }) => start <= offset);
  return i < 0 ? null : { segment: segments[i], end: segments[i + 1]?.start ?? Number.POSITIVE_INFINITY };
}

/** Gives a segment that is missing its place among the others. @returns false: it has it */
export function addMissing(segments: Segment[], { start, path }: Segment): boolean {
  const next = segments.findLastIndex((segment) => segment.start < start) + 1;
  if (segments[next]?.start === start) return false;
  segments.splice(next, 0, { start, path, isMissing: true });
  return true;
}

function segmentHead(id: string, start: number): Uint8Array {
  const head = Buffer.alloc(segmentHeadBytes);
  head.writeUInt32LE(magic, 0);
  head.write(id, 4, 16, 'hex');
  head.writeDoubleLE(start, 20);
  head.writeUInt32LE(crc32(head.subarray(0, 28)), 28);
  return head;
}

/** What is wrong with a log, where, and what to do. */
export function damaged(path: string, at: number, what: string): UserError {
  return new UserError(
    'JOURNAL_DAMAGED',
    `${path}, octet ${at}: ${what}. Records that were acknowledged are lost there: check the disk, bring the file back from a copy, or start with another data folder`,
  );
}

/** A disk that does not give what it was given, where, and what to do. */
export function unreadable(path: string, at: number, why: unknown): UserError {
  return new UserError(
    'JOURNAL_UNREADABLE',
    `${path}, octet ${at}: the disk does not give it (${messageOf(why)}). Records that were acknowledged stand there: check the disk, bring the file back from a copy, or start with another data folder`,
    { cause: why },
  );
}

/** Makes a new segment that lasts, with its head. */
export async function createSegment(disk: Disk, folder: string, id: string, start: number): Promise<DiskFile> {
  const file = await disk.open(segmentPath(folder, start), 'create');
  try {
    await file.write(segmentHead(id, start), 0);
    await file.sync();
    await disk.syncFolder(folder);
  } catch (error) {
    await file.close();
    throw error;
  }
  return file;
}

/** Removes a segment that nobody needs; one that was missing may have been brought back. */
export async function removeSegment(disk: Disk, { isMissing, path }: Segment): Promise<void> {
  try {
    await disk.remove(path);
  } catch (error) {
    if (!isMissing || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Whether the file begins with the head of this segment of this journal, with a damaged one, or with that of another. */
export async function headOf(file: DiskFile, id: string, start: number): Promise<'own' | 'damaged' | 'foreign'> {
  const head = Buffer.alloc(segmentHeadBytes);
  if ((await file.read(head, 0)) < segmentHeadBytes) return 'damaged';
  if (Buffer.compare(head, segmentHead(id, start)) === 0) return 'own';
  return head.readUInt32LE(0) === magic && head.readUInt32LE(28) === crc32(head.subarray(0, 28))
    ? 'foreign'
    : 'damaged';
}
