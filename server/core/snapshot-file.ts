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
import { HeldMemory } from '../held-memory.ts';
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
const endBytes = 8;
const headerBytesMax = 64 << 20;
/** Octets written or read in one go. */
const chunkBytes = 2 << 20;

const padded = (bytes: number) => (bytes + 7) & ~7;

interface Piece {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** What it is read from. */
  readonly held?: HeldMemory | undefined;
}

/**
 * State on its way into a file (`held`): copied, but for what is large, which is held as it was. Or on its way to somebody else
 * without a file, where it stands (but for what is JSON) and must not change meanwhile: `in place`, where who has it goes on,
 * `given away`, where he ends.
 */
export class Staging implements StateWriter {
  readonly pieces: Piece[] = [];
  readonly kind: 'held' | 'in place' | 'given away';
  readonly #memories = new Map<string, WebAssembly.Memory>();

  readonly #holds: { readonly memory: HeldMemory; readonly release: () => void }[] = [];
  readonly hold?: NonNullable<StateWriter['hold']>;

  constructor(kind: Staging['kind'] = 'held') {
    this.kind = kind;
    if (kind !== 'held') return;
    this.hold = (words, unitWords, release) => {
      const memory = new HeldMemory(words, unitWords);
      this.#holds.push({ memory, release });
      return memory;
    };
  }

  /** Memory of what has changed since it was held, octets. */
  get keptBytes(): number {
    return this.#holds.reduce((sum, { memory }) => sum + memory.keptBytes, 0);
  }

  /** Nothing more is read of what is held. */
  release(): void {
    for (const { release } of this.#holds.splice(0)) release();
  }

  give(name: string, memory: WebAssembly.Memory): void {
    if (this.kind === 'given away') this.#memories.set(name, memory);
  }

  bytes(name: string, data: ArrayBufferView, from?: HeldMemory | 'made for this'): void {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const isCopied = this.kind === 'held' && from === undefined;
    const held = from === 'made for this' ? undefined : from;
    this.pieces.push({ name, bytes: isCopied ? bytes.slice() : bytes, held });
  }

  json(name: string, value: unknown): void {
    this.pieces.push({ name, bytes: Buffer.from(JSON.stringify(value)) });
  }

  /** Name and octets of each piece, in order. */
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
    return {
      bytes: take,
      fill(name, into) {
        const bytes = take(name);
        if (bytes.length === into.length) into.set(bytes);
        return bytes.length;
      },
      json: (name) => JSON.parse(Buffer.from(take(name)).toString()),
      given: (name) => this.#memories.get(name),
    };
  }
}

/** About what its file takes, octets: a little more. */
export function snapshotBytes({ index }: Pick<Staging, 'index'>): number {
  return index.reduce((sum, [name, bytes]) => sum + padded(bytes) + name.length + 32, 4096);
}

/** Writes a whole file and syncs it. @param staging held: the state may change meanwhile */
export async function writeSnapshot(file: DiskFile, head: SnapshotHead, staging: Staging): Promise<void> {
  assertInvariant(staging.kind === 'held', 'state that may change is written');
  const { journal, offset } = head;
  const text = Buffer.from(JSON.stringify({ journal, offset, pieces: staging.index } satisfies Header));
  const header = Buffer.alloc(padded(text.length), ' ');
  text.copy(header);
  const start = Buffer.alloc(headBytes);
  magic.copy(start);
  start.writeUInt32LE(header.length, 8);
  start.writeUInt32LE(crc32(header), 12);
  await file.write(start, 0);
  await file.write(header, headBytes);
  const scratch = new Uint8Array(chunkBytes);
  let at = headBytes + header.length;
  let crc = 0;
  for (const { bytes, held } of staging.pieces) {
    for (let from = 0; from < bytes.length; from += chunkBytes) {
      let chunk = bytes.subarray(from, from + chunkBytes);
      if (held !== undefined) {
        const was = scratch.subarray(0, chunk.length);
        held.read(chunk.byteOffset, was);
        chunk = was;
      }
      crc = crc32(chunk, crc);
      await file.write(chunk, at + from);
    }
    at += padded(bytes.length);
  }
  const end = Buffer.alloc(endBytes);
  end.writeUInt32LE(crc, 0);
  await file.write(end, at);
  await file.sync();
}

/** @throws UserError SNAPSHOT_DAMAGED */
export async function readSnapshotHead(file: DiskFile, path: string): Promise<SnapshotHead> {
  return (await readHeader(file, path)).header;
}

/**
 * Looks through a whole file, keeping nothing of it; its state is read from there then, piece by piece, while the file is
 * open. @throws UserError SNAPSHOT_DAMAGED
 */
export async function openSnapshot(file: DiskFile, path: string): Promise<SnapshotHead & { state: StateReader }> {
  const { header, at: start } = await readHeader(file, path);
  let end = start;
  const places = header.pieces.map(([name, bytes]): Place => {
    const place = { name, at: end, bytes, crc: 0 };
    end += padded(bytes);
    return place;
  });
  if ((await file.size()) !== end + endBytes) throw damaged(path, 'it is cut short');
  const chunk = new Uint8Array(Math.min(chunkBytes, end + endBytes - start));
  let crc = 0;
  let told = 0;
  let next = 0;
  for (let from = start; from < end + endBytes; from += chunkBytes) {
    const some = chunk.subarray(0, Math.min(chunkBytes, end + endBytes - from));
    if ((await file.read(some, from)) < some.length) throw damaged(path, 'it is cut short');
    const to = from + some.length;
    for (; next < places.length && places[next].at < to; next++) {
      const place = places[next];
      const part = some.subarray(Math.max(0, place.at - from), place.at + place.bytes - from);
      crc = crc32(part, crc);
      place.crc = crc32(part, place.crc);
      if (place.at + place.bytes > to) break;
    }
    // All places are multiples of 8: the end lies in one chunk.
    if (to === end + endBytes) told = new DataView(chunk.buffer).getUint32(some.length - endBytes, true);
  }
  if (crc !== told) throw damaged(path, 'its checksum is wrong');
  return { ...header, state: new Pieces(file, places, path) };
}

/** Where a piece stands in the file, and the CRC-32 that it had. */
interface Place {
  readonly name: string;
  readonly at: number;
  readonly bytes: number;
  crc: number;
}

/** Pieces of a file that has been looked through: each is read straight to where it is wanted, and checked once more. */
class Pieces implements StateReader {
  readonly #file: DiskFile;
  readonly #places: ReadonlyMap<string, Place>;
  readonly #path: string;

  constructor(file: DiskFile, places: readonly Place[], path: string) {
    this.#file = file;
    this.#places = new Map(places.map((place) => [place.name, place]));
    this.#path = path;
  }

  bytes(name: string): Uint8Array {
    const place = this.#placeOf(name);
    const bytes = new Uint8Array(place.bytes);
    this.#read(place, bytes);
    return bytes;
  }

  fill(name: string, into: Uint8Array): number {
    const place = this.#placeOf(name);
    if (place.bytes === into.length) this.#read(place, into);
    return place.bytes;
  }

  json<T>(name: string): T {
    return JSON.parse(Buffer.from(this.bytes(name)).toString()) as T;
  }

  #placeOf(name: string): Place {
    const place = this.#places.get(name);
    if (place === undefined) throw damaged(this.#path, `its piece ${name} is missing`);
    return place;
  }

  #read({ name, at, crc }: Place, into: Uint8Array): void {
    if (this.#file.readNow(into, at) < into.length || crc32(into) !== crc)
      throw damaged(this.#path, `its piece ${name} is read otherwise than a moment ago`);
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
