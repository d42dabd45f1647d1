import { sparkPointsMax } from '../../shared/protocol.ts';
import type { RegionIndex } from '../reference/region-index.ts';
import {
  restoreBytes,
  restoreColumns,
  type StateReader,
  type StateWriter,
  saveBytes,
  saveColumns,
} from '../state-writer.ts';
import { gaugeColumns, type IntervalHead, newRows, packGauges, unpackGauges } from './interval-rows.ts';
import type { Occupancy } from './occupancy.ts';
import type { IntervalGauges } from './view.ts';

type Rows = IntervalGauges['cells'];

interface BookState {
  startUs: number;
  closed: number;
  closedEndUs: number;
  rowsOfNewest: number;
  waiting: IntervalHead[];
}

/**
 * Gauge intervals [k × every, (k+1) × every) in UTC. At its end an interval is *closed*: present, appeared, vanished,
 * visitors and fix ages are taken. holdDown later it is *final*: entries and exits are filled in and it is handed on.
 *
 * Handed on are only the rows that changed: a cell or region without a row has present and fresh5 as in its newest
 * row, no crossings, appearances and vanishings, and as many visitors as present. Where that holds of every one for long,
 * intervals may be passed over altogether. The arrays are new for each interval and belong to the taker.
 */
export class GaugeBook {
  readonly everyUs: number;
  startUs = -1;
  /** Intervals closed. */
  closed = 0;
  closedEndUs = 0;
  readonly regionVisitors: Uint32Array;
  private readonly occupancy: Occupancy;
  private readonly regions: RegionIndex;
  private readonly regionCount: number;
  private readonly holdDownUs: number;
  private readonly cellGauges: boolean;
  private readonly taker: ((gauges: IntervalGauges) => void) | null;
  /** Closed, not final: their entries and exits are still to come. */
  private readonly waiting: IntervalGauges[] = [];
  private readonly spark: Uint32Array;
  private readonly regionFresh5: Uint32Array;
  private rowsOfNewest = 1;

  constructor(options: {
    occupancy: Occupancy;
    regions: RegionIndex;
    everyUs: number;
    holdDownUs: number;
    cellGauges: boolean;
    taker: ((gauges: IntervalGauges) => void) | null;
  }) {
    this.occupancy = options.occupancy;
    this.regions = options.regions;
    this.regionCount = options.regions.regions.length;
    this.everyUs = options.everyUs;
    this.holdDownUs = options.holdDownUs;
    this.cellGauges = options.cellGauges;
    this.taker = options.taker;
    this.regionVisitors = new Uint32Array(this.regionCount);
    this.regionFresh5 = new Uint32Array(this.regionCount);
    this.spark = new Uint32Array(this.regionCount * sparkPointsMax);
  }

  get endUs(): number {
    return this.startUs + this.everyUs;
  }

  /** Opens the interval of the first event. */
  open(timeUs: number): void {
    this.startUs = Math.floor(timeUs / this.everyUs) * this.everyUs;
    this.occupancy.intervalStartUs = this.startUs;
  }

  /** Closes the open interval and opens the next; everything before its end has been counted. */
  close(present: number): void {
    const { occupancy } = this;
    const { areas, fixAges } = occupancy;
    this.sumRegions(fixAges.fresh5, this.regionFresh5);
    const regionRows = this.takeRows(0, this.regionCount, this.regionFresh5);
    const cellsTo = this.cellGauges ? occupancy.cellCapacity : 0;
    const cellRows = this.takeRows(this.regionCount, this.regionCount + cellsTo, fixAges.fresh5);
    const at = this.closed % sparkPointsMax;
    for (let region = 0; region < this.regionCount; region++) {
      this.regionVisitors[region] = areas.present[region] + areas.left[region];
      this.spark[region * sparkPointsMax + at] = areas.present[region];
    }
    areas.left.fill(0);
    areas.appeared.fill(0);
    areas.vanished.fill(0);
    areas.touched.fill(0);
    const { startUs, endUs } = this;
    this.waiting.push({ startUs, endUs, cells: cellRows, regions: regionRows, present });
    occupancy.waitingEndUs = this.waiting[0].endUs;
    this.rowsOfNewest = cellRows.n + regionRows.n;
    this.closed++;
    this.closedEndUs = endUs;
    this.startUs = endUs;
    occupancy.intervalStartUs = endUs;
    occupancy.trail.forgetBefore(endUs);
  }

  /** Whether no crossing is remembered and the newest interval had nothing to say. */
  get quiet(): boolean {
    return this.rowsOfNewest === 0 && this.occupancy.trail.size === 0;
  }

  /** Passes over the intervals before that of `timeUs`, in which nothing changes; they are not handed on. */
  skipTo(timeUs: number): void {
    // No crossing is pending, so whatever waits is final.
    this.finalize(Number.POSITIVE_INFINITY);
    const startUs = Math.floor(timeUs / this.everyUs) * this.everyUs;
    const skipped = (startUs - this.startUs) / this.everyUs;
    const points = Math.min(skipped, sparkPointsMax);
    const { present } = this.occupancy.areas;
    for (let i = 1; i <= points; i++) {
      const at = (this.closed + skipped - i) % sparkPointsMax;
      for (let region = 0; region < this.regionCount; region++)
        this.spark[region * sparkPointsMax + at] = present[region];
    }
    this.closed += skipped;
    this.closedEndUs = startUs;
    this.startUs = startUs;
    this.occupancy.intervalStartUs = startUs;
  }

  /** Hands on the intervals whose crossings have all held by `clockUs`. */
  finalize(clockUs: number): void {
    while (this.waiting.length > 0 && this.waiting[0].endUs + this.holdDownUs <= clockUs) this.finalizeOldest();
  }

  /** A crossing of `timeUs` is about to count: intervals that ended before it have all of theirs. */
  finalizeBefore(timeUs: number): void {
    while (this.waiting.length > 0 && this.waiting[0].endUs <= timeUs) this.finalizeOldest();
  }

  /** Sums a column of cells over each region. */
  sumRegions(cellColumn: Uint32Array, out: Uint32Array): void {
    out.fill(0);
    const { setOf, sets } = this.regions;
    const cells = Math.min(cellColumn.length, setOf.length);
    for (let cell = 0; cell < cells; cell++) {
      const value = cellColumn[cell];
      if (value === 0) continue;
      const members = sets[setOf[cell]];
      for (let i = 0; i < members.length; i++) out[members[i]] += value;
    }
  }

  /** @see LiveView.spark */
  sparkOf(points: number): Uint32Array {
    const have = Math.min(points, this.closed, sparkPointsMax);
    const out = new Uint32Array(this.regionCount * have);
    for (let region = 0; region < this.regionCount; region++) {
      for (let i = 0; i < have; i++) {
        const at = (this.closed - have + i) % sparkPointsMax;
        out[region * have + i] = this.spark[region * sparkPointsMax + at];
      }
    }
    return out;
  }

  *save(to: StateWriter): Generator<void> {
    const { startUs, closed, closedEndUs, rowsOfNewest } = this;
    const waiting = this.waiting.map(({ startUs, endUs, present, cells, regions }) => {
      return { startUs, endUs, present, cells: cells.n, regions: regions.n };
    });
    to.json('book', { startUs, closed, closedEndUs, rowsOfNewest, waiting });
    yield* saveColumns(to, 'book', { visitors: this.regionVisitors, spark: this.spark });
    for (const [i, gauges] of this.waiting.entries()) yield* saveBytes(to, `book.waiting.${i}`, packGauges(gauges));
  }

  /** Of a fresh one with the same regions and intervals. */
  restore(from: StateReader): void {
    const state = from.json<BookState>('book');
    this.startUs = state.startUs;
    this.closed = state.closed;
    this.closedEndUs = state.closedEndUs;
    this.rowsOfNewest = state.rowsOfNewest;
    restoreColumns(from, 'book', { visitors: this.regionVisitors, spark: this.spark });
    state.waiting.forEach((head, i) => {
      const words = new Uint32Array((head.cells + head.regions) * gaugeColumns.length);
      restoreBytes(from, `book.waiting.${i}`, words);
      this.waiting.push(unpackGauges(head, words));
    });
    if (this.startUs >= 0) this.occupancy.intervalStartUs = this.startUs;
    if (this.waiting.length > 0) this.occupancy.waitingEndUs = this.waiting[0].endUs;
  }

  private takeRows(from: number, to: number, fresh5: Uint32Array): Rows {
    const { areas } = this.occupancy;
    const { present, storedPresent, storedFresh5, touched, left } = areas;
    let n = 0;
    for (let area = from; area < to; area++) {
      const changed = present[area] !== storedPresent[area] || fresh5[area - from] !== storedFresh5[area];
      if (changed) touched[area] = 1;
      n += touched[area];
    }
    const rows = newRows(n);
    const { id } = rows;
    let row = 0;
    for (let area = from; area < to; area++) {
      if (touched[area] === 0) continue;
      id[row] = area - from;
      rows.present[row] = present[area];
      rows.appeared[row] = areas.appeared[area];
      rows.vanished[row] = areas.vanished[area];
      rows.visitors[row] = present[area] + left[area];
      rows.fresh5[row] = fresh5[area - from];
      storedPresent[area] = present[area];
      storedFresh5[area] = fresh5[area - from];
      row++;
    }
    return rows;
  }

  private finalizeOldest(): void {
    const gauges = this.waiting.shift()!;
    this.occupancy.waitingEndUs = this.waiting.length === 0 ? Number.POSITIVE_INFINITY : this.waiting[0].endUs;
    this.fillCrossings(gauges.regions, 0);
    this.fillCrossings(gauges.cells, this.regionCount);
    const flows = this.occupancy.trips.take();
    const dwell = this.occupancy.regionStays.take();
    this.taker?.({ ...gauges, ...(flows !== undefined && { flows }), ...(dwell !== undefined && { dwell }) });
  }

  private fillCrossings(rows: Rows, from: number): void {
    const { entries, exits } = this.occupancy.areas;
    for (let row = 0; row < rows.n; row++) {
      const area = from + rows.id[row];
      rows.entries[row] = entries[area];
      rows.exits[row] = exits[area];
      entries[area] = 0;
      exits[area] = 0;
    }
  }
}
