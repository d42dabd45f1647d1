import { ExpiryWheel, gone, stalled } from './expiry-wheel.ts';
import { groupRows } from './slots.ts';
import { nowhere, SubscriberTable } from './subscriber-table.ts';

/**
 * Takes the transitions, in order of each subscriber's time. The table still holds the stay that ends when `moved` and
 * `vanished` are called.
 */
export interface PresenceSink {
  appeared(index: number, cell: number, timeUs: number): void;
  moved(index: number, from: number, to: number, timeUs: number): void;
  /** Seen again in the same cell, last before at `lastUs`. */
  renewed(cell: number, lastUs: number, timeUs: number): void;
  /** Presence ended at exactly `timeUs`: the newest sighting plus presenceTtl, or a detach. */
  vanished(index: number, cell: number, timeUs: number): void;
  /** Loads what transitions of the first `n` of `indices` (-1: unknown) will need; the result means nothing. */
  touch(indices: Int32Array, n: number): number;
  /** Whether the sink still needs the index of a subscriber who vanished. */
  refersTo(index: number): boolean;
  /** Code of a PLMN heard for a subscriber whose origin was unknown; 0: still unknown. */
  originOf(plmn: number): number;
  /** An origin became known while the subscriber was present. */
  originChanged(index: number, cell: number, from: number, to: number): void;
}

/** presenceTtl by cell, µs. */
export interface CellTtls {
  readonly minUs: number;
  readonly maxUs: number;
  of(cell: number): number;
}

/**
 * Where each subscriber is (DESIGN §2 *present*, *appeared, vanished*). Present in a cell is
 * [sighting, min(next sighting, sighting + presenceTtl, detach)); a gap of presenceTtl or more is a vanish and an
 * appearance, never a move. Sightings come in order of time; of two at the same time the later to arrive wins.
 */
export class Presence {
  readonly table: SubscriberTable;
  private readonly sink: PresenceSink;
  private readonly ttls: CellTtls;
  private readonly wheel: ExpiryWheel;
  /** Of the rows that {@link touch} took. */
  private readonly hashes = new Uint32Array(groupRows);
  private readonly indices = new Int32Array(groupRows);
  private feedClocksUs: Float64Array | null = null;
  private presentCount = 0;

  constructor(options: { subscribersMax: number; ttls: CellTtls; sink: PresenceSink }) {
    this.sink = options.sink;
    this.ttls = options.ttls;
    this.table = new SubscriberTable(options.subscribersMax);
    this.wheel = new ExpiryWheel(this.table, this, options.ttls.minUs, options.ttls.maxUs);
  }

  get present(): number {
    return this.presentCount;
  }

  /**
   * Clocks by feed number, kept by reference: a subscriber last seen by a feed does not vanish before that feed's
   * clock has reached the end of its presence. Without it all feeds run with the clock of {@link expireBefore}.
   */
  setFeedClocks(feedClocksUs: Float64Array): void {
    this.feedClocksUs = feedClocksUs;
  }

  /**
   * One proof of place, in row `row` of those that {@link touch} took. Returns the subscriber's index, -1 when refused.
   */
  sighting(row: number, lo: number, hi: number, timeUs: number, cell: number, plmn: number, feed: number): number {
    const { table } = this;
    let index = this.indices[row];
    // Rows before this one may have brought the subscriber, or have freed its index.
    if (index < 0 || !table.holds(index, lo, hi)) {
      index = table.find(this.hashes[row], lo, hi);
      if (index < 0) index = table.insert(this.hashes[row], lo, hi);
      if (index < 0) return -1;
    }
    const before = table.cell(index);
    if (table.origin(index) === 0 && plmn !== 0) this.learnOrigin(index, before, plmn);
    if (before === nowhere) {
      this.appear(index, cell, feed, timeUs);
      return index;
    }
    const lastUs = table.lastUs(index);
    if (timeUs - lastUs >= this.ttls.minUs && timeUs - lastUs >= this.ttls.of(before)) {
      this.vanish(index, before, lastUs + this.ttls.of(before));
      this.appear(index, cell, feed, timeUs);
    } else if (before === cell) {
      table.renew(index, feed, timeUs);
      this.sink.renewed(cell, lastUs, timeUs);
    } else {
      this.sink.moved(index, before, cell, timeUs);
      table.place(index, cell, feed, timeUs);
    }
    return index;
  }

  /** The subscriber detached; it has been placed by {@link sighting} just before. */
  detach(index: number, timeUs: number): void {
    const cell = this.table.cell(index);
    if (cell !== nowhere) this.vanish(index, cell, timeUs);
  }

  /** Vanishes everybody whose presence ended before `limitUs`. */
  expireBefore(limitUs: number): void {
    this.wheel.run(limitUs, this.feedClocksUs);
  }

  /** Frees the index if nothing refers to it: whoever drops a reference calls it. */
  release(index: number): void {
    const { table } = this;
    if (table.cell(index) !== nowhere || table.inWheel(index) || this.sink.refersTo(index)) return;
    table.free(index);
  }

  /** For the wheel. */
  expire(index: number, limitUs: number): number {
    const { table, ttls } = this;
    const cell = table.cell(index);
    if (cell === nowhere) return gone;
    const endUs = table.lastUs(index) + ttls.of(cell);
    // The next sighting may be in a cell with a shorter ttl, so nobody is left alone for longer than the shortest.
    if (endUs >= limitUs) return Math.min(endUs, limitUs + ttls.minUs);
    const clocks = this.feedClocksUs;
    if (clocks !== null && clocks[table.feed(index)] < endUs) return stalled;
    this.vanish(index, cell, endUs);
    return gone;
  }

  /** For the wheel. */
  left(index: number): void {
    this.release(index);
  }

  /**
   * Takes rows `from` … `to − 1`, at most {@link groupRows}, whose sightings come next: looks them up and loads what
   * they will need. The result only keeps the loads from being dropped.
   */
  touch(lo: Uint32Array, hi: Uint32Array, from: number, to: number): number {
    const { table, sink, hashes, indices } = this;
    const kept = table.locate(lo, hi, from, to - from, hashes, indices);
    return kept ^ sink.touch(indices, to - from);
  }

  private appear(index: number, cell: number, feed: number, timeUs: number): void {
    this.presentCount++;
    this.table.place(index, cell, feed, timeUs);
    if (!this.table.inWheel(index)) this.wheel.insert(index, timeUs + this.ttls.minUs);
    this.sink.appeared(index, cell, timeUs);
  }

  private vanish(index: number, cell: number, timeUs: number): void {
    this.presentCount--;
    this.sink.vanished(index, cell, timeUs);
    this.table.remove(index);
  }

  private learnOrigin(index: number, cell: number, plmn: number): void {
    const origin = this.sink.originOf(plmn);
    if (origin === 0) return;
    this.table.setOrigin(index, origin);
    if (cell !== nowhere) this.sink.originChanged(index, cell, 0, origin);
  }
}
