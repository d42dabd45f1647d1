import { chainWalkMax, LongChains } from './long-chains.ts';
import { dueOf, movesOf } from './trail-columns.ts';
import {
  areaMask,
  chunkMask,
  chunkRows,
  droppedAtOnce,
  entryBit,
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
import { trailAt } from './trail-kernel.ts';
import { TrailQueue } from './trail-queue.ts';

/** The last sequence number before they begin anew. */
const noSequence = 2 ** 32;

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
  private newestBefore = 0;
  /** What the kernel has settled, and those of its subscribers whose notes are needed. */
  private readonly due: ReturnType<typeof dueOf>;
  private readonly soon = new Int32Array(soonMax);
  private readonly longChains = new LongChains(this);
  private kept = 0;
  /** For {@link cross}, and what it finds: see `trailAt`. */
  readonly moves: ReturnType<typeof movesOf>;
  private readonly moved: Uint8Array;
  /** Sequence number of the pending crossing that the newest {@link enter} or {@link leave} undid; 0: none. */
  cancelled = 0;

  constructor(options: { owner: TrailOwner; holdDownUs: number; entriesMax: number }) {
    super(options.entriesMax);
    this.owner = options.owner;
    this.holdDownUs = options.holdDownUs;
    this.due = dueOf(this.memory);
    this.moves = movesOf(this.memory);
    this.moved = new Uint8Array(this.memory.buffer, trailAt.moved, trailAt.ends - trailAt.moved);
  }

  override get byteLength(): number {
    return super.byteLength + this.longChains.byteLength;
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
    this.newestBefore = this.first;
  }

  /** The transition is over. */
  end(): void {
    this.owner.setSequence(this.sub, this.first);
    this.sub = nobody;
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
    this.keep(newest);
    this.u32[this.wordsAt(newest) + wArea] = noArea;
    return visited;
  }

  /** Sequence number of the entry that the newest {@link enter} or {@link leave} put down. */
  get pushed(): number {
    return this.first;
  }

  /** The subscriber's newest entry, then by {@link before} those behind it, while they are live. */
  newest(sub: number): number {
    // A full queue settles entries in the midst of a transition.
    return sub === this.sub ? this.first : this.firstOf(sub);
  }

  before(sequence: number): number {
    return this.u32[this.wordsAt(sequence) + wBefore];
  }

  /** Area of an entry with its bits; {@link pendingBit} goes when it settles. */
  wordOf(sequence: number): number {
    return this.u32[this.wordsAt(sequence) + wArea];
  }

  subOf(sequence: number): number {
    return this.u32[this.wordsAt(sequence)];
  }

  /** How many entries are older, of one that is here. */
  placeOf(sequence: number): number {
    return (sequence - this.tail) >>> 0;
  }

  timeOf(sequence: number): number {
    return this.f64[this.timeAt(sequence)];
  }

  /** Whether the trail refers to the subscriber. */
  holds(sub: number): boolean {
    return this.firstOf(sub) !== 0;
  }

  /** The subscriber vanishes: its pending crossings will count whatever comes. */
  hold(sub: number): void {
    for (let sequence = this.firstOf(sub); this.isLive(sequence); ) {
      const at = this.wordsAt(sequence);
      // Those before it have been held with it.
      if ((this.u32[at + wArea] & heldBit) !== 0) return;
      this.keep(sequence);
      this.u32[at + wArea] |= heldBit;
      sequence = this.u32[at + wBefore];
    }
  }

  /** Takes moves for {@link cross}. @param columns as {@link MovedRows} has them for the trail */
  takeMoves(columns: Uint8Array): void {
    this.moved.set(columns);
  }

  /** Whether so many entries can be put down without another one giving way; their chunks are there then. */
  hasRoomFor(entries: number): boolean {
    const { head } = this;
    if (this.size + entries > this.entriesMax || head === 0 || head + entries > noSequence) return false;
    for (let at = head; at < head + entries; at = (at | chunkMask) + 1) this.haveChunk(at >>> 0);
    return true;
  }

  /**
   * Does for each of the moves `row` … `end − 1` that {@link takeMoves} took what {@link begin}, {@link leave} and
   * {@link enter} of its cells (`isByCell`) and of its part of {@link moves}.crossed, and {@link end} do, but tells the owner
   * nothing. There must be room, as {@link hasRoomFor} says.
   */
  cross(row: number, end: number, firstCell: number, isByCell: boolean, intervalStartUs: number): void {
    this.kernel.cross(row, end, firstCell, isByCell ? 1 : 0, intervalStartUs, this.holdDownUs);
  }

  /** Reports the crossings that have held by `clockUs`, some at a time; infinite: all that is pending. */
  *settling(clockUs: number): Generator<void> {
    const lastUs = clockUs - this.holdDownUs;
    for (let stretches = 1; this.settled !== this.head; stretches++) {
      this.keepSettling(settlingMax);
      const taken = this.kernel.settle(lastUs, settlingMax);
      if (taken === 0) return;
      this.tellSettled(taken >>> 16);
      if (stretches % stretchesAtOnce === 0) yield;
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
    this.longChains.clear();
    for (let sequence = this.tail; sequence !== this.head; sequence = (sequence + 1) >>> 0) {
      if ((sequence & chunkMask) === chunkMask) yield;
      if (sequence === this.settled) settled = false;
      const { u32 } = this;
      const at = this.wordsAt(sequence) + wArea;
      const word = u32[at];
      const area = word & areaMask;
      if (area === noArea) continue;
      const place = area < before ? placeOf[area] : area - before + after;
      if (place !== area) this.keep(sequence);
      if (place >= 0) {
        u32[at] = ((word & ~areaMask) | place) >>> 0;
        continue;
      }
      u32[at] = ((word & goneBit) | noArea) >>> 0;
      const isGone = (word & goneBit) !== 0;
      if (!settled && (isGone || (word & pendingBit) !== 0))
        this.owner.cutShort(area, (word & entryBit) !== 0, isGone, this.f64[this.timeAt(sequence)], sequence);
    }
  }

  /** Drops settled entries from before the open interval, some at a time. */
  *forgettingBefore(intervalStartUs: number): Generator<void> {
    while (this.tail !== this.settled) {
      if (!this.dropRows(intervalStartUs, droppedAtOnce)) return;
      yield;
    }
  }

  private visitedSince(sequence: number): boolean {
    if (this.f64[this.timeAt(sequence)] < this.startUs) return false;
    return (this.u32[this.wordsAt(sequence) + wArea] & visitedBit) !== 0;
  }

  private enteredNow(sequence: number): boolean {
    if (this.f64[this.timeAt(sequence)] !== this.timeUs) return false;
    return (this.u32[this.wordsAt(sequence) + wArea] & entryBit) !== 0;
  }

  /** Whether the newest entry is a pending crossing less than holdDown ago; if so both cancel. */
  private cancels(newest: number): boolean {
    const { u32 } = this;
    const at = this.wordsAt(newest) + wArea;
    const word = u32[at];
    if ((word & pendingBit) === 0 || (word & heldBit) !== 0) return false;
    if (this.timeUs - this.f64[this.timeAt(newest)] >= this.holdDownUs) return false;
    this.keep(newest);
    u32[at] = word & ~pendingBit;
    return true;
  }

  /** The subscriber's newest entry of the area from before the transition, in which each area comes once; or 0. */
  private newestOf(area: number): number {
    const { u32 } = this;
    let sequence = this.newestBefore;
    for (let step = 0; this.isLive(sequence); step++) {
      if (step === chainWalkMax) return this.newestBehind(area, sequence);
      const at = this.wordsAt(sequence);
      if ((u32[at + wArea] & areaMask) === area) return sequence;
      sequence = u32[at + wBefore];
    }
    return 0;
  }

  protected newestBehind(area: number, sequence: number): number {
    return this.longChains.find(area, sequence);
  }

  /** The subscriber's newest entry that is still here, or 0. */
  private firstOf(sub: number): number {
    const sequence = this.owner.sequenceOf(sub);
    if (!this.isLive(sequence)) return 0;
    // A sequence number kept for 2³² entries would name somebody else's.
    return this.u32[this.wordsAt(sequence)] === sub ? sequence : 0;
  }

  /** Appends an entry of the transition under way. */
  private push(word: number): void {
    if (this.size >= this.entriesMax) this.makeRoom();
    if (this.head === 0) {
      this.append(nobody, 0);
      this.longChains.clear();
    }
    const sequence = this.head;
    this.append(this.sub, word);
    this.first = sequence;
  }

  private append(sub: number, word: number): void {
    const { head } = this;
    this.haveChunk(head);
    const { f64, u32 } = this;
    const at = this.wordsAt(head);
    f64[this.timeAt(head)] = this.timeUs;
    u32[at] = sub;
    u32[at + wArea] = word;
    u32[at + wBefore] = this.first;
    this.head = (head + 1) >>> 0;
  }

  /** The first `n` that have settled, in order. */
  private tellSettled(n: number): void {
    for (let from = 0; from < n; from += soonMax) {
      const to = Math.min(n, from + soonMax);
      this.touchSoon(from, to);
      this.tell(from, to);
    }
  }

  /** Loads what those who have settled will need. */
  private touchSoon(from: number, to: number): void {
    const { notedAreas } = this.owner;
    if (notedAreas === 0) return;
    const { due, soon } = this;
    let n = 0;
    let before = nobody;
    for (let i = from; i < to; i++) {
      const word = due.words[i];
      if ((word & areaMask) >= notedAreas && (word & goneBit) === 0) continue;
      const sub = due.subs[i];
      if (sub === before) continue;
      before = sub;
      soon[n++] = sub;
    }
    this.kept ^= this.owner.touchNotes(soon, n);
  }

  private tell(from: number, to: number): void {
    const { due, owner } = this;
    const { sequences, subs, timeUs, words } = due;
    for (let i = from; i < to; i++) {
      const word = words[i];
      const area = word & areaMask;
      if ((word & goneBit) !== 0) owner.gone(area, timeUs[i], subs[i], sequences[i]);
      if ((word & pendingBit) !== 0) owner.held(area, (word & entryBit) !== 0, timeUs[i], subs[i], sequences[i]);
    }
  }

  /** Drops at most `rows` of the oldest chunk, those that have settled; returns whether it came to one of `startUs` or later. */
  private dropRows(startUs: number, rows: number): boolean {
    const { kernel, owner } = this;
    const first = this.tail;
    const end = Math.min(rows, chunkRows - (first & chunkMask), (this.settled - first) >>> 0);
    for (let n = kernel.drop(startUs, end); n < end; n += 1 + kernel.drop(startUs, end - n - 1)) {
      const sequence = this.tail;
      if (this.f64[this.timeAt(sequence)] >= startUs) return false;
      // Most entries go without a look at their subscriber: only one that vanished can be freed.
      const sub = this.u32[this.wordsAt(sequence)];
      this.tail = (sequence + 1) >>> 0;
      if (owner.sequenceOf(sub) === sequence) owner.trailEnded(sub);
    }
    if ((this.tail & chunkMask) === 0) this.dropChunk(first);
    return true;
  }

  private makeRoom(): void {
    if (this.settled === this.tail) {
      this.forcedCount++;
      this.keepSettling(1);
      this.tellSettled(this.kernel.settle(Number.POSITIVE_INFINITY, 1) >>> 16);
    }
    this.dropRows(Number.POSITIVE_INFINITY, 1);
  }
}
