import { DecodeError, type Flaw, type Layer } from './decode-error.ts';

/** A length of 16 K and more comes in fragments; no element that is read here can be that long. */
const fragmentedLength = 0xc0;
const noBytes = new Uint8Array(0);

/**
 * Reads BASIC-PER, ALIGNED variant (ITU-T X.691, "aligned PER"): a position in bits, and the figures that 3GPP's
 * application parts are made of. One reader per level of nesting, made once and pointed at new octets with
 * {@link begin}; nothing is allocated afterwards. Reading beyond the end and values outside their range are
 * `DecodeError`s of the layer that the reader belongs to.
 */
export class PerReader {
  /** Octets of the open type or octet string that was read last. */
  valueStart = 0;
  valueEnd = 0;

  readonly #layer: Layer;
  #bytes: Uint8Array = noBytes;
  /** Next bit and end of the octets, both counted in bits from the start of the buffer. */
  #at = 0;
  #end = 0;

  constructor(layer: Layer) {
    this.#layer = layer;
  }

  /** Goes on at `bytes[start..end)`; `start` is an octet boundary of the encoding. */
  begin(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#at = start * 8;
    this.#end = end * 8;
  }

  /** Offset of the octet that holds the next bit. */
  get offset(): number {
    return this.#at >> 3;
  }

  /** @param count 1 to 8 */
  bits(count: number): number {
    const at = this.#at;
    if (at + count > this.#end) this.#fail('TRUNCATED');
    this.#at = at + count;
    const octet = at >> 3;
    const shift = 16 - (at & 7) - count;
    const pair = shift >= 8 ? this.#bytes[octet] << 8 : (this.#bytes[octet] << 8) | this.#bytes[octet + 1];
    return (pair >> shift) & ((1 << count) - 1);
  }

  /** A bit as a truth: extension bits, and the bits of optional components. §19.1, §19.2. */
  flag(): boolean {
    return this.bits(1) === 1;
  }

  /** A number, enumeration or choice index of fewer than 256 values, the greatest of them `max`; it is not aligned. §11.5.7.1. */
  upTo(max: number): number {
    const value = this.bits(32 - Math.clz32(max));
    if (value > max) this.#fail('BAD_VALUE');
    return value;
  }

  /** A number with a range of exactly 256 values. §11.5.7.2. */
  octet(): number {
    return this.#bytes[this.octets(1)];
  }

  /** A number with a range of 257 to 65,536 values, or 16 bits that begin at an octet. §11.5.7.3. */
  pair(): number {
    const at = this.octets(2);
    return (this.#bytes[at] << 8) | this.#bytes[at + 1];
  }

  /** Goes to the next octet boundary and over `count` octets; where they begin. */
  octets(count: number): number {
    const start = (this.#at + 7) >> 3;
    if ((start + count) * 8 > this.#end) this.#fail('TRUNCATED');
    this.#at = (start + count) * 8;
    return start;
  }

  /** Index of an alternative behind the extension mark, as a normally small number of at most 63. §11.6.1, §23.8. */
  extensionIndex(): number {
    if (this.flag()) this.#fail('BAD_VALUE');
    return this.bits(6);
  }

  /**
   * Length determinant and as many octets: an open type, or an octet string without a size; leaves them in `valueStart`
   * and `valueEnd` and goes on behind them. §11.2, §11.9.3.5–8, §17.8.
   */
  openType(): void {
    const at = this.octets(1);
    let length = this.#bytes[at];
    if (length >= fragmentedLength) this.#fail('BAD_LENGTH');
    if (length >= 0x80) length = ((length & 0x3f) << 8) | this.#bytes[this.octets(1)];
    this.valueStart = this.octets(length);
    this.valueEnd = this.valueStart + length;
  }

  /** Refuses octets behind the last one read: the encoding was shorter than what holds it. §11.1. */
  finish(): void {
    if ((this.#at + 7) >> 3 !== this.#end >> 3) this.#fail('BAD_LENGTH');
  }

  #fail(flaw: Flaw): never {
    throw new DecodeError(this.#layer, flaw, this.#at >> 3);
  }
}
