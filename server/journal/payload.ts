import { UserError } from '../errors.ts';

const none = new Uint8Array(8);
const utf8 = { to: new TextEncoder(), from: new TextDecoder('utf-8', { fatal: true }) };

type Column = Float64Array | Uint32Array | Uint16Array | Uint8Array;
type ColumnType<T extends Column> = (new (
  buffer: ArrayBufferLike,
  offset: number,
  length: number,
) => T) & {
  readonly BYTES_PER_ELEMENT: number;
};

/** Puts a payload together from views: nothing is copied here. Every piece begins at a multiple of 8 octets. */
export class PayloadWriter {
  readonly parts: Uint8Array[] = [];

  doubles(...values: number[]): this {
    return this.column(Float64Array.from(values));
  }

  column(values: Column): this {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.parts.push(bytes);
    const over = bytes.length & 7;
    if (over > 0) this.parts.push(none.subarray(over));
    return this;
  }

  text(text: string): this {
    const bytes = utf8.to.encode(text);
    return this.doubles(bytes.length).column(bytes);
  }

  json(value: unknown): this {
    return this.text(JSON.stringify(value));
  }
}

/** Reads what {@link PayloadWriter} wrote; a payload that is cut short is a `UserError` that names the record's offset. */
export class PayloadReader {
  readonly #bytes: Uint8Array;
  readonly #offset: number;
  #at = 0;

  /** @param offset of the record in the journal */
  constructor(payload: Uint8Array, offset: number) {
    // Columns are views, which need their natural alignment.
    this.#bytes = payload.byteOffset % 8 === 0 ? payload : payload.slice();
    this.#offset = offset;
  }

  fail(what: string): never {
    throw badRecord(this.#offset, what);
  }

  double(): number {
    return this.column(Float64Array, 1)[0];
  }

  /** A whole number from 0 to `max`: a count, so that a damaged one asks for no memory. */
  count(max: number): number {
    const value = this.double();
    if (!Number.isInteger(value) || value < 0 || value > max) this.fail(`a count of ${value}`);
    return value;
  }

  /** A view into the payload. */
  column<T extends Column>(type: ColumnType<T>, n: number): T {
    const length = n * type.BYTES_PER_ELEMENT;
    if (this.#at + length > this.#bytes.length) this.fail('it is cut short');
    const values = new type(this.#bytes.buffer, this.#bytes.byteOffset + this.#at, n);
    this.#at += (length + 7) & ~7;
    return values;
  }

  text(): string {
    const bytes = this.column(Uint8Array, this.count(this.#bytes.length));
    try {
      return utf8.from.decode(bytes);
    } catch (error) {
      if (error instanceof TypeError) return this.fail('its text is no UTF-8');
      throw error;
    }
  }

  json<T>(): T {
    const text = this.text();
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      if (error instanceof SyntaxError) return this.fail('its text is no JSON');
      throw error;
    }
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** @throws UserError where something stands behind what was read */
  end(): void {
    if (this.#at < this.#bytes.length) this.fail(`${this.#bytes.length - this.#at} octets too many`);
  }
}

export function badRecord(offset: number, what: string): UserError {
  return new UserError(
    'JOURNAL_RECORD',
    `the journal's record at octet ${offset} can't be read (${what}): was it written by a newer version? Update Signalwall, or start with another data folder`,
  );
}
