import { restoreBytes, type StateReader, type StateWriter, saveBytes } from '../state-writer.ts';

/** Heads and notes come in chunks of this many, so that growth copies nothing. */
const chunkRows = 65_536;
const chunkBits = 16;
const chunkMask = 0xffff;
/** A note in 32-bit words: the subscriber's next note, its key, then the value as a float64. */
const noteWords = 4;
const wKey = 1;
const noteDoubles = 2;
const dValue = 1;

interface NoteChunk {
  u32: Uint32Array;
  f64: Float64Array;
}

function noteChunk(): NoteChunk {
  const f64 = new Float64Array(chunkRows * noteDoubles);
  return { u32: new Uint32Array(f64.buffer), f64 };
}

/**
 * Few notes of each subscriber, a key and a number each, 16 bytes: one list a subscriber, whose head stands at its
 * index. So what an event needs of a subscriber can be loaded before, many at once ({@link touch}). Notes are named by
 * numbers from 1 on; 0 is none.
 */
export class SubscriberNotes {
  private readonly heads: Uint32Array[] = [];
  private readonly chunks: NoteChunk[] = [noteChunk()];
  /** Notes ever used and 1; those freed hang in a list. */
  private high = 1;
  private freeHead = 0;
  /** Indices with a head, from 0 on. */
  private subs = 0;

  get byteLength(): number {
    return this.heads.length * chunkRows * 4 + this.chunks.length * chunkRows * 16;
  }

  /** The subscriber's note whose key has `key` under `mask`. */
  find(sub: number, mask: number, key: number): number {
    let note = this.firstOf(sub);
    while (note !== 0) {
      const { u32 } = this.chunks[note >>> chunkBits];
      const at = (note & chunkMask) * noteWords;
      if ((u32[at + wKey] & mask) >>> 0 === key) return note;
      note = u32[at];
    }
    return 0;
  }

  firstOf(sub: number): number {
    return sub < this.subs ? this.heads[sub >>> chunkBits][sub & chunkMask] : 0;
  }

  nextOf(note: number): number {
    return this.chunks[note >>> chunkBits].u32[(note & chunkMask) * noteWords];
  }

  keyOf(note: number): number {
    return this.chunks[note >>> chunkBits].u32[(note & chunkMask) * noteWords + wKey];
  }

  valueOf(note: number): number {
    return this.chunks[note >>> chunkBits].f64[(note & chunkMask) * noteDoubles + dValue];
  }

  set(note: number, key: number, value: number): void {
    const { u32, f64 } = this.chunks[note >>> chunkBits];
    const row = note & chunkMask;
    u32[row * noteWords + wKey] = key;
    f64[row * noteDoubles + dValue] = value;
  }

  add(sub: number, key: number, value: number): void {
    if (sub >= this.subs) this.reach(sub);
    const heads = this.heads[sub >>> chunkBits];
    const note = this.freeHead !== 0 ? this.freeHead : this.newNote();
    const { u32, f64 } = this.chunks[note >>> chunkBits];
    const row = note & chunkMask;
    if (note === this.freeHead) this.freeHead = u32[row * noteWords];
    u32[row * noteWords] = heads[sub & chunkMask];
    u32[row * noteWords + wKey] = key;
    f64[row * noteDoubles + dValue] = value;
    heads[sub & chunkMask] = note;
  }

  drop(sub: number, note: number): void {
    const heads = this.heads[sub >>> chunkBits];
    const { u32 } = this.chunks[note >>> chunkBits];
    const at = (note & chunkMask) * noteWords;
    const next = u32[at];
    let before = heads[sub & chunkMask];
    if (before === note) heads[sub & chunkMask] = next;
    else {
      for (let after = this.nextOf(before); after !== note; after = this.nextOf(before)) before = after;
      this.chunks[before >>> chunkBits].u32[(before & chunkMask) * noteWords] = next;
    }
    u32[at] = this.freeHead;
    this.freeHead = note;
  }

  /** Loads the first notes of the first `n` of `indices` (-1: nobody); the result means nothing. */
  touch(indices: Int32Array, n: number): number {
    const { heads, chunks, subs, found } = this;
    for (let i = 0; i < n; i++) {
      const sub = indices[i];
      found[i] = sub >= 0 && sub < subs ? heads[sub >>> chunkBits][sub & chunkMask] : 0;
    }
    let kept = 0;
    for (let i = 0; i < n; i++) kept ^= chunks[found[i] >>> chunkBits].u32[(found[i] & chunkMask) * noteWords];
    return kept;
  }

  *save(to: StateWriter): Generator<void> {
    const { high, freeHead, subs } = this;
    to.json('notes', { high, freeHead, subs });
    for (const [name, part] of this.parts()) yield* saveBytes(to, name, part);
  }

  /** Of an empty one. */
  restore(from: StateReader): void {
    const { high, freeHead, subs } = from.json<{ high: number; freeHead: number; subs: number }>('notes');
    if (subs > 0) this.reach(subs - 1);
    while (this.high < high) this.newNote();
    this.freeHead = freeHead;
    for (const [name, part] of this.parts()) restoreBytes(from, name, part);
  }

  /** First notes of a group. */
  private readonly found = new Uint32Array(64);

  /** What is in use of each chunk. */
  private *parts(): Generator<[string, Uint32Array]> {
    for (const [i, heads] of this.heads.entries())
      yield [`notes.heads.${i}`, heads.subarray(0, Math.min(chunkRows, this.subs - i * chunkRows))];
    for (const [i, { u32 }] of this.chunks.entries())
      yield [`notes.rows.${i}`, u32.subarray(0, Math.min(chunkRows, this.high - i * chunkRows) * noteWords)];
  }

  private reach(sub: number): void {
    this.subs = sub + 1;
    while (this.heads.length * chunkRows < this.subs) this.heads.push(new Uint32Array(chunkRows));
  }

  private newNote(): number {
    const note = this.high++;
    if (note >>> chunkBits === this.chunks.length) this.chunks.push(noteChunk());
    return note;
  }
}
