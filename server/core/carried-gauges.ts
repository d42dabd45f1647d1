/**
 * The engine gives gauges of what changed. This remembers the newest figures of each micro-region, so that a row can be
 * given for those that had none: as many present (and fresh) as before, nothing crossed, all present visited.
 */
import type { IntervalGauges } from '../occupancy/view.ts';

export type GaugeRows = IntervalGauges['regions'];

export class CarriedGauges {
  readonly present: Uint32Array;
  readonly fresh5: Uint32Array;

  /** @param count rows of a whole interval; ids are below it */
  constructor(count: number) {
    this.present = new Uint32Array(count);
    this.fresh5 = new Uint32Array(count);
  }

  /** The next interval's rows, and those that it lacks; by ascending id. */
  complete(rows: GaugeRows): GaugeRows {
    for (let i = 0; i < rows.n; i++) {
      this.present[rows.id[i]] = rows.present[i];
      this.fresh5[rows.id[i]] = rows.fresh5[i];
    }
    return completed(rows, this.present, this.fresh5);
  }
}

/** Rows of all cells below `count`, those not among `rows` with nobody in them. */
export function withEmptyOnes(rows: GaugeRows, count: number): GaugeRows {
  const nobody = new Uint32Array(count);
  return completed(rows, nobody, nobody);
}

function completed(rows: GaugeRows, present: Uint32Array, fresh5: Uint32Array): GaugeRows {
  const n = present.length;
  const column = (own: Uint32Array, others: Uint32Array | null) => {
    const all = new Uint32Array(n);
    if (others !== null) all.set(others);
    for (let i = 0; i < rows.n; i++) all[rows.id[i]] = own[i];
    return all;
  };
  return {
    n,
    id: Uint32Array.from({ length: n }, (_, id) => id),
    present: column(rows.present, present),
    fresh5: column(rows.fresh5, fresh5),
    entries: column(rows.entries, null),
    exits: column(rows.exits, null),
    appeared: column(rows.appeared, null),
    vanished: column(rows.vanished, null),
    visitors: column(rows.visitors, present),
  };
}
