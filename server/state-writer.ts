import { UserError } from './errors.ts';
import type { HeldMemory } from './held-memory.ts';

/**
 * Where state is put, a piece at a time. Its octets are copied during the call, or read where they stand when all else has
 * been put: they are the state's own memory or are given away, never scratch that is used again. Whoever saves is a
 * generator that yields between pieces, so that the event loop can run; nothing may change what is saved until it has ended.
 * Then what was copied may change, and what is held where who changes it tells of that beforehand; what was neither may when
 * its pieces have been read.
 */
export interface StateWriter {
  /** @param from the piece lies in memory that is held, and is read from there; or nobody changes it any more */
  bytes(name: string, data: ArrayBufferView, from?: HeldMemory | 'made for this'): void;
  /**
   * Large memory that is not copied though it changes before it is read: who owns it tells of each change beforehand, until
   * `release` is called. Absent: it does not change before it is read, or is copied.
   */
  hold?(words: Uint32Array, unitWords: number, release: () => void): HeldMemory;
  json(name: string, value: unknown): void;
  /** Beside the pieces that are read of it: where whoever saves ends, whoever restores may go on in this very memory. */
  give?(name: string, memory: WebAssembly.Memory): void;
}

/** Gives the pieces back, in any order; throws a `UserError` where one is missing, and what the disk throws. */
export interface StateReader {
  /** A small one; who keeps it copies it. */
  bytes(name: string): Uint8Array;
  /** Puts one into memory that is as long as it, with no copy beside it. @returns its octets; where they are not as many nothing is put */
  fill(name: string, into: Uint8Array): number;
  json<T>(name: string): T;
  /** Memory that is the caller's now; undefined: none was given by that name, and its pieces are to be read. */
  given?(name: string): WebAssembly.Memory | undefined;
}

/** Copying this much takes a millisecond or two, new pages of memory included. */
const pieceBytesMax = 2 << 20;

/** Saves an array in pieces `NAME.0`, `NAME.1`, …; its length is known to whoever restores it. */
export function* saveBytes(
  to: StateWriter,
  name: string,
  data: ArrayBufferView,
  from?: HeldMemory | 'made for this' | null,
): Generator<void> {
  for (let piece = 0, at = 0; at < data.byteLength; piece++) {
    const length = Math.min(pieceBytesMax, data.byteLength - at);
    to.bytes(`${name}.${piece}`, new Uint8Array(data.buffer, data.byteOffset + at, length), from ?? undefined);
    at += length;
    yield;
  }
}

/** Fills an array with what {@link saveBytes} saved of one as long. */
export function restoreBytes(from: StateReader, name: string, into: ArrayBufferView): void {
  for (let piece = 0, at = 0; at < into.byteLength; piece++) {
    const length = Math.min(pieceBytesMax, into.byteLength - at);
    const found = from.fill(`${name}.${piece}`, new Uint8Array(into.buffer, into.byteOffset + at, length));
    if (found !== length)
      throw new UserError('SNAPSHOT_DAMAGED', `the snapshot's ${name} has ${found} bytes instead of ${length}`);
    at += length;
  }
}

/** Saves several arrays under `PREFIX.KEY`. */
export function* saveColumns(
  to: StateWriter,
  prefix: string,
  columns: Readonly<Record<string, ArrayBufferView>>,
): Generator<void> {
  for (const [key, column] of Object.entries(columns)) yield* saveBytes(to, `${prefix}.${key}`, column);
}

/** Fills the arrays that {@link saveColumns} saved. */
export function restoreColumns(
  from: StateReader,
  prefix: string,
  columns: Readonly<Record<string, ArrayBufferView>>,
): void {
  for (const [key, column] of Object.entries(columns)) restoreBytes(from, `${prefix}.${key}`, column);
}
