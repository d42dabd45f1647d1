import { type EventBatch, noCell } from '../events/event-batch.ts';
import { eventFlag } from '../events/kinds.ts';
import { restoreBytes, type StateReader, type StateWriter, saveBytes } from '../state-writer.ts';
import { ExpiryWheel, gone, stalled } from './expiry-wheel.ts';
import {
  dLast,
  dSince,
  eventsMax,
  nowhere,
  recordDoubles,
  recordWords,
  wCellFeed,
  wHi,
  wLo,
  wOriginEvents,
} from './record.ts';
import { barePlmnMax, seenBytes, seenFrom, seenTo, stage, stayMaxUs } from './row-kernel.ts';
import { hashOf } from './slots.ts';
import { SubscriberTable } from './subscriber-table.ts';

/**
 * Takes the transitions, in order of each subscriber's time. The time of a transition stands in {@link Presence.atUs}:
 * as an argument it would be put on the heap. The table still holds what was before when `moved`, `renewed` and
 * `vanished` are called.
 */
export interface PresenceSink {
  appeared(index: number, cell: number): void;
  moved(index: number, from: number, to: number): void;
  /** The first `n` of the table's {@link MovedRows} have moved, in order: the table holds what is now. */
  movedMany(n: number): void;
  /** Seen again in the same cell. */
  renewed(index: number, cell: number): void;
  /**
   * The first `n` of {@link Presence.seenRows} have been seen again, in the same cell or (told by `moved`, too) in another
   * one; some of their subscribers since, too.
   */
  seenMany(n: number): void;
  /** Seen in the same cell for {@link stayMaxUs} or longer: its stay ends here and another one begins. */
  stayCut(index: number, cell: number): void;
  /** Presence ended at exactly `atUs`: the newest sighting plus presenceTtl, or a detach. */
  vanished(index: number, cell: number): void;
  /**
   * Loads what the transitions of `n` subscribers, who are about to be seen in other cells than before, will need: those of
   * the rows that `movers` (× 4) names behind the row `from`, by row in `indices`.
   */
  touch(indices: Int32Array, movers: Uint32Array, n: number, batch: EventBatch, from: number): void;
  /** Whether the sink still needs the index of a subscriber who vanished. */
  refersTo(index: number): boolean;
  /** Code of a home heard for a subscriber whose origin was `before`, 0: unknown; 0: still unknown. */
  originOf(plmn: number, before: number): number;
  /** An origin became known while the subscriber was present. */
  originChanged(index: number, cell: number, from: number, to: number): void;
}

/** Whether a row places a known subscriber in a known cell. */
export function isSighting(batch: EventBatch, row: number): boolean {
  if ((batch.flags[row] & eventFlag.sighting) === 0 || batch.cell[row] === noCell) return false;
  return (batch.subLo[row] | batch.subHi[row]) !== 0;
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
  /** Time of the transition under way, µs. */
  atUs = 0;
  private readonly sink: PresenceSink;
  private readonly ttls: CellTtls;
  private readonly wheel: ExpiryWheel;
  /** What {@link PresenceSink.seenMany} is told of: `stage.seen`. */
  readonly seenRows: Uint8Array;
  private readonly seenUs: Float64Array;
  private readonly seenCells: Uint32Array;
  /** The first of the rows that are staged. */
  stagedFrom = 0;
  /** The first of those that {@link touch} took. */
  private groupFrom = 0;
  private freedBefore = 0;
  private seenCount = 0;
  private readonly indices: Int32Array;
  private feedClocksUs: Float64Array | null = null;
  private readonly ttlMinUs: number;
  private presentCount = 0;

  constructor(options: { subscribersMax: number; ttls: CellTtls; sink: PresenceSink }) {
    this.sink = options.sink;
    this.ttls = options.ttls;
    this.ttlMinUs = options.ttls.minUs;
    this.table = new SubscriberTable(options.subscribersMax);
    this.indices = this.table.rowIndices;
    this.seenRows = this.table.seenRows;
    const { buffer, byteOffset } = this.seenRows;
    this.seenUs = new Float64Array(buffer, byteOffset, this.seenRows.length / 8);
    this.seenCells = new Uint32Array(buffer, byteOffset, this.seenRows.length / 4);
    this.wheel = new ExpiryWheel(this.table, this, options.ttls.minUs, options.ttls.maxUs);
  }

  /** Of the table and of the lists by which subscribers vanish. */
  get byteLength(): number {
    return this.table.byteLength + this.wheel.byteLength;
  }

  get present(): number {
    return this.presentCount;
  }

  /**
   * Clocks by feed number, kept by reference: a subscriber last seen by a feed does not vanish before that feed's
   * clock has reached the end of its presence. Without it all feeds run with the clock of {@link expiringBefore}.
   */
  setFeedClocks(feedClocksUs: Float64Array): void {
    this.feedClocksUs = feedClocksUs;
  }

  /** @param lo first word of the subscriber's pseudonym @param hi second */
  isPresent(lo: number, hi: number): boolean {
    const index = this.table.find(hashOf(lo, hi), lo, hi);
    return index >= 0 && this.table.cell(index) !== nowhere;
  }

  /** Takes the rows to where {@link touch} sees them: at most `stageRows`. */
  stage(batch: EventBatch, from: number, to: number): void {
    this.stagedFrom = from;
    this.table.stageRows(batch, from, to);
  }

  /**
   * Takes rows from `from` on as long as each only renews where its subscriber is, or moves it, as nearly all do; returns
   * the first that does more, or `to`. They are of those that {@link touch} took. The sink hears of moves at once, and of
   * all from {@link tellSeen}.
   */
  seeing(from: number, to: number): number {
    const { groupFrom, seenCount, stagedFrom, table, ttlMinUs } = this;
    if (table.freed !== this.freedBefore) return from;
    const told = stage.seen + seenBytes * seenCount;
    table.keepRows(from - groupFrom, to - groupFrom);
    const taken = table.rows.see(from - stagedFrom, to - stagedFrom, groupFrom - stagedFrom, ttlMinUs, told);
    const row = stagedFrom + (taken & 0xffff);
    this.seenCount = seenCount + row - from;
    if (taken > 0xffff) this.sink.movedMany(taken >>> 16);
    return row;
  }

  /** Tells the sink of those who have been seen again since it was told before: of no more than a group. */
  tellSeen(): void {
    if (this.seenCount === 0) return;
    this.sink.seenMany(this.seenCount);
    this.seenCount = 0;
  }

  /** One proof of place ({@link isSighting}): a row of those that {@link touch} took; `cell` is the row's. */
  sighting(batch: EventBatch, row: number, cell: number): void {
    const { table, sink } = this;
    let index = this.indices[row - this.groupFrom];
    if (table.freed !== this.freedBefore) index = this.recheck(index, batch, row);
    if (index < 0) return;
    const { u32, f64 } = table;
    const before = u32[index * recordWords + wCellFeed] & nowhere;
    // Origin 0: unknown.
    if (u32[index * recordWords + wOriginEvents] <= eventsMax) this.learnOrigin(index, before, batch.plmn[row]);
    else if (batch.plmn[row] > barePlmnMax) this.placeOrigin(index, before, batch.plmn[row]);
    const timeUs = batch.timeUs[row];
    this.atUs = timeUs;
    if (before === nowhere) {
      this.appear(index, cell, batch.feed[row]);
    } else {
      const gapUs = timeUs - f64[index * recordDoubles + dLast];
      if (gapUs >= this.ttlMinUs && gapUs >= this.ttls.of(before)) {
        this.atUs = timeUs - gapUs + this.ttls.of(before);
        this.vanish(index, before);
        this.atUs = timeUs;
        this.learnOrigin(index, nowhere, batch.plmn[row]);
        this.appear(index, cell, batch.feed[row]);
      } else if (before === cell) {
        sink.renewed(index, cell);
        if (timeUs - f64[index * recordDoubles + dSince] < stayMaxUs) table.renew(index, cell, batch.feed[row], timeUs);
        else {
          sink.stayCut(index, cell);
          table.place(index, cell, batch.feed[row], timeUs);
        }
      } else {
        this.noteMove(f64[index * recordDoubles + dLast], before, cell);
        sink.moved(index, before, cell);
        table.place(index, cell, batch.feed[row], timeUs);
      }
    }
    if ((batch.flags[row] & eventFlag.detach) !== 0) this.vanish(index, cell);
  }

  /**
   * It became known where somebody is at home: counted there from now on, if present. Of all others the next sighting
   * tells it: what was known before does not depend on how long a record is still needed.
   */
  place(batch: EventBatch, row: number): void {
    const home = batch.plmn[row];
    if (home <= barePlmnMax) return;
    const { table } = this;
    const lo = batch.subLo[row];
    const hi = batch.subHi[row];
    const index = table.find(hashOf(lo, hi), lo, hi);
    if (index < 0) return;
    const cell = table.cell(index);
    if (cell !== nowhere) this.placeOrigin(index, cell, home);
  }

  /**
   * A detach that names no cell, as the core network tells it: presence ends where it was, and nobody is placed.
   */
  leave(batch: EventBatch, row: number): void {
    const { table } = this;
    const lo = batch.subLo[row];
    const hi = batch.subHi[row];
    const index = table.find(hashOf(lo, hi), lo, hi);
    if (index < 0) return;
    const cell = table.cell(index);
    if (cell === nowhere) return;
    const timeUs = batch.timeUs[row];
    // Of those seen last by a feed whose clock stands behind, presence may be over already.
    this.atUs = Math.min(timeUs, table.lastUs(index) + this.ttls.of(cell));
    this.vanish(index, cell);
  }

  /** Vanishes everybody whose presence ended before `limitUs`, some at a time. */
  expiringBefore(limitUs: number): Generator<void> {
    return this.wheel.run(limitUs, this.feedClocksUs);
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
    this.atUs = endUs;
    this.vanish(index, cell);
    return gone;
  }

  /** For the wheel. */
  left(index: number): void {
    this.release(index);
  }

  /**
   * Takes rows `from` … `to − 1` of those that are staged, at most a group, whose sightings come next: looks them up, adds
   * those who are new and loads what the sightings will need.
   */
  touch(batch: EventBatch, from: number, to: number): void {
    const { indices, sink, table } = this;
    this.groupFrom = from;
    const { doubts, movers } = table;
    const found = table.locate(from - this.stagedFrom, to - from);
    // Few are not those that they were taken for, once the table is filled.
    const doubtful = found & 0xffff;
    for (let i = 0; i < doubtful; i++) indices[doubts[i] >> 2] = this.enrol(batch, from + (doubts[i] >> 2));
    this.freedBefore = table.freed;
    sink.touch(indices, movers, found >>> 16, batch, from);
  }

  *save(to: StateWriter): Generator<void> {
    const clocks = this.feedClocksUs;
    to.json('presence', { present: this.presentCount, feeds: clocks === null ? -1 : clocks.length });
    if (clocks !== null) yield* saveBytes(to, 'presence.feedClocks', clocks);
    yield* this.wheel.save(to);
    yield* this.table.save(to);
  }

  /** Of a fresh one. The clocks of the feeds are kept apart until {@link setFeedClocks}. */
  restore(from: StateReader): void {
    const { present, feeds } = from.json<{ present: number; feeds: number }>('presence');
    this.presentCount = present;
    if (feeds >= 0) {
      this.feedClocksUs = new Float64Array(feeds);
      restoreBytes(from, 'presence.feedClocks', this.feedClocksUs);
    }
    this.wheel.restore(from);
    this.table.restore(from);
  }

  private isOf(index: number, batch: EventBatch, row: number): boolean {
    const { u32 } = this.table;
    const at = index * recordWords;
    return u32[at + wLo] === batch.subLo[row] && u32[at + wHi] === batch.subHi[row];
  }

  /** Index of the subscriber of a row that the group's look-up did not find; -1: no sighting, or the table is full. */
  private enrol(batch: EventBatch, row: number): number {
    if (!isSighting(batch, row)) return -1;
    const lo = batch.subLo[row];
    const hi = batch.subHi[row];
    const hash = hashOf(lo, hi);
    const index = this.table.find(hash, lo, hi);
    return index >= 0 ? index : this.table.insert(hash, lo, hi);
  }

  /** Indices have been freed since the group was looked up, perhaps this one. */
  private recheck(index: number, batch: EventBatch, row: number): number {
    return index < 0 || this.isOf(index, batch, row) ? index : this.enrol(batch, row);
  }

  /** For {@link tellSeen}: a row of the group at most once. */
  private noteMove(lastUs: number, from: number, to: number): void {
    const { seenCells, seenCount, seenUs } = this;
    seenUs[seenCount * (seenBytes / 8)] = lastUs;
    seenCells[seenCount * (seenBytes / 4) + seenFrom / 4] = from;
    seenCells[seenCount * (seenBytes / 4) + seenTo / 4] = to;
    this.seenCount = seenCount + 1;
  }

  private appear(index: number, cell: number, feed: number): void {
    this.presentCount++;
    this.table.place(index, cell, feed, this.atUs);
    if (!this.table.inWheel(index)) this.wheel.insert(index, this.atUs + this.ttlMinUs);
    this.sink.appeared(index, cell);
  }

  private vanish(index: number, cell: number): void {
    this.presentCount--;
    this.sink.vanished(index, cell);
    this.table.remove(index);
  }

  /** The area of a home came after its PLMN, or another one did: whoever is present moves from one origin to the other. */
  private placeOrigin(index: number, cell: number, home: number): void {
    const { sink, table } = this;
    const before = table.origin(index);
    const origin = sink.originOf(home, before);
    if (origin === before || origin === 0) return;
    table.setOrigin(index, origin);
    if (cell !== nowhere) sink.originChanged(index, cell, before, origin);
  }

  private learnOrigin(index: number, cell: number, plmn: number): void {
    if (plmn === 0) return;
    const origin = this.sink.originOf(plmn, 0);
    if (origin === 0) return;
    this.table.setOrigin(index, origin);
    if (cell !== nowhere) this.sink.originChanged(index, cell, 0, origin);
  }
}
