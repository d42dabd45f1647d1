import { type ReassemblyLimits, UnfinishedParts } from './unfinished.ts';

/** Octets of one layer that wait for the rest of their message. */
interface Fragment {
  readonly timeS: number;
  readonly flags: number;
  readonly bytes: Uint8Array;
  /** Of the first and of the last fragment of a run: sequence number of the other end. */
  end: number;
}

/** Bit of {@link SequenceFragments.add}: the fragment begins a message. */
export const beginsMessage = 2;
/** Bit of {@link SequenceFragments.add}: the fragment ends a message. */
export const endsMessage = 1;

/**
 * Puts messages together whose fragments carry consecutive sequence numbers of 32 bits, in whatever order they come:
 * SCTP DATA chunks by TSN, RFC 9260 §6.9. Bounded by {@link ReassemblyLimits}; the oldest fragments go first, with those
 * that they hang together with.
 *
 * Fragments of one message that follow each other are a run; both its ends know the other one. So each fragment costs
 * the same, however many wait: a flood of fragments without an end would cost their square otherwise.
 */
export class SequenceFragments {
  readonly #evicted: (n: number) => void;
  /** By stream × 2^32 + sequence number. */
  readonly #waiting: UnfinishedParts<number, Fragment>;
  readonly #dropRun = (key: number): number => this.#drop(key);

  /** @param stream numbers given to {@link add} must stay below 2^20 */
  constructor(limits: ReassemblyLimits, evicted: (n: number) => void) {
    this.#evicted = evicted;
    this.#waiting = new UnfinishedParts(limits, evicted);
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
    this.#waiting.makeRoom(timeS, end - start, null, this.#dropRun);
    const same = this.#waiting.get(base + sequence);
    if (same?.flags === flags) {
      this.#waiting.set(base + sequence, { ...same, bytes: bytes.slice(start, end) });
      return null;
    }
    if (same !== undefined) this.#evicted(this.#drop(base + sequence));
    const fragment = { timeS, flags, bytes: bytes.slice(start, end), end: sequence };
    this.#waiting.set(base + sequence, fragment);

    const before = this.#before(base + sequence, flags);
    const behind = this.#behind(base + sequence, flags);
    const first = before === undefined ? sequence : before.end;
    const last = behind === undefined ? sequence : behind.end;
    const begins = this.#waiting.get(base + first)!;
    const ends = this.#waiting.get(base + last)!;
    begins.end = last;
    ends.end = first;
    const isWhole = (begins.flags & beginsMessage) !== 0 && (ends.flags & endsMessage) !== 0;
    return isWhole ? this.#take(base, first, last) : null;
  }

  /** The fragment in front of this one, where both are of one message. */
  #before(key: number, flags: number): Fragment | undefined {
    if ((flags & beginsMessage) !== 0) return undefined;
    const before = this.#waiting.get(nextTo(key, -1));
    return before !== undefined && (before.flags & endsMessage) === 0 ? before : undefined;
  }

  #behind(key: number, flags: number): Fragment | undefined {
    if ((flags & endsMessage) !== 0) return undefined;
    const behind = this.#waiting.get(nextTo(key, 1));
    return behind !== undefined && (behind.flags & beginsMessage) === 0 ? behind : undefined;
  }

  /** Puts a run together and forgets it. */
  #take(base: number, first: number, last: number): Uint8Array {
    const parts: Uint8Array[] = [];
    let size = 0;
    for (let n = ((last - first) >>> 0) + 1, key = base + first; n > 0; n--, key = nextTo(key, 1)) {
      const { bytes } = this.#waiting.get(key)!;
      this.#waiting.delete(key);
      parts.push(bytes);
      size += bytes.length;
    }
    const message = new Uint8Array(size);
    let at = 0;
    for (const part of parts) {
      message.set(part, at);
      at += part.length;
    }
    return message;
  }

  /** Forgets a fragment with its run, which can't become a message without it; how many these were. */
  #drop(key: number): number {
    const waiting = this.#waiting;
    let at = key;
    while (this.#before(at, waiting.get(at)!.flags) !== undefined) at = nextTo(at, -1);
    let dropped = 0;
    for (let more = true; more; at = nextTo(at, 1)) {
      more = this.#behind(at, waiting.get(at)!.flags) !== undefined;
      waiting.delete(at);
      dropped++;
    }
    return dropped;
  }
}

/** The same stream's key one sequence number on or back: they wrap at 2^32. */
function nextTo(key: number, step: 1 | -1): number {
  const sequence = key % 0x1_0000_0000;
  return key - sequence + ((sequence + step) >>> 0);
}

/** Room that a message of segments begins with. */
const firstBytes = 1024;

interface Growing {
  readonly timeS: number;
  bytes: Uint8Array;
  length: number;
  /** Segments still to come, where each says so. */
  left: number;
}

/**
 * Puts messages together whose segments come in order: SCCP DT1 with more-data indication, segmented XUDT and LUDT.
 * Bounded by {@link ReassemblyLimits} and the length of a message; the oldest go first.
 */
export class OrderedSegments {
  readonly #messageBytesMax: number;
  readonly #evicted: (n: number) => void;
  readonly #growing: UnfinishedParts<number, Growing>;
  readonly #dropOne = (key: number): number => Number(this.#growing.delete(key));

  constructor(limits: ReassemblyLimits, messageBytesMax: number, evicted: (n: number) => void) {
    this.#messageBytesMax = messageBytesMax;
    this.#evicted = evicted;
    this.#growing = new UnfinishedParts(limits, evicted);
  }

  get empty(): boolean {
    return this.#growing.size === 0;
  }

  /** Whether a message with this key has begun, and not too long ago. */
  has(key: number, timeS: number): boolean {
    return this.#recent(key, timeS) !== undefined;
  }

  /** Forgets messages that have waited too long for their end. */
  forgetOld(timeS: number): void {
    this.#growing.forgetOld(timeS, this.#dropOne);
  }

  /** Forgets what was collected under `key`. */
  drop(key: number): void {
    this.#growing.delete(key);
  }

  /** How many segments the next one of the message `key` must say are left behind it; -1 where there is no such one. */
  nextLeft(key: number, timeS: number): number {
    return (this.#recent(key, timeS)?.left ?? 0) - 1;
  }

  /**
   * Appends a copy of a segment to the message `key`, beginning one if there is none.
   *
   * @param left how many segments come behind it, where it says so
   */
  append(key: number, timeS: number, bytes: Uint8Array, start: number, end: number, left = 0): void {
    let entry = this.#recent(key, timeS);
    if (entry === undefined) {
      this.#growing.makeRoom(timeS, firstBytes, null, this.#dropOne);
      entry = { timeS, bytes: new Uint8Array(firstBytes), length: 0, left };
      this.#growing.set(key, entry);
    }
    const length = entry.length + end - start;
    if (length > this.#messageBytesMax) {
      this.drop(key);
      this.#evicted(1);
      return;
    }
    if (length > entry.bytes.length) {
      const before = entry.bytes.length;
      const size = Math.min(this.#messageBytesMax, Math.max(length, before * 2));
      this.#growing.makeRoom(timeS, size - before, key, this.#dropOne);
      const larger = new Uint8Array(size);
      larger.set(entry.bytes);
      entry.bytes = larger;
      this.#growing.resized(entry, before);
    }
    entry.bytes.set(bytes.subarray(start, end), entry.length);
    entry.length = length;
    entry.left = left;
  }

  /** The collected message, which is forgotten here; null where there is none. */
  take(key: number): Uint8Array | null {
    const entry = this.#growing.get(key);
    if (entry === undefined) return null;
    this.drop(key);
    return entry.bytes.subarray(0, entry.length);
  }

  /** A key may be another message's by now: what waited too long under it is not its beginning. */
  #recent(key: number, timeS: number): Growing | undefined {
    const entry = this.#growing.get(key);
    if (entry === undefined || !this.#growing.isTooOld(entry, timeS)) return entry;
    this.drop(key);
    this.#evicted(1);
    return undefined;
  }
}
