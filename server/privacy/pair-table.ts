const segmentBits = 6;
export const segmentCount = 1 << segmentBits;
const segmentShift = 32 - segmentBits;
const firstSlots = 16;
const wordsPerSlot = 4;
/** The bit of the fourth word that says "used since the hand of the clock came by". */
const touchedBit = 0x8000_0000;

export interface PairTableOptions {
  /** Entries at most, rounded up to a multiple of 64; more evict others, which is counted. Infinity: the caller sees to it. */
  entriesMax: number;
  /**
   * Keep the top bit of the second value word for the table, to be 0 outside of it: evict the entry that was not found
   * again for longest (clock algorithm), instead of any.
   */
  touched?: boolean;
  /** Hears of an entry that is evicted, once it is gone: its key and its value. It must not write to the table. */
  evicted?: (a: number, b: number, c: number, d: number) => void;
}

/**
 * Open-addressing hash table on typed arrays: two 32-bit key words → two 32-bit value words that are not both 0.
 *
 * It is cut into 64 segments by the top bits of the hash, and each grows on its own, so that no step copies more than
 * a 64th of it: one growing table of 15 million entries would stop its thread for a second. 16 bytes a slot, 28 bytes
 * an entry on average. Nothing is allocated by finding, setting or deleting, but for growth.
 */
export class PairTable {
  /** Evicted entries since the start. */
  evictions = 0;
  /** After a successful {@link find}: the two words of the value. */
  readonly value = new Uint32Array(2);
  #size = 0;
  /** Where the last {@link find} found its key. */
  #foundHash = 0;
  #foundAt = 0;
  /** The segments' slots, four words each; a power of two of them. */
  readonly #segments: Uint32Array[];
  /** Entries of each segment, and where the next search for a victim starts there, in slots. */
  readonly #used = new Uint32Array(segmentCount);
  readonly #hands = new Uint32Array(segmentCount);
  readonly #usedMax: number;
  readonly #touched: boolean;
  readonly #evicted: PairTableOptions['evicted'];

  constructor({ entriesMax, touched = false, evicted }: PairTableOptions) {
    this.#usedMax = Math.ceil(entriesMax / segmentCount);
    this.#touched = touched;
    this.#evicted = evicted;
    this.#segments = Array.from({ length: segmentCount }, () => new Uint32Array(firstSlots * wordsPerSlot));
  }

  get size(): number {
    return this.#size;
  }

  get byteLength(): number {
    let sum = 0;
    for (const words of this.#segments) sum += words.byteLength;
    return sum;
  }

  /** Looks a key up, both words unsigned, and sets {@link value} where it is there. @returns whether it is */
  find(a: number, b: number): boolean {
    const hash = mix(a, b);
    const words = this.#segments[hash >>> segmentShift];
    const at = place(words, hash, a, b);
    const first = words[at + 2];
    const second = words[at + 3];
    if ((first | second) === 0) return false;
    const { value } = this;
    value[0] = first;
    value[1] = second;
    if (this.#touched) {
      value[1] = second & ~touchedBit;
      if (second < touchedBit) words[at + 3] = second | touchedBit;
    }
    this.#foundHash = hash | 0;
    this.#foundAt = at;
    return true;
  }

  /** Replaces the second value word of what {@link find} has just found; nothing was written since, and it stays above 0. */
  amend(d: number): void {
    this.#segments[this.#foundHash >>> segmentShift][this.#foundAt + 3] = this.#touched ? d | touchedBit : d;
  }

  /** Fetches the slot where the search for a key begins. @returns something of it */
  fetch(a: number, b: number): number {
    const hash = mix(a, b);
    const words = this.#segments[hash >>> segmentShift];
    return words[Math.imul(hash, wordsPerSlot) & (words.length - wordsPerSlot)];
  }

  /** As {@link find}, but no use of the entry. */
  peek(a: number, b: number): boolean {
    const hash = mix(a, b);
    const words = this.#segments[hash >>> segmentShift];
    const at = place(words, hash, a, b);
    this.value[0] = words[at + 2];
    this.value[1] = this.#touched ? words[at + 3] & ~touchedBit : words[at + 3];
    return (words[at + 2] | words[at + 3]) !== 0;
  }

  /** The first value word of a key, or 0 where the key is not there: for tables where it is never 0. */
  get(a: number, b: number): number {
    const hash = mix(a, b);
    const words = this.#segments[hash >>> segmentShift];
    return words[place(words, hash, a, b) + 2];
  }

  /** Sets the value of a key, new or not. All words unsigned; the value must not be 0, 0. */
  set(a: number, b: number, c: number, d: number): void {
    const hash = mix(a, b);
    const segment = hash >>> segmentShift;
    let words = this.#segments[segment];
    let at = place(words, hash, a, b);
    const second = this.#touched ? (d | touchedBit) >>> 0 : d;
    // Most of what is set is there already: a line that is only read need not be written back.
    if (words[at + 2] === c && words[at + 3] === second) return;
    if ((words[at + 2] | words[at + 3]) === 0) {
      if (this.#used[segment] >= this.#usedMax) {
        this.#evict(segment);
        at = place(words, hash, a, b);
      } else if (this.#used[segment] * wordsPerSlot * 4 >= words.length * 3) {
        words = grown(words);
        this.#segments[segment] = words;
        at = place(words, hash, a, b);
      }
      this.#used[segment]++;
      this.#size++;
      words[at] = a;
      words[at + 1] = b;
    }
    words[at + 2] = c;
    words[at + 3] = second;
  }

  /** @returns whether the key was there */
  delete(a: number, b: number): boolean {
    const hash = mix(a, b);
    const segment = hash >>> segmentShift;
    const words = this.#segments[segment];
    const at = place(words, hash, a, b);
    if ((words[at + 2] | words[at + 3]) === 0) return false;
    this.#remove(segment, at / wordsPerSlot);
    return true;
  }

  /**
   * Removes those of one segment's entries, 0 to 63, that are over. One that goes round the segment's end meanwhile may
   * be looked at the next time only.
   *
   * @param isOver is told key and value of each; it must not write to the table
   */
  prune(segment: number, isOver: (a: number, b: number, c: number, d: number) => boolean): void {
    const words = this.#segments[segment];
    for (let at = 0; at < words.length; ) {
      const d = this.#touched ? words[at + 3] & ~touchedBit : words[at + 3];
      const isUsed = (words[at + 2] | words[at + 3]) !== 0;
      // Another entry may move to the place of one that goes.
      if (isUsed && isOver(words[at], words[at + 1], words[at + 2], d)) this.#remove(segment, at / wordsPerSlot);
      else at += wordsPerSlot;
    }
  }

  /** Tells key and value of each entry of one segment, 0 to 63. @param visit must not write to the table */
  visit(segment: number, visit: (a: number, b: number, c: number, d: number) => void): void {
    const words = this.#segments[segment];
    for (let at = 0; at < words.length; at += wordsPerSlot) {
      const d = this.#touched ? words[at + 3] & ~touchedBit : words[at + 3];
      if ((words[at + 2] | words[at + 3]) !== 0) visit(words[at], words[at + 1], words[at + 2], d);
    }
  }

  #evict(segment: number): void {
    const words = this.#segments[segment];
    const slots = words.length / wordsPerSlot;
    let hand = this.#hands[segment];
    // Two rounds at most: the first may clear every mark.
    for (let steps = 2 * slots; ; steps--) {
      const at = hand * wordsPerSlot;
      if ((words[at + 2] | words[at + 3]) !== 0) {
        if (!this.#touched || steps <= 0 || words[at + 3] < touchedBit) break;
        words[at + 3] &= ~touchedBit;
      }
      hand = (hand + 1) & (slots - 1);
    }
    this.#hands[segment] = hand;
    const at = hand * wordsPerSlot;
    const [a, b, c, d] = words.subarray(at, at + wordsPerSlot);
    this.#remove(segment, hand);
    this.evictions++;
    this.#evicted?.(a, b, c, this.#touched ? (d & ~touchedBit) >>> 0 : d);
  }

  /** Empties a slot and closes the gap in the run behind it, so that no mark of deleted entries is needed. */
  #remove(segment: number, slot: number): void {
    const words = this.#segments[segment];
    const mask = words.length / wordsPerSlot - 1;
    let hole = slot;
    let next = slot;
    for (;;) {
      next = (next + 1) & mask;
      const from = next * wordsPerSlot;
      if ((words[from + 2] | words[from + 3]) === 0) break;
      const home = mix(words[from], words[from + 1]) & mask;
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      // Word by word: the calls of the library for it cost more than the whole search.
      const to = hole * wordsPerSlot;
      words[to] = words[from];
      words[to + 1] = words[from + 1];
      words[to + 2] = words[from + 2];
      words[to + 3] = words[from + 3];
      hole = next;
    }
    const at = hole * wordsPerSlot;
    words[at] = 0;
    words[at + 1] = 0;
    words[at + 2] = 0;
    words[at + 3] = 0;
    this.#used[segment]--;
    this.#size--;
  }
}

/** Place of the key's entry, or of the free slot where it belongs. */
function place(words: Uint32Array, hash: number, a: number, b: number): number {
  // A slot is four words, so the low bits of a word's place say the word.
  const mask = words.length - wordsPerSlot;
  let at = Math.imul(hash, wordsPerSlot) & mask;
  while ((words[at] !== a || words[at + 1] !== b) && (words[at + 2] | words[at + 3]) !== 0) {
    at = (at + wordsPerSlot) & mask;
  }
  return at;
}

function grown(old: Uint32Array): Uint32Array {
  const words = new Uint32Array(old.length * 2);
  for (let at = 0; at < old.length; at += wordsPerSlot) {
    if ((old[at + 2] | old[at + 3]) === 0) continue;
    const to = place(words, mix(old[at], old[at + 1]), old[at], old[at + 1]);
    for (let word = 0; word < wordsPerSlot; word++) words[to + word] = old[at + word];
  }
  return words;
}

/** Mixes two words into one whose top bits (the segment) and low bits (the slot) are both good. */
function mix(a: number, b: number): number {
  let hash = Math.imul(a, 0x9e37_79b1) ^ Math.imul(b, 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b_3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a_2d39);
  return (hash ^ (hash >>> 15)) >>> 0;
}
