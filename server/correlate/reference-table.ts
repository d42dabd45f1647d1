import { type MakeWords, plainWords } from '../decode/ordinary-memory.ts';

const firstSlots = 1024;

/** Words of {@link ReferenceTable.state}. */
export const tableState = {
  /** Place of the slots in their memory, and the last octet behind it, in octets. */
  address: 0,
  lastOctet: 1,
  /** The hash without so many low bits is the number of a slot. */
  shift: 2,
  used: 3,
} as const;

/**
 * Which connection a local reference belongs to: an open-addressing table from the hash of (link, side, reference) to
 * a connection's handle. The key itself stands in the connection's record, which the message touches anyway, so a slot
 * is eight octets and the table of some thousand connections stays in the nearest cache. At most half of the slots are
 * in use; it grows by doubling, which reads no record (20 ms at a million connections), and never shrinks.
 */
export class ReferenceTable {
  /** A slot is two words: hash, then handle + 1 (0: free). */
  #words = new Int32Array(0);
  /** The hash without so many low bits is the number of a slot. */
  #shift = 32;
  /** What WebAssembly needs to look into the table and to add to it. */
  readonly state: Int32Array<ArrayBuffer>;
  readonly #makeWords: MakeWords;

  constructor(makeWords = plainWords) {
    this.#makeWords = makeWords;
    this.state = makeWords(4);
    this.#make(2 * firstSlots);
  }

  /** Entries. */
  get used(): number {
    return this.state[tableState.used];
  }

  get byteLength(): number {
    return this.#words.byteLength;
  }

  /**
   * A multiplication spreads references that follow each other evenly over the top bits, which {@link first} takes.
   *
   * @param side of the link that chose the reference: 1 the lower one, 0 the other
   */
  hashOf(link: number, side: number, reference: number): number {
    return Math.imul(Math.imul((link << 1) | side, 0x85eb_ca6b) + reference, 0x9e37_79b1);
  }

  /** Fetches the slots where the searches for these hashes begin. @returns something of them */
  fetch(hashes: Int32Array, count: number): number {
    const words = this.#words;
    const shift = this.#shift;
    let sum = 0;
    for (let k = 0; k < count; k++) sum ^= words[(hashes[k] >>> shift) << 1];
    return sum;
  }

  /** Which handles those slots hold, -1 where one has another hash: a guess, for the entry may stand further on. */
  guess(hashes: Int32Array, count: number, handles: Int32Array): void {
    const words = this.#words;
    const shift = this.#shift;
    for (let k = 0; k < count; k++) {
      const at = (hashes[k] >>> shift) << 1;
      handles[k] = words[at] === hashes[k] ? words[at + 1] - 1 : -1;
    }
  }

  /** The first entry with this hash, or -1. {@link next} goes on from there, {@link handleAt} tells its handle. */
  first(hash: number): number {
    return this.#search(this.#home(hash), hash);
  }

  next(at: number, hash: number): number {
    return this.#search((at + 2) & (this.#words.length - 1), hash);
  }

  handleAt(at: number): number {
    return (this.#words[at | 1] - 1) | 0;
  }

  /** Adds an entry, whether there are others with the same hash or not. */
  add(hash: number, handle: number): void {
    if (this.used * 4 >= this.#words.length) this.#grow();
    this.state[tableState.used]++;
    this.#insert(hash, handle + 1);
  }

  /** Takes out the entry with this hash and handle. */
  delete(hash: number, handle: number): void {
    let at = this.first(hash);
    while (at >= 0 && this.handleAt(at) !== handle) at = this.next(at, hash);
    if (at < 0) return;
    this.state[tableState.used]--;
    const words = this.#words;
    const mask = words.length - 1;
    // Close the gap in the run behind it, so that no mark of deleted entries is needed.
    let hole = at;
    for (let from = (at + 2) & mask; words[from + 1] !== 0; from = (from + 2) & mask) {
      if (((from - this.#home(words[from])) & mask) < ((from - hole) & mask)) continue;
      words[hole] = words[from];
      words[hole + 1] = words[from + 1];
      hole = from;
    }
    words[hole + 1] = 0;
  }

  /** Place where the search for a hash begins. */
  #home(hash: number): number {
    return (hash >>> this.#shift) << 1;
  }

  #search(from: number, hash: number): number {
    const words = this.#words;
    const mask = words.length - 1;
    // A slot begins at an even word, so that `|` adds; unlike `+` it can't overflow, which V8 would look out for.
    for (let at = from; words[at | 1] !== 0; at = (at + 2) & mask) if (words[at] === hash) return at;
    return -1;
  }

  #insert(hash: number, value: number): void {
    const words = this.#words;
    const mask = words.length - 1;
    let at = this.#home(hash);
    while (words[at + 1] !== 0) at = (at + 2) & mask;
    words[at] = hash;
    words[at + 1] = value;
  }

  #grow(): void {
    const old = this.#words;
    this.#make(old.length * 2);
    for (let at = 0; at < old.length; at += 2) if (old[at + 1] !== 0) this.#insert(old[at], old[at + 1]);
  }

  #make(length: number): void {
    const words = this.#makeWords(length);
    this.#words = words;
    this.#shift = 32 - Math.log2(length / 2);
    const { state } = this;
    state[tableState.address] = words.byteOffset;
    state[tableState.lastOctet] = words.byteLength - 1;
    state[tableState.shift] = this.#shift;
  }
}
