import { badBatch } from './push-refusal.ts';

/** What a message holds: maps as objects (never with a key `__proto__`), binaries as views of the message. */
export type MsgpackValue = null | boolean | number | string | Uint8Array | MsgpackValue[] | MsgpackMap;
export interface MsgpackMap {
  [key: string]: MsgpackValue;
}

const depthMax = 8;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads one msgpack value that fills `bytes`. Strict, for bytes from anyone: what it makes is never larger than a small
 * multiple of them, and it knows no extensions (which other readers turn into objects of their own).
 *
 * https://github.com/msgpack/msgpack/blob/master/spec.md
 *
 * @throws PushRefusal 400 PUSH_FORM
 */
export function readMsgpack(bytes: Uint8Array): MsgpackValue {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  if (reader.at !== bytes.length) throw badBatch(`msgpack: ${bytes.length - reader.at} octets follow the value`);
  return value;
}

export function isMap(value: MsgpackValue | undefined): value is MsgpackMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

class Reader {
  at = 0;
  readonly #bytes: Buffer;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  value(depth: number): MsgpackValue {
    const first = this.#bytes[this.#take(1)];
    if (first < 0x80) return first;
    if (first < 0x90) return this.#map(first & 0x0f, depth);
    if (first < 0xa0) return this.#array(first & 0x0f, depth);
    if (first < 0xc0) return this.#text(first & 0x1f);
    if (first >= 0xe0) return first - 0x100;
    const view = this.#view;
    switch (first) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.#binary(view.getUint8(this.#take(1)));
      case 0xc5:
        return this.#binary(view.getUint16(this.#take(2)));
      case 0xc6:
        return this.#binary(view.getUint32(this.#take(4)));
      case 0xca:
        return view.getFloat32(this.#take(4));
      case 0xcb:
        return view.getFloat64(this.#take(8));
      case 0xcc:
        return view.getUint8(this.#take(1));
      case 0xcd:
        return view.getUint16(this.#take(2));
      case 0xce:
        return view.getUint32(this.#take(4));
      case 0xcf:
        return Number(view.getBigUint64(this.#take(8)));
      case 0xd0:
        return view.getInt8(this.#take(1));
      case 0xd1:
        return view.getInt16(this.#take(2));
      case 0xd2:
        return view.getInt32(this.#take(4));
      case 0xd3:
        return Number(view.getBigInt64(this.#take(8)));
      case 0xd9:
        return this.#text(view.getUint8(this.#take(1)));
      case 0xda:
        return this.#text(view.getUint16(this.#take(2)));
      case 0xdb:
        return this.#text(view.getUint32(this.#take(4)));
      case 0xdc:
        return this.#array(view.getUint16(this.#take(2)), depth);
      case 0xdd:
        return this.#array(view.getUint32(this.#take(4)), depth);
      case 0xde:
        return this.#map(view.getUint16(this.#take(2)), depth);
      case 0xdf:
        return this.#map(view.getUint32(this.#take(4)), depth);
      default:
        throw badBatch(`msgpack: octet ${this.at} is an extension or unused; write plain values and binaries`);
    }
  }

  /** Steps over `n` octets. @returns where they begin */
  #take(n: number): number {
    const from = this.at;
    if (n > this.#bytes.length - from) throw badBatch(`msgpack: it ends inside the value at octet ${from}`);
    this.at = from + n;
    return from;
  }

  #binary(n: number): Uint8Array {
    const from = this.#take(n);
    const { buffer, byteOffset } = this.#bytes;
    return new Uint8Array(buffer, byteOffset + from, n);
  }

  #text(n: number): string {
    const from = this.#take(n);
    // Field names and CGIs are short and ASCII, and there are many of them.
    if (n < 32) {
      let octets = 0;
      for (let i = from; i < from + n; i++) octets |= this.#bytes[i];
      if (octets < 0x80) return this.#bytes.toString('latin1', from, from + n);
    }
    try {
      return utf8.decode(this.#bytes.subarray(from, from + n));
    } catch (error) {
      if (error instanceof TypeError) throw badBatch(`msgpack: the text at octet ${from} is no UTF-8`);
      throw error;
    }
  }

  /** Each element takes an octet at least: a count that can't be true makes nothing. */
  #refuseMore(count: number, depth: number): void {
    if (count > this.#bytes.length - this.at) throw badBatch(`msgpack: it ends inside the value at octet ${this.at}`);
    if (depth >= depthMax) throw badBatch(`msgpack: values nest deeper than ${depthMax}`);
  }

  #array(count: number, depth: number): MsgpackValue[] {
    this.#refuseMore(count, depth);
    const array: MsgpackValue[] = [];
    for (let i = 0; i < count; i++) array.push(this.value(depth + 1));
    return array;
  }

  #map(count: number, depth: number): MsgpackMap {
    this.#refuseMore(2 * count, depth);
    const map: MsgpackMap = {};
    for (let i = 0; i < count; i++) {
      const key = this.value(depth + 1);
      if (typeof key !== 'string' || key === '__proto__')
        throw badBatch(`msgpack: the key before octet ${this.at} is no name`);
      map[key] = this.value(depth + 1);
    }
    return map;
  }
}
