import { columnBytes, encodeFrame } from '../../shared/codec.ts';
import type { CrowdRow } from '../../shared/crowd.ts';
import {
  type Layout,
  type NodeSparkColumns,
  type PeopleRow,
  protocolVersion,
  type RegionColumn,
  type RegionColumns,
  regionColumns,
  rowSparkPoints,
  type SparkColumns,
  type WallStatus,
} from '../../shared/protocol.ts';
import type { OriginPlaceRow } from '../../shared/region-answers.ts';
import { type TrafficColumns, trafficColumns } from '../../shared/traffic.ts';
import type { ExactCrowd } from '../access/crowd.ts';
import type { FigureExit } from '../access/exit.ts';
import type { Estimates } from '../access/people.ts';
import type { ShownTraffic } from '../access/traffic.ts';
import type { Clock } from '../clock.ts';
import type { LiveView } from '../occupancy/view.ts';
import { type MachineStatus, makeStatus } from './status.ts';

export interface FrameInputs {
  view(): LiveView;
  layout(): Layout;
  status(): MachineStatus;
  /** People estimates; absent: none are made. */
  people?(): Estimates;
  /** Who is in the regions, by their ids; absent: nobody counts it. */
  crowds?(): ReadonlyMap<string, ExactCrowd>;
  readonly exit: FigureExit;
  readonly clock: Clock;
  readonly gaugeEveryMs: number;
}

/** One encoded frame for every screen. */
export interface TickFrame {
  readonly bytes: Uint8Array;
  /** True when it is a snapshot: regions were replaced, so that no delta fits. */
  readonly whole: boolean;
}

/**
 * Turns published figures into numbered frames: one delta a tick, encoded once for all screens, and a snapshot of the
 * same state for a screen that joins, lost a frame or was too slow. Cells appended to the layout come with a delta;
 * replaced regions make the tick's frame a snapshot.
 */
export class FrameSource {
  /** Number of the newest frame; 0 before the first. */
  seq = 0;
  /** Bytes of the newest delta and snapshot, and microseconds that encoding the newest delta took. */
  readonly stats = { deltaBytes: 0, snapshotBytes: 0, encodeUs: 0 };
  /** Of frame `seq`: the exit's figures are by its places. Null before the first. */
  layout: Layout | null = null;
  readonly #in: FrameInputs;
  #layoutRevision = -1;
  #regionKey = '';
  #status: WallStatus | null = null;
  #snapshot: Uint8Array | null = null;
  /** Figures of frame `seq`, which the next delta is made against. */
  #sentCells = new Uint32Array(0);
  #sentRegions = new Map<RegionColumn, Uint32Array>();
  #sentNodes = new Map<RegionColumn, Uint32Array>();
  #sentPeople: readonly PeopleRow[] | null = null;
  #sentPlaces: readonly OriginPlaceRow[] | null = null;
  #sentCrowd: ReadonlyMap<number, CrowdRow> = new Map();
  #sentTraffic: ShownTraffic | null = null;
  #sparkAdded = 0;

  constructor(inputs: FrameInputs) {
    this.#in = inputs;
  }

  /** Takes over the engine's state as the next frame. With `encode` false (no screens) only its state is kept. */
  tick(encode: boolean): TickFrame | null {
    const { exit, clock } = this.#in;
    const view = this.#in.view();
    const layout = this.#in.layout();
    const replaced = this.#regionsReplaced(layout);
    const [cells, regions, nodes] = [layout.cells.length, layout.regions.length, layout.tree.length];
    exit.update(view, { cells, regions, nodes, replaced }, this.#in.people?.() ?? null);
    if (this.#in.crowds !== undefined) exit.crowd.publish(layout.regions, this.#in.crowds());
    this.layout = layout;
    this.#layoutRevision = layout.revision;
    this.#status = makeStatus(exit, view, this.#in.status(), clock.nowUs());
    this.#sparkAdded = exit.spark.added;
    this.#snapshot = null;
    this.seq++;
    let frame: TickFrame | null = null;
    if (encode) {
      const from = clock.monotonicMs();
      frame = replaced ? { bytes: this.snapshot(), whole: true } : { bytes: this.#encodeDelta(), whole: false };
      this.stats.encodeUs = Math.round((clock.monotonicMs() - from) * 1000);
      if (!frame.whole) this.stats.deltaBytes = frame.bytes.byteLength;
    }
    this.#remember();
    return frame;
  }

  /** The complete state as of frame `seq`; encoded once however many screens ask. */
  snapshot(): Uint8Array {
    if (this.#snapshot !== null) return this.#snapshot;
    if (this.seq === 0) this.tick(false);
    const { exit } = this.#in;
    const places = exit.cellPresent.length;
    this.#snapshot = encodeFrame({
      v: protocolVersion,
      k: 'snapshot',
      seq: this.seq,
      layout: this.#layoutRevision,
      status: this.#status!,
      cells: { index: columnBytes(range(places)), present: columnBytes(exit.cellPresent) },
      regions: wholeTable(exit.regions),
      ...(exit.nodes.present.length > 0 && { nodes: wholeTable(exit.nodes) }),
      spark: this.#spark(exit.spark.points),
      ...this.#nodeSpark(exit.spark.points),
      ...(exit.people.rows !== null && { people: exit.people.rows }),
      ...(exit.places.length > 0 && { places: exit.places }),
      ...(exit.crowd.rows.size > 0 && { crowd: [...exit.crowd.rows.values()] }),
      ...(exit.traffic.shown !== null && { traffic: trafficOf(exit.traffic.shown) }),
    });
    this.stats.snapshotBytes = this.#snapshot.byteLength;
    return this.#snapshot;
  }

  #encodeDelta(): Uint8Array {
    const { exit } = this.#in;
    const cells = changedPlaces(exit.cellPresent.length, [[exit.cellPresent, this.#sentCells]]);
    const nodes = changedRows(exit.nodes, this.#sentNodes);
    const crowd = [...exit.crowd.rows].filter(([region, row]) => this.#sentCrowd.get(region) !== row);
    return encodeFrame({
      v: protocolVersion,
      k: 'delta',
      seq: this.seq,
      layout: this.#layoutRevision,
      status: this.#status!,
      cells: { index: columnBytes(cells), present: columnBytes(gather(exit.cellPresent, cells)) },
      regions: changedRows(exit.regions, this.#sentRegions),
      ...(nodes.index.byteLength > 0 && { nodes }),
      ...(this.#sparkAdded > 0 && { spark: this.#spark(this.#sparkAdded), ...this.#nodeSpark(this.#sparkAdded) }),
      ...(exit.people.rows !== this.#sentPeople && { people: exit.people.rows ?? [] }),
      ...(exit.places !== (this.#sentPlaces ?? exit.places) && { places: exit.places }),
      ...(crowd.length > 0 && { crowd: crowd.map(([, row]) => row) }),
      ...(exit.traffic.shown !== null &&
        exit.traffic.shown !== this.#sentTraffic && { traffic: trafficOf(exit.traffic.shown) }),
    });
  }

  #spark(points: number): SparkColumns {
    const { exit, gaugeEveryMs } = this.#in;
    return { everyMs: gaugeEveryMs, endUs: exit.spark.endUs, points, present: columnBytes(exit.spark.newest(points)) };
  }

  /** @param points of which the newest are taken */
  #nodeSpark(points: number): { nodeSpark?: NodeSparkColumns } {
    const { exit } = this.#in;
    if (exit.nodes.present.length === 0) return {};
    const taken = Math.min(points, rowSparkPoints);
    return { nodeSpark: { points: taken, present: columnBytes(exit.spark.newestOfNodes(taken)) } };
  }

  /** Whether the layout's regions are others than those of the last frame. */
  #regionsReplaced(layout: Layout): boolean {
    if (layout.revision === this.#layoutRevision) return false;
    const key = JSON.stringify([layout.regions, layout.tree].map((list) => list.map(({ id }) => id)));
    const replaced = key !== this.#regionKey;
    this.#regionKey = key;
    return replaced;
  }

  #remember(): void {
    const { exit } = this.#in;
    this.#sentPeople = exit.people.rows;
    this.#sentPlaces = exit.places;
    this.#sentCrowd = new Map(exit.crowd.rows);
    this.#sentTraffic = exit.traffic.shown;
    if (this.#sentCells.length !== exit.cellPresent.length) this.#sentCells = exit.cellPresent.slice();
    else this.#sentCells.set(exit.cellPresent);
    rememberTable(exit.regions, this.#sentRegions);
    rememberTable(exit.nodes, this.#sentNodes);
  }
}

type Table = Readonly<Record<RegionColumn, Uint32Array>>;

function wholeTable(table: Table): RegionColumns {
  const columns = { index: columnBytes(range(table.present.length)) } as RegionColumns;
  for (const column of regionColumns) columns[column] = columnBytes(table[column]);
  return columns;
}

/** Rows that differ from those sent last. */
function changedRows(table: Table, sent: ReadonlyMap<RegionColumn, Uint32Array>): RegionColumns {
  const pairs = regionColumns.map((column): [Uint32Array, Uint32Array] => [
    table[column],
    sent.get(column) ?? new Uint32Array(0),
  ]);
  const rows = changedPlaces(table.present.length, pairs);
  const columns = { index: columnBytes(rows) } as RegionColumns;
  for (const column of regionColumns) columns[column] = columnBytes(gather(table[column], rows));
  return columns;
}

function rememberTable(table: Table, sent: Map<RegionColumn, Uint32Array>): void {
  for (const column of regionColumns) {
    const before = sent.get(column);
    if (before?.length === table[column].length) before.set(table[column]);
    else sent.set(column, table[column].slice());
  }
}

function trafficOf({ fromUs, toUs, columns }: ShownTraffic): TrafficColumns {
  const bytes = Object.fromEntries(trafficColumns.map((name) => [name, columnBytes(columns[name])]));
  return { fromUs, toUs, ...bytes } as TrafficColumns;
}

function range(count: number): Uint32Array {
  const places = new Uint32Array(count);
  for (let place = 0; place < count; place++) places[place] = place;
  return places;
}

/** Places where any of the [now, before] pairs differ, or that `before` does not have. */
function changedPlaces(count: number, pairs: [Uint32Array, Uint32Array][]): Uint32Array {
  const places = new Uint32Array(count);
  let changed = 0;
  for (let place = 0; place < count; place++) {
    if (pairs.some(([now, before]) => place >= before.length || now[place] !== before[place])) {
      places[changed++] = place;
    }
  }
  return places.subarray(0, changed);
}

function gather(values: Uint32Array, places: Uint32Array): Uint32Array {
  const rows = new Uint32Array(places.length);
  for (let row = 0; row < places.length; row++) rows[row] = values[places[row]!]!;
  return rows;
}
