import { unknownCount } from '../../shared/protocol.ts';
import type { LiveView } from '../occupancy/view.ts';
import { blurNext } from './blur.ts';

/** The present counts of micro-regions and nodes of the tree at the ends of the last gauge intervals, as they may be shown. */
export class SparkExit {
  readonly #minCount: number;
  readonly #pointsMax: number;
  #regions = 0;
  #nodes = 0;
  /** Point-major, oldest first: the newest point's row is pushed behind. In a row the micro-regions, then the nodes. */
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
  clear(regions: number, nodes: number): void {
    this.#regions = regions;
    this.#nodes = nodes;
    this.#rows = [];
    this.#intervals = 0;
    this.endUs = 0;
    this.added = 0;
  }

  /** Appends the intervals that have closed since the last update. */
  update(view: LiveView): void {
    // Fewer than before: another engine, whose intervals begin anew.
    if (view.intervals < this.#intervals) this.clear(this.#regions, this.#nodes);
    this.added = Math.min(view.intervals - this.#intervals, this.#pointsMax);
    this.#intervals = view.intervals;
    if (this.added === 0) return;
    this.endUs = view.intervalEndUs;
    const exact = view.spark(this.added);
    const nodesKnown = Math.min(this.#nodes, view.regionCount - view.drawnCount);
    const regionsKnown = Math.min(this.#regions, view.drawnCount);
    for (let point = 0; point < this.added; point++) {
      const before = this.#rows.at(-1);
      const row = new Uint32Array(this.#regions + this.#nodes).fill(unknownCount);
      const take = (at: number, area: number) => {
        const value = exact[area * this.added + point]!;
        row[at] = blurNext(before?.[at] ?? unknownCount, value, this.#minCount);
      };
      for (let region = 0; region < regionsKnown; region++) take(region, region);
      for (let node = 0; node < nodesKnown; node++) take(this.#regions + node, view.drawnCount + node);
      this.#rows.push(row);
    }
    if (this.#rows.length > this.#pointsMax) this.#rows.splice(0, this.#rows.length - this.#pointsMax);
  }

  /** The newest `points` points of the micro-regions: row by region, oldest first, as frames carry them. */
  newest(points: number): Uint32Array {
    return this.#newest(points, 0, this.#regions);
  }

  /** The same of the nodes. */
  newestOfNodes(points: number): Uint32Array {
    return this.#newest(points, this.#regions, this.#nodes);
  }

  #newest(points: number, from: number, areas: number): Uint32Array {
    const first = this.#rows.length - points;
    const values = new Uint32Array(areas * points);
    for (let point = 0; point < points; point++) {
      const row = this.#rows[first + point]!;
      for (let area = 0; area < areas; area++) values[area * points + point] = row[from + area]!;
    }
    return values;
  }
}
