import * as w from '../wasm-code.ts';

/**
 * The loops that wait for memory, in WebAssembly: compiled from JavaScript each of their loads stands among some
 * thirty instructions of checks, so that the processor sees only a few loads ahead. Here it is five, and four
 * times as many cache misses of a group overlap.
 *
 * Memories that grow are shared, though nobody shares them: growth of one that is not detaches its buffer, and from the
 * first detached buffer on V8 looks at each access to any typed array whether its buffer is one (a sixth of all
 * instructions of an event).
 *
 * A module works on the memory of its owner, whose first {@link scratchBytes} are for rows of a group: words 0 … 63
 * hashes, 64 … 127 addresses of slots, 128 … 191 indices.
 */
export const groupRows = 64;
export const scratchBytes = 1024;
export const wHashes = 0;
export const wIndices = 128;
const hashesAt = 0;
const addressesAt = 256;
const indicesAt = 512;

export interface SlotLoads {
  /**
   * For each hash the index of the first slot from its place on whose tag fits, or -1.
   *
   * @param rowBytes 4 × rows @param scale slots ÷ 2³² @param slotBytes 4 × slots
   * @returns nothing of meaning: it keeps the loads from being dropped
   */
  guess(rowBytes: number, scale: number, slotBytes: number): number;
}

export interface NoteLoads {
  /** For each index its head, then the first note of its list and the one behind; -1 stands for index 0. */
  touch(rowBytes: number, notesAt: number): number;
}

const { add, and, goto, gotoWhen, isBelow, isZero, Label, Local, load32, select, set, shiftLeft, store32, xor } = w;

/** Runs `body` with `local` = 0, 4, 8, … below `limit`; the number of rows is never 0. */
export function eachRow(local: w.Local, limit: w.Value, ...body: w.Code[]): w.Code {
  const next = new Label();
  const rows = w.loop(next, ...body, set(local, add(local, 4)), gotoWhen(isBelow(local, limit), next));
  return w.block(new Label(), set(local, 0), rows);
}

/** An index, or 0 for one that is negative: without a branch, because one that is mispredicted would end the overlap. */
export const orFirst = (index: w.Value): w.Code => and(index, xor(w.shiftRightSigned(index, 31), -1));

const tagMask = 0xf8000000 | 0;
const indexMask = 0x07ffffff;

function slotModule(): WebAssembly.Module {
  const [rowBytes, slotBytes, row, kept, at, slot, tag] = Array.from({ length: 7 }, () => new Local());
  const scale = new Local(w.f64);
  const [found, probe] = [new Label(), new Label()];
  const module = new w.ModuleCode();
  module.defined(
    'guess',
    [rowBytes, scale, slotBytes],
    eachRow(
      row,
      rowBytes,
      // What `(hash * scale) >>> 0` is in JavaScript.
      set(at, shiftLeft(w.truncateUnsigned(w.floatMultiply(w.floatOfUnsigned(load32(row, hashesAt)), scale)), 2)),
      store32(row, addressesAt, at),
      set(kept, xor(kept, load32(at, scratchBytes))),
    ),
    eachRow(
      row,
      rowBytes,
      set(tag, shiftLeft(load32(row, hashesAt), 27)),
      set(at, load32(row, addressesAt)),
      w.block(
        found,
        w.loop(
          probe,
          set(slot, load32(at, scratchBytes)),
          gotoWhen(isZero(slot), found),
          gotoWhen(isZero(and(xor(slot, tag), tagMask)), found),
          set(at, add(at, 4)),
          set(at, select(isBelow(at, slotBytes), at, 0)),
          goto(probe),
        ),
      ),
      store32(row, indicesAt, add(and(slot, indexMask), -1)),
    ),
    w.giveBack(kept),
  );
  return module.compile();
}

function noteModule(): WebAssembly.Module {
  const [rowBytes, notesAt, row, kept] = Array.from({ length: 4 }, () => new Local());
  const note = load32(add(notesAt, shiftLeft(load32(row, addressesAt), 4)), 0);
  const module = new w.ModuleCode();
  module.defined(
    'touch',
    [rowBytes, notesAt],
    eachRow(
      row,
      rowBytes,
      store32(row, addressesAt, load32(shiftLeft(orFirst(load32(row, indicesAt)), 2), scratchBytes)),
    ),
    eachRow(row, rowBytes, store32(row, addressesAt, note)),
    eachRow(row, rowBytes, set(kept, xor(kept, note))),
    w.giveBack(kept),
  );
  return module.compile(true);
}

let slotLoads: WebAssembly.Module | null = null;
let noteLoads: WebAssembly.Module | null = null;

/** Over a memory of slots, which stand behind the scratch. */
export function slotLoadsOf(memory: WebAssembly.Memory): SlotLoads {
  slotLoads ??= slotModule();
  return new WebAssembly.Instance(slotLoads, { owner: { memory } }).exports as unknown as SlotLoads;
}

/** Over a shared memory of heads behind the scratch, and notes of 16 bytes whose first word is the next note of the list. */
export function noteLoadsOf(memory: WebAssembly.Memory): NoteLoads {
  noteLoads ??= noteModule();
  return new WebAssembly.Instance(noteLoads, { owner: { memory } }).exports as unknown as NoteLoads;
}
