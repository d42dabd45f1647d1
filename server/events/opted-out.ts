import { EventBatch } from './event-batch.ts';
import { eventFlag } from './kinds.ts';
import { isLearnt, learntKind } from './learnt.ts';

/** Who has opted out, by the first 64 bits of pseudonyms. */
export interface OptedOut {
  /** Nobody has: nothing need be looked at. */
  readonly none: boolean;
  has(lo: number, hi: number): boolean;
  /** The same of an other party, by its number. */
  hasPeer(lo: number, hi: number): boolean;
  /**
   * A subscriber was told to have a telephone number: with one that has opted out, the subscriber has. Of several tellings
   * the newest holds, in whatever order they come.
   */
  told(numberLo: number, numberHi: number, subLo: number, subHi: number, timeUs: number): void;
}

/** Leaves of a row what a cell's traffic is counted by: time, cell, kind, outcome, cause, duration, octets. */
function blankRow(batch: EventBatch, row: number): void {
  batch.subLo[row] = 0;
  batch.subHi[row] = 0;
  batch.peerLo[row] = 0;
  batch.peerHi[row] = 0;
  batch.peerClass[row] = 0;
  batch.area[row] = 0;
  batch.country[row] = 0;
  batch.plmn[row] = 0;
  batch.typeAllocationCode[row] = 0;
  batch.flags[row] = (batch.flags[row] & eventFlag.traffic) | eventFlag.optedOut;
  // The number of the VLR that serves.
  if (isLearnt(batch.kind[row])) batch.bytes[row] = 0;
}

/**
 * Takes out of the rows whatever is of somebody who has opted out. A row of theirs stays where it is, for feeds count their
 * rows, but is nobody's: a procedure is anonymous traffic of its cell, and what only proves a place or tells of the
 * subscriber says nothing any more. Rows of others lose an other party who has opted out.
 *
 * @returns events that are nobody's now
 */
export function withhold(batch: EventBatch, list: OptedOut): number {
  const { n, kind, subLo, subHi, peerLo, peerHi, area, timeUs } = batch;
  let withheld = 0;
  for (let row = 0; row < n; row++) {
    const isFact = isLearnt(kind[row]);
    if (kind[row] === learntKind.msisdn) list.told(peerLo[row], peerHi[row], subLo[row], subHi[row], timeUs[row]);
    if (list.has(subLo[row], subHi[row])) {
      blankRow(batch, row);
      if (!isFact) withheld++;
    } else if ((peerLo[row] | peerHi[row]) !== 0 && !isFact && list.hasPeer(peerLo[row], peerHi[row])) {
      peerLo[row] = 0;
      peerHi[row] = 0;
      // The first digits of the number.
      area[row] = 0;
    }
  }
  return withheld;
}

/** Whether {@link withhold} has something to do. */
function concerns({ n, kind, subLo, subHi, peerLo, peerHi }: EventBatch, list: OptedOut): boolean {
  for (let row = 0; row < n; row++) {
    if (list.has(subLo[row], subHi[row]) || kind[row] === learntKind.msisdn) return true;
    if (!isLearnt(kind[row]) && list.hasPeer(peerLo[row], peerHi[row])) return true;
  }
  return false;
}

/** The same for a batch that others read too: a copy, where anything of it is to be withheld. */
export function withheld(batch: EventBatch, list: OptedOut | null): EventBatch {
  if (list === null || list.none || !concerns(batch, list)) return batch;
  const copy = new EventBatch(batch.n);
  copy.copyRange(batch, 0, batch.n, 0);
  copy.n = batch.n;
  withhold(copy, list);
  return copy;
}

/** Whether a row tells nothing that is worth keeping: it was of somebody who has opted out, and no traffic. */
export function saysNothing(flags: number): boolean {
  return (flags & (eventFlag.optedOut | eventFlag.traffic)) === eventFlag.optedOut;
}
