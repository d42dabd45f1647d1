import { UserError } from './errors.ts';

/**
 * Where state is put, a piece at a time; the pieces' bytes are copied during the call. Whoever saves is a generator
 * that yields between pieces, so that the event loop can run; nothing may change what is saved until it has ended.
 */
export interface StateWriter {
  bytes(name: string, data: ArrayBufferView): void;
  json(name: string, value: unknown): void;
}

/** Gives the pieces back; throws a `UserError` where one is missing. */
export interface StateReader {
  bytes(name: string): Uint8Array;
  json<T>(name: string): T;
}

/** Copying this much takes a millisecond or two, new pages of memory included. */
const pieceBytesMax = 2 << 20;

/** Saves an array in pieces `NAME.0`, `NAME.1`, …; its length is known to whoever restores it. */
export function* saveBytes(to: StateWriter, name: string, data: ArrayBufferView): Generator<void> {
  for (let piece = 0, at = 0; at < data.byteLength; piece++) {
    const length = Math.min(pieceBytesMax, data.byteLength - at);
    to.bytes(`${name}.${piece}`, new Uint8Array(data.buffer, data.byteOffset + at, length));
    at += length;
    yield;
  }
}

/** Fills an array with what {@link saveBytes} saved of one as long. */
export function restoreBytes(from: StateReader, name: string, into: ArrayBufferView): void {
  for (let piece = 0, at = 0; at < into.byteLength; piece++) {
    const length = Math.min(pieceBytesMax, into.byteLength - at);
    const bytes = from.bytes(`${name}.${piece}`);
    if (bytes.length !== length) {
      throw new UserError('SNAPSHOT_DAMAGED', `the snapshot's ${name} has ${bytes.length} bytes instead of ${length}`);
    }
    new Uint8Array(into.buffer, into.byteOffset + at, length).set(bytes);
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
