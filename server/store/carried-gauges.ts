/**
 * The engine gives gauges of what changed. This remembers the newest figures of each cell or region, so that rows can
 * be written for those that had none: as many present (and fresh) as before, nothing crossed, all present visited.
 */
import type { GaugeColumns } from '../occupancy/view.ts';

export type GaugeRows = GaugeColumns & { readonly fresh5: Uint32Array };

export class CarriedGauges {
  #present = new Uint32Array(0);
  #fresh5 = new Uint32Array(0);
  /** Number of the interval in which an id last had a row. */
  #seen = new Uint32Array(0);
  #interval = 0;

  /** Takes in the rows of the next interval. */
  note(rows: GaugeRows): void {
    this.#interval++;
    for (let i = 0; i < rows.n; i++) {
      const id = rows.id[i];
      if (id >= this.#present.length) this.#grow(id + 1);
      this.#present[id] = rows.present[i];
      this.#fresh5[id] = rows.fresh5[i];
      this.#seen[id] = this.#interval;
    }
  }

  /** Rows of the ids below `count` that had none in the newest interval. */
  others(count: number): GaugeRows {
    if (count > this.#present.length) this.#grow(count);
    const ids: number[] = [];
    for (let id = 0; id < count; id++) if (this.#seen[id] !== this.#interval) ids.push(id);
    const none = new Uint32Array(ids.length);
    const present = Uint32Array.from(ids, (id) => this.#present[id]);
    return {
      n: ids.length,
      id: Uint32Array.from(ids),
      present,
      fresh5: Uint32Array.from(ids, (id) => this.#fresh5[id]),
      entries: none,
      exits: none,
      appeared: none,
      vanished: none,
      visitors: present,
    };
  }

  #grow(count: number): void {
    const larger = (old: Uint32Array<ArrayBuffer>) => {
      const array = new Uint32Array(Math.max(count, old.length * 2));
      array.set(old);
      return array;
    };
    this.#present = larger(this.#present);
    this.#fresh5 = larger(this.#fresh5);
    this.#seen = larger(this.#seen);
  }
}
