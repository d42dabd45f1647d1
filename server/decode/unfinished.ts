import type { Config } from '../config.ts';

/** How much that is unfinished one layer keeps, and how long. */
export type ReassemblyLimits = Pick<Config, 'reassemblyMax' | 'reassemblyBytesMax' | 'reassemblyMs'>;

interface Unfinished {
  /** When it began. */
  readonly timeS: number;
  readonly bytes: Uint8Array;
}

/** What a part costs beside its octets, so that a flood of tiny ones is bounded too. */
const overheadBytes = 128;

/**
 * Parts of one layer that wait for the rest of their message, by key, oldest first. Bounded by {@link ReassemblyLimits}
 * in their number, their octets and their age: the oldest give way.
 */
export class UnfinishedParts<Key, Part extends Unfinished> {
  readonly #max: number;
  readonly #bytesMax: number;
  readonly #ageS: number;
  readonly #evicted: (n: number) => void;
  readonly #parts = new Map<Key, Part>();
  #bytes = 0;

  /** @param evicted is called with how many gave way */
  constructor(limits: ReassemblyLimits, evicted: (n: number) => void) {
    this.#max = limits.reassemblyMax;
    this.#bytesMax = limits.reassemblyBytesMax;
    this.#ageS = limits.reassemblyMs / 1000;
    this.#evicted = evicted;
  }

  get size(): number {
    return this.#parts.size;
  }

  get(key: Key): Part | undefined {
    return this.#parts.get(key);
  }

  /** Takes a part in, in the place of the one that had its key. */
  set(key: Key, part: Part): void {
    const before = this.#parts.get(key);
    this.#bytes += part.bytes.length - (before === undefined ? -overheadBytes : before.bytes.length);
    this.#parts.set(key, part);
  }

  /** Forgets a part; whether it was there. */
  delete(key: Key): boolean {
    const part = this.#parts.get(key);
    if (part === undefined) return false;
    this.#bytes -= part.bytes.length + overheadBytes;
    return this.#parts.delete(key);
  }

  /** A part has other octets now; `before` is how many it had. */
  resized(part: Part, before: number): void {
    this.#bytes += part.bytes.length - before;
  }

  isTooOld(part: Part, timeS: number): boolean {
    return Math.abs(timeS - part.timeS) > this.#ageS;
  }

  /** Lets those in front go that have waited for too long. */
  forgetOld(timeS: number, drop: (key: Key) => number): void {
    let evicted = 0;
    for (const [key, part] of this.#parts) {
      if (!this.isTooOld(part, timeS)) break;
      evicted += drop(key);
    }
    if (evicted > 0) this.#evicted(evicted);
  }

  /**
   * Lets the oldest give way until there is room.
   *
   * @param octets that are to come in
   * @param own what they are for: it stays
   * @param drop forgets a part with all that it hangs together with; how many these were
   */
  makeRoom(timeS: number, octets: number, own: Key | null, drop: (key: Key) => number): void {
    let evicted = 0;
    for (const [key, part] of this.#parts) {
      if (key === own) continue;
      const fits = this.#parts.size < this.#max && this.#bytes + octets + overheadBytes <= this.#bytesMax;
      if (fits && !this.isTooOld(part, timeS)) break;
      evicted += drop(key);
    }
    if (evicted > 0) this.#evicted(evicted);
  }
}
