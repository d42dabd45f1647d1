import { assertInvariant } from '../errors.ts';

/** Bits of an entry's `area` word; the area itself has the 27 below. */
const entryBit = 1 << 31;
/** Counts as a crossing when it settles, unless it is cancelled before. */
const pendingBit = 1 << 30;
/** The subscriber has been a visitor of the area in this interval, by the end of this entry's stay. */
const visitedBit = 1 << 29;
/** Can't be cancelled any more: the subscriber has vanished since. */
const heldBit = 1 << 28;
/** Left by vanishing: with this entry the last reference to the subscriber may go. */
const goneBit = 1 << 27;
const areaMask = goneBit - 1;

const chunkBits = 13;
const chunkRows = 1 << chunkBits;
const chunkMask = chunkRows - 1;
/** Bytes of an entry, for memory figures. */
const entryBytes = 20;
const nobody = 0xffffffff;

class Chunk {
  readonly timeUs = new Float64Array(chunkRows);
  readonly sub = new Uint32Array(chunkRows);
  readonly area = new Uint32Array(chunkRows);
  readonly before = new Uint32Array(chunkRows);
}

/** Where the newest trail entry of each subscriber is kept, and who is told when the last one of an absent one goes. */
export interface TrailOwner {
  /** As {@link setSequence} left it; it may have left the trail since. 0: none. */
  sequenceOf(sub: number): number;
  setSequence(sub: number, sequence: number): void;
  /** The newest entry of a subscriber who vanished has left the trail: nothing here refers to it any more. */
  trailEnded(sub: number): void;
  /** A crossing held. Called in order of time. */
  held(area: number, isEntry: boolean, timeUs: number): void;
}

/**
 * What subscribers did lately at the borders of areas (cells and micro-regions): one queue of entries in order of
 * arrival, in which each subscriber's own entries form a chain, newest first. It answers two questions about a
 * subscriber and an area: is a crossing still pending that this one undoes, and has the subscriber been a visitor of
 * this interval already?
 *
 * Crossings settle in order of time, so that one pair of counters serves the oldest interval that is not final.
 * Entries leave at the tail once they have settled and lie before the open interval. A full queue settles its oldest
 * entry early (counted: that one may have been cancelled later).
 */
export class CrossingTrail {
  private readonly owner: TrailOwner;
  private readonly holdDownUs: number;
  private readonly entriesMax: number;
  private directory: (Chunk | null)[] = new Array(16).fill(null);
  private readonly spare: Chunk[] = [];
  // Sequence numbers count modulo 2³²; 0 means none and is left out.
  private tail = 1;
  private settled = 1;
  private head = 1;
  private chunkCount = 0;
  private forcedCount = 0;

  constructor(options: { owner: TrailOwner; holdDownUs: number; entriesMax: number }) {
    this.owner = options.owner;
    this.holdDownUs = options.holdDownUs;
    this.entriesMax = options.entriesMax;
  }

  get size(): number {
    return (this.head - this.tail) >>> 0;
  }

  /** Crossings settled before their time because the queue was full. */
  get forced(): number {
    return this.forcedCount;
  }

  get byteLength(): number {
    return this.chunkCount * chunkRows * entryBytes;
  }

  /** The subscriber is in the area from `timeUs` on; returns whether it was a visitor of the interval before. */
  enter(sub: number, area: number, timeUs: number, isCrossing: boolean, intervalStartUs: number): boolean {
    const newest = this.newestOf(sub, area);
    const visited = newest !== 0 && this.visitedSince(newest, intervalStartUs);
    const pending = isCrossing && !this.cancels(newest, timeUs);
    this.push(sub, (area | entryBit | (pending ? pendingBit : 0) | (visited ? visitedBit : 0)) >>> 0, timeUs);
    return visited;
  }

  /** The subscriber leaves the area at `timeUs`; returns whether it has been a visitor of the interval. */
  leave(sub: number, area: number, timeUs: number, isCrossing: boolean, intervalStartUs: number): boolean {
    const newest = this.newestOf(sub, area);
    let visited = timeUs > intervalStartUs;
    if (newest !== 0) {
      const chunk = this.chunkOf(newest);
      const row = newest & chunkMask;
      // A stay without length is no visit: of two sightings at one time the later wins.
      if ((chunk.area[row] & entryBit) !== 0 && chunk.timeUs[row] === timeUs) visited = false;
      visited ||= this.visitedSince(newest, intervalStartUs);
    }
    const pending = isCrossing && !this.cancels(newest, timeUs);
    const kind = isCrossing ? (pending ? pendingBit : 0) : goneBit;
    this.push(sub, (area | kind | (visited ? visitedBit : 0)) >>> 0, timeUs);
    return visited;
  }

  /** Whether the trail refers to the subscriber. */
  holds(sub: number): boolean {
    return this.firstOf(sub) !== 0;
  }

  /** The subscriber vanishes: its pending crossings will count whatever comes. */
  hold(sub: number): void {
    for (let sequence = this.firstOf(sub); this.isLive(sequence); ) {
      const chunk = this.chunkOf(sequence);
      const row = sequence & chunkMask;
      chunk.area[row] |= heldBit;
      sequence = chunk.before[row];
    }
  }

  /** Reports the crossings that have held by `clockUs`. */
  settle(clockUs: number): void {
    const { holdDownUs } = this;
    while (this.settled !== this.head) {
      const chunk = this.chunkOf(this.settled);
      if (chunk.timeUs[this.settled & chunkMask] + holdDownUs > clockUs) return;
      this.settleOne(chunk);
    }
  }

  /** Reports all that is pending: the feed has ended. */
  settleAll(): void {
    while (this.settled !== this.head) this.settleOne(this.chunkOf(this.settled));
  }

  /** Drops settled entries from before the open interval. */
  forgetBefore(intervalStartUs: number): void {
    while (this.tail !== this.settled) {
      if (this.chunkOf(this.tail).timeUs[this.tail & chunkMask] >= intervalStartUs) return;
      this.pop();
    }
  }

  private visitedSince(sequence: number, intervalStartUs: number): boolean {
    const chunk = this.chunkOf(sequence);
    const row = sequence & chunkMask;
    return chunk.timeUs[row] >= intervalStartUs && (chunk.area[row] & visitedBit) !== 0;
  }

  /** Whether the newest entry is a pending crossing less than holdDown ago; if so both cancel. */
  private cancels(newest: number, timeUs: number): boolean {
    if (newest === 0) return false;
    const chunk = this.chunkOf(newest);
    const row = newest & chunkMask;
    const word = chunk.area[row];
    if ((word & pendingBit) === 0 || (word & heldBit) !== 0) return false;
    if (timeUs - chunk.timeUs[row] >= this.holdDownUs) return false;
    chunk.area[row] = (word & ~pendingBit) >>> 0;
    return true;
  }

  private newestOf(sub: number, area: number): number {
    for (let sequence = this.firstOf(sub); this.isLive(sequence); ) {
      const chunk = this.chunkOf(sequence);
      const row = sequence & chunkMask;
      if ((chunk.area[row] & areaMask) === area) return sequence;
      sequence = chunk.before[row];
    }
    return 0;
  }

  /** The subscriber's newest entry that is still here, or 0. */
  private firstOf(sub: number): number {
    const sequence = this.owner.sequenceOf(sub);
    if (!this.isLive(sequence)) return 0;
    // A sequence number kept for 2³² entries would name somebody else's.
    return this.chunkOf(sequence).sub[sequence & chunkMask] === sub ? sequence : 0;
  }

  private isLive(sequence: number): boolean {
    return sequence !== 0 && (sequence - this.tail) >>> 0 < (this.head - this.tail) >>> 0;
  }

  private chunkOf(sequence: number): Chunk {
    return this.directory[(sequence >>> chunkBits) & (this.directory.length - 1)]!;
  }

  private push(sub: number, area: number, timeUs: number): void {
    if (this.size >= this.entriesMax) this.makeRoom();
    if (this.head === 0) this.append(nobody, 0, timeUs);
    const sequence = this.head;
    this.append(sub, area, timeUs);
    this.owner.setSequence(sub, sequence);
  }

  private append(sub: number, area: number, timeUs: number): void {
    const row = this.head & chunkMask;
    if (row === 0 || this.chunkCount === 0) this.addChunk();
    const chunk = this.chunkOf(this.head);
    chunk.timeUs[row] = timeUs;
    chunk.sub[row] = sub;
    chunk.area[row] = area;
    chunk.before[row] = sub === nobody ? 0 : this.firstOf(sub);
    this.head = (this.head + 1) >>> 0;
  }

  private addChunk(): void {
    const number = this.head >>> chunkBits;
    let { directory } = this;
    if (directory[number & (directory.length - 1)] !== null) {
      const grown: (Chunk | null)[] = new Array(directory.length * 2).fill(null);
      const first = this.tail >>> chunkBits;
      for (let i = 0; i < directory.length; i++) {
        // Chunk numbers count modulo 2¹⁹ with the sequence numbers, a multiple of any directory size.
        grown[(first + i) & (grown.length - 1)] = directory[(first + i) & (directory.length - 1)];
      }
      directory = grown;
      this.directory = grown;
    }
    directory[number & (directory.length - 1)] = this.spare.pop() ?? new Chunk();
    this.chunkCount++;
  }

  private settleOne(chunk: Chunk): void {
    const row = this.settled & chunkMask;
    const word = chunk.area[row];
    this.settled = (this.settled + 1) >>> 0;
    if ((word & pendingBit) === 0) return;
    chunk.area[row] = (word & ~pendingBit) >>> 0;
    this.owner.held(word & areaMask, (word & entryBit) !== 0, chunk.timeUs[row]);
  }

  private makeRoom(): void {
    if (this.settled === this.tail) {
      this.forcedCount++;
      this.settleOne(this.chunkOf(this.settled));
    }
    this.pop();
  }

  private pop(): void {
    const sequence = this.tail;
    const chunk = this.chunkOf(sequence);
    const row = sequence & chunkMask;
    const sub = chunk.sub[row];
    const word = chunk.area[row];
    this.tail = (sequence + 1) >>> 0;
    if (row === chunkMask) {
      const at = (sequence >>> chunkBits) & (this.directory.length - 1);
      this.directory[at] = null;
      this.chunkCount--;
      // A few chunks wait for re-use; what a burst needed goes back to the heap.
      if (this.spare.length < 4) this.spare.push(chunk);
    }
    // Most entries go without a look at their subscriber: only one that vanished can be freed.
    if ((word & goneBit) !== 0 && this.owner.sequenceOf(sub) === sequence) this.owner.trailEnded(sub);
    assertInvariant((this.head - this.tail) >>> 0 <= this.entriesMax, 'the crossing trail lost count of its entries');
  }
}
