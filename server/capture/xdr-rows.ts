/** Records of an xDR file as rows with two times, and in which order those come. */
import { dayUs } from '../clock.ts';

/** One good record. */
export interface Row {
  startUs: number;
  endUs: number;
  lo: number;
  hi: number;
  cgi: string;
  typeAllocationCode: number;
  bytes: number;
}

/** A record this far from the others has a wrong time. */
const farUs = 366 * dayUs;
/** Whether a row's times may be right where others are of about `timeUs`. */
export const isNear = (row: Row, timeUs: number) => row.startUs > timeUs - farUs && row.endUs < timeUs + farUs;

/** The time in the middle of all; of an even number the earlier one, since times too late do the harm. */
export function middleUs(rows: readonly Row[]): number {
  return Float64Array.from(rows, ({ startUs }) => startUs).sort()[(rows.length - 1) >> 1];
}

/** Time of a place in {@link timeOrder}. */
export function timeOf(rows: readonly Row[], key: number): number {
  const row = rows[Math.floor(key / 2)];
  return key % 2 === 0 ? row.startUs : row.endUs;
}

/** All starts and later ends in order of time, then row, then start before end: 2 × row, + 1 for its end. */
export function timeOrder(rows: readonly Row[]): Float64Array {
  const keys: number[] = [];
  rows.forEach((row, i) => {
    keys.push(2 * i);
    if (row.endUs > row.startUs) keys.push(2 * i + 1);
  });
  return Float64Array.from(keys.sort((a, b) => timeOf(rows, a) - timeOf(rows, b) || a - b));
}
