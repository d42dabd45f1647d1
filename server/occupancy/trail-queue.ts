import { assertInvariant } from '../errors.ts';
import type { HeldMemory } from '../held-memory.ts';
import { restoreColumns, type StateReader, type StateWriter, saveBytes } from '../state-writer.ts';
import { chunkBits, chunkBytes, chunkMask, chunkNumberMask, chunkRows, entryWords, wArea } from './trail-entry.ts';
import { type TrailKernel, trailAt, trailKernelOf, wDirectoryMask, wHead, wSettled, wTail } from './trail-kernel.ts';

const pageBytes = 65_536;
/** Growth in small steps: a step costs page-table work only, nothing is copied. */
const growthPages = 16;
/** Words that are kept together where the chunks are held: the state of two or three entries, or four times. */
const heldWords = 8;
const heldShift = 5;
const heldBytes = 1 << heldShift;

/**
 * The entries of the {@link CrossingTrail} in order of arrival, in chunks: nothing is copied as they come and go. They live
 * in a WebAssembly.Memory, as the table's records do; chunks that are free wait there for re-use.
 */
export abstract class TrailQueue {
  protected readonly entriesMax: number;
  protected forcedCount = 0;
  protected readonly kernel: TrailKernel;
  protected readonly memory: WebAssembly.Memory;
  protected u32!: Uint32Array;
  protected f64!: Float64Array;
  private readonly state: Uint32Array;
  /** Addresses of chunks by their numbers; 0: there is none. */
  private readonly directory: Uint32Array;
  private readonly spare: number[] = [];
  /** Where the chunks begin, and the memory that has never been one. */
  private readonly chunksAt: number;
  private free: number;
  /** Chunks as they were when a snapshot of them was begun; null: nobody reads it. So many of {@link spare} were free then. */
  private held: HeldMemory | null = null;
  private spareHeld = 0;
  private chunkCount = 0;

  constructor(entriesMax: number) {
    this.entriesMax = entriesMax;
    const chunksMax = Math.ceil(entriesMax / chunkRows) + 2;
    const numbers = 2 ** Math.ceil(Math.log2(chunksMax));
    this.free = Math.ceil((trailAt.directory + 4 * numbers) / pageBytes) * pageBytes;
    this.chunksAt = this.free;
    const initial = this.free / pageBytes;
    const maximum = Math.min(65_536, initial + Math.ceil((chunksMax * chunkBytes) / pageBytes) + growthPages);
    this.memory = new WebAssembly.Memory({ initial, maximum, shared: true });
    this.kernel = trailKernelOf(this.memory, {
      keep: (sequence) => this.keep(sequence >>> 0),
      newestBehind: (area, sequence) => this.newestBehind(area, sequence >>> 0),
    });
    const { buffer } = this.memory;
    this.state = new Uint32Array(buffer, trailAt.state, 4);
    this.directory = new Uint32Array(buffer, trailAt.directory, numbers);
    this.look();
    this.state[wDirectoryMask] = numbers - 1;
    // Sequence numbers count modulo 2³²; 0 means none and is left out.
    this.tail = 1;
    this.settled = 1;
    this.head = 1;
  }

  get size(): number {
    return (this.head - this.tail) >>> 0;
  }

  get byteLength(): number {
    return this.chunkCount * chunkBytes;
  }

  protected get tail(): number {
    return this.state[wTail];
  }

  protected set tail(sequence: number) {
    this.state[wTail] = sequence;
  }

  /** The first that has not settled. */
  protected get settled(): number {
    return this.state[wSettled];
  }

  protected set settled(sequence: number) {
    this.state[wSettled] = sequence;
  }

  protected get head(): number {
    return this.state[wHead];
  }

  protected set head(sequence: number) {
    this.state[wHead] = sequence;
  }

  *save(to: StateWriter): Generator<void> {
    const { tail, settled, head, forcedCount: forced } = this;
    to.json('trail', { tail, settled, head, forced });
    if (to.hold !== undefined) {
      const release = () => {
        this.held = null;
      };
      this.held = to.hold(this.u32.subarray(this.chunksAt / 4, this.free / 4), heldWords, release);
      this.spareHeld = this.spare.length;
    }
    const held = to.hold && this.held;
    // What is held is read from its first word to its last.
    const chunks = Array.from({ length: this.chunksInUse }, (_, i) => ({ i, rows: this.liveRows(i) }));
    chunks.sort((a, b) => a.rows.timeUs.byteOffset - b.rows.timeUs.byteOffset);
    for (const { i, rows } of chunks) {
      yield* saveBytes(to, `trail.${i}.timeUs`, rows.timeUs, held);
      yield* saveBytes(to, `trail.${i}.words`, rows.words, held);
    }
  }

  /** Of a fresh trail. */
  restore(from: StateReader): void {
    const state = from.json<{ tail: number; settled: number; head: number; forced: number }>('trail');
    this.tail = state.tail;
    this.settled = state.settled;
    this.forcedCount = state.forced;
    this.head = state.head;
    const chunks = this.chunksInUse;
    for (let i = 0; i < chunks; i++) this.haveChunk((((state.tail >>> chunkBits) + i) << chunkBits) >>> 0);
    for (let i = 0; i < chunks; i++) restoreColumns(from, `trail.${i}`, this.liveRows(i));
  }

  /** Chunks from the tail's on; one that the next entry begins is not counted yet. */
  private get chunksInUse(): number {
    return (((this.head + chunkMask) >>> chunkBits) - (this.tail >>> chunkBits)) & chunkNumberMask;
  }

  /** Of the chunk `i` places behind the tail's, those entries that are still here. */
  private liveRows(i: number) {
    const first = ((this.tail & ~chunkMask) + i * chunkRows) >>> 0;
    const from = i === 0 ? this.tail & chunkMask : 0;
    const isNewest = first >>> chunkBits === this.head >>> chunkBits;
    const to = isNewest ? this.head & chunkMask : chunkRows;
    const [time, word] = [this.timeAt(first), this.wordsAt(first)];
    return {
      timeUs: this.f64.subarray(time + from, time + to),
      words: this.u32.subarray(word + from * entryWords, word + to * entryWords),
    };
  }

  /** Whether the entry is still here. */
  isLive(sequence: number): boolean {
    return sequence !== 0 && (sequence - this.tail) >>> 0 < (this.head - this.tail) >>> 0;
  }

  /** The subscriber's newest entry of the area among this one, which may have gone, and those before it; or 0. */
  protected abstract newestBehind(area: number, sequence: number): number;

  /** Place of an entry's time in {@link f64}. */
  protected timeAt(sequence: number): number {
    return (this.chunkAt(sequence) >>> 3) + (sequence & chunkMask);
  }

  /** Place of an entry's first word in {@link u32}. */
  protected wordsAt(sequence: number): number {
    return (this.chunkAt(sequence) >>> 2) + 2 * chunkRows + (sequence & chunkMask) * entryWords;
  }

  private chunkAt(sequence: number): number {
    const { directory } = this;
    return directory[(sequence >>> chunkBits) & (directory.length - 1)];
  }

  /** Makes the chunk of an entry that is about to be put down, if it is not there. */
  protected haveChunk(sequence: number): void {
    const { directory } = this;
    const at = (sequence >>> chunkBits) & (directory.length - 1);
    if (directory[at] !== 0) return;
    directory[at] = this.spareChunk() ?? this.newChunk();
    this.chunkCount++;
  }

  /** The entry's word is about to change. The result means nothing. */
  protected keep(sequence: number): number {
    this.held?.keep((4 * (this.wordsAt(sequence) + wArea) - this.chunksAt) >>> heldShift);
    return 0;
  }

  /** The same of the next `n` that settle. */
  protected keepSettling(n: number): void {
    if (this.held === null) return;
    const end = Math.min(n, (this.head - this.settled) >>> 0);
    for (let i = 0; i < end; i++) this.keep((this.settled + i) >>> 0);
  }

  /** The last entry of the chunk has been dropped. */
  protected dropChunk(sequence: number): void {
    const { directory } = this;
    const at = (sequence >>> chunkBits) & (directory.length - 1);
    this.spare.push(directory[at]);
    directory[at] = 0;
    this.chunkCount--;
    assertInvariant(this.size <= this.entriesMax, 'the crossing trail lost count of its entries');
  }

  /** One that has been used; what stands in it is kept where it is held. */
  private spareChunk(): number | undefined {
    const { spare, held } = this;
    const address = spare.pop();
    if (held === null || address === undefined) return address;
    if (spare.length < this.spareHeld) this.spareHeld = spare.length;
    else for (let at = 0; at < chunkBytes; at += heldBytes) held.keep((address + at - this.chunksAt) >>> heldShift);
    return address;
  }

  private newChunk(): number {
    const address = this.free;
    this.free += chunkBytes;
    const { byteLength } = this.memory.buffer;
    if (this.free > byteLength) {
      this.memory.grow(Math.max(growthPages, Math.ceil((this.free - byteLength) / pageBytes)));
      this.look();
    }
    return address;
  }

  /** Takes up the memory as it is after a growth. */
  private look(): void {
    this.u32 = new Uint32Array(this.memory.buffer);
    this.f64 = new Float64Array(this.memory.buffer);
  }
}
