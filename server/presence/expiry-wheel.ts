import { secondUs } from '../clock.ts';
import { restoreColumns, type StateReader, type StateWriter, saveColumns } from '../state-writer.ts';
import type { SubscriberTable } from './subscriber-table.ts';

const bucketUs = secondUs;
const feedsMax = 256;

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
  /** First of each list as index + 1. */
  private readonly heads: Uint32Array;
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
    this.heads = new Uint32Array(Math.ceil(ttlMaxUs / bucketUs) + 2);
    this.recheckUs = ttlMinUs / 2;
  }

  /** Puts a subscriber that is in no list into that of `dueUs`. */
  insert(index: number, dueUs: number): void {
    let bucket = Math.floor(dueUs / bucketUs);
    if (this.cursor < 0) this.cursor = bucket;
    if (bucket < this.cursor) bucket = this.cursor;
    const at = bucket % this.heads.length;
    this.table.linkInWheel(index, this.heads[at]);
    this.heads[at] = index + 1;
  }

  /** Asks about everybody whose presence may have ended before `limitUs`. */
  run(limitUs: number, feedClocksUs: Float64Array | null): void {
    if (feedClocksUs !== null) this.runStalled(limitUs, feedClocksUs);
    if (this.cursor < 0) return;
    const { heads } = this;
    const target = Math.floor(limitUs / bucketUs);
    const from = this.cursor;
    if (target < from) return;
    // Lists filled while this runs belong to `target` or later.
    this.cursor = target;
    const turns = Math.min(target - from + 1, heads.length);
    for (let turn = 0; turn < turns; turn++) {
      const at = (from + turn) % heads.length;
      const head = heads[at];
      if (head === 0) continue;
      heads[at] = 0;
      this.runList(head, limitUs, feedClocksUs);
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

  private runList(head: number, limitUs: number, feedClocksUs: Float64Array | null): void {
    const { table, owner } = this;
    for (let next = head; next !== 0; ) {
      const index = next - 1;
      next = table.nextInWheel(index);
      table.unlinkFromWheel(index);
      const dueUs = owner.expire(index, limitUs);
      if (dueUs >= 0) this.insert(index, dueUs);
      else if (dueUs === gone) owner.left(index);
      else this.stall(index, feedClocksUs);
    }
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
  private runStalled(limitUs: number, feedClocksUs: Float64Array): void {
    const all = limitUs - this.recheckedUs >= this.recheckUs;
    if (all) this.recheckedUs = limitUs;
    for (let feed = 0; feed < feedsMax; feed++) {
      const head = this.stalledHeads[feed];
      if (head === 0 || (!all && feedClocksUs[feed] === this.stalledClocksUs[feed])) continue;
      this.stalledHeads[feed] = 0;
      this.runList(head, limitUs, feedClocksUs);
    }
  }
}
