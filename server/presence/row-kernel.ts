import { dayUs } from '../clock.ts';
import { noCell } from '../events/event-batch.ts';
import { eventFlag } from '../events/kinds.ts';
import * as w from '../wasm-code.ts';
import { eachRow, orFirst } from './group-loads.ts';
import { eventsMax, nowhere, recordBytes, recordsAt } from './record.ts';

/**
 * What is done with every row of a group, in WebAssembly over the memory of the records: where JavaScript takes ten
 * instructions to look at a number of a typed array, this takes one or two. Rows are copied in front of the records by the
 * {@link stageRows | stage}, column by column.
 */
export interface RowKernel {
  /** Hashes of the keys of a group, as `hashOf` makes them. @param row of the stage × 4 @param rowBytes 4 × rows */
  hash(row: number, rowBytes: number): number;
  /**
   * Compares keys of the group's rows with those of the records that they were taken for, and loads the records. Puts down
   * the rows (× 4) that are not theirs, and those that are and come from another cell.
   *
   * @returns number of the former, and of the latter above 16 bits
   */
  match(row: number, rowBytes: number): number;
  /**
   * Takes rows from `row` on (rows of the stage) as long as each only renews where its subscriber is, or moves it to another
   * cell; puts down for each what `stage.seen` says, from `told` on (address), and for those that move `stage.moved`.
   *
   * @param group first row of the group @param ttlMinUs shortest presenceTtl
   * @returns the row that it came to, and above 16 bits how many moved
   */
  see(row: number, end: number, group: number, ttlMinUs: number, told: number): number;
}

/** Rows that are staged at once. */
export const stageRows = 2048;

/** Addresses of what stands in front of the records. */
export const stage = {
  indices: 0,
  /** Hashes; then rows × 4 whose keys differ. */
  doubts: 256,
  movers: 512,
  /** Of each row that renewed or moved: the sighting before (float64), the cell then, and the cell now; 16 bytes. */
  seen: 1024,
  lo: 2048,
  hi: 10_240,
  cell: 18_432,
  plmn: 26_624,
  timeUs: 34_816,
  flags: 51_200,
  feed: 53_248,
  kind: 55_296,
  outcome: 57_344,
  durationMs: 59_392,
  /** Of those that moved, see {@link moved}. */
  moved: 67_584,
  /** From here on the scratch of `row-columns.ts` stands. */
  rest: 70_400,
} as const;

/**
 * Columns of {@link MovedRows}, as addresses in `stage.moved`: first those that the crossing trail needs, then those that it
 * does not; the ones of float64 before those of 32 bits.
 */
export const moved = {
  timeUs: 0,
  sub: 512,
  from: 768,
  to: 1024,
  trail: 1280,
  lastUs: 1536,
  sinceUs: 2048,
  originEvents: 2560,
} as const;
/** Octets of an entry of `stage.seen`, and where its cells stand in it. */
export const seenBytes = 16;
export const seenFrom = 8;
export const seenTo = 12;

/** A home that is larger has its area (`placedHome`). */
export const barePlmnMax = 0x1f_ffff;
const placing = eventFlag.sighting | eventFlag.detach;

/**
 * A stay in a cell is cut at the first sighting so long after its first one. Otherwise a phone that lies at home for weeks
 * would be in no history until it leaves.
 */
export const stayMaxUs = dayUs;

// Places in a record, as `record.ts` lays it out.
const inRecord = { lo: 0, hi: 4, last: 8, cellFeed: 16, originEvents: 20, since: 24, trail: 36 };
const { add, and, differs, goto, gotoWhen, isAbove, isAtLeast, isZero, Label, Local, load32, load8, loadFloat } = w;
const { multiply, or, select, set, shiftLeft, shiftRight, store32, storeFloat, subtract, xor } = w;

const recordOf = (index: w.Value): w.Code => add(multiply(index, recordBytes), recordsAt);

function hash(module: w.ModuleCode): void {
  const [from, rowBytes, row, x] = Array.from({ length: 4 }, () => new Local());
  const mixed = (shift: number, factor: number): w.Code => set(x, multiply(xor(x, shiftRight(x, shift)), factor));
  module.defined(
    'hash',
    [from, rowBytes],
    eachRow(
      row,
      rowBytes,
      set(x, xor(load32(add(from, row), stage.lo), multiply(load32(add(from, row), stage.hi), 0x9e3779b1))),
      mixed(16, 0x85ebca6b),
      mixed(13, 0xc2b2ae35),
      store32(row, stage.doubts, xor(x, shiftRight(x, 16))),
    ),
    w.giveBack(0),
  );
}

function match(module: w.ModuleCode): void {
  const [from, rowBytes, row, index, record, doubts, movers, kept, differ] = Array.from(
    { length: 9 },
    () => new Local(),
  );
  const staged = (column: number): w.Code => load32(add(from, row), column);
  module.defined(
    'match',
    [from, rowBytes],
    // By itself: the fewer instructions stand between them, the more cache misses overlap.
    eachRow(
      row,
      rowBytes,
      set(record, recordOf(orFirst(load32(row, stage.indices)))),
      set(kept, xor(kept, load32(record, inRecord.lo))),
      // Its other end may lie on another cache line.
      set(kept, xor(kept, load32(record, inRecord.trail))),
    ),
    eachRow(
      row,
      rowBytes,
      set(index, load32(row, stage.indices)),
      set(record, recordOf(orFirst(index))),
      set(
        differ,
        or(
          or(xor(load32(record, inRecord.lo), staged(stage.lo)), xor(load32(record, inRecord.hi), staged(stage.hi))),
          shiftRight(index, 31),
        ),
      ),
      set(differ, differs(differ, 0)),
      store32(shiftLeft(doubts, 2), stage.doubts, row),
      set(doubts, add(doubts, differ)),
      store32(shiftLeft(movers, 2), stage.movers, row),
      set(
        movers,
        add(movers, and(isZero(differ), differs(and(load32(record, inRecord.cellFeed), nowhere), staged(stage.cell)))),
      ),
    ),
    // So that nobody drops the loads.
    store32(0, stage.movers + 256, kept),
    w.giveBack(or(doubts, shiftLeft(movers, 16))),
  );
}

function see(module: w.ModuleCode): void {
  const [row, end, group, told, index, record, cell, cellFeed, before, events, count] = Array.from(
    { length: 11 },
    () => new Local(),
  );
  const [ttlMinUs, time, last, since, startUs] = Array.from({ length: 5 }, () => new Local(w.f64));
  const [done, next, moves, seen] = [new Label(), new Label(), new Label(), new Label()];
  const word = (column: number, value: w.Value): w.Code => store32(shiftLeft(count, 2), stage.moved + column, value);
  const float = (column: number, value: w.Value): w.Code =>
    storeFloat(shiftLeft(count, 3), stage.moved + column, value);
  module.defined(
    'see',
    [row, end, group, ttlMinUs, told],
    set(startUs, loadFloat(shiftLeft(row, 3), stage.timeUs)),
    w.block(
      done,
      w.loop(
        next,
        gotoWhen(isAtLeast(row, end), done),
        set(index, load32(shiftLeft(subtract(row, group), 2), stage.indices)),
        gotoWhen(shiftRight(index, 31), done),
        gotoWhen(differs(and(load8(row, stage.flags), placing), eventFlag.sighting), done),
        set(record, recordOf(index)),
        set(events, load32(record, inRecord.originEvents)),
        // A home may be news where none is known; one with its area always may.
        gotoWhen(
          isAbove(load32(shiftLeft(row, 2), stage.plmn), select(isAbove(events, eventsMax), barePlmnMax, 0)),
          done,
        ),
        set(time, loadFloat(shiftLeft(row, 3), stage.timeUs)),
        set(last, loadFloat(record, inRecord.last)),
        gotoWhen(w.floatIsAtLeast(w.floatSubtract(time, last), ttlMinUs), done),
        set(since, loadFloat(record, inRecord.since)),
        set(cell, load32(shiftLeft(row, 2), stage.cell)),
        set(cellFeed, load32(record, inRecord.cellFeed)),
        set(before, and(cellFeed, nowhere)),
        // One branch and not two: a third of the rows move, and nobody foretells which.
        w.block(
          seen,
          w.block(
            moves,
            gotoWhen(differs(before, cell), moves),
            gotoWhen(w.floatIsAtLeast(w.floatSubtract(time, since), w.float(stayMaxUs)), done),
            set(events, add(events, differs(and(events, eventsMax), eventsMax))),
            goto(seen),
          ),
          gotoWhen(or(w.equal(before, nowhere), w.equal(cell, noCell)), done),
          // Of one who has been seen since the first of these rows what stands in the columns may not be true any more.
          gotoWhen(w.floatIsAtLeast(last, startUs), done),
          float(moved.timeUs, time),
          float(moved.lastUs, last),
          float(moved.sinceUs, since),
          word(moved.sub, index),
          word(moved.from, before),
          word(moved.to, cell),
          word(moved.originEvents, events),
          word(moved.trail, load32(record, inRecord.trail)),
          set(count, add(count, 1)),
          set(events, add(and(events, ~eventsMax), 1)),
          storeFloat(record, inRecord.since, time),
        ),
        storeFloat(told, 0, last),
        store32(told, seenFrom, before),
        store32(told, seenTo, cell),
        set(told, add(told, seenBytes)),
        storeFloat(record, inRecord.last, time),
        store32(record, inRecord.cellFeed, or(cell, shiftLeft(load8(row, stage.feed), 24))),
        store32(record, inRecord.originEvents, events),
        set(row, add(row, 1)),
        goto(next),
      ),
    ),
    w.giveBack(or(row, shiftLeft(count, 16))),
  );
}

let compiled: WebAssembly.Module | null = null;

/** @param memory shared, of records behind the stage */
export function rowKernelOf(memory: WebAssembly.Memory): RowKernel {
  if (compiled === null) {
    const module = new w.ModuleCode();
    hash(module);
    match(module);
    see(module);
    compiled = module.compile(true);
  }
  return new WebAssembly.Instance(compiled, { owner: { memory } }).exports as unknown as RowKernel;
}
