import { addressOf, type MakeWords, plainWords } from './ordinary-memory.ts';

/** TSNs remembered per direction; a power of two. More than a sender may have outstanding before it must stop. */
export const tsnsRemembered = 4096;
export const waysLog2 = 3;
const ways = 1 << waysLog2;
/** How long after the first copy a retransmission may still come: RTO.Max, RFC 9260 §16. */
const retransmissionS = 60;
/** So many old chunks in a row with nothing new are a restarted feed, not retransmissions. */
const duplicatesInRowMax = 256;
/** What tells a chunk, and the second it was seen: side by side, so that each chunk costs one cache line at most. */
const wordsPerChunk = 2;
/** Where the memory of a direction counts the copies that came in a row, behind its chunks. */
const inRow = tsnsRemembered * wordsPerChunk;
/** Tag, ports, where the direction's memory stands (0: where WebAssembly can't see it); one more makes it a power of two. */
const wordsPerWay = 4;
export const bytesPerWay = wordsPerWay * 4;

/** Remembers a chunk in the memory of its direction, as {@link SctpDirection.isDuplicate} does with one that is new. */
export function rememberChunk(words: Int32Array, direction: number, at: number, mark: number, timeS: number): void {
  words[(direction >> 2) + inRow] = 0;
  words[at >> 2] = mark;
  words[(at >> 2) + 1] = timeS;
}

/** One direction of one SCTP association: what was received lately. */
class SctpDirection {
  /** Tells this direction from all others of the decoder's lifetime (wraps after a million). */
  id = 0;
  readonly #chunks: Int32Array<ArrayBuffer>;
  /** Of its memory, for WebAssembly. */
  readonly address: number;

  constructor(words: MakeWords) {
    this.#chunks = words(inRow + 1);
    this.address = addressOf(this.#chunks);
  }

  /** Makes this the memory of another direction, so that a flood of tags allocates nothing. */
  become(id: number): void {
    this.id = id;
    this.restart();
  }

  /**
   * Whether a chunk is a copy of one that was received: the same TSN with the same content within
   * {@link retransmissionS}. A TSN that comes again with other content (the association was restarted unseen, or two
   * associations look the same) is new, so no reset can starve a feed; nothing has to be assumed about how TSNs
   * advance, so no jump can either.
   *
   * @param tsn 32 bits
   * @param content fingerprint of the chunk, 32 bits
   */
  isDuplicate(tsn: number, content: number, timeS: number): boolean {
    const chunks = this.#chunks;
    const at = (tsn & (tsnsRemembered - 1)) * wordsPerChunk;
    // The slot says the TSN's low bits, the mark the others; 0 marks an empty slot.
    const mark = content ^ Math.imul(tsn, 0x9e3779b1) || 1;
    if (chunks[at] === mark && Math.abs((timeS - chunks[at + 1]) | 0) <= retransmissionS) {
      if (++chunks[inRow] <= duplicatesInRowMax) return true;
      chunks.fill(0);
    }
    chunks[inRow] = 0;
    chunks[at] = mark;
    chunks[at + 1] = timeS;
    return false;
  }

  /** Forgets all TSNs: the association was set up again. */
  restart(): void {
    this.#chunks.fill(0);
  }
}

/**
 * Directions of SCTP associations, found by verification tag and ports. The tag is chosen at random by the receiver
 * of that direction and stays for the association's life, whichever of its addresses a packet uses, so addresses play
 * no part and a retransmission over another path is still known. A changed tag is a new association.
 *
 * A set-associative table of fixed size: each set is kept in the order of use, and a new direction displaces the least
 * recently used one of its set. Tags and ports are signed numbers: 32 bits without a sign may need an object each.
 */
export class SctpDirections {
  /** Sets less one, a power of two less one. */
  readonly mask: number;
  readonly #words: MakeWords;
  readonly #table: (SctpDirection | null)[];
  /** What tells each, side by side; `ordinary-packet.ts` looks for the one in front of its set. */
  readonly keys: Int32Array<ArrayBuffer>;
  #nextId = 0;

  readonly #evicted: (n: number) => void;

  /** @param max directions remembered @param evicted is called with how many gave way to others */
  constructor(max: number, evicted: (n: number) => void, words: MakeWords = plainWords) {
    let sets = 1;
    while (sets * 2 * ways <= max) sets *= 2;
    this.#words = words;
    this.#evicted = evicted;
    this.mask = sets - 1;
    this.#table = new Array(sets * ways).fill(null);
    this.keys = words(sets * ways * wordsPerWay);
  }

  /**
   * @param tag 32 bits
   * @param ports source port << 16 | destination port, 32 bits
   */
  find(tag: number, ports: number): SctpDirection {
    const base = this.#base(tag, ports);
    const { keys } = this;
    const direction = this.#table[base];
    const at = base * wordsPerWay;
    if (keys[at] === tag && keys[at + 1] === ports && direction !== null) return direction;
    return this.#bringToFront(tag, ports, base);
  }

  /** An INIT or INIT ACK announced `tag`: what was received under it before belongs to an association that is gone. */
  restart(tag: number, ports: number): void {
    const base = this.#base(tag, ports);
    for (let at = base; at < base + ways; at++) if (this.#holds(at, tag, ports)) this.#table[at]?.restart();
  }

  /** Moves a direction to the front of its set; a new one takes the memory of the set's last. */
  #bringToFront(tag: number, ports: number, base: number): SctpDirection {
    let at = base;
    while (at < base + ways - 1 && !this.#holds(at, tag, ports)) at++;
    let direction = this.#table[at];
    if (direction === null || !this.#holds(at, tag, ports)) {
      this.#nextId = (this.#nextId + 1) & 0xfffff;
      if (direction !== null) this.#evicted(1);
      direction ??= new SctpDirection(this.#words);
      direction.become(this.#nextId);
    }
    const { keys } = this;
    const front = base * wordsPerWay;
    for (; at > base; at--) {
      this.#table[at] = this.#table[at - 1];
      const key = at * wordsPerWay;
      for (let word = key; word < key + wordsPerWay; word++) keys[word] = keys[word - wordsPerWay];
    }
    this.#table[base] = direction;
    keys[front] = tag;
    keys[front + 1] = ports;
    keys[front + 2] = direction.address;
    return direction;
  }

  #holds(at: number, tag: number, ports: number): boolean {
    const key = at * wordsPerWay;
    return this.#table[at] !== null && this.keys[key] === tag && this.keys[key + 1] === ports;
  }

  /** Where the set begins, in units of a direction. */
  #base(tag: number, ports: number): number {
    const hash = Math.imul(tag, 0x9e3779b1) ^ Math.imul(ports, 0x85ebca6b);
    return ((hash ^ (hash >>> 16)) & this.mask) << waysLog2;
  }
}
