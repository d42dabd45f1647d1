import { UserError } from '../errors.ts';
import type { EventBatch } from '../events/event-batch.ts';
import type { HeldMemory } from '../held-memory.ts';
import { restoreBytes, type StateReader, type StateWriter, saveBytes } from '../state-writer.ts';
import { groupRows } from './group-loads.ts';
import { type MovedRows, movedRowsOf } from './moved-rows.ts';
import {
  dLast,
  dSince,
  eventsMax,
  inWheelFlag,
  nextMask,
  nowhere,
  recordBytes,
  recordDoubles,
  recordsAt,
  recordWords,
  wCellFeed,
  wHi,
  wLo,
  wNextFlags,
  wOriginEvents,
  wTrail,
} from './record.ts';
import { type RowKernel, rowKernelOf, seenBytes, stage, stageRows } from './row-kernel.ts';
import { hashOf, type KeyStore, Slots, slotIndexMax } from './slots.ts';

const pageBytes = 65_536;
/** Growth in small steps: a step costs page-table work only, nothing is copied. */
const growthPages = 16;
const pagesMax = 65_536;

const recordsIn = (pages: number) => Math.floor((pages * pageBytes - recordsAt) / recordBytes);
const pagesFor = (records: number) => Math.ceil((recordsAt + records * recordBytes) / pageBytes);

/**
 * Dense records of the subscribers that are known, found by the first 64 bits of their pseudonym. Indices of freed
 * records are used again; the caller frees one only when nothing refers to it.
 *
 * The records live in a WebAssembly.Memory, used as memory that grows in place: a grown table of typed arrays would
 * have to be copied, which stalls for 20 ms at a million subscribers. Growing replaces {@link u32} and {@link f64}:
 * read them anew after every {@link insert}.
 */
export class SubscriberTable implements KeyStore {
  readonly capacity: number;
  u32: Uint32Array;
  f64: Float64Array;
  /** Calls of {@link free}: as long as it stands, an index found before is still its subscriber's. */
  freed = 0;
  /** What is done with rows of the stage. */
  readonly rows: RowKernel;
  /** What {@link locate} found, row by row of the group. */
  readonly rowIndices: Int32Array;
  /** Rows of the group whose subscribers are not those that were found, × 4; and those that are and come from elsewhere. */
  readonly doubts: Uint32Array;
  readonly movers: Uint32Array;
  /** See `stage.seen`. */
  readonly seenRows: Uint8Array;
  readonly movedRows: MovedRows;
  private readonly stage: Stage;
  /** Stage, then records. */
  readonly memory: WebAssembly.Memory;
  private readonly slots: Slots;
  private room: number;
  /** Records ever used; those freed hang in a list through `trail`. */
  private high = 0;
  private freeHead = 0;
  private liveCount = 0;
  private refusedCount = 0;
  /** Is told of a record before it changes. */
  private held: HeldMemory | null = null;

  /** @param subscribersMax bound of the table; at most what 4 GiB of records hold */
  constructor(subscribersMax: number) {
    this.capacity = Math.min(subscribersMax, slotIndexMax, recordsIn(pagesMax));
    const maximum = pagesFor(this.capacity);
    const initial = Math.min(growthPages, maximum);
    this.memory = new WebAssembly.Memory({ initial, maximum, shared: true });
    this.u32 = new Uint32Array(this.memory.buffer);
    this.f64 = new Float64Array(this.memory.buffer);
    // The memory is shared, so these stay what they are when it grows.
    this.rows = rowKernelOf(this.memory);
    this.stage = stageOf(this.memory);
    this.rowIndices = new Int32Array(this.memory.buffer, stage.indices, groupRows);
    this.seenRows = new Uint8Array(this.memory.buffer, stage.seen, groupRows * seenBytes);
    this.movedRows = movedRowsOf(this.memory);
    this.doubts = new Uint32Array(this.memory.buffer, stage.doubts, groupRows);
    this.movers = new Uint32Array(this.memory.buffer, stage.movers, groupRows);
    this.room = Math.min(this.capacity, recordsIn(initial));
    this.slots = new Slots(this);
  }

  /** Records in use: present subscribers and those that something still refers to. */
  get size(): number {
    return this.liveCount;
  }

  /** Every index is below it; one that is free or nowhere has the cell {@link nowhere}. */
  get indices(): number {
    return this.high;
  }

  /** Sightings of new subscribers refused because the table was full. */
  get refused(): number {
    return this.refusedCount;
  }

  get byteLength(): number {
    return this.memory.buffer.byteLength + this.slots.byteLength;
  }

  holds(index: number, lo: number, hi: number): boolean {
    const at = index * recordWords;
    return this.u32[at + wLo] === lo && this.u32[at + wHi] === hi;
  }

  hashAt(index: number): number {
    const at = index * recordWords;
    return hashOf(this.u32[at + wLo], this.u32[at + wHi]);
  }

  /** Copies rows `from` … `to − 1`, at most {@link stageRows}, to where WebAssembly sees them. */
  stageRows(batch: EventBatch, from: number, to: number): void {
    const { lo, hi, cell, plmn, timeUs, flags, feed, kind, outcome, durationMs } = this.stage;
    lo.set(batch.subLo.subarray(from, to));
    hi.set(batch.subHi.subarray(from, to));
    cell.set(batch.cell.subarray(from, to));
    plmn.set(batch.plmn.subarray(from, to));
    timeUs.set(batch.timeUs.subarray(from, to));
    flags.set(batch.flags.subarray(from, to));
    feed.set(batch.feed.subarray(from, to));
    kind.set(batch.kind.subarray(from, to));
    outcome.set(batch.outcome.subarray(from, to));
    durationMs.set(batch.durationMs.subarray(from, to));
  }

  /**
   * Looks up `n` rows of the stage from `row` on, at most {@link groupRows} and at least one: {@link rowIndices} by row, -1
   * where there is none. Those whose keys are others' (some in thirty, and all that are new) stand in {@link doubts}, those
   * that come from another cell in {@link movers}. Slots are loaded first, then records, so that the cache misses of the
   * group overlap.
   *
   * @returns numbers of the two, as {@link RowKernel.match} has them
   */
  locate(row: number, n: number): number {
    this.rows.hash(4 * row, 4 * n);
    this.slots.guess(this.doubts, n, this.rowIndices);
    return this.rows.match(4 * row, 4 * n);
  }

  /** Loads the records of the first `n` of `indices`, which are at most {@link groupRows}, in one loop of few instructions. */
  touch(indices: Int32Array, n: number): number {
    const { u32 } = this;
    let kept = 0;
    for (let i = 0; i < n; i++) kept ^= u32[Math.max(indices[i], 0) * recordWords + wLo];
    return kept;
  }

  /** Records of rows `from` … `to − 1` of the group, which {@link locate} found, are about to change. */
  keepRows(from: number, to: number): void {
    const { held, rowIndices } = this;
    if (held === null) return;
    for (let row = from; row < to; row++) if (rowIndices[row] >= 0) held.keep(rowIndices[row]);
  }

  /** The subscriber's index, or -1. `hash` is {@link hashOf} of the key. */
  find(hash: number, lo: number, hi: number): number {
    return this.slots.find(hash, lo, hi);
  }

  /** Adds an unknown subscriber, who is nowhere yet; -1 when the table is full (counted). */
  insert(hash: number, lo: number, hi: number): number {
    let index: number;
    if (this.freeHead !== 0) {
      index = this.freeHead - 1;
      this.held?.keep(index);
      this.freeHead = this.u32[index * recordWords + wTrail];
    } else {
      if (this.high === this.room && !this.grow()) {
        this.refusedCount++;
        return -1;
      }
      index = this.high++;
    }
    const at = index * recordWords;
    const { u32 } = this;
    u32[at + wLo] = lo;
    u32[at + wHi] = hi;
    u32[at + wCellFeed] = nowhere;
    u32[at + wOriginEvents] = 0;
    u32[at + wNextFlags] = 0;
    u32[at + wTrail] = 0;
    this.slots.insert(hash, index);
    this.liveCount++;
    return index;
  }

  /** Frees a record that nothing refers to any more. */
  free(index: number): void {
    const at = index * recordWords;
    const { u32 } = this;
    this.held?.keep(index);
    this.slots.remove(this.hashAt(index), u32[at + wLo], u32[at + wHi]);
    // A key that is no pseudonym: a slot left over from before a growth must not find it.
    u32[at + wLo] = 0;
    u32[at + wHi] = 0;
    u32[at + wTrail] = this.freeHead;
    this.freeHead = index + 1;
    this.liveCount--;
    this.freed++;
  }

  subLo(index: number): number {
    return this.u32[index * recordWords + wLo];
  }

  subHi(index: number): number {
    return this.u32[index * recordWords + wHi];
  }

  /** Newest sighting, µs. */
  lastUs(index: number): number {
    return this.f64[index * recordDoubles + dLast];
  }

  /** First sighting of the stay in the present cell, µs. */
  sinceUs(index: number): number {
    return this.f64[index * recordDoubles + dSince];
  }

  cell(index: number): number {
    return this.u32[index * recordWords + wCellFeed] & nowhere;
  }

  /** Feed of the newest sighting. */
  feed(index: number): number {
    return this.u32[index * recordWords + wCellFeed] >>> 24;
  }

  /** The caller's 16-bit code of where the subscriber comes from; 0: unknown. */
  origin(index: number): number {
    return this.u32[index * recordWords + wOriginEvents] >>> 16;
  }

  /** Sightings in the stay; stops counting at 65,535. */
  events(index: number): number {
    return this.u32[index * recordWords + wOriginEvents] & eventsMax;
  }

  setOrigin(index: number, origin: number): void {
    const at = index * recordWords + wOriginEvents;
    this.held?.keep(index);
    this.u32[at] = ((this.u32[at] & eventsMax) | (origin << 16)) >>> 0;
  }

  /** Begins a stay. */
  place(index: number, cell: number, feed: number, timeUs: number): void {
    const { u32, f64 } = this;
    this.held?.keep(index);
    f64[index * recordDoubles + dLast] = timeUs;
    f64[index * recordDoubles + dSince] = timeUs;
    const at = index * recordWords;
    u32[at + wCellFeed] = cell | (feed << 24);
    u32[at + wOriginEvents] = (u32[at + wOriginEvents] & ~eventsMax) | 1;
  }

  /** One more sighting in the same cell. */
  renew(index: number, cell: number, feed: number, timeUs: number): void {
    const { u32, f64 } = this;
    this.held?.keep(index);
    f64[index * recordDoubles + dLast] = timeUs;
    const at = index * recordWords;
    u32[at + wCellFeed] = cell | (feed << 24);
    const events = u32[at + wOriginEvents];
    if ((events & eventsMax) !== eventsMax) u32[at + wOriginEvents] = events + 1;
  }

  /** Ends presence, and what was known with it: the record may stay for as long as something refers to it. */
  remove(index: number): void {
    this.held?.keep(index);
    this.u32[index * recordWords + wCellFeed] = nowhere;
    this.u32[index * recordWords + wOriginEvents] = 0;
  }

  /** Sequence number of the subscriber's newest trail entry; 0: none. */
  trail(index: number): number {
    return this.u32[index * recordWords + wTrail];
  }

  setTrail(index: number, sequence: number): void {
    this.held?.keep(index);
    this.u32[index * recordWords + wTrail] = sequence;
  }

  inWheel(index: number): boolean {
    return (this.u32[index * recordWords + wNextFlags] & inWheelFlag) !== 0;
  }

  /** Next of the subscriber's wheel list as index + 1; 0: end. */
  nextInWheel(index: number): number {
    return this.u32[index * recordWords + wNextFlags] & nextMask;
  }

  /** Puts the subscriber into a wheel list in front of `next` (index + 1). */
  linkInWheel(index: number, next: number): void {
    this.held?.keep(index);
    this.u32[index * recordWords + wNextFlags] = inWheelFlag | next;
  }

  unlinkFromWheel(index: number): void {
    this.held?.keep(index);
    this.u32[index * recordWords + wNextFlags] = 0;
  }

  /** All records ever used, freed ones included: copying them is quicker than picking the live ones out. */
  *save(to: StateWriter): Generator<void> {
    const { high, freeHead, liveCount: live, refusedCount: refused } = this;
    to.json('table', { high, freeHead, live, refused });
    const records = this.recordsBelow(high);
    const release = () => {
      this.held = null;
    };
    this.held = to.hold?.(records, recordWords, release) ?? this.held;
    yield* saveBytes(to, 'table.records', records, to.hold && this.held);
    yield* this.slots.save(to);
  }

  /** Of an empty table with the same limit. */
  restore(from: StateReader): void {
    const state = from.json<{ high: number; freeHead: number; live: number; refused: number }>('table');
    while (this.room < state.high) {
      if (!this.grow())
        throw new UserError('SNAPSHOT_TOO_LARGE', 'the snapshot has more subscribers than subscribersMax');
    }
    this.high = state.high;
    this.freeHead = state.freeHead;
    this.liveCount = state.live;
    this.refusedCount = state.refused;
    restoreBytes(from, 'table.records', this.recordsBelow(state.high));
    this.slots.restore(from);
  }

  private recordsBelow(high: number): Uint32Array {
    return this.u32.subarray(wLo, wLo + high * recordWords);
  }

  private grow(): boolean {
    if (this.room >= this.capacity) return false;
    const pages = this.memory.buffer.byteLength / pageBytes;
    const wanted = Math.min(growthPages, pagesFor(this.capacity) - pages);
    try {
      this.memory.grow(wanted);
    } catch (error) {
      // The machine gives no more memory: the table is as full as it can be.
      if (error instanceof RangeError) return false;
      throw error;
    }
    this.u32 = new Uint32Array(this.memory.buffer);
    this.f64 = new Float64Array(this.memory.buffer);
    this.room = Math.min(this.capacity, recordsIn(pages + wanted));
    return true;
  }
}

type Stage = ReturnType<typeof stageOf>;

function stageOf({ buffer }: WebAssembly.Memory) {
  const words = (at: number) => new Uint32Array(buffer, at, stageRows);
  const octets = (at: number) => new Uint8Array(buffer, at, stageRows);
  return {
    lo: words(stage.lo),
    hi: words(stage.hi),
    cell: words(stage.cell),
    plmn: words(stage.plmn),
    timeUs: new Float64Array(buffer, stage.timeUs, stageRows),
    flags: octets(stage.flags),
    feed: octets(stage.feed),
    kind: octets(stage.kind),
    outcome: octets(stage.outcome),
    durationMs: words(stage.durationMs),
  };
}
