/**
 * One file that holds state as named pieces, and says when it is damaged:
 *
 * | octets | what |
 * | --- | --- |
 * | 0–7 | `SWSNAP1` and a line feed |
 * | 8–15 | octets of the header, of which the last ones may be spaces, little-endian; CRC-32 of it |
 * | 16 … | header, JSON: {@link SnapshotHead} and every piece's name and octets |
 * | then | the pieces, each at a multiple of 8 octets; at the end the CRC-32 of all of them |
 */
import { crc32 } from 'node:zlib';
import { assertInvariant, UserError } from '../errors.ts';
import type { DiskFile } from '../journal/disk.ts';
import type { StateReader, StateWriter } from '../state-writer.ts';

/** Of which journal, and of which of its records, a snapshot is. */
export interface SnapshotHead {
  readonly journal: string;
  /** Every record that ends at or before it is in the state, and no other. */
  readonly offset: number;
}

interface Header extends SnapshotHead {
  readonly pieces: readonly (readonly [name: string, bytes: number])[];
}

const magic = Buffer.from('SWSNAP1\n', 'latin1');
const headBytes = 16;
const headerBytesMax = 64 << 20;
/** Octets written or read in one go. */
const chunkBytes = 4 << 20;

const padded = (bytes: number) => (bytes + 7) & ~7;

interface Piece {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** State on its way into a file. */
export interface Staged {
  /** Name and octets of each piece, in order. */
  readonly index: Header['pieces'];
  readonly pieces: Iterable<Piece> | AsyncIterable<Piece>;
}

/** What a state's pieces are, without a copy of them. */
export class StateIndex implements StateWriter {
  readonly index: [name: string, bytes: number][] = [];

  bytes(name: string, data: ArrayBufferView): void {
    this.index.push([name, data.byteLength]);
  }

  json(name: string, value: unknown): void {
    this.index.push([name, Buffer.byteLength(JSON.stringify(value))]);
  }
}

/** State in memory, until it is on disk. */
export class Staging implements StateWriter, Staged {
  readonly pieces: Piece[] = [];

  bytes(name: string, data: ArrayBufferView): void {
    this.pieces.push({ name, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice() });
  }

  json(name: string, value: unknown): void {
    this.pieces.push({ name, bytes: Buffer.from(JSON.stringify(value)) });
  }

  get index(): Header['pieces'] {
    return this.pieces.map(({ name, bytes }) => [name, bytes.length]);
  }

  /** Its pieces, for who goes on from them without a file. */
  get reader(): StateReader {
    const pieces = new Map(this.pieces.map(({ name, bytes }) => [name, bytes]));
    const take = (name: string): Uint8Array => {
      const bytes = pieces.get(name);
      assertInvariant(bytes !== undefined, `the staged state lacks ${name}`);
      return bytes;
    };
    return { bytes: take, json: (name) => JSON.parse(Buffer.from(take(name)).toString()) };
  }
}

/** About what its file takes, octets: a little more. */
export function snapshotBytes({ index }: Pick<Staged, 'index'>): number {
  return index.reduce((sum, [name, bytes]) => sum + padded(bytes) + name.length + 32, 4096);
}

/** Writes a whole file and syncs it. */
export async function writeSnapshot(file: DiskFile, head: SnapshotHead, staged: Staged): Promise<void> {
  const { journal, offset } = head;
  const { index } = staged;
  const text = Buffer.from(JSON.stringify({ journal, offset, pieces: index } satisfies Header));
  const header = Buffer.alloc(padded(text.length), ' ');
  text.copy(header);
  const start = Buffer.alloc(headBytes);
  magic.copy(start);
  start.writeUInt32LE(header.length, 8);
  start.writeUInt32LE(crc32(header), 12);
  await file.write(start, 0);
  await file.write(header, headBytes);
  let at = headBytes + header.length;
  let crc = 0;
  let written = 0;
  for await (const { name, bytes } of staged.pieces) {
    const [toldName, toldBytes] = index[written++];
    assertInvariant(toldName === name && toldBytes === bytes.length, `the piece ${name} is not the one announced`);
    for (let from = 0; from < bytes.length; from += chunkBytes) {
      const chunk = bytes.subarray(from, from + chunkBytes);
      crc = crc32(chunk, crc);
      await file.write(chunk, at + from);
    }
    at += padded(bytes.length);
  }
  assertInvariant(written === index.length, 'a snapshot lacks pieces that were announced');
  const end = Buffer.alloc(8);
  end.writeUInt32LE(crc, 0);
  await file.write(end, at);
  await file.sync();
}

/** @throws UserError SNAPSHOT_DAMAGED */
export async function readSnapshotHead(file: DiskFile, path: string): Promise<SnapshotHead> {
  return (await readHeader(file, path)).header;
}

/** Reads a whole file. @throws UserError SNAPSHOT_DAMAGED */
export async function readSnapshot(file: DiskFile, path: string): Promise<SnapshotHead & { state: StateReader }> {
  const { header, at } = await readHeader(file, path);
  const size = header.pieces.reduce((sum, [, bytes]) => sum + padded(bytes), 8);
  if ((await file.size()) !== at + size) throw damaged(path, 'it is cut short');
  const body = new Uint8Array(size);
  for (let from = 0; from < size; from += chunkBytes)
    await file.read(body.subarray(from, from + chunkBytes), at + from);
  const pieces = new Map<string, Uint8Array>();
  let crc = 0;
  let place = 0;
  for (const [name, bytes] of header.pieces) {
    const piece = body.subarray(place, place + bytes);
    crc = crc32(piece, crc);
    pieces.set(name, piece);
    place += padded(bytes);
  }
  if (crc !== new DataView(body.buffer).getUint32(place, true)) throw damaged(path, 'its checksum is wrong');
  return { ...header, state: new Pieces(pieces, path) };
}

class Pieces implements StateReader {
  readonly #pieces: ReadonlyMap<string, Uint8Array>;
  readonly #path: string;

  constructor(pieces: ReadonlyMap<string, Uint8Array>, path: string) {
    this.#pieces = pieces;
    this.#path = path;
  }

  bytes(name: string): Uint8Array {
    const piece = this.#pieces.get(name);
    if (piece === undefined) throw damaged(this.#path, `its piece ${name} is missing`);
    return piece;
  }

  json<T>(name: string): T {
    return JSON.parse(Buffer.from(this.bytes(name)).toString()) as T;
  }
}

async function readHeader(file: DiskFile, path: string): Promise<{ header: Header; at: number }> {
  const start = Buffer.alloc(headBytes);
  const n = await file.read(start, 0);
  const length = start.readUInt32LE(8);
  if (n < headBytes || magic.compare(start, 0, magic.length) !== 0 || length > headerBytesMax)
    throw damaged(path, 'it does not begin like one');
  const header = Buffer.alloc(length);
  if ((await file.read(header, headBytes)) < length || crc32(header) !== start.readUInt32LE(12))
    throw damaged(path, 'its header is damaged');
  return { header: JSON.parse(header.toString()) as Header, at: headBytes + length };
}

function damaged(path: string, what: string): UserError {
  return new UserError('SNAPSHOT_DAMAGED', `the snapshot ${path} can't be used: ${what}`);
}
