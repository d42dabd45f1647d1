import { unknownCount } from '../../shared/protocol.ts';
import { classColours, classCount, classOf, firstClass, hiddenClass, unknownClass, zeroClass } from './palette.ts';
import { metresPerPx, type View, worldX, worldY } from './projection.ts';

/** The part of a 2D context that cells need: a canvas of the page or of a worker, or a recorder in a test. */
export type CellContext = Pick<
  CanvasRenderingContext2D,
  | 'save'
  | 'restore'
  | 'beginPath'
  | 'moveTo'
  | 'arc'
  | 'closePath'
  | 'fill'
  | 'stroke'
  | 'rect'
  | 'clip'
  | 'clearRect'
  | 'fillStyle'
  | 'strokeStyle'
  | 'lineWidth'
  | 'globalAlpha'
>;

export interface PlacedCell {
  readonly lon: number | null;
  readonly lat: number | null;
  readonly azimuth: number | null;
}

/** Side of a repaint tile, px. */
const tilePx = 64;
/** Above this share of dirty tiles, one whole repaint is cheaper than clipping. */
const wholeShare = 0.4;
const halfAngle = Math.PI / 6;
const radiusM = 200;

/**
 * Draws all cells on one canvas: a wedge by azimuth, a circle where there is none, coloured by class of present count,
 * busier ones larger and above. Positions are projected once per view; a change of count repaints only the tiles of
 * the cells whose class changed. Free of the DOM, so that it can run in a worker.
 */
export class CellPainter {
  count = 0;
  /** Cells without a position: not drawn. */
  unplaced = 0;
  #worldX = new Float64Array(0);
  #worldY = new Float64Array(0);
  #azimuth = new Float32Array(0);
  #class = new Uint8Array(0);
  #xy = new Float32Array(0);
  /** Cells in view, and the same ordered by class for painting. */
  #visible = new Uint32Array(0);
  #visibleCount = 0;
  #ordered = new Uint32Array(0);
  #view: View | null = null;
  #radius = 0;
  #columns = 0;
  #rows = 0;
  #dirty = new Uint8Array(0);
  #dirtyCount = 0;
  #whole = true;

  setCells(cells: readonly PlacedCell[]): void {
    const n = cells.length;
    this.count = n;
    this.unplaced = 0;
    this.#worldX = new Float64Array(n);
    this.#worldY = new Float64Array(n);
    this.#azimuth = new Float32Array(n);
    this.#class = new Uint8Array(n).fill(unknownClass);
    this.#xy = new Float32Array(2 * n);
    this.#visible = new Uint32Array(n);
    this.#ordered = new Uint32Array(n);
    for (let i = 0; i < n; i++) {
      const cell = cells[i]!;
      if (cell.lon === null || cell.lat === null) this.unplaced++;
      this.#worldX[i] = cell.lon === null ? Number.NaN : worldX(cell.lon);
      this.#worldY[i] = cell.lat === null ? Number.NaN : worldY(cell.lat);
      this.#azimuth[i] = cell.azimuth === null ? Number.NaN : ((cell.azimuth - 90) * Math.PI) / 180;
    }
    if (this.#view !== null) this.setView(this.#view);
  }

  /** Projects all cells for a view; everything has to be painted anew. */
  setView(view: View): void {
    this.#view = view;
    const rem = view.rem;
    this.#radius = Math.min(2.4 * rem, Math.max(0.4 * rem, radiusM / metresPerPx(view)));
    this.#columns = Math.max(1, Math.ceil(view.width / tilePx));
    this.#rows = Math.max(1, Math.ceil(view.height / tilePx));
    this.#dirty = new Uint8Array(this.#columns * this.#rows);
    this.#dirtyCount = 0;
    this.#whole = true;
    const r = this.#reach();
    let seen = 0;
    for (let i = 0; i < this.count; i++) {
      const x = this.#worldX[i]! * view.scale - view.originX;
      const y = this.#worldY[i]! * view.scale - view.originY;
      this.#xy[2 * i] = x;
      this.#xy[2 * i + 1] = y;
      // False for cells without a position too: NaN compares false.
      if (x > -r && x < view.width + r && y > -r && y < view.height + r) this.#visible[seen++] = i;
    }
    this.#visibleCount = seen;
  }

  /** Takes over counts: of the cells in `changed`, or of all. Returns whether there is anything to paint. */
  setCounts(present: Uint32Array, changed: Uint32Array | null, scale: readonly number[]): boolean {
    if (changed === null) {
      for (let i = 0; i < this.count; i++) this.#class[i] = classOf(present[i] ?? unknownCount, scale);
      this.#whole = true;
      return true;
    }
    for (const i of changed) {
      if (i >= this.count) continue;
      const next = classOf(present[i]!, scale);
      if (next === this.#class[i]) continue;
      this.#class[i] = next;
      this.#touch(i);
    }
    return this.#whole || this.#dirtyCount > 0;
  }

  /** Paints what is dirty. `context` is scaled to CSS pixels. Returns how many cells were drawn. */
  paint(context: CellContext): number {
    const view = this.#view;
    if (view === null) return 0;
    const whole = this.#whole || this.#dirtyCount > wholeShare * this.#dirty.length;
    if (!whole && this.#dirtyCount === 0) return 0;
    context.save();
    if (whole) context.clearRect(0, 0, view.width, view.height);
    else this.#clipToDirty(context);
    const drawn = this.#paintCells(context, whole);
    context.restore();
    this.#whole = false;
    this.#dirty.fill(0);
    this.#dirtyCount = 0;
    return drawn;
  }

  /** The cell under a point of the canvas, the uppermost where several are; -1 for none. */
  hit(x: number, y: number): number {
    let best = -1;
    let bestClass = -1;
    let bestDistance = Number.POSITIVE_INFINITY;
    for (let k = 0; k < this.#visibleCount; k++) {
      const i = this.#visible[k]!;
      const dx = x - this.#xy[2 * i]!;
      const dy = y - this.#xy[2 * i + 1]!;
      const distance = Math.hypot(dx, dy);
      if (distance > this.#radiusOf(i) || !this.#facing(i, dx, dy, distance)) continue;
      const of = this.#class[i]!;
      if (of < bestClass || (of === bestClass && distance >= bestDistance)) continue;
      best = i;
      bestClass = of;
      bestDistance = distance;
    }
    return best;
  }

  #facing(i: number, dx: number, dy: number, distance: number): boolean {
    const azimuth = this.#azimuth[i]!;
    if (Number.isNaN(azimuth) || distance < 1) return true;
    const turn = Math.abs(Math.atan2(dy, dx) - azimuth) % (2 * Math.PI);
    return Math.min(turn, 2 * Math.PI - turn) <= halfAngle;
  }

  /** Largest radius of any cell in this view, with its outline, px. */
  #reach(): number {
    return this.#radius * radiusFactor(classCount - 1) + 2;
  }

  #radiusOf(i: number): number {
    return this.#radius * radiusFactor(this.#class[i]!) * (Number.isNaN(this.#azimuth[i]!) ? 0.62 : 1);
  }

  #touch(i: number): void {
    const x = this.#xy[2 * i]!;
    const y = this.#xy[2 * i + 1]!;
    if (Number.isNaN(x)) return;
    const r = this.#reach();
    const x0 = Math.max(0, Math.floor((x - r) / tilePx));
    const x1 = Math.min(this.#columns - 1, Math.floor((x + r) / tilePx));
    const y0 = Math.max(0, Math.floor((y - r) / tilePx));
    const y1 = Math.min(this.#rows - 1, Math.floor((y + r) / tilePx));
    for (let ty = y0; ty <= y1; ty++) {
      for (let tx = x0; tx <= x1; tx++) {
        const tile = ty * this.#columns + tx;
        if (this.#dirty[tile] === 1) continue;
        this.#dirty[tile] = 1;
        this.#dirtyCount++;
      }
    }
  }

  #inDirtyTile(i: number, r: number): boolean {
    const x = this.#xy[2 * i]!;
    const y = this.#xy[2 * i + 1]!;
    const x0 = Math.max(0, Math.floor((x - r) / tilePx));
    const x1 = Math.min(this.#columns - 1, Math.floor((x + r) / tilePx));
    const y0 = Math.max(0, Math.floor((y - r) / tilePx));
    const y1 = Math.min(this.#rows - 1, Math.floor((y + r) / tilePx));
    for (let ty = y0; ty <= y1; ty++) {
      for (let tx = x0; tx <= x1; tx++) if (this.#dirty[ty * this.#columns + tx] === 1) return true;
    }
    return false;
  }

  #clipToDirty(context: CellContext): void {
    context.beginPath();
    for (let tile = 0; tile < this.#dirty.length; tile++) {
      if (this.#dirty[tile] !== 1) continue;
      const x = (tile % this.#columns) * tilePx;
      const y = Math.floor(tile / this.#columns) * tilePx;
      context.rect(x, y, tilePx, tilePx);
      context.clearRect(x, y, tilePx, tilePx);
    }
    context.clip();
  }

  #paintCells(context: CellContext, whole: boolean): number {
    const starts = this.#orderByClass();
    const reach = this.#reach();
    let drawn = 0;
    context.lineWidth = Math.max(1, this.#radius / 9);
    for (let of = 0; of < classCount; of++) {
      const outlined = of === unknownClass || of === hiddenClass;
      const colour = classColours[of]!;
      context.fillStyle = colour;
      context.strokeStyle = colour;
      context.globalAlpha = of >= firstClass ? 0.9 : of === zeroClass ? 0.9 : 0.75;
      for (let k = starts[of]!; k < starts[of + 1]!; k++) {
        const i = this.#ordered[k]!;
        if (!whole && !this.#inDirtyTile(i, reach)) continue;
        this.#path(context, i);
        if (outlined) context.stroke();
        else context.fill();
        drawn++;
      }
    }
    return drawn;
  }

  #path(context: CellContext, i: number): void {
    const x = this.#xy[2 * i]!;
    const y = this.#xy[2 * i + 1]!;
    const r = this.#radiusOf(i);
    const azimuth = this.#azimuth[i]!;
    context.beginPath();
    if (Number.isNaN(azimuth)) {
      context.moveTo(x + r, y);
      context.arc(x, y, r, 0, 2 * Math.PI);
    } else {
      context.moveTo(x, y);
      context.arc(x, y, r, azimuth - halfAngle, azimuth + halfAngle);
    }
    context.closePath();
  }

  /** Counting sort of the visible cells by class; returns where each class starts in `#ordered`. */
  #orderByClass(): Uint32Array {
    const starts = new Uint32Array(classCount + 1);
    for (let k = 0; k < this.#visibleCount; k++) starts[this.#class[this.#visible[k]!]! + 1]!++;
    for (let of = 0; of < classCount; of++) starts[of + 1]! += starts[of]!;
    const next = starts.slice();
    for (let k = 0; k < this.#visibleCount; k++) {
      const i = this.#visible[k]!;
      this.#ordered[next[this.#class[i]!]!++] = i;
    }
    return starts;
  }
}

/** Busier cells are larger: a cue beside the colour. */
function radiusFactor(of: number): number {
  return of < firstClass ? 0.78 : 0.8 + 0.075 * (of - firstClass);
}
