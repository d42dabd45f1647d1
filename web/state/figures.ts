import type { RegionColumn, ServerFrame } from '../../shared/protocol.ts';
import { type ApplyResult, WallState } from '../../shared/wall-state.ts';

/**
 * The figures that frames are applied to, and which cells have changed since the last paint. Plain typed arrays: ten
 * thousand reactive values a second would cost more than drawing them.
 */
export class Figures {
  readonly state = new WallState();
  /** Revision of the layout that the last snapshot referred to: regions keep their places until the next one. */
  snapshotLayout = -1;
  #changed = new Set<number>();
  /** Everything has to be painted: after a snapshot, or when paints are rare and most has changed. */
  #all = true;

  apply(frame: ServerFrame): ApplyResult {
    const result = this.state.apply(frame);
    if (result === 'gap') return result;
    if (frame.k === 'snapshot') {
      this.snapshotLayout = frame.layout;
      this.#all = true;
    }
    if (this.#all) return result;
    for (const cell of this.state.changedCells) this.#changed.add(cell);
    if (this.#changed.size > this.state.cellPresent.length / 2) this.markAll();
    return result;
  }

  markAll(): void {
    this.#all = true;
    this.#changed.clear();
  }

  /** Cells changed since the last call, or null for all of them. */
  takeChanged(): Uint32Array | null {
    if (this.#all) {
      this.#all = false;
      return null;
    }
    const list = Uint32Array.from(this.#changed);
    this.#changed.clear();
    return list;
  }

  /** A region's figure, NaN where there is none yet. Sentinels as in the protocol. */
  region(column: RegionColumn, place: number): number {
    return this.state.regions[column][place] ?? Number.NaN;
  }

  /** A node's figure, in the same way. */
  node(column: RegionColumn, place: number): number {
    return this.state.nodes[column][place] ?? Number.NaN;
  }

  /** The last `points` closed intervals of a region, oldest first: a view, valid until the next frame. */
  sparkOf(place: number, points = this.state.sparkPoints): Uint32Array {
    return lastOf(this.state.spark, this.state.sparkPoints, place, points);
  }

  /** The same of a node of the tree. */
  nodeSparkOf(place: number, points = this.state.nodeSparkPoints): Uint32Array {
    return lastOf(this.state.nodeSpark, this.state.nodeSparkPoints, place, points);
  }
}

function lastOf(values: Uint32Array, held: number, row: number, points: number): Uint32Array {
  const end = (row + 1) * held;
  return values.subarray(end - Math.min(points, held), end);
}
