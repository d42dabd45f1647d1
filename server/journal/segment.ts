import { crc32 } from 'node:zlib';
import { UserError } from '../errors.ts';
import type { Disk, DiskFile } from './disk.ts';
import { findRecord, recordHeadBytes } from './record.ts';

/** A file of the log. Its octet `p` is octet `start + p` of the log. */
export interface Segment {
  readonly start: number;
  readonly path: string;
}

/** Octets before the first record: magic, journal's identity, start, CRC-32. */
export const segmentHeadBytes = 32;
const magic = 0x31_4a_57_53; // "SWJ1"
const suffix = '.journal';
const scanBytes = 1 << 20;

export function segmentPath(folder: string, start: number): string {
  return `${folder}/${String(start).padStart(16, '0')}${suffix}`;
}

/** Start of the segment that a file's name means; -1: it is none. */
export function segmentStart(name: string): number {
  return /^\d{16}\.journal$/.test(name) ? Number(name.slice(0, -suffix.length)) : -1;
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

/** Makes a new segment that lasts, with its head. */
export async function createSegment(disk: Disk, folder: string, id: string, start: number): Promise<DiskFile> {
  const file = await disk.open(segmentPath(folder, start), 'create');
  await file.write(segmentHead(id, start), 0);
  await file.sync();
  await disk.syncFolder(folder);
  return file;
}

/** Whether the file begins with the head of this segment of this journal. */
export async function hasHead(file: DiskFile, id: string, start: number): Promise<boolean> {
  const head = new Uint8Array(segmentHeadBytes);
  if ((await file.read(head, 0)) < segmentHeadBytes) return false;
  return Buffer.compare(head, segmentHead(id, start)) === 0;
}

/** Reads a file as if it lay in memory as a whole, a window at a time. */
class Window {
  bytes = new Uint8Array(0);
  at = 0;
  readonly #file: DiskFile;
  readonly #size: number;

  constructor(file: DiskFile, size: number) {
    this.#file = file;
    this.#size = size;
  }

  /** Loads `length` octets from `at` on, as far as the file goes. */
  async load(at: number, length: number): Promise<void> {
    const bytes = new Uint8Array(Math.min(length, this.#size - at));
    const n = await this.#file.read(bytes, at);
    this.bytes = bytes.subarray(0, n);
    this.at = at;
  }
}

/**
 * Where the valid records of the newest segment end; what stands behind is a tail that was not acknowledged.
 *
 * @throws UserError JOURNAL_DAMAGED where a valid record behind shows that it was
 */
export async function findEnd(file: DiskFile, segment: Segment, size: number): Promise<number> {
  const window = new Window(file, size);
  let at = segmentHeadBytes;
  while (at < size) {
    const found = await recordAt(window, segment, at, size);
    if (found === null) break;
    at += found.bytes;
  }
  for (let later = at + 8; later + recordHeadBytes <= size; later += 8) {
    const found = await recordAt(window, segment, later, size);
    if (found === null) continue;
    if (found.committed > segment.start + at) throw damaged(segment.path, at, 'a damaged record');
  }
  return at;
}

/** The record at an octet of the file; null: none is there. */
async function recordAt(window: Window, segment: Segment, at: number, size: number) {
  if (at < window.at || at >= window.at + window.bytes.length) await window.load(at, scanBytes);
  for (;;) {
    const found = findRecord(window.bytes, at - window.at, segment.start + at);
    if (found !== 'short') return found;
    // It would go on behind the file's end.
    if (window.at + window.bytes.length >= size) return null;
    await window.load(at, window.at === at ? window.bytes.length * 4 : scanBytes);
  }
}
