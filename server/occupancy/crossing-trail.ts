import {
  areaMask,
  type Chunk,
  chunkMask,
  chunkRows,
  droppedAtOnce,
  entryBit,
  entryWords,
  goneBit,
  heldBit,
  noArea,
  nobody,
  pendingBit,
  settlingMax,
  soonMax,
  stretchesAtOnce,
  type TrailOwner,
  visitedBit,
  wArea,
  wBefore,
} from './trail-entry.ts';
import { TrailQueue } from './trail-queue.ts';

/** What an entry does when it settles. */
const unsettled = goneBit | pendingBit;

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
export class CrossingTrail extends TrailQueue {
  private readonly owner: TrailOwner;
  private readonly holdDownUs: number;
  /** Of the transition under way: see {@link begin}. */
  private sub = nobody;
  private timeUs = 0;
  private startUs = 0;
  private first = 0;
  /** The subscriber's newest entry before it. */
  private before = 0;
  /** Subscribers of the entries that settle next. */
  private readonly soon = new Int32Array(soonMax);
  private kept = 0;
  /** Sequence number of the pending crossing that the newest {@link enter} or {@link leave} undid; 0: none. */
  cancelled = 0;

  constructor(options: { owner: TrailOwner; holdDownUs: number; entriesMax: number }) {
    super(options.entriesMax);
    this.owner = options.owner;
    this.holdDownUs = options.holdDownUs;
  }

  /** Crossings settled before their time because the queue was full. */
  get forced(): number {
    return this.forcedCount;
  }

  /**
   * A transition of the subscriber at `timeUs`: the calls of {@link enter} and {@link leave} up to {@link end} belong
   * to it. What they share is looked up once.
   */
  begin(sub: number, timeUs: number, intervalStartUs: number): void {
    this.sub = sub;
    this.timeUs = timeUs;
    this.startUs = intervalStartUs;
    this.first = this.firstOf(sub);
    this.before = this.first;
  }

  /** The transition is over. */
  end(): void {
    this.owner.setSequence(this.sub, this.first);
  }

  /** The subscriber is in the area from now on; returns whether it was a visitor of the interval before. */
  enter(area: number, isCrossing: boolean): boolean {
    let word = area | entryBit;
    const newest = this.newestOf(area);
    const visited = newest !== 0 && this.visitedSince(newest);
    if (visited) word |= visitedBit;
    this.cancelled = isCrossing && newest !== 0 && this.cancels(newest) ? newest : 0;
    if (isCrossing && this.cancelled === 0) word |= pendingBit;
    this.push(word);
    return visited;
  }

  /** The subscriber leaves the area now; returns whether it has been a visitor of the interval. */
  leave(area: number, isCrossing: boolean): boolean {
    let word = isCrossing ? area : area | goneBit;
    const newest = this.newestOf(area);
    let visited = this.timeUs > this.startUs;
    // A stay without length is no visit: of two sightings at one time the later wins.
    if (newest !== 0) visited = this.visitedSince(newest) || (visited && !this.enteredNow(newest));
    if (visited) word |= visitedBit;
    this.cancelled = isCrossing && newest !== 0 && this.cancels(newest) ? newest : 0;
    if (isCrossing && this.cancelled === 0) word |= pendingBit;
    this.push(word);
    return visited;
  }

  /**
   * The subscriber, who appeared in the area at this very time, has been seen elsewhere at that time and so was never
   * here: its appearance leaves no trace. Returns whether it has been a visitor of the interval all the same.
   */
  withdraw(area: number): boolean {
    const newest = this.newestOf(area);
    // A full queue may have dropped it already.
    if (newest === 0 || !this.enteredNow(newest)) return false;
    const visited = this.visitedSince(newest);
    this.chunkOf(newest).words[(newest & chunkMask) * entryWords + wArea] = noArea;
    return visited;
  }

  /** Sequence number of the entry that the newest {@link enter} or {@link leave} put down. */
  get pushed(): number {
    return this.first;
  }

  /** Whether the trail refers to the subscriber. */
  holds(sub: number): boolean {
    return this.firstOf(sub) !== 0;
  }

  /** The subscriber vanishes: its pending crossings will count whatever comes. */
  hold(sub: number): void {
    for (let sequence = this.firstOf(sub); this.isLive(sequence); ) {
      const { words } = this.chunkOf(sequence);
      const at = (sequence & chunkMask) * entryWords;
      words[at + wArea] |= heldBit;
      sequence = words[at + wBefore];
    }
  }

  /** Reports the crossings that have held by `clockUs`, some at a time; infinite: all that is pending. */
  *settling(clockUs: number): Generator<void> {
    let stretches = 0;
    const lastUs = clockUs - this.holdDownUs;
    while (this.settled !== this.head) {
      const chunk = this.chunkOf(this.settled);
      const from = this.settled & chunkMask;
      const end = from + Math.min(settlingMax, chunkRows - from, (this.head - this.settled) >>> 0);
      let to = from;
      // An entry waits for those before it, though its time may be earlier: a vanish is noticed late.
      while (to < end && chunk.timeUs[to] <= lastUs) to++;
      if (to === from) return;
      this.touchSoon(chunk, from, to);
      this.settleRows(chunk, from, to);
      if (++stretches % stretchesAtOnce === 0) yield;
    }
  }

  /**
   * The regions change their places; entries of those that are gone or changed are void from now on.
   *
   * @param placeOf by region before: the place after, or -1 @param after regions after
   */
  *editing(placeOf: Int32Array, after: number): Generator<void> {
    const before = placeOf.length;
    let settled = true;
    for (let sequence = this.tail; sequence !== this.head; sequence = (sequence + 1) >>> 0) {
      if ((sequence & chunkMask) === chunkMask) yield;
      if (sequence === this.settled) settled = false;
      const chunk = this.chunkOf(sequence);
      const row = sequence & chunkMask;
      const at = row * entryWords + wArea;
      const word = chunk.words[at];
      const area = word & areaMask;
      if (area === noArea) continue;
      const place = area < before ? placeOf[area] : area - before + after;
      if (place >= 0) {
        chunk.words[at] = ((word & ~areaMask) | place) >>> 0;
        continue;
      }
      chunk.words[at] = ((word & goneBit) | noArea) >>> 0;
      const isGone = (word & goneBit) !== 0;
      if (!settled && (isGone || (word & pendingBit) !== 0))
        this.owner.cutShort(area, (word & entryBit) !== 0, isGone, chunk.timeUs[row], sequence);
    }
  }

  /** Drops settled entries from before the open interval, some at a time. */
  *forgettingBefore(intervalStartUs: number): Generator<void> {
    while (this.tail !== this.settled) {
      const chunk = this.chunkOf(this.tail);
      const from = this.tail & chunkMask;
      const end = from + Math.min(droppedAtOnce, chunkRows - from, (this.settled - this.tail) >>> 0);
      const to = this.dropRows(chunk, from, end, intervalStartUs);
      if (to < end) return;
      yield;
    }
  }

  private visitedSince(sequence: number): boolean {
    const chunk = this.chunkOf(sequence);
    const row = sequence & chunkMask;
    return chunk.timeUs[row] >= this.startUs && (chunk.words[row * entryWords + wArea] & visitedBit) !== 0;
  }

  private enteredNow(sequence: number): boolean {
    const chunk = this.chunkOf(sequence);
    const row = sequence & chunkMask;
    return (chunk.words[row * entryWords + wArea] & entryBit) !== 0 && chunk.timeUs[row] === this.timeUs;
  }

  /** Whether the newest entry is a pending crossing less than holdDown ago; if so both cancel. */
  private cancels(newest: number): boolean {
    const chunk = this.chunkOf(newest);
    const row = newest & chunkMask;
    const at = row * entryWords + wArea;
    const word = chunk.words[at];
    if ((word & pendingBit) === 0 || (word & heldBit) !== 0) return false;
    if (this.timeUs - chunk.timeUs[row] >= this.holdDownUs) return false;
    chunk.words[at] = word & ~pendingBit;
    return true;
  }

  /** The subscriber's newest entry of the area from before the transition, in which each area comes once; or 0. */
  private newestOf(area: number): number {
    let sequence = this.before;
    while (this.isLive(sequence)) {
      const { words } = this.chunkOf(sequence);
      const at = (sequence & chunkMask) * entryWords;
      if ((words[at + wArea] & areaMask) === area) return sequence;
      sequence = words[at + wBefore];
    }
    return 0;
  }

  /** The subscriber's newest entry that is still here, or 0. */
  private firstOf(sub: number): number {
    const sequence = this.owner.sequenceOf(sub);
    if (!this.isLive(sequence)) return 0;
    // A sequence number kept for 2³² entries would name somebody else's.
    return this.chunkOf(sequence).words[(sequence & chunkMask) * entryWords] === sub ? sequence : 0;
  }

  /** Appends an entry of the transition under way. */
  private push(word: number): void {
    if (this.size >= this.entriesMax) this.makeRoom();
    if (this.head === 0) this.append(nobody, 0);
    const sequence = this.head;
    this.append(this.sub, word);
    this.first = sequence;
  }

  private append(sub: number, word: number): void {
    const row = this.head & chunkMask;
    if (row === 0) this.newestChunk = this.addChunk();
    const { timeUs, words } = this.newestChunk;
    const at = row * entryWords;
    timeUs[row] = this.timeUs;
    words[at] = sub;
    words[at + wArea] = word;
    words[at + wBefore] = this.first;
    this.head = (this.head + 1) >>> 0;
  }

  /** Looks at the entries that settle next: rows `from` … `to − 1` of the chunk. */
  private touchSoon({ words }: Chunk, from: number, to: number): void {
    const { notedAreas } = this.owner;
    if (notedAreas === 0) return;
    const { soon } = this;
    let n = 0;
    let before = nobody;
    for (let row = from; row < to; row++) {
      const word = words[row * entryWords + wArea];
      const isNoted = (word & pendingBit) !== 0 && (word & areaMask) < notedAreas;
      if (!isNoted && (word & goneBit) === 0) continue;
      const sub = words[row * entryWords];
      if (sub === before) continue;
      before = sub;
      soon[n++] = sub;
      if (n < soonMax) continue;
      this.kept ^= this.owner.touchNotes(soon, n);
      n = 0;
    }
    this.kept ^= this.owner.touchNotes(soon, n);
  }

  /** Rows `from` … `to − 1` of the chunk, which settle next. */
  private settleRows(chunk: Chunk, from: number, to: number): void {
    const { owner } = this;
    const { timeUs, words } = chunk;
    const first = this.settled - from;
    for (let row = from; row < to; row++) {
      const at = row * entryWords;
      const word = words[at + wArea];
      if ((word & unsettled) === 0) continue;
      const area = word & areaMask;
      if ((word & goneBit) !== 0) owner.gone(area, timeUs[row], words[at], (first + row) >>> 0);
      if ((word & pendingBit) === 0) continue;
      words[at + wArea] = word & ~pendingBit;
      owner.held(area, (word & entryBit) !== 0, timeUs[row], words[at], (first + row) >>> 0);
    }
    this.settled = (first + to) >>> 0;
  }

  /** Drops rows `from` … `end − 1` of the oldest chunk up to one of `startUs` or later; returns that one, or `end`. */
  private dropRows(chunk: Chunk, from: number, end: number, startUs: number): number {
    const { owner } = this;
    const { timeUs, words } = chunk;
    const first = this.tail - from;
    let row = from;
    for (; row < end && timeUs[row] < startUs; row++) {
      const at = row * entryWords;
      if ((words[at + wArea] & goneBit) === 0) continue;
      // Most entries go without a look at their subscriber: only one that vanished can be freed.
      this.tail = (first + row + 1) >>> 0;
      if (owner.sequenceOf(words[at]) === (first + row) >>> 0) owner.trailEnded(words[at]);
    }
    this.tail = (first + row) >>> 0;
    if (row === chunkRows) this.dropChunk((first + row - 1) >>> 0, chunk);
    return row;
  }

  private makeRoom(): void {
    const chunk = this.chunkOf(this.tail);
    const row = this.tail & chunkMask;
    if (this.settled === this.tail) {
      this.forcedCount++;
      this.settleRows(chunk, row, row + 1);
    }
    this.dropRows(chunk, row, row + 1, Number.POSITIVE_INFINITY);
  }
}
