import type { RegionIndex } from '../reference/region-index.ts';
import type { Tally } from './tally.ts';

type Column = Uint32Array | Float64Array;

/**
 * Counters of rows (no cell, then the cells) in columns of one class, or class and outcome, each. The key of a counter is
 * row × width + column, whatever the number of rows. Columns stand one behind another: most events are of a few classes
 * and outcomes, so what they count lies close together.
 */
export class TrafficTable<T extends Column> {
  readonly width: number;
  rows = 0;
  /** Column × rows + row. */
  values: T;
  private readonly make: (length: number) => T;
  /** Columns that have ever had something. */
  private readonly used: Uint8Array;

  constructor(width: number, make: (length: number) => T) {
    this.width = width;
    this.make = make;
    this.values = make(0);
    this.used = new Uint8Array(width);
  }

  growTo(rows: number): void {
    const { rows: before, values } = this;
    this.values = this.make(rows * this.width);
    for (let column = 0; column < this.width; column++)
      this.values.set(values.subarray(column * before, (column + 1) * before), column * rows);
    this.rows = rows;
  }

  placeOf(key: number): number {
    const row = Math.floor(key / this.width);
    return (key - row * this.width) * this.rows + row;
  }

  add(tally: Tally): void {
    const { keys, n, values: amounts } = tally;
    const { rows, used, values, width } = this;
    for (let i = 0; i < n; i++) {
      const row = Math.floor(keys[i] / width);
      const column = keys[i] - row * width;
      used[column] = 1;
      values[column * rows + row] += amounts[i];
    }
  }

  subtract(tally: Tally): void {
    const { keys, n, values: amounts } = tally;
    const { values } = this;
    for (let i = 0; i < n; i++) values[this.placeOf(keys[i])] -= amounts[i];
  }

  /** Gives the tally's keys the values that stand here. */
  tell(tally: Tally): void {
    const { keys, n, values: amounts } = tally;
    const { values } = this;
    for (let i = 0; i < n; i++) amounts[i] = values[this.placeOf(keys[i])];
  }

  /** The same, and they are 0 here. */
  give(tally: Tally): void {
    const { keys, n, values: amounts } = tally;
    const { values } = this;
    for (let i = 0; i < n; i++) {
      const at = this.placeOf(keys[i]);
      amounts[i] = values[at];
      values[at] = 0;
    }
  }

  count(key: number, amount: number): void {
    this.used[key % this.width] = 1;
    this.values[this.placeOf(key)] += amount;
  }

  /** The columns of a row. */
  row(row: number): T {
    const of = this.make(this.width);
    for (let column = 0; column < this.width; column++) of[column] = this.values[column * this.rows + row];
    return of;
  }

  /** Area × width + column, the city first, then the regions by place: each cell's counters in all it is in. */
  areas({ regions, setOf, sets }: RegionIndex): T {
    const { rows, used, values, width } = this;
    const of = this.make((1 + regions.length) * width);
    for (let column = 0; column < width; column++) {
      if (used[column] === 0) continue;
      for (let row = 0; row < rows; row++) {
        const value = values[column * rows + row];
        if (value === 0) continue;
        of[column] += value;
        // Cells beyond what an index has grown to are in its empty set.
        const members = row === 0 ? sets[0] : sets[setOf[row - 1] ?? 0];
        for (let i = 0; i < members.length; i++) of[(1 + members[i]) * width + column] += value;
      }
    }
    return of;
  }

  /** The tally's keys have something here. */
  use({ keys, n }: Tally): void {
    for (let i = 0; i < n; i++) this.used[keys[i] % this.width] = 1;
  }
}
