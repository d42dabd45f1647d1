import type { HeldMemory } from '../held-memory.ts';
import { restoreBytes, type StateReader, type StateWriter, saveBytes } from '../state-writer.ts';
import { groupRows, type SlotLoads, scratchBytes, slotLoadsOf, wHashes, wIndices } from './group-loads.ts';

/** Answers whether the record `index` holds the key: the table knows, the slots don't keep keys. */
export interface KeyStore {
  holds(index: number, lo: number, hi: number): boolean;
  hashAt(index: number): number;
  /** Loads the keys of the first `n` indices, so that their cache misses overlap; -1 stands for any. */
  touch(indices: Int32Array, n: number): number;
}

/** A slot is a 5-bit tag of the hash above a 27-bit `index + 1`. 0 is empty, {@link removed} was one of the old table. */
const indexMask = 0x07ffffff;
const removed = 0xffffffff;
/** Indices that a slot can name. */
export const slotIndexMax = indexMask - 2;

const loadMax = 0.8;
/** A small table grows fast, because its moves cost more than its memory; a large one by half. */
const growthOf = (size: number) => (size < 262_144 ? 4 : 1.5);
/** Old slots moved per insertion while growing: enough to end long before the next growth, little enough to stall nobody. */
const movesPerInsertion = 8;
/** And per group of look-ups, so that a growth ends although nobody new comes. */
const movesPerGroup = 16;
interface SlotsState {
  size: number;
  oldSize: number;
  moved: number;
  dueMoves: number;
  used: number;
}

const sizeMin = 1024;
/** Slots that are kept together where they are held. */
const heldWords = 8;
const heldShift = 3;
const pageBytes = 65_536;

/** Mixes the 64 bits of a key into 32. */
export function hashOf(lo: number, hi: number): number {
  let x = lo ^ Math.imul(hi, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

function tagOf(hash: number): number {
  // The position comes from the high bits, so the tag takes the low ones.
  return (hash << 27) >>> 0;
}

/**
 * Open addressing with linear probing: key → dense index, four bytes a slot. The table grows in steps; its slots then
 * move over a few per insertion, and until they have moved both tables are asked.
 */
export class Slots {
  private slots!: Uint32Array<ArrayBuffer>;
  private scale = 0;
  private loads!: SlotLoads;
  /** Scratch of {@link guess} in the memory of the slots. */
  private hashes!: Uint32Array;
  private found!: Int32Array;
  /** The table before the growth under way, its slots below `moved` copied over; empty otherwise. */
  private old: Uint32Array<ArrayBuffer> = new Uint32Array(0);
  private oldScale = 0;
  private moved = 0;
  private dueMoves = 0;
  private readonly moving = new Int32Array(groupRows);
  private used = 0;
  private readonly keys: KeyStore;
  /** Are told of slots, and of old ones, before they change. */
  private held: HeldMemory | null = null;
  private heldOld: HeldMemory | null = null;

  constructor(keys: KeyStore) {
    this.keys = keys;
    this.lay(sizeMin);
  }

  get byteLength(): number {
    return this.slots.byteLength + this.old.byteLength;
  }

  /**
   * Writes for each of `n` hashes the first index whose tag fits; -1: not found yet. The key of that index is not compared.
   *
   * @returns nothing of meaning: it keeps the loads from being dropped
   */
  guess(hashes: Uint32Array, n: number, indices: Int32Array): number {
    if (this.old.length > 0) this.move(movesPerGroup);
    this.hashes.set(hashes);
    const kept = this.loads.guess(4 * n, this.scale, this.slots.byteLength);
    indices.set(this.found);
    return kept;
  }

  /** The key's index, or -1. */
  find(hash: number, lo: number, hi: number): number {
    const { slots } = this;
    const tag = tagOf(hash);
    let at = (hash * this.scale) >>> 0;
    for (let slot = slots[at]; slot !== 0; slot = slots[at]) {
      if (((slot ^ tag) & ~indexMask) === 0) {
        const index = (slot & indexMask) - 1;
        if (this.keys.holds(index, lo, hi)) return index;
      }
      at = at + 1 === slots.length ? 0 : at + 1;
    }
    return this.old.length === 0 ? -1 : this.findOld(hash, lo, hi);
  }

  /** Adds a key that {@link find} does not know. */
  insert(hash: number, index: number): void {
    if (this.old.length > 0) this.move(movesPerInsertion);
    else if (this.used >= this.slots.length * loadMax) this.grow();
    this.place(hash, index);
    this.used++;
  }

  /** Takes out a key; its record must still hold it. */
  remove(hash: number, lo: number, hi: number): void {
    const at = this.slotOf(this.slots, this.scale, hash, lo, hi);
    if (at >= 0) this.closeGap(at);
    else {
      const oldAt = this.slotOf(this.old, this.oldScale, hash, lo, hi);
      this.heldOld?.keep(oldAt >>> heldShift);
      this.old[oldAt] = removed;
    }
    this.used--;
  }

  *save(to: StateWriter): Generator<void> {
    const { slots, old, moved, dueMoves, used } = this;
    to.json('slots', { size: slots.length, oldSize: old.length, moved, dueMoves, used });
    const release = () => {
      this.held = null;
      this.heldOld = null;
    };
    this.held = to.hold?.(slots, heldWords, release) ?? this.held;
    this.heldOld = to.hold?.(old, heldWords, release) ?? this.heldOld;
    yield* saveBytes(to, 'slots.new', slots, to.hold && this.held);
    yield* saveBytes(to, 'slots.old', old, to.hold && this.heldOld);
  }

  restore(from: StateReader): void {
    const { size, oldSize, moved, dueMoves, used } = from.json<SlotsState>('slots');
    this.dueMoves = dueMoves;
    this.lay(size);
    this.old = new Uint32Array(oldSize);
    restoreBytes(from, 'slots.new', this.slots);
    restoreBytes(from, 'slots.old', this.old);
    this.oldScale = oldSize / 2 ** 32;
    this.moved = moved;
    this.used = used;
  }

  private findOld(hash: number, lo: number, hi: number): number {
    const at = this.slotOf(this.old, this.oldScale, hash, lo, hi);
    // Below `moved` stand copies; a key that is not in the new table any more has left.
    return at < this.moved ? -1 : (this.old[at] & indexMask) - 1;
  }

  /** Place of the key's slot, or -1. */
  private slotOf(slots: Uint32Array, scale: number, hash: number, lo: number, hi: number): number {
    if (slots.length === 0) return -1;
    const tag = tagOf(hash);
    let at = (hash * scale) >>> 0;
    for (let slot = slots[at]; slot !== 0; slot = slots[at]) {
      const matches = slot !== removed && ((slot ^ tag) & ~indexMask) === 0;
      if (matches && this.keys.holds((slot & indexMask) - 1, lo, hi)) return at;
      at = at + 1 === slots.length ? 0 : at + 1;
    }
    return -1;
  }

  private place(hash: number, index: number): void {
    const { slots } = this;
    let at = (hash * this.scale) >>> 0;
    while (slots[at] !== 0) at = at + 1 === slots.length ? 0 : at + 1;
    this.held?.keep(at >>> heldShift);
    slots[at] = (tagOf(hash) | (index + 1)) >>> 0;
  }

  /** Empties a slot and moves later ones of its run back over it, so that no probe stops too early. */
  private closeGap(gap: number): void {
    const { slots } = this;
    const size = slots.length;
    let hole = gap;
    let at = gap;
    for (;;) {
      at = at + 1 === size ? 0 : at + 1;
      const slot = slots[at];
      if (slot === 0) break;
      const home = (this.keys.hashAt((slot & indexMask) - 1) * this.scale) >>> 0;
      // How far the slot is from home against how far the hole is: it may only move back as far as its home.
      const fromHome = at >= home ? at - home : at - home + size;
      const fromHole = at >= hole ? at - hole : at - hole + size;
      if (fromHome >= fromHole) {
        this.held?.keep(hole >>> heldShift);
        slots[hole] = slot;
        hole = at;
      }
    }
    this.held?.keep(hole >>> heldShift);
    slots[hole] = 0;
  }

  private grow(): void {
    this.old = this.slots;
    this.oldScale = this.scale;
    this.heldOld = this.held;
    this.held = null;
    this.moved = 0;
    this.lay(Math.ceil(this.slots.length * growthOf(this.slots.length)));
  }

  /** Lays out `size` empty slots. */
  private lay(size: number): void {
    const pages = Math.ceil((scratchBytes + 4 * size) / pageBytes);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.loads = slotLoadsOf(memory);
    this.hashes = new Uint32Array(memory.buffer, 4 * wHashes, groupRows);
    this.found = new Int32Array(memory.buffer, 4 * wIndices, groupRows);
    this.slots = new Uint32Array(memory.buffer, scratchBytes, size);
    this.scale = size / 2 ** 32;
  }

  /** `count` old slots more are to move; they do in groups, because each needs its key. */
  private move(count: number): void {
    this.dueMoves += count;
    if (this.dueMoves < groupRows) return;
    this.dueMoves -= groupRows;
    const { old, moving } = this;
    const end = Math.min(old.length, this.moved + groupRows);
    let n = 0;
    for (let at = this.moved; at < end; at++) {
      const slot = old[at];
      if (slot !== 0 && slot !== removed) moving[n++] = (slot & indexMask) - 1;
    }
    if (n > 0) this.keys.touch(moving, n);
    for (let i = 0; i < n; i++) this.place(this.keys.hashAt(moving[i]), moving[i]);
    this.moved = end;
    if (end < old.length) return;
    this.old = new Uint32Array(0);
    this.dueMoves = 0;
  }
}
