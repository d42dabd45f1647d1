import { assertInvariant } from '../errors.ts';
import { restoreColumns, type StateReader, type StateWriter, saveColumns } from '../state-writer.ts';

const rowsFirst = 1024;

/**
 * Stays in regions whose end has not settled, in the order of their entries in the crossing trail: a ring that grows.
 * Ends settle in that order; one that is undone is found by halving.
 */
export class EndingStays {
  private sequences = new Uint32Array(rowsFirst);
  private buckets = new Uint32Array(rowsFirst);
  private sinceUs = new Float64Array(rowsFirst);
  private head = 0;
  private size = 0;

  get byteLength(): number {
    return this.sequences.length * 16;
  }

  /** @param sequence of its entry in the trail, newer than those before */
  push(sequence: number, sinceUs: number, buckets: number): void {
    if (this.size === this.sequences.length) this.grow();
    const at = this.placeOf(this.size++);
    this.sequences[at] = sequence;
    this.buckets[at] = buckets;
    this.sinceUs[at] = sinceUs;
  }

  /** The end of `sequence`, the oldest that is neither settled nor undone, has settled; returns its buckets. */
  settle(sequence: number): number {
    // Those before it have been undone, or have counted early.
    for (;;) {
      assertInvariant(this.size > 0, 'a stay has ended that never began');
      const at = this.head;
      this.head = (this.head + 1) & (this.sequences.length - 1);
      this.size--;
      if (this.sequences[at] === sequence) return this.buckets[at];
    }
  }

  /** When the stay began whose end `sequence` has been undone, µs; it is passed over when its turn comes. */
  sinceOf(sequence: number): number {
    return this.sinceUs[this.find(sequence)];
  }

  /** Buckets of a stay whose end counts before its turn; it is passed over when that comes. */
  bucketsOf(sequence: number): number {
    return this.buckets[this.find(sequence)];
  }

  *save(to: StateWriter): Generator<void> {
    this.lay(this.sequences.length);
    to.json('endingStays', { rows: this.sequences.length, size: this.size });
    yield* saveColumns(to, 'endingStays', this.columns());
  }

  restore(from: StateReader): void {
    const { rows, size } = from.json<{ rows: number; size: number }>('endingStays');
    this.lay(rows);
    this.size = size;
    restoreColumns(from, 'endingStays', this.columns());
  }

  private find(sequence: number): number {
    // Sequence numbers count modulo 2³²: what is compared is how far they are behind the oldest.
    const oldest = this.sequences[this.head];
    const target = (sequence - oldest) >>> 0;
    let low = 0;
    let high = this.size - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.sequences[this.placeOf(middle)] - oldest) >>> 0 < target) low = middle + 1;
      else high = middle;
    }
    return this.placeOf(low);
  }

  private columns() {
    const { sequences, buckets, sinceUs, size } = this;
    return {
      sequences: sequences.subarray(0, size),
      buckets: buckets.subarray(0, size),
      sinceUs: sinceUs.subarray(0, size),
    };
  }

  private placeOf(i: number): number {
    return (this.head + i) & (this.sequences.length - 1);
  }

  private grow(): void {
    this.lay(this.sequences.length * 2);
  }

  /** Lays the rows out anew, the oldest first. */
  private lay(rows: number): void {
    const sequences = new Uint32Array(rows);
    const buckets = new Uint32Array(rows);
    const sinceUs = new Float64Array(rows);
    for (let i = 0; i < this.size; i++) {
      const at = this.placeOf(i);
      sequences[i] = this.sequences[at];
      buckets[i] = this.buckets[at];
      sinceUs[i] = this.sinceUs[at];
    }
    this.sequences = sequences;
    this.buckets = buckets;
    this.sinceUs = sinceUs;
    this.head = 0;
  }
}
