/** Makes an array of so many words, all 0. */
export type MakeWords = (count: number) => Int32Array<ArrayBuffer>;

export const plainWords: MakeWords = (count) => new Int32Array(count);

const pageBytes = 65_536;
/** Arrays begin on a cache line, so that what is laid out by lines stays on them. */
const lineBytes = 64;

/**
 * Memory that a decoder shares with the WebAssembly that reads its ordinary packets: what both look into is in arrays
 * made here. Pages that nobody touches cost nothing.
 */
export class OrdinaryMemory {
  readonly memory: WebAssembly.Memory;
  /** Address 0 is nobody's. */
  #at = lineBytes;

  constructor(bytes: number) {
    const pages = Math.ceil(bytes / pageBytes);
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  }

  /** Where it is full, an array of its own: {@link addressOf} tells. */
  readonly words: MakeWords = (count) => {
    const { buffer } = this.memory;
    const at = this.#at;
    if (at + count * 4 > buffer.byteLength) return plainWords(count);
    this.#at = Math.ceil((at + count * 4) / lineBytes) * lineBytes;
    return new Int32Array(buffer, at, count);
  };
}

/** Where WebAssembly finds an array; 0 where it stands in other memory. */
export function addressOf(words: Int32Array<ArrayBuffer>): number {
  // An array of its own is all there is in its buffer.
  return words.byteOffset;
}
