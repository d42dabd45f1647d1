import { assertInvariant } from '../errors.ts';
import { type EventBatch, noCell } from '../events/event-batch.ts';
import { eventFlag, eventKinds } from '../events/kinds.ts';
import { groupRows } from '../presence/group-loads.ts';
import { stage } from '../presence/row-kernel.ts';
import * as w from '../wasm-code.ts';
import type { EngineFigures } from './live-view.ts';
import { columnsOfKind, trafficWidth } from './traffic-columns.ts';

// What rows of events share is done column by column, in WebAssembly over the rows that presence has staged.

/** Addresses behind the stage. */
const at = {
  /** Of each unit of traffic: its counter in a table of rows and columns, and its key (`TrafficTable`). */
  counters: stage.rest,
  keys: stage.rest + 256,
  /** Units by kind, whatever an octet may say. */
  kinds: stage.rest + 512,
  /** By kind: the first column of its class. */
  columns: stage.rest + 1536,
  clockUs: stage.rest + 1792,
  found: stage.rest + 1800,
} as const;
/** Words of `at.found`. */
const [fCellLimit, fOutOfOrder, fNobody, fUnits, fTimed, fOptedOut] = [0, 1, 2, 3, 4, 5];

const { add, and, block, differs, gotoWhen, isAbove, isZero, Label, Local, load32, load8, loadFloat, or, select } = w;
const { set, shiftLeft, store32, storeFloat } = w;

type Look = (row: number, end: number, limitUs: number, clockUs: number, tableRows: number) => number;

function compile(): WebAssembly.Module {
  const [row, end, tableRows, cell, cellLimit, outOfOrder, kind, place, column, units, nobody, timed, optedOut] =
    Array.from({ length: 13 }, () => new Local());
  const [limitUs, clockUs, time] = Array.from({ length: 3 }, () => new Local(w.f64));
  const [done, next, noUnit] = [new Label(), new Label(), new Label()];
  const word = (of: number): w.Code => load32(shiftLeft(row, 2), of);
  const found = (which: number, value: w.Value): w.Code => store32(4 * which, at.found, value);
  const module = new w.ModuleCode();
  module.defined(
    'look',
    [row, end, limitUs, clockUs, tableRows],
    block(
      done,
      w.loop(
        next,
        set(time, loadFloat(shiftLeft(row, 3), stage.timeUs)),
        gotoWhen(w.floatIsAtLeast(time, limitUs), done),
        set(outOfOrder, or(outOfOrder, w.floatIsMore(clockUs, time))),
        set(clockUs, time),
        // noCell + 1 is 0: no limit, and row 0 of the table.
        set(place, add(word(stage.cell), 1)),
        set(cellLimit, select(isAbove(place, cellLimit), place, cellLimit)),
        block(
          noUnit,
          gotoWhen(isZero(and(load8(row, stage.flags), eventFlag.traffic)), noUnit),
          set(kind, load8(row, stage.kind)),
          set(cell, shiftLeft(kind, 2)),
          store32(cell, at.kinds, add(load32(cell, at.kinds), 1)),
          set(column, add(load8(kind, at.columns), load8(row, stage.outcome))),
          store32(shiftLeft(units, 2), at.counters, add(w.multiply(column, tableRows), place)),
          store32(shiftLeft(units, 2), at.keys, add(w.multiply(place, trafficWidth), column)),
          set(units, add(units, 1)),
          set(nobody, add(nobody, isZero(or(word(stage.lo), word(stage.hi))))),
          set(optedOut, add(optedOut, differs(and(load8(row, stage.flags), eventFlag.optedOut), 0))),
          set(timed, or(timed, differs(word(stage.durationMs), 0))),
        ),
        set(row, add(row, 1)),
        gotoWhen(w.isBelow(row, end), next),
      ),
    ),
    storeFloat(0, at.clockUs, clockUs),
    found(fCellLimit, cellLimit),
    found(fOutOfOrder, outOfOrder),
    found(fNobody, nobody),
    found(fUnits, units),
    found(fTimed, timed),
    found(fOptedOut, optedOut),
    w.giveBack(row),
  );
  return module.compile(true);
}

let compiled: WebAssembly.Module | null = null;

/** What rows of the stage come to before any of them is applied. */
export class RowColumns {
  /** Of the units of traffic, {@link units} of them: places of their counters and keys, see `at`. */
  readonly counters: Uint32Array;
  readonly keys: Uint32Array;
  private readonly kinds: Uint32Array;
  private readonly clockUs: Float64Array;
  private readonly found: Uint32Array;
  private readonly look_: Look;

  /** @param memory of the presence table */
  constructor(memory: WebAssembly.Memory) {
    compiled ??= compile();
    const { exports } = new WebAssembly.Instance(compiled, { owner: { memory } });
    this.look_ = (exports as unknown as { look: Look }).look;
    new Uint8Array(memory.buffer, at.columns, 256).set(columnsOfKind);
    this.counters = new Uint32Array(memory.buffer, at.counters, groupRows);
    this.keys = new Uint32Array(memory.buffer, at.keys, groupRows);
    this.kinds = new Uint32Array(memory.buffer, at.kinds, eventKinds.length);
    this.clockUs = new Float64Array(memory.buffer, at.clockUs, 1);
    this.found = new Uint32Array(memory.buffer, at.found, 6);
  }

  /**
   * Looks at rows `row` … `end − 1` of the stage, of one group, up to one of `limitUs` or later: returns that one, or `end`.
   * Nothing is counted until {@link count}.
   *
   * @param clockUs no row is earlier @param tableRows rows of the table of traffic
   */
  look(row: number, end: number, limitUs: number, clockUs: number, tableRows: number): number {
    this.kinds.fill(0);
    const to = this.look_(row, end, limitUs, clockUs, tableRows);
    assertInvariant(this.found[fOutOfOrder] === 0, 'event rows must come in order of time');
    return to;
  }

  /** Cells of the rows have smaller numbers. */
  get cellLimit(): number {
    return this.found[fCellLimit];
  }

  get units(): number {
    return this.found[fUnits];
  }

  /** Whether a unit of traffic has a duration. */
  get timed(): boolean {
    return this.found[fTimed] !== 0;
  }

  /** Takes the clock along the rows, and counts their units of traffic in the totals. */
  count(figures: EngineFigures): void {
    const { found, kinds } = this;
    const { traffic } = figures;
    figures.clockUs = this.clockUs[0];
    for (let kind = 0; kind < kinds.length; kind++) traffic[kind] += kinds[kind];
    figures.optedOutEvents += found[fOptedOut];
    figures.unresolvedEvents += found[fNobody] - found[fOptedOut];
    figures.resolvedEvents += found[fUnits] - found[fNobody];
  }
}

/** The rows' cells are heard; `touched` counts them from `firstCell` on. */
export function hearCells(
  { heardUs }: EngineFigures,
  { cell, timeUs }: EventBatch,
  from: number,
  to: number,
  touched: Uint8Array,
  firstCell: number,
): void {
  for (let row = from; row < to; row++) {
    const id = cell[row];
    if (id === noCell) continue;
    heardUs[id] = timeUs[row];
    // Its gauge row is due.
    touched[firstCell + id] = 1;
  }
}

/** A unit of traffic that came late, in the totals. */
export function countUnit(figures: EngineFigures, { flags, kind, subHi, subLo }: EventBatch, row: number): void {
  figures.traffic[kind[row]]++;
  if ((flags[row] & eventFlag.optedOut) !== 0) figures.optedOutEvents++;
  else if ((subLo[row] | subHi[row]) === 0) figures.unresolvedEvents++;
  else figures.resolvedEvents++;
}
