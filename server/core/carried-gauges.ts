/**
 * The engine gives gauges of what changed. This remembers the newest figures of each micro-region, so that a row can be
 * given for those that had none: as many present (and fresh) as before, nothing crossed, all present visited.
 */
import type { IntervalGauges } from '../occupancy/view.ts';

export type GaugeRows = IntervalGauges['regions'];

export class CarriedGauges {
  /** Of the newest interval's regions, by place. */
  ids: readonly string[] = [];
  present = new Uint32Array(0);
  fresh5 = new Uint32Array(0);

  /**
   * The next interval's rows, and those that it lacks; by ascending id.
   *
   * @param ids of all micro-regions of the interval, by place: an edit may have come since the one before
   */
  complete(rows: GaugeRows, ids: readonly string[]): GaugeRows {
    if (ids !== this.ids) this.#follow(ids);
    for (let i = 0; i < rows.n; i++) {
      this.present[rows.id[i]] = rows.present[i];
      this.fresh5[rows.id[i]] = rows.fresh5[i];
    }
    return completed(rows, this.present, this.fresh5);
  }

  /** Figures keep to their region; one with other cells gets a row. */
  #follow(ids: readonly string[]): void {
    const places = new Map(this.ids.map((id, place) => [id, place]));
    const moved = (column: Uint32Array) => Uint32Array.from(ids, (id) => column[places.get(id) ?? -1] ?? 0);
    this.present = moved(this.present);
    this.fresh5 = moved(this.fresh5);
    this.ids = ids;
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
