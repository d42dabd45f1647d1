import { secondUs } from '../clock.ts';
import { restoreColumns, type StateReader, type StateWriter, saveColumns } from '../state-writer.ts';
import type { SubscriberTable } from './subscriber-table.ts';

const bucketUs = secondUs;
const feedsMax = 256;
/** Lists of each second: following several at once, their cache misses overlap. */
const lanes = 8;
const laneMask = 7;
/** Subscribers who are asked about before the event loop may have its turn: about a millisecond. */
const asksAtOnce = 1024;
/** One who vanishes, with the regions it leaves and the stays that end, costs as much as so many who don't. */
const asksPerVanish = 8;

/** What the wheel asks its owner about a subscriber whose time may have come. */
export interface ExpiryOwner {
  /**
   * Vanishes the subscriber if its presence ends before `limitUs`, and answers when to ask again: a time (µs) of
   * `limitUs` or later, {@link gone} for never, {@link stalled} when only its feed's clock keeps it.
   */
  expire(index: number, limitUs: number): number;
  /** The subscriber is in no list any more and not present. */
  left(index: number): void;
}
export const gone = -1;
export const stalled = -2;

/**
 * Asks about each subscriber when it may have vanished: lists by second, each subscriber in at most one of them. A
 * sighting does not move it; the list's turn finds out that it has been seen since and puts it into a later one. So a
 * subscriber costs four bytes and one look per presenceTtl.
 */
export class ExpiryWheel {
  private readonly table: SubscriberTable;
  private readonly owner: ExpiryOwner;
  /** First of each list as index + 1: {@link lanes} a second. */
  private readonly heads: Uint32Array;
  private readonly buckets: number;
  /** Where each of the lists that are followed has come to, as index + 1, and who comes next of each. */
  private readonly fronts = new Uint32Array(lanes);
  private readonly due = new Uint32Array(lanes);
  /** Subscribers kept by a feed whose clock stands, by feed. */
  private readonly stalledHeads = new Uint32Array(feedsMax);
  private readonly stalledClocksUs = new Float64Array(feedsMax).fill(-1);
  private readonly recheckUs: number;
  private recheckedUs = 0;
  private cursor = -1;

  /** @param ttlMinUs, ttlMaxUs shortest and longest presenceTtl of any cell */
  constructor(table: SubscriberTable, owner: ExpiryOwner, ttlMinUs: number, ttlMaxUs: number) {
    this.table = table;
    this.owner = owner;
    this.buckets = Math.ceil(ttlMaxUs / bucketUs) + 2;
    this.heads = new Uint32Array(this.buckets * lanes);
    this.recheckUs = ttlMinUs / 2;
  }

  get byteLength(): number {
    return this.heads.byteLength;
  }

  /** Puts a subscriber that is in no list into that of `dueUs`. */
  insert(index: number, dueUs: number): void {
    let bucket = Math.floor(dueUs / bucketUs);
    if (this.cursor < 0) this.cursor = bucket;
    if (bucket < this.cursor) bucket = this.cursor;
    const at = (bucket % this.buckets) * lanes + (index & laneMask);
    this.table.linkInWheel(index, this.heads[at]);
    this.heads[at] = index + 1;
  }

  /** Asks about everybody whose presence may have ended before `limitUs`, some at a time. */
  *run(limitUs: number, feedClocksUs: Float64Array | null): Generator<void> {
    if (feedClocksUs !== null) yield* this.runStalled(limitUs, feedClocksUs);
    if (this.cursor < 0) return;
    const { heads } = this;
    const target = Math.floor(limitUs / bucketUs);
    const from = this.cursor;
    if (target < from) return;
    // Lists filled while this runs belong to `target` or later.
    this.cursor = target;
    // In the list of a second that begins at the limit nobody is due yet.
    const lists = target - from + (limitUs > target * bucketUs ? 1 : 0);
    const turns = Math.min(lists, this.buckets);
    for (let turn = 0; turn < turns; turn++) {
      const at = ((from + turn) % this.buckets) * lanes;
      for (let lane = 0; lane < lanes; lane++) {
        this.fronts[lane] = heads[at + lane];
        heads[at + lane] = 0;
      }
      yield* this.runFronts(limitUs, feedClocksUs);
    }
  }

  /** The lists themselves hang in the table's records. */
  *save(to: StateWriter): Generator<void> {
    const { cursor, recheckedUs } = this;
    to.json('wheel', { cursor, recheckedUs });
    yield* saveColumns(to, 'wheel', this.columns());
  }

  restore(from: StateReader): void {
    const { cursor, recheckedUs } = from.json<{ cursor: number; recheckedUs: number }>('wheel');
    this.cursor = cursor;
    this.recheckedUs = recheckedUs;
    restoreColumns(from, 'wheel', this.columns());
  }

  private columns() {
    return { heads: this.heads, stalledHeads: this.stalledHeads, stalledClocksUs: this.stalledClocksUs };
  }

  /** Follows the lists of {@link fronts} to their ends, a step of each at a time. */
  private *runFronts(limitUs: number, feedClocksUs: Float64Array | null): Generator<void> {
    const { table, fronts, due } = this;
    let asked = 0;
    for (;;) {
      if (asked >= asksAtOnce) {
        asked = 0;
        yield;
      }
      let n = 0;
      for (let lane = 0; lane < lanes; lane++) {
        const front = fronts[lane];
        if (front === 0) continue;
        due[n++] = front - 1;
        fronts[lane] = table.nextInWheel(front - 1);
      }
      if (n === 0) return;
      for (let i = 0; i < n; i++) asked += this.ask(due[i], limitUs, feedClocksUs);
    }
  }

  /** Returns what it cost, as {@link asksAtOnce} counts. */
  private ask(index: number, limitUs: number, feedClocksUs: Float64Array | null): number {
    const { table, owner } = this;
    table.unlinkFromWheel(index);
    const dueUs = owner.expire(index, limitUs);
    if (dueUs === gone) {
      owner.left(index);
      return asksPerVanish;
    }
    if (dueUs >= 0) this.insert(index, dueUs);
    else this.stall(index, feedClocksUs);
    return 1;
  }

  private stall(index: number, feedClocksUs: Float64Array | null): void {
    const feed = this.table.feed(index);
    this.table.linkInWheel(index, this.stalledHeads[feed]);
    this.stalledHeads[feed] = index + 1;
    this.stalledClocksUs[feed] = feedClocksUs?.[feed] ?? -1;
  }

  /**
   * Looks again at those whose feed has moved on, and at all of them twice per presenceTtl: another feed may have
   * seen them in the meantime.
   */
  private *runStalled(limitUs: number, feedClocksUs: Float64Array): Generator<void> {
    const all = limitUs - this.recheckedUs >= this.recheckUs;
    if (all) this.recheckedUs = limitUs;
    for (let feed = 0; feed < feedsMax; feed++) {
      const head = this.stalledHeads[feed];
      if (head === 0 || (!all && feedClocksUs[feed] === this.stalledClocksUs[feed])) continue;
      this.stalledHeads[feed] = 0;
      this.fronts[0] = head;
      yield* this.runFronts(limitUs, feedClocksUs);
    }
  }
}
