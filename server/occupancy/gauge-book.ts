import { sparkPointsMax } from '../../shared/protocol.ts';
import type { RegionIndex } from '../reference/region-index.ts';
import { restoreColumns, type StateReader, type StateWriter, saveColumns } from '../state-writer.ts';
import { toEnd } from '../to-end.ts';
import { beginsQuarter } from './interval-rows.ts';
import type { Occupancy } from './occupancy.ts';
import { type RegionEdit, remapped, remappedFrom } from './region-edit.ts';
import type { Traffic } from './traffic.ts';
import type { IntervalGauges, OriginColumns } from './view.ts';
import { type WaitingHead, WaitingInterval } from './waiting-interval.ts';

/** Takes a final interval, and the ids of its micro-regions by place: those of its time. */
export type IntervalTaker = (gauges: IntervalGauges, regionIds: readonly string[]) => void;

/**
 * Makes of the origins that have changed in an interval those that it tells, in steps: whoever remembers what has been told.
 * Asked as each interval closes, in order.
 *
 * @param of regions: ids by place; whole: it tells of all, changed or not
 */
export type OriginTeller = (
  changed: OriginColumns | undefined,
  of: { readonly startUs: number; readonly regionIds: readonly string[]; readonly whole: boolean },
) => Generator<void, OriginColumns | undefined>;

interface BookState {
  startUs: number;
  closed: number;
  closedEndUs: number;
  rowsOfNewest: number;
  waiting: WaitingHead[];
  /** Waiting ones have what they tell of origins; absent: saved before that, they have those that changed. */
  tellsOrigins?: true;
}

/**
 * Gauge intervals [k × every, (k+1) × every) in UTC. At its end an interval is *closed*: present, appeared, vanished,
 * visitors and fix ages are taken. holdDown later it is *final*: entries and exits are filled in and it is handed on.
 *
 * Handed on are the rows that changed, and with a quarter's first interval those of all who are not empty, so that the
 * largest of a quarter's rows is the largest there was. Regions that are empty have one then, too, and in the first interval
 * of all: who has a row was counted, who has none for a quarter was not drawn, or nothing was counted. A cell or region without a row has present and fresh5 as in its newest
 * row, no crossings, appearances and vanishings, and as many visitors as present. Where that holds of every one for long,
 * intervals may be passed over altogether. The arrays are new for each interval and belong to the taker.
 */
export class GaugeBook {
  readonly everyUs: number;
  startUs = -1;
  /** Intervals closed. */
  closed = 0;
  closedEndUs = 0;
  regionVisitors: Uint32Array;
  private readonly occupancy: Occupancy;
  private readonly traffic: Traffic;
  private regions: RegionIndex;
  private regionIds: readonly string[];
  private regionCount: number;
  private readonly holdDownUs: number;
  private readonly cellGauges: boolean;
  private readonly taker: IntervalTaker | null;
  private readonly originTeller: OriginTeller | null;
  /** Closed, not final: their entries and exits are still to come. */
  private readonly waiting: WaitingInterval[] = [];
  private spark: Uint32Array;
  private regionFresh5: Uint32Array;
  /** Scratch of {@link sumRegions}. */
  private bySet = new Float64Array(0);
  private rowsOfNewest = 1;
  /** Place in `waiting` of the interval whose crossings are cut short. */
  private cutAt = 0;

  constructor(options: {
    occupancy: Occupancy;
    traffic: Traffic;
    regions: RegionIndex;
    everyUs: number;
    holdDownUs: number;
    cellGauges: boolean;
    taker: IntervalTaker | null;
    originTeller: OriginTeller | null;
  }) {
    this.occupancy = options.occupancy;
    this.traffic = options.traffic;
    this.regions = options.regions;
    this.regionIds = idsOf(options.regions);
    this.regionCount = this.regionIds.length;
    this.everyUs = options.everyUs;
    this.holdDownUs = options.holdDownUs;
    this.cellGauges = options.cellGauges;
    this.taker = options.taker;
    this.originTeller = options.originTeller;
    this.regionVisitors = new Uint32Array(this.regionCount);
    this.regionFresh5 = new Uint32Array(this.regionCount);
    this.spark = new Uint32Array(this.regionCount * sparkPointsMax);
  }

  get endUs(): number {
    return this.startUs + this.everyUs;
  }

  get drawnCount(): number {
    return this.regions.drawn;
  }

  /** Opens the interval of the first event. */
  open(timeUs: number): void {
    this.startUs = Math.floor(timeUs / this.everyUs) * this.everyUs;
    this.occupancy.intervalStartUs = this.startUs;
    this.traffic.open(this.startUs);
  }

  /** End of the oldest interval that waits; infinite: none does. */
  private get oldestEndUs(): number {
    return this.waiting.length === 0 ? Number.POSITIVE_INFINITY : this.waiting[0].gauges.endUs;
  }

  /**
   * Closes the open interval and opens the next; everything before its end has been counted. Origins, of which there may
   * be many, are told in steps before anything else is touched.
   */
  *closing(present: number): Generator<void> {
    const { occupancy } = this;
    const whole = beginsQuarter(this.startUs, this.everyUs);
    const changed = yield* occupancy.origins.takingChanged();
    const origins = yield* this.telling(this.startUs, this.regionIds, changed);
    const places = whole ? yield* occupancy.origins.places() : undefined;
    const { areas, fixAges } = occupancy;
    const { cellLimit } = occupancy;
    this.sumRegions(fixAges.fresh5.subarray(0, cellLimit), this.regionFresh5);
    const empty = whole || this.closed === 0 ? areas.tellingEmpty() : 0;
    const regionRows = areas.takeRows(0, this.regionCount, this.regionFresh5, whole);
    const cellsTo = this.cellGauges ? cellLimit : 0;
    const cellRows = areas.takeRows(this.regionCount, this.regionCount + cellsTo, fixAges.fresh5, whole);
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
    const tables = { cells: cellRows, regions: regionRows };
    const ofOrigins = { ...(origins !== undefined && { origins }), ...(places !== undefined && { places }) };
    const gauges = { startUs, endUs, ...tables, present, ...ofOrigins };
    this.waiting.push(new WaitingInterval(gauges, this.regionIds));
    occupancy.waitingEndUs = this.oldestEndUs;
    this.rowsOfNewest = cellRows.n + regionRows.n - empty + (changed?.n ?? 0);
    this.closed++;
    this.closedEndUs = endUs;
    this.startUs = endUs;
    occupancy.intervalStartUs = endUs;
    this.traffic.open(endUs);
  }

  /** Whether no crossing is remembered and the newest interval had nothing to say. */
  get quiet(): boolean {
    return this.rowsOfNewest === 0 && this.occupancy.trail.size === 0;
  }

  /** Passes over the intervals before that of `timeUs`, in which nothing changes; they are not handed on. */
  *skippingTo(timeUs: number): Generator<void> {
    // No crossing is pending, so whatever waits is final.
    yield* this.finalizing(Number.POSITIVE_INFINITY);
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
    this.traffic.open(startUs);
  }

  /**
   * Hands on the intervals whose crossings have all held by `clockUs`, in steps: each when its own have counted, before those
   * of the next do.
   */
  *finalizing(clockUs: number): Generator<void> {
    const { holdDownUs, occupancy, waiting } = this;
    while (waiting.length > 0 && this.oldestEndUs + holdDownUs <= clockUs) {
      yield* occupancy.trail.settling(this.oldestEndUs + holdDownUs - 1);
      yield* this.finalizingOldest();
    }
  }

  /**
   * A crossing of `timeUs` counts before its time, because the trail is full: intervals that ended before it have all of
   * theirs, and are handed on at once.
   */
  finalizeBefore(timeUs: number): void {
    while (this.oldestEndUs <= timeUs) toEnd(this.finalizingOldest());
  }

  /**
   * The micro-regions are about to become others. Closed intervals keep the regions of their time: what has been counted
   * for the oldest goes into it, then what `cutShort` tells (by {@link beforeCutShort}), and the rest comes by the
   * regions' new places. Rows of an unchanged region go on; regions that are new have no points yet.
   */
  *settingRegions(regions: RegionIndex, edit: RegionEdit, cutShort: Generator<void>): Generator<void> {
    if (this.waiting.length > 0) {
      this.cutAt = 0;
      yield* this.waiting[0].filling(this.occupancy);
      yield* cutShort;
      yield* this.waiting[this.cutAt].filling(this.occupancy);
    } else yield* cutShort;
    // The switch itself is one step.
    yield;
    for (const waiting of this.waiting) waiting.edit(edit.placeOf);
    this.regions = regions;
    this.traffic.setRegions(regions);
    this.regionIds = idsOf(regions);
    this.regionCount = edit.after;
    this.regionVisitors = remapped(this.regionVisitors, edit);
    this.spark = remappedFrom(this.spark, edit.namesake, sparkPointsMax);
    this.regionFresh5 = new Uint32Array(edit.after);
    // A changed region has something to say.
    this.rowsOfNewest = 1;
  }

  /** A crossing of a closed interval that an edit cuts short; in order of time. */
  beforeCutShort(timeUs: number): void {
    while (this.waiting[this.cutAt].gauges.endUs <= timeUs) toEnd(this.waiting[this.cutAt++].filling(this.occupancy));
  }

  /** Sums a column of cells over each region. */
  sumRegions(cellColumn: Uint32Array, out: Uint32Array): void {
    out.fill(0);
    const { setOf, sets } = this.regions;
    const cells = Math.min(cellColumn.length, setOf.length);
    if (this.bySet.length < sets.length) this.bySet = new Float64Array(sets.length);
    const { bySet } = this;
    bySet.fill(0);
    for (let cell = 0; cell < cells; cell++) bySet[setOf[cell]] += cellColumn[cell];
    for (let set = 0; set < sets.length; set++) {
      const value = bySet[set];
      const members = sets[set];
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
    const waiting = this.waiting.map(({ head }) => head);
    to.json('book', { startUs, closed, closedEndUs, rowsOfNewest, waiting, tellsOrigins: true } satisfies BookState);
    yield* saveColumns(to, 'book', { visitors: this.regionVisitors, spark: this.spark });
    for (const [i, interval] of this.waiting.entries()) yield* interval.save(to, `book.waiting.${i}`);
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
      const interval = WaitingInterval.restore(from, `book.waiting.${i}`, head);
      this.waiting.push(interval);
      if (state.tellsOrigins === true) return;
      interval.tellOrigins(toEnd(this.telling(head.startUs, head.regionIds, interval.gauges.origins)));
    });
    if (this.startUs >= 0) this.occupancy.intervalStartUs = this.startUs;
    this.occupancy.waitingEndUs = this.oldestEndUs;
  }

  /** Here and not when the interval is handed on, where a crossing that has held cannot wait. */
  private *telling(startUs: number, regionIds: readonly string[], changed: OriginColumns | undefined) {
    if (this.originTeller === null) return changed;
    const whole = beginsQuarter(startUs, this.everyUs);
    return yield* this.originTeller(changed, { startUs, regionIds, whole });
  }

  private *finalizingOldest(): Generator<void> {
    const [oldest] = this.waiting;
    yield* oldest.filling(this.occupancy);
    this.waiting.shift();
    this.occupancy.waitingEndUs = this.oldestEndUs;
    this.taker?.(oldest.final, oldest.regionIds);
  }
}

const idsOf = (regions: RegionIndex) => regions.regions.map(({ id }) => id);
