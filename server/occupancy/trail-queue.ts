import { assertInvariant } from '../errors.ts';
import { restoreColumns, type StateReader, type StateWriter, saveColumns } from '../state-writer.ts';
import {
  Chunk,
  chunkBits,
  chunkMask,
  chunkNumberMask,
  chunkRows,
  doubled,
  entryBytes,
  entryWords,
} from './trail-entry.ts';

/** The entries of the {@link CrossingTrail} in order of arrival, in chunks: nothing is copied as they come and go. */
export class TrailQueue {
  // Sequence numbers count modulo 2³²; 0 means none and is left out.
  protected tail = 1;
  /** The first that has not settled. */
  protected settled = 1;
  protected head = 1;
  protected forcedCount = 0;
  /** The chunk of the newest entry. */
  protected newestChunk: Chunk;
  protected readonly entriesMax: number;
  private directory: (Chunk | null)[] = new Array(16).fill(null);
  private readonly spare: Chunk[] = [];
  private chunkCount = 0;

  constructor(entriesMax: number) {
    this.entriesMax = entriesMax;
    this.newestChunk = this.addChunk();
  }

  get size(): number {
    return (this.head - this.tail) >>> 0;
  }

  get byteLength(): number {
    return this.chunkCount * chunkRows * entryBytes;
  }

  *save(to: StateWriter): Generator<void> {
    const { tail, settled, head, forcedCount: forced } = this;
    to.json('trail', { tail, settled, head, forced });
    for (let i = 0; i < this.chunksInUse; i++) yield* saveColumns(to, `trail.${i}`, this.liveRows(i));
  }

  /** Of a fresh trail. */
  restore(from: StateReader): void {
    const state = from.json<{ tail: number; settled: number; head: number; forced: number }>('trail');
    this.dropChunk(this.tail, this.newestChunk);
    this.tail = state.tail;
    this.settled = state.settled;
    this.forcedCount = state.forced;
    this.head = state.head;
    const chunks = this.chunksInUse;
    for (let i = 0; i < chunks; i++) {
      this.head = (((state.tail >>> chunkBits) + i) << chunkBits) >>> 0;
      this.newestChunk = this.addChunk();
    }
    this.head = state.head;
    for (let i = 0; i < chunks; i++) restoreColumns(from, `trail.${i}`, this.liveRows(i));
  }

  /** Chunks from the tail's on; one that the next entry begins is not there yet. */
  private get chunksInUse(): number {
    return (((this.head + chunkMask) >>> chunkBits) - (this.tail >>> chunkBits)) & chunkNumberMask;
  }

  /** Of the chunk `i` places behind the tail's, those entries that are still here. */
  private liveRows(i: number) {
    const first = (this.tail & ~chunkMask) + i * chunkRows;
    const { timeUs, words } = this.chunkOf(first >>> 0);
    const from = i === 0 ? this.tail & chunkMask : 0;
    const isNewest = first >>> chunkBits === this.head >>> chunkBits;
    const to = isNewest ? this.head & chunkMask : chunkRows;
    return { timeUs: timeUs.subarray(from, to), words: words.subarray(from * entryWords, to * entryWords) };
  }

  protected isLive(sequence: number): boolean {
    return sequence !== 0 && (sequence - this.tail) >>> 0 < (this.head - this.tail) >>> 0;
  }

  protected chunkOf(sequence: number): Chunk {
    return this.directory[(sequence >>> chunkBits) & (this.directory.length - 1)]!;
  }

  protected addChunk(): Chunk {
    const number = this.head >>> chunkBits;
    const { directory } = this;
    if (directory[number & (directory.length - 1)] !== null)
      this.directory = doubled(directory, this.tail >>> chunkBits);
    const chunk = this.spare.pop() ?? new Chunk();
    this.directory[number & (this.directory.length - 1)] = chunk;
    this.chunkCount++;
    return chunk;
  }

  protected dropChunk(sequence: number, chunk: Chunk): void {
    this.directory[(sequence >>> chunkBits) & (this.directory.length - 1)] = null;
    this.chunkCount--;
    // A few chunks wait for re-use; what a burst needed goes back to the heap.
    if (this.spare.length < 4) this.spare.push(chunk);
    assertInvariant(this.size <= this.entriesMax, 'the crossing trail lost count of its entries');
  }
}
