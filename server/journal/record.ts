import { crc32 } from 'node:zlib';
import { CrcRanges } from './crc-ranges.ts';

/**
 * How a record stands in a segment, little-endian, at a multiple of 8 octets:
 *
 * | octets | what |
 * | --- | --- |
 * | 0–3 | octets of the payload |
 * | 4–7 | kind |
 * | 8–11 | CRC-32 over offset, the other fields of this head, and payload |
 * | 12–15 | how far back the log was on disk when the record was written, in steps of 8 octets |
 * | 16 … | payload, filled up with zeros to a multiple of 8 |
 *
 * The offset in the checksum tells a record from what stood at its place before. The distance tells a tail that was
 * never acknowledged (a power cut leaves any part of it) from damage to what was.
 */
export const recordHeadBytes = 16;
export const recordBytesMax = 32 * 1024 * 1024;
const backStepsMax = 0xffff_ffff;

/** Octets of a whole record. */
export function recordBytes(payloadBytes: number): number {
  return recordHeadBytes + ((payloadBytes + 7) & ~7);
}

const scratch = new DataView(new ArrayBuffer(24));
const scratchBytes = new Uint8Array(scratch.buffer);

/** Of all that a checksum covers before the payload. */
function headChecksum(offset: number, payloadBytes: number, kind: number, back: number): number {
  scratch.setFloat64(0, offset, true);
  scratch.setUint32(8, payloadBytes, true);
  scratch.setUint32(12, kind, true);
  scratch.setUint32(16, back, true);
  return crc32(scratchBytes);
}

function checksum(offset: number, payloadBytes: number, kind: number, back: number, payload: Uint8Array): number {
  return crc32(payload, headChecksum(offset, payloadBytes, kind, back));
}

/**
 * Writes a record's head; its payload stands behind it already.
 *
 * @param committed the log before it is on disk
 */
export function sealRecord(
  bytes: Uint8Array,
  at: number,
  offset: number,
  kind: number,
  payloadBytes: number,
  committed: number,
): void {
  const back = Math.min(Math.ceil((offset - committed) / 8), backStepsMax);
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, recordHeadBytes);
  view.setUint32(0, payloadBytes, true);
  view.setUint32(4, kind, true);
  const payload = bytes.subarray(at + recordHeadBytes, at + recordHeadBytes + payloadBytes);
  view.setUint32(8, checksum(offset, payloadBytes, kind, back, payload), true);
  view.setUint32(12, back, true);
}

export interface FoundRecord {
  kind: number;
  /** Octets of the whole record. */
  bytes: number;
  payload: Uint8Array;
  /** The log before this offset was on disk when the record was written. */
  committed: number;
}

/** The record at `bytes[at…]`, a view; `'short'`: it goes on behind the octets given; null: no valid one is there. */
export function findRecord(bytes: Uint8Array, at: number, offset: number): FoundRecord | 'short' | null {
  if (bytes.length - at < recordHeadBytes) return 'short';
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, recordHeadBytes);
  const payloadBytes = view.getUint32(0, true);
  if (payloadBytes > recordBytesMax) return null;
  const whole = recordBytes(payloadBytes);
  if (bytes.length - at < whole) return 'short';
  const kind = view.getUint32(4, true);
  const back = view.getUint32(12, true);
  const payload = bytes.subarray(at + recordHeadBytes, at + recordHeadBytes + payloadBytes);
  if (view.getUint32(8, true) !== checksum(offset, payloadBytes, kind, back, payload)) return null;
  return { kind, bytes: whole, payload, committed: offset - back * 8 };
}

/**
 * Looks for whole records in the rest of a segment. What is told of one place takes the same number of steps whatever its
 * octets claim.
 */
export class RecordSearch {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #offset: number;
  #crcs: CrcRanges | null = null;

  /** @param offset of the first octet */
  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#offset = offset;
  }

  /** The whole record at an octet, a multiple of 8; null: none is there. */
  at(at: number): Pick<FoundRecord, 'bytes' | 'committed'> | null {
    if (at + recordHeadBytes > this.#bytes.length) return null;
    const view = this.#view;
    const payloadBytes = view.getUint32(at, true);
    const bytes = recordBytes(payloadBytes);
    if (payloadBytes > recordBytesMax || at + bytes > this.#bytes.length) return null;
    const kind = view.getUint32(at + 4, true);
    const crc = view.getUint32(at + 8, true);
    const back = view.getUint32(at + 12, true);
    if ((payloadBytes | kind | crc | back) === 0) return null;
    this.#crcs ??= new CrcRanges(this.#bytes);
    const from = at + recordHeadBytes;
    const before = headChecksum(this.#offset + at, payloadBytes, kind, back);
    if (this.#crcs.crc(from, from + payloadBytes, before) !== crc) return null;
    return { bytes, committed: this.#offset + at - back * 8 };
  }
}
