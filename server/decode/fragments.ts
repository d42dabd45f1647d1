/** Octets of one layer that wait for the rest of their message. */
interface Fragment {
  readonly timeS: number;
  readonly bytes: Uint8Array;
  readonly flags: number;
}

/** Bit of {@link SequenceFragments.add}: the fragment begins a message. */
export const beginsMessage = 2;
/** Bit of {@link SequenceFragments.add}: the fragment ends a message. */
export const endsMessage = 1;

/**
 * Puts messages together whose fragments carry consecutive sequence numbers of 32 bits, in whatever order they come:
 * SCTP DATA chunks by TSN, RFC 9260 §6.9. Holds at most `max` fragments, each at most `ageMsMax`; the oldest go first.
 */
export class SequenceFragments {
  readonly #max: number;
  readonly #ageS: number;
  readonly #evicted: (n: number) => void;
  /** By stream × 2^32 + sequence number; oldest first. */
  readonly #waiting = new Map<number, Fragment>();

  /** @param stream numbers given to {@link add} must stay below 2^20 */
  constructor(max: number, ageMsMax: number, evicted: (n: number) => void) {
    this.#max = max;
    this.#ageS = ageMsMax / 1000;
    this.#evicted = evicted;
  }

  /** Takes a copy of a fragment; the whole message if this was its last missing one, else null. */
  add(
    stream: number,
    sequence: number,
    flags: number,
    timeS: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): Uint8Array | null {
    const base = stream * 0x1_0000_0000;
    this.#makeRoom(timeS);
    this.#waiting.set(base + sequence, { timeS, bytes: bytes.slice(start, end), flags });

    let first = sequence;
    for (let steps = 0; (this.#waiting.get(base + first)!.flags & beginsMessage) === 0; steps++) {
      first = (first - 1) >>> 0;
      if (!this.#waiting.has(base + first) || steps > this.#max) return null;
    }
    let size = 0;
    let n = 0;
    for (let last = first; ; last = (last + 1) >>> 0) {
      const fragment = this.#waiting.get(base + last);
      if (fragment === undefined || n > this.#max) return null;
      size += fragment.bytes.length;
      n++;
      if ((fragment.flags & endsMessage) !== 0) break;
    }
    const message = new Uint8Array(size);
    let at = 0;
    for (let i = 0; i < n; i++) {
      const key = base + ((first + i) >>> 0);
      const fragment = this.#waiting.get(key)!;
      this.#waiting.delete(key);
      message.set(fragment.bytes, at);
      at += fragment.bytes.length;
    }
    return message;
  }

  #makeRoom(timeS: number): void {
    let evicted = 0;
    for (const [key, fragment] of this.#waiting) {
      if (this.#waiting.size < this.#max && Math.abs(timeS - fragment.timeS) <= this.#ageS) break;
      this.#waiting.delete(key);
      evicted++;
    }
    if (evicted > 0) this.#evicted(evicted);
  }
}

interface Growing {
  timeS: number;
  bytes: Uint8Array;
  length: number;
  /** Segments still to come, where each says so. */
  left: number;
}

/**
 * Puts messages together whose segments come in order: SCCP DT1 with more-data indication, segmented XUDT and LUDT. Holds at
 * most `max` unfinished messages of at most `bytesMax` octets, each at most `ageMsMax`; the oldest go first.
 */
export class OrderedSegments {
  readonly #max: number;
  readonly #ageS: number;
  readonly #bytesMax: number;
  readonly #evicted: (n: number) => void;
  /** Oldest first. */
  readonly #growing = new Map<number, Growing>();

  constructor(max: number, ageMsMax: number, bytesMax: number, evicted: (n: number) => void) {
    this.#max = max;
    this.#ageS = ageMsMax / 1000;
    this.#bytesMax = bytesMax;
    this.#evicted = evicted;
  }

  get empty(): boolean {
    return this.#growing.size === 0;
  }

  /** Whether a message with this key has begun. */
  has(key: number): boolean {
    return this.#growing.has(key);
  }

  /** Forgets what was collected under `key`. */
  drop(key: number): void {
    this.#growing.delete(key);
  }

  /** How many segments the next one of the message `key` must say are left behind it; -1 where there is no such one. */
  nextLeft(key: number): number {
    return (this.#growing.get(key)?.left ?? 0) - 1;
  }

  /**
   * Appends a copy of a segment to the message `key`, beginning one if there is none.
   *
   * @param left how many segments come behind it, where it says so
   */
  append(key: number, timeS: number, bytes: Uint8Array, start: number, end: number, left = 0): void {
    let entry = this.#growing.get(key);
    if (entry === undefined) {
      this.#makeRoom(timeS);
      entry = { timeS, bytes: new Uint8Array(1024), length: 0, left };
      this.#growing.set(key, entry);
    }
    const length = entry.length + end - start;
    if (length > this.#bytesMax) {
      this.#growing.delete(key);
      this.#evicted(1);
      return;
    }
    if (length > entry.bytes.length) {
      const larger = new Uint8Array(Math.max(length, entry.bytes.length * 2));
      larger.set(entry.bytes);
      entry.bytes = larger;
    }
    entry.bytes.set(bytes.subarray(start, end), entry.length);
    entry.length = length;
    entry.left = left;
  }

  /** The collected message, which is forgotten here; null where there is none. */
  take(key: number): Uint8Array | null {
    const entry = this.#growing.get(key);
    if (entry === undefined) return null;
    this.#growing.delete(key);
    return entry.bytes.subarray(0, entry.length);
  }

  #makeRoom(timeS: number): void {
    let evicted = 0;
    for (const [key, entry] of this.#growing) {
      if (this.#growing.size < this.#max && Math.abs(timeS - entry.timeS) <= this.#ageS) break;
      this.#growing.delete(key);
      evicted++;
    }
    if (evicted > 0) this.#evicted(evicted);
  }
}
