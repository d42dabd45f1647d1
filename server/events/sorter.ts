import { assertInvariant, UserError } from '../errors.ts';
import { restoreBytes, type StateReader, type StateWriter, saveBytes } from '../state-writer.ts';
import { EventBatch } from './event-batch.ts';

/** Gets released rows; `batch` is reused, read it during the call. */
export type RowConsumer = (batch: EventBatch, from: number, to: number) => void;

export interface SorterStats {
  /** Rows behind the released clock that still count as traffic, and rows too old even for that. */
  late: number;
  tooLate: number;
  /** Rows released before the window had passed because the buffer was full. */
  forced: number;
  held: number;
}

/** A run of row numbers whose rows ascend in (time, arrival); a queue with a moving head. */
interface Run {
  rows: Float64Array;
  head: number;
  tail: number;
  lastUs: number;
}

const outRows = 8192;
/** More runs than this are merged in pairs, so that any disorder costs n·log n at most. */
const runsMax = 64;
const ringRowsFirst = 1 << 14;

/**
 * Slots of the largest ring for a limit of `rowsMax` rows: a power of two with a 32nd of room above the limit, so that
 * laying out anew a ring that is nearly full of held rows frees enough slots to be worth it.
 */
function ringRowsFor(rowsMax: number): number {
  return 2 ** Math.ceil(Math.log2(rowsMax + rowsMax / 32));
}

/** Where `value` stands in ascending `values`. */
function placeOf(values: Float64Array, value: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Puts rows in order of (event time, arrival). Rows wait in a ring until the watermark has passed them. Streams are
 * nearly sorted, so rows are dealt onto few ascending runs (patience sorting) that are merged at the release.
 */
export class Sorter {
  readonly stats: SorterStats = { late: 0, tooLate: 0, forced: 0, held: 0 };
  /** Everything before this time has been released, µs. */
  releasedUs = Number.NEGATIVE_INFINITY;
  private ring: EventBatch;
  private next = 0;
  private oldest = 0;
  private released: Uint8Array;
  private readonly runs: Run[] = [];
  private readonly out = new EventBatch(outRows);
  /** Slots of the rows that go out next. */
  private readonly order = new Int32Array(outRows);
  /** Time and number of each run's first row while runs are merged; an empty run's time is infinite. */
  private readonly headUs = new Float64Array(runsMax);
  private readonly headRow = new Float64Array(runsMax);
  private readonly late = new EventBatch(outRows);
  private readonly latenessUs: number;
  private readonly rowsMax: number;
  private readonly ringRowsMax: number;
  private readonly onRows: RowConsumer;
  private readonly onLate: RowConsumer;
  private readonly onTooLate: RowConsumer;

  /**
   * @param options.rowsMax rows held at most; one more releases the older half of them early
   * @param options.onRows takes what {@link push} and {@link release} let out
   * @param options.onLate rows at most `latenessUs` behind the released clock: traffic only
   * @param options.onTooLate older ones: for the database only
   */
  constructor(options: {
    latenessUs: number;
    rowsMax: number;
    onRows?: RowConsumer;
    onLate: RowConsumer;
    onTooLate: RowConsumer;
  }) {
    this.latenessUs = options.latenessUs;
    this.rowsMax = options.rowsMax;
    this.ringRowsMax = ringRowsFor(options.rowsMax);
    const ringRows = Math.min(ringRowsFirst, this.ringRowsMax);
    this.ring = new EventBatch(ringRows);
    this.released = new Uint8Array(ringRows);
    this.onRows = options.onRows ?? (() => assertInvariant(false, 'nobody takes the rows that come out'));
    this.onLate = options.onLate;
    this.onTooLate = options.onTooLate;
  }

  /** Takes all rows of a batch; late ones go to their consumer at once. */
  push(batch: EventBatch): void {
    for (const out of this.pushing(batch)) if (out !== null) this.onRows(out, 0, out.n);
  }

  /**
   * The same, where what must go out early is the caller's to consume: each block before the next is asked for. Null:
   * it takes long, and the event loop may have its turn.
   */
  *pushing(batch: EventBatch): Generator<EventBatch | null> {
    const { timeUs, n } = batch;
    for (let i = 0; i < n; ) {
      if (this.stats.held === this.rowsMax) yield* this.releasingEarly();
      if (this.next - this.oldest === this.ring.capacity) yield* this.makingRoom();
      const { releasedUs, ring, stats } = this;
      const slot = this.next & (ring.capacity - 1);
      const free = ring.capacity - (this.next - this.oldest);
      const room = Math.min(free, ring.capacity - slot, this.rowsMax - stats.held);
      const stop = Math.min(n, i + room);
      let end = i;
      while (end < stop && timeUs[end] >= releasedUs) end++;
      if (end === i) this.takeLate(batch, i++);
      else {
        this.ring.copyRange(batch, i, end, slot);
        this.released.fill(0, slot, slot + end - i);
        this.deal(slot, end - i);
        i = end;
      }
    }
    this.flushLate();
  }

  /** Releases, in order, every row before `watermarkUs`. */
  release(watermarkUs: number): void {
    for (const out of this.releasing(watermarkUs)) this.onRows(out, 0, out.n);
  }

  /** The same, block by block, each the caller's until it asks for the next; nothing else may be asked in between. */
  *releasing(watermarkUs: number): Generator<EventBatch> {
    if (watermarkUs <= this.releasedUs) return;
    yield* this.merging(watermarkUs, Number.POSITIVE_INFINITY);
    this.releasedUs = watermarkUs;
  }

  /** The rows that are held, in order of arrival, which is all that their order of release depends on. */
  *save(to: StateWriter): Generator<void> {
    const { stats, releasedUs } = this;
    to.json('sorter', { ...stats, releasedUs: releasedUs === Number.NEGATIVE_INFINITY ? null : releasedUs });
    const mask = this.ring.capacity - 1;
    const slots = new Int32Array(outRows);
    let n = 0;
    let saved = 0;
    for (let row = this.oldest; row < this.next; row++) {
      if (this.released[row & mask] === 0) slots[n++] = row & mask;
      if (n < outRows && saved + n < this.stats.held) continue;
      // Nobody uses the block again.
      const out = new EventBatch(n);
      out.gather(this.ring, slots, n);
      yield* saveBytes(to, `sorter.${saved / outRows}`, new Uint8Array(out.buffer), 'made for this');
      saved += n;
      n = 0;
      if (saved === this.stats.held) return;
    }
  }

  /** Of a fresh one with the same limits. */
  restore(from: StateReader): void {
    const { held, releasedUs, ...stats } = from.json<SorterStats & { releasedUs: number | null }>('sorter');
    if (held > this.rowsMax)
      throw new UserError('SNAPSHOT_TOO_LARGE', 'the snapshot holds more rows than reorderRowsMax');
    for (let at = 0; at < held; at += outRows) {
      const n = Math.min(outRows, held - at);
      const block = new EventBatch(n);
      block.n = n;
      restoreBytes(from, `sorter.${at / outRows}`, new Uint8Array(block.buffer));
      this.push(block);
    }
    Object.assign(this.stats, stats);
    this.releasedUs = releasedUs ?? Number.NEGATIVE_INFINITY;
  }

  /** Numbers of the rows that are held, ascending. */
  private liveRows(): Float64Array {
    const live = new Float64Array(this.stats.held);
    const mask = this.ring.capacity - 1;
    let n = 0;
    for (let row = this.oldest; row < this.next; row++) if (this.released[row & mask] === 0) live[n++] = row;
    return live;
  }

  private flushLate(): void {
    if (this.late.n > 0) this.onLate(this.late, 0, this.late.n);
    this.late.n = 0;
  }

  private takeLate(batch: EventBatch, row: number): void {
    if (batch.timeUs[row] < this.releasedUs - this.latenessUs) {
      this.stats.tooLate++;
      this.onTooLate(batch, row, row + 1);
      return;
    }
    this.stats.late++;
    this.late.copyRow(batch, row);
    if (this.late.full) this.flushLate();
  }

  /** Puts each of the `n` rows that were laid down at `slot` on the first run whose end it does not precede. */
  private deal(slot: number, n: number): void {
    const { timeUs } = this.ring;
    this.stats.held += n;
    for (let i = 0; i < n; i++) this.append(this.runFor(timeUs[slot + i]), this.next++, timeUs[slot + i]);
  }

  private runFor(timeUs: number): Run {
    const { runs } = this;
    for (let r = 0; r < runs.length; r++) {
      const run = runs[r];
      if (run.lastUs <= timeUs || run.head === run.tail) return run;
    }
    if (runs.length === runsMax) this.joinShortest();
    const run: Run = { rows: new Float64Array(64), head: 0, tail: 0, lastUs: 0 };
    runs.push(run);
    return run;
  }

  /** Merges the two shortest runs into one. */
  private joinShortest(): void {
    const { runs, ring } = this;
    runs.sort((a, b) => b.tail - b.head - (a.tail - a.head));
    const b = runs.pop()!;
    const a = runs.pop()!;
    const mask = ring.capacity - 1;
    const rows = new Float64Array(Math.max(64, 2 * (a.tail - a.head + b.tail - b.head)));
    let n = 0;
    while (a.head < a.tail || b.head < b.tail) {
      const rowA = a.head < a.tail ? a.rows[a.head] : -1;
      const rowB = b.head < b.tail ? b.rows[b.head] : -1;
      const byTime = rowA < 0 ? 1 : rowB < 0 ? -1 : ring.timeUs[rowA & mask] - ring.timeUs[rowB & mask] || rowA - rowB;
      rows[n++] = byTime < 0 ? rowA : rowB;
      if (byTime < 0) a.head++;
      else b.head++;
    }
    runs.push({ rows, head: 0, tail: n, lastUs: Math.max(a.lastUs, b.lastUs) });
  }

  private append(run: Run, row: number, timeUs: number): void {
    if (run.head === run.tail) {
      run.head = 0;
      run.tail = 0;
    } else if (run.tail === run.rows.length) {
      const held = run.rows.subarray(run.head, run.tail);
      const rows = held.length > run.rows.length / 2 ? new Float64Array(run.rows.length * 2) : run.rows;
      rows.set(held);
      run.rows = rows;
      run.tail = held.length;
      run.head = 0;
    }
    run.rows[run.tail++] = row;
    run.lastUs = timeUs;
  }

  /** As many rows are held as may be: the older half goes out before its time, counted. */
  private *releasingEarly(): Generator<EventBatch> {
    this.stats.forced += yield* this.merging(Number.POSITIVE_INFINITY, Math.ceil(this.stats.held / 2));
  }

  /**
   * The ring is full. Rows that are held although younger ones have been released (they are late in time) keep the
   * ring from moving on: where they are few the rows are moved together. Else the ring grows, up to its limit.
   */
  private makingRoom(): Generator<null> {
    const { capacity } = this.ring;
    const fits = this.stats.held <= capacity / 2 || capacity === this.ringRowsMax;
    return this.relaying(fits ? capacity : capacity * 2);
  }

  /** Lays the held rows out anew, in order of arrival and without gaps, in a ring of `capacity` rows. */
  private *relaying(capacity: number): Generator<null> {
    const live = this.liveRows();
    const { ring } = this;
    const mask = ring.capacity - 1;
    const laid = new EventBatch(capacity);
    for (const row of live) {
      laid.copyRow(ring, row & mask);
      if (laid.n % outRows === 0) yield null;
    }
    // Row numbers are places in `live` from now on; equal times keep the order of arrival, because `live` ascends.
    for (const run of this.runs) {
      for (let k = run.head; k < run.tail; k++) {
        run.rows[k] = placeOf(live, run.rows[k]);
        if (k % outRows === 0) yield null;
      }
    }
    this.ring = laid;
    this.released = new Uint8Array(capacity);
    this.oldest = 0;
    this.next = live.length;
  }

  /** Merges the runs into blocks: rows before `untilUs`, at most `rowsMax`. Returns how many. */
  private *merging(untilUs: number, rowsMax: number): Generator<EventBatch, number> {
    let merged = 0;
    while (merged < rowsMax) {
      const n = this.mergeSome(untilUs, Math.min(outRows, rowsMax - merged));
      if (n === 0) break;
      merged += n;
      this.out.gather(this.ring, this.order, n);
      yield this.out;
    }
    return merged;
  }

  /** The same of what goes into one block: writes the slots of at most `rowsMax` rows into `order`. */
  private mergeSome(untilUs: number, rowsMax: number): number {
    const { headUs, headRow, runs, order } = this;
    const mask = this.ring.capacity - 1;
    const { timeUs } = this.ring;
    for (let r = 0; r < runs.length; r++) this.look(r);
    let n = 0;
    while (n < rowsMax) {
      const best = this.earliest(-1);
      if (best < 0 || headUs[best] >= untilUs) break;
      // Rows come from one run until the head of another precedes them.
      const other = this.earliest(best);
      const otherUs = other < 0 ? Number.POSITIVE_INFINITY : headUs[other];
      const otherRow = other < 0 ? 0 : headRow[other];
      const run = runs[best];
      const { rows, tail } = run;
      let { head } = run;
      let us = headUs[best];
      while (us < untilUs && n < rowsMax && (us < otherUs || (us === otherUs && rows[head] < otherRow))) {
        const slot = rows[head] & mask;
        this.released[slot] = 1;
        order[n++] = slot;
        if (us > this.releasedUs) this.releasedUs = us;
        if (++head === tail) break;
        us = timeUs[rows[head] & mask];
      }
      run.head = head;
      this.look(best);
    }
    this.stats.held -= n;
    while (this.oldest < this.next && this.released[this.oldest & mask] === 1) this.oldest++;
    return n;
  }

  /** Notes the first row of a run. */
  private look(r: number): void {
    const { rows, head, tail } = this.runs[r];
    this.headRow[r] = head < tail ? rows[head] : 0;
    this.headUs[r] = head < tail ? this.ring.timeUs[rows[head] & (this.ring.capacity - 1)] : Number.POSITIVE_INFINITY;
  }

  /** The run, other than `but`, whose first row comes first; -1: all are empty. */
  private earliest(but: number): number {
    const { headUs, headRow, runs } = this;
    let best = -1;
    let bestUs = Number.POSITIVE_INFINITY;
    for (let r = 0; r < runs.length; r++) {
      const us = headUs[r];
      if (r === but || us === Number.POSITIVE_INFINITY) continue;
      if (us < bestUs || (us === bestUs && headRow[r] < headRow[best])) {
        best = r;
        bestUs = us;
      }
    }
    return best;
  }
}
