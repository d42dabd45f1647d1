/**
 * Rows in PostgreSQL's binary COPY format, written field by field into one growing buffer.
 * PostgreSQL documentation, COPY, "Binary Format": big-endian; per row the number of fields, per field its length.
 */

/** Microseconds from the Unix epoch to PostgreSQL's, 2000-01-01. */
const postgresEpochUs = 946_684_800_000_000;
const high = 0x1_0000_0000;
const int4Max = 0x7fff_ffff;

const header = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
const trailerBytes = 2;
export const copyHeaderBytes = header.length;
/** Behind the last row. */
export const copyTrailer = Buffer.from([0xff, 0xff]);

export class CopyBuffer {
  rows = 0;
  #bytes: Uint8Array;
  #view: DataView;
  #at = header.length;

  constructor(capacityBytes = 16 * 1024) {
    this.#bytes = new Uint8Array(capacityBytes);
    this.#bytes.set(header);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Forgets the rows and keeps the memory. */
  clear(): void {
    this.rows = 0;
    this.#at = header.length;
  }

  /** Begins a row of `fields` fields that take at most `bytes` bytes with their lengths. */
  row(fields: number, bytes: number): void {
    if (this.#at + bytes + 2 + trailerBytes > this.#bytes.length) this.#grow(bytes);
    this.#view.setInt16(this.#at, fields);
    this.#at += 2;
    this.rows++;
  }

  bool(value: boolean): void {
    this.#view.setInt32(this.#at, 1);
    this.#view.setInt8(this.#at + 4, value ? 1 : 0);
    this.#at += 5;
  }

  int2(value: number): void {
    this.#view.setInt32(this.#at, 2);
    this.#view.setInt16(this.#at + 4, value);
    this.#at += 6;
  }

  /** A count or duration; one beyond int4 is written as its largest value. */
  int4(value: number): void {
    this.#view.setInt32(this.#at, 4);
    this.#view.setInt32(this.#at + 4, Math.min(value, int4Max));
    this.#at += 8;
  }

  /** A whole number up to 2^53 in size. */
  int8(value: number): void {
    const hi = Math.floor(value / high);
    this.int8Halves(value - hi * high, hi);
  }

  /** 64 bits from two unsigned halves: how pseudonyms are kept. */
  int8Halves(lo: number, hi: number): void {
    this.#view.setInt32(this.#at, 8);
    this.#view.setInt32(this.#at + 4, hi);
    this.#view.setUint32(this.#at + 8, lo);
    this.#at += 12;
  }

  timestamp(us: number): void {
    this.int8(us - postgresEpochUs);
  }

  null(): void {
    this.#view.setInt32(this.#at, -1);
    this.#at += 4;
  }

  /** The whole COPY text with header and trailer: a view, valid until the next row. */
  finished(): Buffer {
    this.#view.setInt16(this.#at, -1);
    return Buffer.from(this.#bytes.buffer, 0, this.#at + trailerBytes);
  }

  #grow(bytes: number): void {
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + bytes + 2 + trailerBytes));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** Bytes of a row with so many fields of each width, lengths included. */
export function rowBytes(fields: { bool?: number; int2?: number; int4?: number; int8?: number }): number {
  return (fields.bool ?? 0) * 5 + (fields.int2 ?? 0) * 6 + (fields.int4 ?? 0) * 8 + (fields.int8 ?? 0) * 12;
}
