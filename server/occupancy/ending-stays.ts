import { assertInvariant } from '../errors.ts';
import { restoreColumns, type StateReader, type StateWriter, saveColumns } from '../state-writer.ts';

const chunkRows = 4096;
/** In the buckets of an end behind which the subscriber may be on in a region to which it came later. */
export const stayingBit = 0x80000000;

class Chunk {
  readonly sequences = new Uint32Array(chunkRows);
  readonly buckets = new Uint32Array(chunkRows);
  readonly sinceUs = new Float64Array(chunkRows);
}

/**
 * Stays in regions whose end has not settled, in the order of their entries in the crossing trail: a queue in chunks, so
 * that nothing is copied when it grows and it is saved in pieces. Ends settle in that order; one that is undone is found
 * by halving.
 */
export class EndingStays {
  /** When the stay began whose end has settled last, µs. */
  settledSinceUs = 0;
  /** The oldest stands at {@link head} of the first one. */
  private readonly chunks: Chunk[] = [];
  private spare: Chunk | null = null;
  private head = 0;
  private size = 0;

  get byteLength(): number {
    return this.chunks.length * chunkRows * 16;
  }

  /** @param sequence of its entry in the trail, newer than those before */
  push(sequence: number, sinceUs: number, buckets: number): void {
    const at = this.head + this.size++;
    if (at === this.chunks.length * chunkRows) this.addChunk();
    const chunk = this.chunks[this.chunks.length - 1];
    const row = at % chunkRows;
    chunk.sequences[row] = sequence;
    chunk.buckets[row] = buckets;
    chunk.sinceUs[row] = sinceUs;
  }

  /** The end of `sequence`, the oldest that is neither settled nor undone, has settled; returns its buckets. */
  settle(sequence: number): number {
    // Those before it have been undone, or have counted early.
    for (;;) {
      assertInvariant(this.size > 0, 'a stay has ended that never began');
      const chunk = this.chunks[0];
      const row = this.head++;
      this.size--;
      if (this.head === chunkRows) this.dropChunk();
      if (chunk.sequences[row] !== sequence) continue;
      this.settledSinceUs = chunk.sinceUs[row];
      return chunk.buckets[row];
    }
  }

  /** When the stay began whose end `sequence` has been undone, µs; it is passed over when its turn comes. */
  sinceOf(sequence: number): number {
    const at = this.find(sequence);
    return this.chunkAt(at).sinceUs[at % chunkRows];
  }

  /** When the stay began that `sequence` ended, µs; -1: it ended none, or the end has settled. */
  sinceIfEnding(sequence: number): number {
    if (this.size === 0) return -1;
    const at = this.find(sequence);
    const chunk = this.chunkAt(at);
    return chunk.sequences[at % chunkRows] === sequence ? chunk.sinceUs[at % chunkRows] : -1;
  }

  /** Behind the end `sequence`, if it is one, the subscriber may be on in another region. */
  markStaying(sequence: number): void {
    if (this.sinceIfEnding(sequence) < 0) return;
    const at = this.find(sequence);
    this.chunkAt(at).buckets[at % chunkRows] |= stayingBit;
  }

  /** Buckets of a stay whose end counts before its turn; it is passed over when that comes. */
  bucketsOf(sequence: number): number {
    const at = this.find(sequence);
    return this.chunkAt(at).buckets[at % chunkRows];
  }

  *save(to: StateWriter): Generator<void> {
    const { chunks, head, size } = this;
    to.json('endingStays', { head, size });
    for (let i = 0; i < chunks.length; i++) yield* saveColumns(to, `endingStays.${i}`, this.liveRows(i));
  }

  /** Of an empty one. */
  restore(from: StateReader): void {
    const { head, size } = from.json<{ head: number; size: number }>('endingStays');
    this.head = head;
    this.size = size;
    while (this.chunks.length * chunkRows < head + size) this.addChunk();
    for (let i = 0; i < this.chunks.length; i++) restoreColumns(from, `endingStays.${i}`, this.liveRows(i));
  }

  /** Where the end `sequence` stands: rows behind the first chunk's begin. */
  private find(sequence: number): number {
    // Sequence numbers count modulo 2³²: what is compared is how far they are behind the oldest.
    const oldest = this.chunks[0].sequences[this.head];
    const target = (sequence - oldest) >>> 0;
    let low = this.head;
    let high = this.head + this.size - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.chunkAt(middle).sequences[middle % chunkRows] - oldest) >>> 0 < target) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private chunkAt(at: number): Chunk {
    return this.chunks[Math.floor(at / chunkRows)];
  }

  /** Of the chunk `i`, the rows that wait. */
  private liveRows(i: number) {
    const { buckets, sequences, sinceUs } = this.chunks[i];
    const from = i === 0 ? this.head : 0;
    const to = Math.min(chunkRows, this.head + this.size - i * chunkRows);
    return {
      sequences: sequences.subarray(from, to),
      buckets: buckets.subarray(from, to),
      sinceUs: sinceUs.subarray(from, to),
    };
  }

  private addChunk(): void {
    this.chunks.push(this.spare ?? new Chunk());
    this.spare = null;
  }

  /** All rows of the first chunk have settled. */
  private dropChunk(): void {
    this.spare = this.chunks.shift()!;
    this.head = 0;
  }
}
