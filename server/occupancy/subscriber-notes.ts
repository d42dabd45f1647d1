import type { HeldMemory } from '../held-memory.ts';
import { groupRows, type NoteLoads, noteLoadsOf, scratchBytes, wIndices } from '../presence/group-loads.ts';
import { restoreBytes, type StateReader, type StateWriter, saveBytes } from '../state-writer.ts';

/** Notes are saved in pieces of this many, and heads. */
const pieceRows = 65_536;
const pageBytes = 65_536;
/** Growth in small steps: a step costs page-table work only, nothing is copied. */
const growthPages = 16;
const pagesMax = 65_536;
/** A note in 32-bit words: the subscriber's next note, its key, then the value as a float64. */
const noteBytes = 16;
const noteWords = 4;
const wKey = 1;
const noteDoubles = 2;
const dValue = 1;
const wHeads = scratchBytes / 4;
/** Heads that are kept together where they are held. */
const heldHeads = 8;
const heldShift = 3;
/** In keys of notes that have no place among the others by their value: see {@link SubscriberNotes.addBelow}. */
export const unsortedBit = 0x80000000;

/**
 * Few notes of each subscriber, a key and a number each, 16 bytes: one list a subscriber, whose head stands at its
 * index. So what an event needs of a subscriber can be loaded before, many at once ({@link touch}). Notes are named by
 * numbers from 1 on; 0 is none.
 *
 * They live in a WebAssembly.Memory, as the table's records do: scratch, heads of as many subscribers as there can be
 * (memory that nobody has written to costs nothing), then notes.
 */
export class SubscriberNotes {
  private memory!: WebAssembly.Memory;
  private loads!: NoteLoads;
  private u32!: Uint32Array;
  private f64!: Float64Array;
  /** Scratch of {@link touch}. */
  private rowIndices!: Int32Array;
  /** Where note 0 would stand, in 32-bit words. */
  private wNotes = 0;
  private room = 0;
  /** Notes ever used and 1; those freed hang in a list. */
  private high = 1;
  private freeHead = 0;
  /** Subscribers up to here have a head. */
  private subs = 0;
  /** Are told of notes, and of heads, before they change. */
  private heldNotes: HeldMemory | null = null;
  private heldHeads: HeldMemory | null = null;

  /** Lays out room for notes of `subscribersMax` subscribers; before anything else, once. */
  open(subscribersMax: number): void {
    const headPages = Math.ceil((scratchBytes + 4 * subscribersMax) / pageBytes);
    this.wNotes = (headPages * pageBytes) / 4;
    this.use(new WebAssembly.Memory({ initial: headPages + growthPages, maximum: pagesMax, shared: true }));
  }

  private use(memory: WebAssembly.Memory): void {
    this.memory = memory;
    this.loads = noteLoadsOf(memory);
    this.look();
  }

  /** Notes laid out for as many subscribers can go on in one another's memory. */
  private get layout(): string {
    return `notes from ${this.wNotes}`;
  }

  get byteLength(): number {
    return this.subs * 4 + this.high * noteBytes;
  }

  /** The subscriber's note whose key has `key` under `mask`. */
  find(sub: number, mask: number, key: number): number {
    const { u32, wNotes } = this;
    let note = u32[wHeads + sub];
    while (note !== 0) {
      const at = wNotes + note * noteWords;
      if ((u32[at + wKey] & mask) >>> 0 === key) return note;
      note = u32[at];
    }
    return 0;
  }

  /** The subscriber's notes, one behind the other by {@link next}; 0: none. */
  first(sub: number): number {
    return this.u32[wHeads + sub];
  }

  next(note: number): number {
    return this.u32[this.wNotes + note * noteWords];
  }

  keyOf(note: number): number {
    return this.u32[this.wNotes + note * noteWords + wKey];
  }

  valueOf(note: number): number {
    return this.f64[this.wNotes / 2 + note * noteDoubles + dValue];
  }

  set(note: number, key: number, value: number): void {
    this.heldNotes?.keep(note);
    this.u32[this.wNotes + note * noteWords + wKey] = key;
    this.f64[this.wNotes / 2 + note * noteDoubles + dValue] = value;
  }

  add(sub: number, key: number, value: number): void {
    if (sub >= this.subs) this.subs = sub + 1;
    const note = this.freeHead !== 0 ? this.freeHead : this.newNote();
    this.heldNotes?.keep(note);
    this.heldHeads?.keep(sub >>> heldShift);
    const { u32, wNotes } = this;
    const at = wNotes + note * noteWords;
    if (note === this.freeHead) this.freeHead = u32[at];
    u32[at] = u32[wHeads + sub];
    u32[at + wKey] = key;
    this.f64[wNotes / 2 + note * noteDoubles + dValue] = value;
    u32[wHeads + sub] = note;
  }

  /** As {@link add}, but behind all notes of a larger value; it is new, or older than the newest. */
  addBelow(sub: number, key: number, value: number): void {
    this.add(sub, key, value);
    const { f64, u32, wNotes } = this;
    const added = u32[wHeads + sub];
    let from = wNotes + added * noteWords;
    let before = added;
    for (let note = u32[from]; note !== 0; note = u32[wNotes + note * noteWords]) {
      const at = wNotes + note * noteWords;
      if ((u32[at + wKey] & unsortedBit) === 0 && !(f64[wNotes / 2 + note * noteDoubles + dValue] > value)) break;
      from = at;
      before = note;
    }
    const at = wNotes + added * noteWords;
    if (from === at) return;
    this.heldNotes?.keep(before);
    u32[wHeads + sub] = u32[at];
    u32[at] = u32[from];
    u32[from] = added;
  }

  drop(sub: number, note: number): void {
    const { u32, wNotes } = this;
    const at = wNotes + note * noteWords;
    // Who refers to it: the head, or the note before.
    let from = wHeads + sub;
    let before = 0;
    while (u32[from] !== note) {
      before = u32[from];
      from = wNotes + before * noteWords;
    }
    if (before === 0) this.heldHeads?.keep(sub >>> heldShift);
    else this.heldNotes?.keep(before);
    this.heldNotes?.keep(note);
    u32[from] = u32[at];
    u32[at] = this.freeHead;
    this.freeHead = note;
  }

  /** Loads the first notes of the first `n` of `indices` (-1: nobody); the result means nothing. */
  touch(indices: Int32Array, n: number): number {
    if (n === 0) return 0;
    this.rowIndices.set(indices);
    return this.loads.touch(4 * n, 4 * this.wNotes);
  }

  *save(to: StateWriter): Generator<void> {
    const { high, freeHead, subs } = this;
    to.json('notes', { high, freeHead, subs });
    to.give?.(this.layout, this.memory);
    if (to.hold !== undefined) {
      const release = () => {
        this.heldHeads = null;
        this.heldNotes = null;
      };
      const { u32, wNotes } = this;
      this.heldHeads = to.hold(u32.subarray(wHeads, wHeads + subs), heldHeads, release);
      this.heldNotes = to.hold(u32.subarray(wNotes, wNotes + high * noteWords), noteWords, release);
    }
    for (const [name, part, held] of this.parts()) yield* saveBytes(to, name, part, to.hold && held);
  }

  /** Of an empty one. */
  restore(from: StateReader): void {
    const { high, freeHead, subs } = from.json<{ high: number; freeHead: number; subs: number }>('notes');
    this.subs = subs;
    this.freeHead = freeHead;
    const given = from.given?.(this.layout);
    if (given !== undefined) {
      this.high = high;
      this.use(given);
      return;
    }
    while (this.high < high) this.newNote();
    for (const [name, part] of this.parts()) restoreBytes(from, name, part);
  }

  /** What is in use, in pieces. */
  private *parts(): Generator<[string, Uint32Array, HeldMemory | null]> {
    const { u32, wNotes, subs, high } = this;
    for (let from = 0; from < subs; from += pieceRows) {
      const to = Math.min(from + pieceRows, subs);
      yield [`notes.heads.${from / pieceRows}`, u32.subarray(wHeads + from, wHeads + to), this.heldHeads];
    }
    for (let from = 0; from < high; from += pieceRows) {
      const to = Math.min(from + pieceRows, high);
      const rows = u32.subarray(wNotes + from * noteWords, wNotes + to * noteWords);
      yield [`notes.rows.${from / pieceRows}`, rows, this.heldNotes];
    }
  }

  private newNote(): number {
    if (this.high === this.room) {
      this.memory.grow(growthPages);
      this.look();
    }
    return this.high++;
  }

  /** Takes up the memory as it is after a growth. */
  private look(): void {
    const { buffer } = this.memory;
    this.u32 = new Uint32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.rowIndices = new Int32Array(buffer, 4 * wIndices, groupRows);
    this.room = Math.floor((buffer.byteLength - 4 * this.wNotes) / noteBytes);
  }
}
