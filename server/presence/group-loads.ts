/**
 * The loops that wait for memory, in WebAssembly: compiled from JavaScript each of their loads stands among some
 * thirty instructions of checks, so that the processor sees only a few loads ahead. Here it is five, and four
 * times as many cache misses of a group overlap (WebAssembly Core Specification 1.0 §5, binary format).
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

export interface RecordLoads {
  /** Loads both ends of each index's record, as it may lie on two cache lines; -1 stands for record 0. */
  touch(rowBytes: number): number;
}

type Code = readonly (number | Code)[];

/** LEB128, signed (§5.2.2): lengths and offsets here are small, so that it is right for unsigned ones below 64 too. */
function leb(value: number): number[] {
  const bytes: number[] = [];
  for (let left = value; ; ) {
    const low = left & 0x7f;
    left >>= 7;
    const last = (left === 0 && (low & 0x40) === 0) || (left === -1 && (low & 0x40) !== 0);
    bytes.push(last ? low : low | 0x80);
    if (last) return bytes;
  }
}

function unsignedLeb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsignedLeb(value >>> 7)];
}

// Instructions (§5.4); operands come before their operator.
const constant = (value: number): Code => [0x41, leb(value)];
const get = (local: number): Code => [0x20, local];
const set = (local: number, value: Code): Code => [value, 0x21, local];
const load = (address: Code, offset: number): Code => [address, 0x28, 2, unsignedLeb(offset)];
const store = (address: Code, offset: number, value: Code): Code => [address, value, 0x36, 2, unsignedLeb(offset)];
const add = (a: Code, b: Code): Code => [a, b, 0x6a];
const multiply = (a: Code, b: Code): Code => [a, b, 0x6c];
const and = (a: Code, b: Code): Code => [a, b, 0x71];
const xor = (a: Code, b: Code): Code => [a, b, 0x73];
const shiftLeft = (a: Code, bits: number): Code => [a, constant(bits), 0x74];
const shiftRightSigned = (a: Code, bits: number): Code => [a, constant(bits), 0x75];
const isZero = (a: Code): Code => [a, 0x45];
const isBelow = (a: Code, b: Code): Code => [a, b, 0x49];
/** `b` where the condition is zero, else `a`. */
const select = (a: Code, b: Code, condition: Code): Code => [a, b, condition, 0x1b];
/** A 32-bit unsigned number times a float64, cut to an integer: what `(x * scale) >>> 0` is in JavaScript. */
const scaled = (x: Code, scale: Code): Code => [x, 0xb8, scale, 0xa2, 0xab];
const block = (body: Code): Code => [0x02, 0x40, body, 0x0b];
const loop = (body: Code): Code => [0x03, 0x40, body, 0x0b];
const leaveIf = (condition: Code, depth: number): Code => [condition, 0x0d, depth];
const again = (depth: number): Code => [0x0c, depth];

/** Runs `body` with `local` = 0, 4, 8, … below `limit`; the number of rows is never 0. */
const eachRow = (local: number, limit: Code, body: Code): Code => [
  set(local, constant(0)),
  loop([body, set(local, add(get(local), constant(4))), leaveIf(isBelow(get(local), limit), 0)]),
];

const i32 = 0x7f;
const f64 = 0x7c;

/** Limits of an imported memory (§5.3.5): one that stays as it is, and one that is shared (threads proposal), which must have a maximum. */
const fixed = [0x00, 0];
const shared = [0x03, 0, ...unsignedLeb(65_536)];

/** A module with one function, exported as `NAME`, over the memory `owner.memory`. */
function moduleOf(
  name: string,
  memory: readonly number[],
  parameters: readonly number[],
  locals: number,
  body: Code,
): WebAssembly.Module {
  const sized = (content: Code): Code => {
    const flat = bytesOf(content);
    return [unsignedLeb(flat.length), flat];
  };
  const text = (value: string): Code => sized([...new TextEncoder().encode(value)]);
  const section = (id: number, content: Code): Code => [id, sized([1, content])];
  return new WebAssembly.Module(
    Uint8Array.from(
      bytesOf([
        [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
        section(1, [0x60, parameters.length, ...parameters, 1, i32]),
        section(2, [text('owner'), text('memory'), 0x02, memory]),
        section(3, [0]),
        section(7, [text(name), 0x00, 0]),
        section(10, sized([1, locals, i32, body, 0x0b])),
      ]),
    ),
  );
}

const bytesOf = (code: Code): number[] => code.flatMap((part) => (typeof part === 'number' ? [part] : bytesOf(part)));

const tagMask = 0xf8000000 | 0;
const indexMask = 0x07ffffff;

function slotModule(): WebAssembly.Module {
  const [rowBytes, scale, slotBytes, row, kept, at, slot, tag] = [0, 1, 2, 3, 4, 5, 6, 7];
  const address = scaled(load(get(row), hashesAt), get(scale));
  return moduleOf('guess', fixed, [i32, f64, i32], 5, [
    eachRow(row, get(rowBytes), [
      set(at, shiftLeft(address, 2)),
      store(get(row), addressesAt, get(at)),
      set(kept, xor(get(kept), load(get(at), scratchBytes))),
    ]),
    eachRow(row, get(rowBytes), [
      set(tag, shiftLeft(load(get(row), hashesAt), 27)),
      set(at, load(get(row), addressesAt)),
      block(
        loop([
          set(slot, load(get(at), scratchBytes)),
          leaveIf(isZero(get(slot)), 1),
          leaveIf(isZero(and(xor(get(slot), get(tag)), constant(tagMask))), 1),
          set(at, add(get(at), constant(4))),
          set(at, select(get(at), constant(0), isBelow(get(at), get(slotBytes)))),
          again(0),
        ]),
      ),
      store(get(row), indicesAt, add(and(get(slot), constant(indexMask)), constant(-1))),
    ]),
    get(kept),
  ]);
}

function recordModule(recordBytes: number): WebAssembly.Module {
  const [rowBytes, row, kept, index, at] = [0, 1, 2, 3, 4];
  return moduleOf('touch', shared, [i32], 4, [
    eachRow(row, get(rowBytes), [
      set(index, load(get(row), indicesAt)),
      // Without a branch: one that is mispredicted would end the overlap.
      set(index, and(get(index), xor(shiftRightSigned(get(index), 31), constant(-1)))),
      set(at, multiply(get(index), constant(recordBytes))),
      set(kept, xor(get(kept), load(get(at), scratchBytes))),
      set(kept, xor(get(kept), load(get(at), scratchBytes + recordBytes - 4))),
    ]),
    get(kept),
  ]);
}

function noteModule(): WebAssembly.Module {
  const [rowBytes, notesAt, row, kept, index] = [0, 1, 2, 3, 4];
  const noteOf = (address: Code): Code => load(add(get(notesAt), shiftLeft(address, 4)), 0);
  return moduleOf('touch', shared, [i32, i32], 3, [
    eachRow(row, get(rowBytes), [
      set(index, load(get(row), indicesAt)),
      set(index, and(get(index), xor(shiftRightSigned(get(index), 31), constant(-1)))),
      store(get(row), addressesAt, load(shiftLeft(get(index), 2), scratchBytes)),
    ]),
    eachRow(row, get(rowBytes), [store(get(row), addressesAt, noteOf(load(get(row), addressesAt)))]),
    eachRow(row, get(rowBytes), [set(kept, xor(get(kept), noteOf(load(get(row), addressesAt))))]),
    get(kept),
  ]);
}

let slotLoads: WebAssembly.Module | null = null;
let noteLoads: WebAssembly.Module | null = null;
let recordLoads: { recordBytes: number; module: WebAssembly.Module } | null = null;

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

/** Over a shared memory of records, which stand behind the scratch. */
export function recordLoadsOf(memory: WebAssembly.Memory, recordBytes: number): RecordLoads {
  if (recordLoads?.recordBytes !== recordBytes) recordLoads = { recordBytes, module: recordModule(recordBytes) };
  const { exports } = new WebAssembly.Instance(recordLoads.module, { owner: { memory } });
  return exports as unknown as RecordLoads;
}
