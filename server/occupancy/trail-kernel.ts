import { groupRows } from '../presence/group-loads.ts';
import { moved } from '../presence/row-kernel.ts';
import * as w from '../wasm-code.ts';
import { chainWalkMax } from './long-chains.ts';
import {
  areaMask,
  chunkBits,
  chunkMask,
  chunkRows,
  entryBit,
  entryWords,
  goneBit,
  heldBit,
  pendingBit,
  settlingMax,
  wArea,
  wBefore,
} from './trail-entry.ts';

/**
 * What {@link CrossingTrail} does with the moves of a group and with entries that settle or go, in WebAssembly over the
 * trail's memory. The rules are those of `CrossingTrail.enter`, `leave`, `settling` and `forgettingBefore`, which stay the
 * definition; a test holds both to the same.
 */
export interface TrailKernel {
  /**
   * Puts down what the moves `row` … `end − 1` of `trailAt.moved` cross: the cells, with `isByCell`, then the areas that
   * `trailAt.crossed` lists for each. There is room for all of it, and chunks for it stand in the directory.
   *
   * @param firstCell area of cell 0 @returns nothing of meaning
   */
  cross(row: number, end: number, firstCell: number, isByCell: number, startUs: number, holdDownUs: number): number;
  /**
   * Settles the oldest entries of one chunk up to `lastUs`, at most `rowsMax`, and puts down in `trailAt.settled…` those that
   * have crossed or vanished. @returns how many it took, and above 16 bits how many it put down
   */
  settle(lastUs: number, rowsMax: number): number;
  /** Drops the oldest entries, at most `rowsMax` of one chunk, up to one of `startUs` or later or that has vanished. */
  drop(startUs: number, rowsMax: number): number;
}

/** Areas that a call of {@link TrailKernel.cross} can list. */
export const crossedMax = 1024;

const movedBytes = moved.lastUs;
const listBytes = 4 * crossedMax;
const settledBytes = 4 * settlingMax;
const movedAt = 64;
const rowsAt = movedAt + movedBytes;
const crossedAt = rowsAt + 3 * 4 * groupRows;
const settledAt = crossedAt + 4 * listBytes;
/** Addresses in front of the directory and the chunks. */
export const trailAt = {
  /** Words: the first that is here, the first that has not settled, the next one; the mask of the directory. */
  state: 0,
  /** As `stage.moved` has them, the columns that the trail needs. */
  moved: movedAt,
  /** Of each move: the end of its part in `crossed`; its newest entry; whether it had visited both cells (bits 0, 1). */
  ends: rowsAt,
  newest: rowsAt + 4 * groupRows,
  cellVisits: rowsAt + 8 * groupRows,
  /** Areas, with {@link entryBit} those that are entered; whether it had visited them; what is undone, and what is new. */
  crossed: crossedAt,
  visits: crossedAt + listBytes,
  cancelled: crossedAt + 2 * listBytes,
  pushed: crossedAt + 3 * listBytes,
  settledUs: settledAt,
  settledSubs: settledAt + 2 * settledBytes,
  settledWords: settledAt + 3 * settledBytes,
  settledSequences: settledAt + 4 * settledBytes,
  /** Addresses of chunks by their numbers. */
  directory: settledAt + 5 * settledBytes,
} as const;
/** Places in `trailAt.state`. */
export const [wTail, wSettled, wHead, wDirectoryMask] = [0, 1, 2, 3];

/** Of an entry: its words stand behind the times of the chunk. */
const wordsOf = 8 * chunkRows;
const entryBytes = 4 * entryWords;
const [area_, before_] = [wordsOf + 4 * wArea, wordsOf + 4 * wBefore];

const { add, and, differs, equal, floatIsAtLeast, floatSubtract, gotoWhen, isAtLeast, isBelow, isZero } = w;
const { Label, Local, load32, loadFloat, multiply, or, select, set, shiftLeft, shiftRight, store32, storeFloat } = w;
const { subtract } = w;

const state = (word: number): w.Code => load32(0, trailAt.state + 4 * word);
const setState = (word: number, value: w.Value): w.Code => store32(0, trailAt.state + 4 * word, value);
const rowOf = (sequence: w.Value): w.Code => and(sequence, chunkMask);
const chunkOf = (sequence: w.Value): w.Code =>
  load32(shiftLeft(and(shiftRight(sequence, chunkBits), state(wDirectoryMask)), 2), trailAt.directory);
const isLive = (sequence: w.Local): w.Code =>
  and(differs(sequence, 0), isBelow(subtract(sequence, state(wTail)), subtract(state(wHead), state(wTail))));
const locals = (count: number): w.Local[] => Array.from({ length: count }, () => new Local());

/** @param keep, newestBehind see {@link TrailOutside} */
function cross(module: w.ModuleCode, keep: w.Callable, newestBehind: w.Callable): void {
  /** Of the transition under way. */
  const [subscriber, before, newest, undone] = Array.from({ length: 4 }, () => module.global());
  const put = putOf(module, keep, newestBehind, { subscriber, before, newest, undone });
  const [row, end, firstCell, isByCell, trail, at, to, first] = locals(8);
  const [startUs, holdDownUs, timeUs] = Array.from({ length: 3 }, () => new Local(w.f64));
  const [done, next, listed, nextListed, dead] = [new Label(), new Label(), new Label(), new Label(), new Label()];
  const own = (column: number): w.Code => load32(shiftLeft(row, 2), trailAt.moved + column);
  const crossing = (area: w.Value, isEntry: w.Value): w.Code => put(area, isEntry, timeUs, startUs, holdDownUs);
  module.defined(
    'cross',
    [row, end, firstCell, isByCell, startUs, holdDownUs],
    w.block(
      done,
      w.loop(
        next,
        gotoWhen(isAtLeast(row, end), done),
        set(subscriber, own(moved.sub)),
        set(timeUs, loadFloat(shiftLeft(row, 3), trailAt.moved + moved.timeUs)),
        set(trail, own(moved.trail)),
        set(first, 0),
        w.block(
          dead,
          gotoWhen(isZero(isLive(trail)), dead),
          // A sequence number kept for 2³² entries would name somebody else's.
          gotoWhen(differs(load32(add(chunkOf(trail), multiply(rowOf(trail), entryBytes)), wordsOf), subscriber), dead),
          set(first, trail),
        ),
        set(before, first),
        set(newest, first),
        set(to, load32(shiftLeft(row, 2), trailAt.ends)),
        w.when(
          isByCell,
          store32(
            shiftLeft(row, 2),
            trailAt.cellVisits,
            or(
              crossing(add(firstCell, own(moved.from)), 0),
              shiftLeft(crossing(add(firstCell, own(moved.to)), entryBit), 1),
            ),
          ),
          set(trail, newest),
        ),
        w.block(
          listed,
          w.loop(
            nextListed,
            gotoWhen(isAtLeast(at, to), listed),
            set(first, load32(shiftLeft(at, 2), trailAt.crossed)),
            store32(shiftLeft(at, 2), trailAt.visits, crossing(and(first, areaMask), and(first, entryBit))),
            store32(shiftLeft(at, 2), trailAt.cancelled, undone),
            store32(shiftLeft(at, 2), trailAt.pushed, newest),
            set(trail, newest),
            set(at, add(at, 1)),
            w.goto(nextListed),
          ),
        ),
        store32(shiftLeft(row, 2), trailAt.newest, trail),
        set(row, add(row, 1)),
        w.goto(next),
      ),
    ),
    w.giveBack(0),
  );
}

/** A crossing of the transition under way, as `CrossingTrail.enter` and `leave` define it; gives back whether it was a visitor. */
function putOf(
  module: w.ModuleCode,
  keep: w.Callable,
  newestBehind: w.Callable,
  globals: Record<'subscriber' | 'before' | 'newest' | 'undone', w.Global>,
): w.Callable {
  const { before, newest, subscriber, undone } = globals;
  const [area, isEntry, known, chunk, at, word, visited, cancelled, head, kept, steps] = locals(11);
  const [timeUs, startUs, holdDownUs, knownUs] = Array.from({ length: 4 }, () => new Local(w.f64));
  const [found, walk] = [new Label(), new Label()];
  const look = [
    set(chunk, chunkOf(known)),
    set(at, add(chunk, multiply(rowOf(known), entryBytes))),
    set(word, load32(at, area_)),
  ];
  const isEnteredNow = and(and(shiftRight(word, 31), floatIsAtLeast(knownUs, timeUs)), floatIsAtLeast(timeUs, knownUs));
  return module.defined(
    null,
    [area, isEntry, timeUs, startUs, holdDownUs],
    // A stay without length is no visit: of two sightings at one time the later wins.
    set(visited, and(isZero(isEntry), w.floatIsMore(timeUs, startUs))),
    set(known, before),
    w.block(
      found,
      w.loop(
        walk,
        gotoWhen(isZero(known), found),
        ...look,
        gotoWhen(equal(and(word, areaMask), area), found),
        set(known, load32(at, before_)),
        set(known, select(isLive(known), known, 0)),
        set(steps, add(steps, 1)),
        gotoWhen(isBelow(steps, chainWalkMax), walk),
      ),
      set(known, newestBehind(area, known)),
      ...look,
    ),
    w.when(
      known,
      set(knownUs, loadFloat(add(chunk, shiftLeft(rowOf(known), 3)), 0)),
      set(visited, and(visited, isZero(isEnteredNow))),
      set(visited, or(visited, and(floatIsAtLeast(knownUs, startUs), and(shiftRight(word, 29), 1)))),
      set(
        cancelled,
        and(
          equal(and(word, pendingBit | heldBit), pendingBit),
          isZero(floatIsAtLeast(floatSubtract(timeUs, knownUs), holdDownUs)),
        ),
      ),
      w.when(cancelled, set(kept, keep(known)), store32(at, area_, and(word, ~pendingBit)), set(cancelled, known)),
    ),
    set(undone, cancelled),
    set(head, state(wHead)),
    set(chunk, chunkOf(head)),
    storeFloat(add(chunk, shiftLeft(rowOf(head), 3)), 0, timeUs),
    set(at, add(chunk, multiply(rowOf(head), entryBytes))),
    store32(at, wordsOf, subscriber),
    store32(at, area_, or(or(area, isEntry), or(shiftLeft(visited, 29), shiftLeft(isZero(cancelled), 30)))),
    store32(at, before_, newest),
    set(newest, head),
    setState(wHead, add(head, 1)),
    w.giveBack(visited),
  );
}

/**
 * The entries from the one on that the word `oldest` of `trailAt.state` names, as far as one call may look at them: those of
 * its chunk, none from the word `until` on, and at most `end`, which is the call's parameter and then the row behind them.
 */
function oldestOf(oldest: number, until: number) {
  const [end, row, first, from, chunk] = locals(5);
  const left = subtract(state(until), first);
  const taken = subtract(row, from);
  const sequence = add(first, taken);
  const begin = [
    set(first, state(oldest)),
    set(row, rowOf(first)),
    set(from, row),
    set(chunk, chunkOf(first)),
    set(end, select(isBelow(end, left), end, left)),
    set(end, add(end, row)),
    set(end, select(isBelow(end, chunkRows), end, chunkRows)),
  ];
  return { begin, end, row, chunk, sequence, taken, over: setState(oldest, sequence) };
}

function settle(module: w.ModuleCode): void {
  const { begin, end, row, chunk, sequence, taken, over } = oldestOf(wSettled, wHead);
  const [at, word, told] = locals(3);
  const [lastUs, timeUs] = [new Local(w.f64), new Local(w.f64)];
  const [done, next] = [new Label(), new Label()];
  const isUnsettled = differs(and(word, goneBit | pendingBit), 0);
  module.defined(
    'settle',
    [lastUs, end],
    ...begin,
    w.block(
      done,
      w.loop(
        next,
        gotoWhen(isAtLeast(row, end), done),
        set(timeUs, loadFloat(add(chunk, shiftLeft(row, 3)), 0)),
        // An entry waits for those before it, though its time may be earlier: a vanish is noticed late.
        gotoWhen(w.floatIsMore(timeUs, lastUs), done),
        set(at, add(chunk, multiply(row, entryBytes))),
        set(word, load32(at, area_)),
        storeFloat(shiftLeft(told, 3), trailAt.settledUs, timeUs),
        store32(shiftLeft(told, 2), trailAt.settledSubs, load32(at, wordsOf)),
        store32(shiftLeft(told, 2), trailAt.settledWords, word),
        store32(shiftLeft(told, 2), trailAt.settledSequences, sequence),
        store32(at, area_, and(word, ~pendingBit)),
        set(told, add(told, isUnsettled)),
        set(row, add(row, 1)),
        w.goto(next),
      ),
    ),
    over,
    w.giveBack(or(taken, shiftLeft(told, 16))),
  );
}

function drop(module: w.ModuleCode): void {
  const { begin, end, row, chunk, taken, over } = oldestOf(wTail, wSettled);
  const startUs = new Local(w.f64);
  const [done, next] = [new Label(), new Label()];
  module.defined(
    'drop',
    [startUs, end],
    ...begin,
    w.block(
      done,
      w.loop(
        next,
        gotoWhen(isAtLeast(row, end), done),
        gotoWhen(floatIsAtLeast(loadFloat(add(chunk, shiftLeft(row, 3)), 0), startUs), done),
        gotoWhen(and(load32(add(chunk, multiply(row, entryBytes)), area_), goneBit), done),
        set(row, add(row, 1)),
        w.goto(next),
      ),
    ),
    over,
    w.giveBack(taken),
  );
}

let compiled: WebAssembly.Module | null = null;

export interface TrailOutside {
  /** Told of an entry before `cross` changes it; who calls `settle` tells of those himself. Its result means nothing. */
  keep(sequence: number): number;
  /** The newest entry of the area among `sequence` (0: none) and those of its subscriber before it; 0: none. */
  newestBehind(area: number, sequence: number): number;
}

/** @param memory shared, of the trail */
export function trailKernelOf(memory: WebAssembly.Memory, outside: TrailOutside): TrailKernel {
  if (compiled === null) {
    const module = new w.ModuleCode();
    cross(module, module.imported('keep', 1), module.imported('newestBehind', 2));
    settle(module);
    drop(module);
    compiled = module.compile(true);
  }
  return new WebAssembly.Instance(compiled, { owner: { memory, ...outside } }).exports as unknown as TrailKernel;
}
