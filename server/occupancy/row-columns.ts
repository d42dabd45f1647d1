import { assertInvariant } from '../errors.ts';
import { type EventBatch, noCell } from '../events/event-batch.ts';
import { eventFlag } from '../events/kinds.ts';
import type { EngineFigures } from './live-view.ts';

// What rows of events share is done column by column: a short loop over few arrays keeps where they are in registers.

/** What {@link readAhead} found. */
export interface RowsAhead {
  /** The first row of `limitUs` or later, or the end. */
  to: number;
  /** Cells of the rows before it have smaller numbers. */
  cellLimit: number;
}

/** Takes the clock along the rows up to one of `limitUs` or later. */
export function readAhead(
  figures: EngineFigures,
  { cell, timeUs }: EventBatch,
  from: number,
  end: number,
  limitUs: number,
  ahead: RowsAhead,
): void {
  let { clockUs } = figures;
  let inOrder = true;
  let cellMax = -1;
  let row = from;
  for (; row < end; row++) {
    const time = timeUs[row];
    if (time >= limitUs) break;
    inOrder = inOrder && time >= clockUs;
    clockUs = time;
    if (cell[row] !== noCell) cellMax = Math.max(cellMax, cell[row]);
  }
  assertInvariant(inOrder, 'event rows must come in order of time');
  figures.clockUs = clockUs;
  ahead.to = row;
  ahead.cellLimit = cellMax + 1;
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

/** Units of traffic among the rows, in the totals. */
export function countUnits(
  figures: EngineFigures,
  { flags, kind, subHi, subLo }: EventBatch,
  from: number,
  to: number,
): void {
  const { traffic } = figures;
  let units = 0;
  let unresolved = 0;
  for (let row = from; row < to; row++) {
    if ((flags[row] & eventFlag.traffic) === 0) continue;
    traffic[kind[row]]++;
    units++;
    if ((subLo[row] | subHi[row]) === 0) unresolved++;
  }
  figures.unresolvedEvents += unresolved;
  figures.resolvedEvents += units - unresolved;
}
