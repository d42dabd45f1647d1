import { unknownCount } from '../../shared/protocol.ts';
import type { LiveView } from '../occupancy/view.ts';
import { blurNext } from './blur.ts';

/** The regions' present counts at the ends of the last gauge intervals, as they may be shown. */
export class SparkExit {
  readonly #minCount: number;
  readonly #pointsMax: number;
  #regions = 0;
  /** Point-major, oldest first: the newest point's row is pushed behind. */
  #rows: Uint32Array[] = [];
  #intervals = 0;
  /** End of the newest interval, µs; 0 before the first. */
  endUs = 0;
  /** Points held, and how many of them the last update added. */
  get points(): number {
    return this.#rows.length;
  }
  added = 0;

  constructor(minCount: number, pointsMax: number) {
    this.#minCount = minCount;
    this.#pointsMax = pointsMax;
  }

  /** Forgets everything; the next update takes over what the engine still holds. */
  clear(regions: number): void {
    this.#regions = regions;
    this.#rows = [];
    this.#intervals = 0;
    this.endUs = 0;
    this.added = 0;
  }

  /** Appends the intervals that have closed since the last update. */
  update(view: LiveView): void {
    // Fewer than before: another engine, whose intervals begin anew.
    if (view.intervals < this.#intervals) this.clear(this.#regions);
    this.added = Math.min(view.intervals - this.#intervals, this.#pointsMax);
    this.#intervals = view.intervals;
    if (this.added === 0) return;
    this.endUs = view.intervalEndUs;
    const exact = view.spark(this.added);
    const known = Math.min(this.#regions, view.regionCount);
    for (let point = 0; point < this.added; point++) {
      const before = this.#rows.at(-1);
      const row = new Uint32Array(this.#regions).fill(unknownCount);
      for (let region = 0; region < known; region++) {
        const value = exact[region * this.added + point]!;
        row[region] = blurNext(before?.[region] ?? unknownCount, value, this.#minCount);
      }
      this.#rows.push(row);
    }
    if (this.#rows.length > this.#pointsMax) this.#rows.splice(0, this.#rows.length - this.#pointsMax);
  }

  /** The newest `points` points: region-major, oldest first, as frames carry them. */
  newest(points: number): Uint32Array {
    const first = this.#rows.length - points;
    const values = new Uint32Array(this.#regions * points);
    for (let point = 0; point < points; point++) {
      const row = this.#rows[first + point]!;
      for (let region = 0; region < this.#regions; region++) values[region * points + point] = row[region]!;
    }
    return values;
  }
}
