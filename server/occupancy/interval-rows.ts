import { minuteUs } from '../clock.ts';
import type { IntervalGauges } from './view.ts';

type Rows = IntervalGauges['cells'];

/** Columns of a gauge row, in the order in which they are packed. */
export const gaugeColumns = [
  'id',
  'present',
  'entries',
  'exits',
  'appeared',
  'vanished',
  'visitors',
  'fresh5',
] as const satisfies readonly Exclude<keyof Rows, 'n'>[];

/** What must be known of an interval to unpack its rows. */
export interface IntervalHead {
  startUs: number;
  endUs: number;
  present: number;
  /** Rows. */
  cells: number;
  regions: number;
}

const quarterUs = 15 * minuteUs;

/** Whether an interval is the first that begins in its quarter of an hour, the finest bucket of the aggregates of gauges. */
export function beginsQuarter(startUs: number, everyUs: number): boolean {
  return Math.floor(startUs / quarterUs) !== Math.floor((startUs - everyUs) / quarterUs);
}

/** `n` rows of zeros. */
export function newRows(n: number): Rows {
  const columns = Object.fromEntries(gaugeColumns.map((name) => [name, new Uint32Array(n)]));
  return { n, ...columns } as Rows;
}

/** All columns of an interval behind one another: those of cells, then those of regions. */
export function packGauges({ cells, regions }: IntervalGauges): Uint32Array {
  const words = new Uint32Array((cells.n + regions.n) * gaugeColumns.length);
  let at = 0;
  for (const rows of [cells, regions]) {
    for (const name of gaugeColumns) {
      words.set(rows[name], at);
      at += rows.n;
    }
  }
  return words;
}

/** The interval that {@link packGauges} packed. */
export function unpackGauges(head: IntervalHead, words: Uint32Array): IntervalGauges {
  let at = 0;
  const rows = (n: number): Rows => {
    const taken = newRows(n);
    for (const name of gaugeColumns) {
      taken[name].set(words.subarray(at, at + n));
      at += n;
    }
    return taken;
  };
  const { startUs, endUs, present } = head;
  const cells = rows(head.cells);
  return { startUs, endUs, cells, regions: rows(head.regions), present };
}
