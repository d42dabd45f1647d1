import { columnU32, FrameError } from './codec.ts';
import type { CrowdRow } from './crowd.ts';
import {
  type PeopleRow,
  type RegionColumn,
  regionColumns,
  rowSparkPoints,
  type ServerFrame,
  sparkPointsMax,
  unknownCount,
  type WallStatus,
} from './protocol.ts';
import type { OriginPlaceRow } from './region-answers.ts';
import { type TrafficColumn, type TrafficColumns, trafficClasses, trafficColumns } from './traffic.ts';

/**
 * What became of a frame: `applied`, or `gap` when it does not follow on what is held (state unchanged: ask for a
 * snapshot with `{k: 'resync', have}`).
 */
export type ApplyResult = 'applied' | 'gap';

/** Places of a layout are array indices; a delta can't name one so far behind the end that it is clearly no cell. */
const placesMax = 1 << 22;

/**
 * The wall's figures as a screen holds them: the newest snapshot with every later delta applied. Arrays are kept and
 * written in place; they are replaced by longer ones when cells are appended to the layout.
 */
export class WallState {
  /** Number of the frame last applied; -1 before the first snapshot. */
  seq = -1;
  layout = -1;
  status: WallStatus | null = null;
  /** Present per cell, by place in the layout; sentinels as in the protocol. */
  cellPresent = new Uint32Array(0);
  /** Per region column, by place in the layout. */
  regions = emptyRegions(0);
  /** The same of the region tree's nodes, by place in the layout's `tree`. */
  nodes = emptyRegions(0);
  /** Region-major, oldest point first: `sparkPoints` values a region, the newest ending at `sparkEndUs`. */
  spark = new Uint32Array(0);
  sparkPoints = 0;
  sparkEndUs = 0;
  /** The same of the tree's nodes: `nodeSparkPoints` values a node, ending with those of `spark`. */
  nodeSpark = new Uint32Array(0);
  nodeSparkPoints = 0;
  /** People estimates by place of their region; null: none are made. */
  people: ReadonlyMap<number, PeopleRow> | null = null;
  /** The city's origins by operator and area. */
  places: readonly OriginPlaceRow[] = [];
  /** Who is in the regions, by place, as far as it has been counted. */
  crowd: ReadonlyMap<number, CrowdRow> = new Map();
  /** Of the city (row 0) and of the regions (row 1 + place), a figure a class; null: nothing has been counted yet. */
  traffic: { fromUs: number; toUs: number; columns: Record<TrafficColumn, Uint32Array> } | null = null;
  /** Cells that the last frame changed, by place: what has to be repainted. All of them after a snapshot. */
  changedCells: Uint32Array = new Uint32Array(0);

  /** Applies a decoded frame. @throws FrameError, with nothing changed, when its indices lie outside any layout. */
  apply(frame: ServerFrame): ApplyResult {
    const whole = frame.k === 'snapshot';
    if (!whole && (this.seq < 0 || frame.seq !== this.seq + 1)) return 'gap';
    const cells = columnU32(frame.cells.index);
    const rows = columnU32(frame.regions.index);
    // Cells may be appended by a delta; regions change only with a snapshot.
    const cellCount = placesNamed(cells, whole ? 0 : this.cellPresent.length);
    const regionCount = placesNamed(rows, whole ? 0 : this.regions.present.length);
    const nodeRows = frame.nodes === undefined ? new Uint32Array(0) : columnU32(frame.nodes.index);
    const nodeCount = placesNamed(nodeRows, whole ? 0 : this.nodes.present.length);
    if (nodeCount !== (whole ? nodeRows.length : this.nodes.present.length)) throw new FrameError('no such node');
    if (cellCount > placesMax) throw new FrameError(`place ${cellCount - 1} lies outside any layout`);
    if (regionCount !== (whole ? rows.length : this.regions.present.length)) throw new FrameError('no such region');
    if (frame.spark !== undefined && columnU32(frame.spark.present).length !== frame.spark.points * regionCount) {
      throw new FrameError('spark is not as long as the regions');
    }
    const { nodeSpark } = frame;
    if (nodeSpark !== undefined && columnU32(nodeSpark.present).length !== nodeSpark.points * nodeCount) {
      throw new FrameError('nodeSpark is not as long as the nodes');
    }
    if (frame.traffic !== undefined && rowsOf(frame.traffic) !== 1 + regionCount) {
      throw new FrameError('traffic is not as long as the regions');
    }
    if (whole) {
      this.traffic = null;
      this.cellPresent = new Uint32Array(0);
      this.regions = emptyRegions(regionCount);
      this.nodes = emptyRegions(nodeCount);
      this.spark = new Uint32Array(0);
      this.sparkPoints = 0;
      this.nodeSpark = new Uint32Array(0);
      this.nodeSparkPoints = 0;
    }
    if (cellCount > this.cellPresent.length) this.cellPresent = grown(this.cellPresent, cellCount);
    scatter(this.cellPresent, cells, columnU32(frame.cells.present));
    for (const column of regionColumns) scatter(this.regions[column], rows, columnU32(frame.regions[column]));
    for (const column of regionColumns)
      if (frame.nodes !== undefined) scatter(this.nodes[column], nodeRows, columnU32(frame.nodes[column]));
    if (frame.spark !== undefined) {
      this.spark = appended(this.spark, this.sparkPoints, frame.spark, regionCount, sparkPointsMax);
      this.sparkPoints = this.spark.length / Math.max(1, regionCount);
      this.sparkEndUs = frame.spark.endUs;
    }
    if (nodeSpark !== undefined) {
      this.nodeSpark = appended(this.nodeSpark, this.nodeSparkPoints, nodeSpark, nodeCount, rowSparkPoints);
      this.nodeSparkPoints = this.nodeSpark.length / Math.max(1, nodeCount);
    }
    if (frame.people !== undefined) this.people = new Map(frame.people.map((row) => [row.region, row]));
    else if (whole) this.people = null;
    if (whole || frame.places !== undefined) this.places = frame.places ?? [];
    const crowd = frame.crowd?.map((row): [number, CrowdRow] => [row.region, row]) ?? [];
    if (whole || crowd.length > 0) this.crowd = new Map([...(whole ? [] : this.crowd), ...crowd]);
    if (frame.traffic !== undefined) this.#takeTraffic(frame.traffic);
    this.changedCells = cells;
    this.seq = frame.seq;
    this.layout = frame.layout;
    this.status = frame.status;
    return 'applied';
  }

  #takeTraffic(traffic: TrafficColumns): void {
    const columns = Object.fromEntries(trafficColumns.map((name) => [name, columnU32(traffic[name])]));
    this.traffic = {
      fromUs: traffic.fromUs,
      toUs: traffic.toUs,
      columns: columns as Record<TrafficColumn, Uint32Array>,
    };
  }
}

/** `rows` rows of `held` points with the newest ones behind them, the oldest beyond `pointsMax` dropped. */
function appended(
  values: Uint32Array,
  held: number,
  newest: { points: number; present: Uint8Array },
  rows: number,
  pointsMax: number,
): Uint32Array<ArrayBuffer> {
  const added = columnU32(newest.present);
  const kept = Math.min(held, Math.max(0, pointsMax - newest.points));
  const points = kept + newest.points;
  const next = new Uint32Array(points * rows);
  for (let row = 0; row < rows; row++) {
    const old = (row + 1) * held;
    next.set(values.subarray(old - kept, old), row * points);
    next.set(added.subarray(row * newest.points, (row + 1) * newest.points), row * points + kept);
  }
  return next;
}

function emptyRegions(count: number): Record<RegionColumn, Uint32Array<ArrayBuffer>> {
  const columns = {} as Record<RegionColumn, Uint32Array<ArrayBuffer>>;
  for (const column of regionColumns) columns[column] = new Uint32Array(count).fill(unknownCount);
  return columns;
}

function rowsOf(traffic: TrafficColumns): number {
  return traffic.units.byteLength / 4 / trafficClasses.length;
}

/** Places that exist once every place in `index` does. */
function placesNamed(index: Uint32Array, before: number): number {
  let count = before;
  for (let row = 0; row < index.length; row++) if (index[row]! >= count) count = index[row]! + 1;
  return count;
}

function grown(values: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(length).fill(unknownCount);
  longer.set(values);
  return longer;
}

function scatter(target: Uint32Array, index: Uint32Array, values: Uint32Array): void {
  for (let row = 0; row < index.length; row++) target[index[row]!] = values[row]!;
}
