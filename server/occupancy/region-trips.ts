import { restoreColumns, type StateReader, type StateWriter, saveColumns } from '../state-writer.ts';
import { ShardedTable } from './sharded-table.ts';
import type { FlowColumns } from './view.ts';

const chunkRows = 4096;
const rowWords = 4;
const wHi = 1;
const wRegion = 2;
const wBefore = 3;

class Chunk {
  readonly timeUs = new Float64Array(chunkRows);
  /** The subscriber's pseudonym, the region, and how many rows ago its exit before was (0: none that is here). */
  readonly words = new Uint32Array(chunkRows * rowWords);
}

/**
 * Trips between micro-regions, from the crossings that held (DESIGN §2 *entries, exits*): an entry into B is a trip
 * from A when A is where the subscriber's newest held exit before it was from, at most `tripUs` earlier; of several
 * regions left at one time from each. Back into the region that was left is no trip.
 *
 * Held exits of the last `tripUs` wait in a queue in order of time; a full one drops its oldest, counted.
 */
export class RegionTrips {
  private readonly tripUs: number;
  private readonly exitsMax: number;
  /** Newest row of each subscriber, by pseudonym. */
  private readonly newest = new ShardedTable();
  private readonly chunks: Chunk[] = [];
  private head = 0;
  private tail = 0;
  private droppedCount = 0;
  /** Trips of the oldest interval that is not final, by from + 1 (a key is never 0) and to. */
  private readonly counts = new ShardedTable();

  constructor(options: { tripUs: number; exitsMax: number }) {
    this.tripUs = options.tripUs;
    this.exitsMax = options.exitsMax;
  }

  /** Exits that wait, and those dropped before their time because the queue was full. */
  get size(): number {
    return this.tail - this.head;
  }

  get dropped(): number {
    return this.droppedCount;
  }

  get byteLength(): number {
    return this.newest.byteLength + this.chunks.length * chunkRows * (8 + 4 * rowWords);
  }

  /** A held exit; in order of time. */
  exit(lo: number, hi: number, region: number, timeUs: number): void {
    if (this.size >= this.exitsMax) {
      this.droppedCount++;
      this.drop();
    }
    if (this.tail % chunkRows === 0) this.chunks.push(new Chunk());
    const { timeUs: times, words } = this.chunkOf(this.tail);
    const row = this.tail % chunkRows;
    times[row] = timeUs;
    words[row * rowWords] = lo;
    words[row * rowWords + wHi] = hi;
    words[row * rowWords + wRegion] = region;
    const before = this.newest.swap(lo, hi, this.tail);
    words[row * rowWords + wBefore] = before < this.head ? 0 : this.tail - before;
    this.tail++;
  }

  /** A held entry; in order of time, behind the exits of the same transition. */
  entry(lo: number, hi: number, region: number, timeUs: number): void {
    const newest = this.newest.get(lo, hi);
    if (newest < this.head) return;
    const leftUs = this.chunkOf(newest).timeUs[newest % chunkRows];
    if (timeUs - leftUs > this.tripUs) return;
    for (let at = newest; at >= this.head; ) {
      const { timeUs: times, words } = this.chunkOf(at);
      const row = at % chunkRows;
      if (times[row] !== leftUs) return;
      const from = words[row * rowWords + wRegion];
      if (from !== region) this.counts.increment(from + 1, region);
      const before = words[row * rowWords + wBefore];
      if (before === 0) return;
      at -= before;
    }
  }

  /** No entry of before `timeUs` will come any more: exits too old for later ones go. */
  forgetBefore(timeUs: number): void {
    while (this.size > 0 && this.chunkOf(this.head).timeUs[this.head % chunkRows] + this.tripUs < timeUs) this.drop();
  }

  /** The trips of the oldest interval, which is final now: by from, then to. Undefined: none. */
  take(): FlowColumns | undefined {
    const rows = this.counts.takeAll().sort((x, y) => x.a - y.a || x.b - y.b);
    if (rows.length === 0) return undefined;
    return {
      n: rows.length,
      from: Uint32Array.from(rows, ({ a }) => a - 1),
      to: Uint32Array.from(rows, ({ b }) => b),
      count: Uint32Array.from(rows, ({ value }) => value),
    };
  }

  *save(to: StateWriter): Generator<void> {
    const { head, tail, droppedCount: dropped } = this;
    to.json('trips', { head, tail, dropped });
    for (let i = 0; i < this.chunks.length; i++) yield* saveColumns(to, `trips.${i}`, this.liveRows(i));
    yield* this.newest.save(to, 'trips.newest');
    yield* this.counts.save(to, 'trips.counts');
  }

  /** Of a fresh one for as many regions. */
  restore(from: StateReader): void {
    const state = from.json<{ head: number; tail: number; dropped: number }>('trips');
    this.head = state.head;
    this.tail = state.tail;
    this.droppedCount = state.dropped;
    const chunks = Math.ceil(state.tail / chunkRows) - Math.floor(state.head / chunkRows);
    for (let i = 0; i < chunks; i++) this.chunks.push(new Chunk());
    for (let i = 0; i < chunks; i++) restoreColumns(from, `trips.${i}`, this.liveRows(i));
    this.newest.restore(from, 'trips.newest');
    this.counts.restore(from, 'trips.counts');
  }

  private drop(): void {
    const { words } = this.chunkOf(this.head);
    const at = (this.head % chunkRows) * rowWords;
    this.newest.takeIf(words[at], words[at + wHi], this.head);
    this.head++;
    if (this.head % chunkRows === 0) this.chunks.shift();
  }

  private chunkOf(row: number): Chunk {
    return this.chunks[Math.floor(row / chunkRows) - Math.floor(this.head / chunkRows)];
  }

  private liveRows(i: number) {
    const { timeUs, words } = this.chunks[i];
    const first = (Math.floor(this.head / chunkRows) + i) * chunkRows;
    const from = Math.max(this.head - first, 0);
    const to = Math.min(this.tail - first, chunkRows);
    return { timeUs: timeUs.subarray(from, to), words: words.subarray(from * rowWords, to * rowWords) };
  }
}
