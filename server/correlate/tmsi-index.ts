const segmentBits = 6;
const segmentCount = 1 << segmentBits;
const segmentShift = 32 - segmentBits;
const firstSlots = 16;

/**
 * Which TMSI a subscriber has at a VLR: an open-addressing table from a hash of both to the TMSI, eight octets a slot.
 * Two subscribers may share a hash, so what is found is a guess that the caller holds against its own table, where the
 * key stands in full. Cut into 64 segments that grow on their own, as `PairTable` is: no step copies more than one.
 */
export class TmsiIndex {
  /** A slot is two words: hash (0: free) and TMSI. */
  readonly #segments: Uint32Array[] = Array.from({ length: segmentCount }, () => new Uint32Array(firstSlots * 2));
  readonly #used = new Uint32Array(segmentCount);

  get byteLength(): number {
    let sum = 0;
    for (const words of this.#segments) sum += words.byteLength;
    return sum;
  }

  /** @param low and `high` are the words of an IMSI from `packImsi` */
  hashOf(scope: number, low: number, high: number): number {
    let hash = Math.imul(low, 0x9e37_79b1) ^ Math.imul(high, 0x85eb_ca6b) ^ Math.imul(scope, 0xc2b2_ae35);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b_3c6d);
    hash = Math.imul(hash ^ (hash >>> 12), 0x297a_2d39);
    return (hash ^ (hash >>> 15)) >>> 0 || 1;
  }

  /** Place of the first entry with this hash, or -1. {@link next} goes on from there, {@link tmsiAt} tells its TMSI. */
  first(hash: number): number {
    return search(this.#segments[hash >>> segmentShift], hash << 1, hash);
  }

  next(hash: number, at: number): number {
    return search(this.#segments[hash >>> segmentShift], at + 2, hash);
  }

  tmsiAt(hash: number, at: number): number {
    return this.#segments[hash >>> segmentShift][at + 1];
  }

  add(hash: number, tmsi: number): void {
    const segment = hash >>> segmentShift;
    let words = this.#segments[segment];
    if (this.#used[segment] * 8 >= words.length * 3) {
      words = grown(words);
      this.#segments[segment] = words;
    }
    this.#used[segment]++;
    insert(words, hash, tmsi);
  }

  /** The entry at a place that {@link first} or {@link next} found is of another TMSI from now on. */
  replace(hash: number, at: number, tmsi: number): void {
    this.#segments[hash >>> segmentShift][at + 1] = tmsi;
  }

  /** Takes out the entry with this hash and TMSI. */
  delete(hash: number, tmsi: number): void {
    let at = this.first(hash);
    while (at >= 0 && this.tmsiAt(hash, at) !== tmsi) at = this.next(hash, at);
    if (at < 0) return;
    const segment = hash >>> segmentShift;
    this.#used[segment]--;
    const words = this.#segments[segment];
    const mask = words.length - 1;
    // Close the gap in the run behind it, so that no mark of deleted entries is needed.
    let hole = at;
    for (let from = (at + 2) & mask; words[from] !== 0; from = (from + 2) & mask) {
      if (((from - (words[from] << 1)) & mask) < ((from - hole) & mask)) continue;
      words[hole] = words[from];
      words[hole + 1] = words[from + 1];
      hole = from;
    }
    words[hole] = 0;
  }
}

function search(words: Uint32Array, from: number, hash: number): number {
  const mask = words.length - 1;
  for (let at = from & (mask - 1); words[at] !== 0; at = (at + 2) & mask) if (words[at] === hash) return at;
  return -1;
}

function insert(words: Uint32Array, hash: number, tmsi: number): void {
  const mask = words.length - 1;
  let at = (hash << 1) & mask;
  while (words[at] !== 0) at = (at + 2) & mask;
  words[at] = hash;
  words[at + 1] = tmsi;
}

function grown(old: Uint32Array): Uint32Array {
  const words = new Uint32Array(old.length * 2);
  for (let at = 0; at < old.length; at += 2) if (old[at] !== 0) insert(words, old[at], old[at + 1]);
  return words;
}
