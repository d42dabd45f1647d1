import { DecodeError, need } from './decode-error.ts';

/** Parameters of SUA from their tag's low octet on, RFC 3868 §3.10. */
export const suaParameter = {
  sourceAddress: 0x02,
  destinationAddress: 0x03,
  sourceReference: 0x04,
  destinationReference: 0x05,
  cause: 0x06,
  sequenceNumber: 0x07,
  receiveSequenceNumber: 0x08,
  credit: 0x0a,
  data: 0x0b,
  protocolClass: 0x15,
  segmentation: 0x17,
} as const;
export type SuaParameter = (typeof suaParameter)[keyof typeof suaParameter];

const firstTag = 0x0100;
const tags = 32;

/** Where the parameters of one SUA message stand: found once, then asked for by their tag. */
export class SuaParameters {
  bytes: Uint8Array = new Uint8Array(0);
  readonly #start = new Int32Array(tags);
  readonly #end = new Int32Array(tags);

  /** Finds all parameters in `bytes[start..end)`; of two with the same tag the first counts. */
  read(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.#start.fill(-1);
    for (let at = start; at + 4 <= end; ) {
      const index = ((bytes[at] << 8) | bytes[at + 1]) - firstTag;
      const length = (bytes[at + 2] << 8) | bytes[at + 3];
      if (length < 4) throw new DecodeError('sua', 'BAD_LENGTH', at + 2);
      need('sua', at, length, end);
      if (index > 0 && index < tags && this.#start[index] < 0) {
        this.#start[index] = at + 4;
        this.#end[index] = at + length;
      }
      at += (length + 3) & ~3;
    }
  }

  has(parameter: SuaParameter): boolean {
    return this.#start[parameter] >= 0;
  }

  start(parameter: SuaParameter): number {
    return this.#start[parameter];
  }

  /** Behind the last octet. */
  end(parameter: SuaParameter): number {
    return this.#end[parameter];
  }

  /** Octets of its value; 0 where it is absent. */
  length(parameter: SuaParameter): number {
    return this.has(parameter) ? this.#end[parameter] - this.#start[parameter] : 0;
  }

  /** Octet `index` of a value of four; `absent` where there is no such parameter. */
  octet(parameter: SuaParameter, index: number, absent: number): number {
    if (!this.has(parameter)) return absent;
    need('sua', this.#start[parameter], 4, this.#end[parameter]);
    return this.bytes[this.#start[parameter] + index];
  }

  /** A reference number, which the message must have. */
  reference(parameter: SuaParameter): number {
    if (!this.has(parameter)) throw new DecodeError('sua', 'MISSING_ELEMENT', 0);
    const at = this.#start[parameter];
    need('sua', at, 4, this.#end[parameter]);
    const { bytes } = this;
    return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
  }
}
