import type { EventBatch } from '../events/event-batch.ts';
import { eventFlag } from '../events/kinds.ts';
import type { RegionIndex } from '../reference/region-index.ts';
import { restoreColumns, type StateReader, type StateWriter, saveColumns } from '../state-writer.ts';
import type { RowColumns } from './row-columns.ts';
import { Tally } from './tally.ts';
import { classCount, classOf, outcomeCount, trafficWidth } from './traffic-columns.ts';
import { TrafficTable } from './traffic-table.ts';
import type { AreaTraffic, TrafficView } from './view.ts';

type Units = TrafficTable<Uint32Array>;
type Milliseconds = TrafficTable<Float64Array>;
const newUnits = (): Units => new TrafficTable(trafficWidth, (length) => new Uint32Array(length));
const newMs = (): Milliseconds => new TrafficTable(classCount, (length) => new Float64Array(length));

interface Interval {
  readonly startUs: number;
  /** By row × width, and row × class. */
  readonly units: Tally;
  readonly ms: Tally;
}

interface SavedTraffic {
  startUs: number;
  beganUs: number;
  openUnits: number;
  openMs: number;
  intervals: { startUs: number; units: number; ms: number }[];
}

/**
 * Traffic units and milliseconds by cell, class and outcome: of the open gauge interval, and of those closed ones that
 * began within flowWindow before it. Row 0 is traffic without a cell, row 1 + n that of cell n. Regions are summed from
 * their cells of now when they are asked for, so that an event costs one counter whatever is drawn, and a region that is
 * drawn later gets the window's past. A late row counts in the interval of its own time while that is in the window.
 */
export class Traffic implements TrafficView {
  private readonly everyUs: number;
  private readonly windowUs: number;
  private readonly openUnits = newUnits();
  private readonly openMs = newMs();
  /** Which of them are not 0: looking for those would take longer than counting a minute's events. */
  private heardUnits = new Tally();
  private heardMs = new Tally();
  private readonly windowUnits = newUnits();
  private readonly windowMs = newMs();
  /** Closed ones of the window, by time; those without traffic are left out. */
  private readonly intervals: Interval[] = [];
  private startUs = -1;
  private beganUs = -1;
  private changes = 0;
  private regions: RegionIndex;
  private summed: AreaTraffic | null = null;

  constructor(options: { regions: RegionIndex; everyUs: number; windowUs: number }) {
    this.regions = options.regions;
    this.everyUs = options.everyUs;
    this.windowUs = Math.max(options.everyUs, Math.floor(options.windowUs / options.everyUs) * options.everyUs);
  }

  /** Start of the window, or of counting where that is later, µs. */
  get fromUs(): number {
    return this.startUs < 0 ? 0 : Math.max(this.beganUs, this.startUs - this.windowUs);
  }

  get toUs(): number {
    return Math.max(0, this.startUs);
  }

  get revision(): number {
    return this.changes;
  }

  growTo(cellCapacity: number): void {
    const { openMs, openUnits, windowMs, windowUnits } = this;
    if (cellCapacity < openUnits.rows) return;
    for (const table of [openUnits, openMs, windowUnits, windowMs]) table.growTo(cellCapacity + 1);
  }

  /** Rows of the tables, as {@link RowColumns.look} needs them. */
  get rows(): number {
    return this.openUnits.rows;
  }

  /** The units that have been found among the rows `from` … `to − 1`, in the open interval; cells are below the capacity. */
  countRows({ counters, keys: found, timed, units }: RowColumns, batch: EventBatch, from: number, to: number): void {
    const { heardUnits } = this;
    const { values } = this.openUnits;
    const keys = heardUnits.roomFor(units);
    let { n } = heardUnits;
    for (let i = 0; i < units; i++) {
      const at = counters[i];
      const before = values[at];
      values[at] = before + 1;
      // Without a branch, which nobody could foretell: a key behind the last is none.
      keys[n] = found[i];
      n += before === 0 ? 1 : 0;
    }
    heardUnits.n = n;
    if (timed) this.countDurations(batch, from, to);
  }

  private countDurations({ cell, durationMs, flags, kind }: EventBatch, from: number, to: number): void {
    for (let row = from; row < to; row++) {
      // noCell + 1 is row 0.
      if (durationMs[row] > 0 && (flags[row] & eventFlag.traffic) !== 0)
        this.countMs((cell[row] + 1) | 0, classOf[kind[row]], durationMs[row]);
    }
  }

  /** One unit in the open interval. @param cell of the registry, below the capacity; -1: none is known */
  private count(cell: number, kind: number, outcome: number, durationMs: number): void {
    const key = (cell + 1) * trafficWidth + classOf[kind] * outcomeCount + outcome;
    const { values } = this.openUnits;
    if (values[this.openUnits.placeOf(key)]++ === 0) this.heardUnits.push(key, 0);
    if (durationMs > 0) this.countMs(cell + 1, classOf[kind], durationMs);
  }

  /** A unit that came late. */
  countLate(timeUs: number, cell: number, kind: number, outcome: number, durationMs: number): void {
    if (this.startUs < 0) return;
    if (timeUs >= this.startUs) {
      this.count(cell, kind, outcome, durationMs);
      return;
    }
    const startUs = Math.floor(timeUs / this.everyUs) * this.everyUs;
    if (startUs < this.fromUs) return;
    let at = this.intervals.length;
    while (at > 0 && this.intervals[at - 1].startUs > startUs) at--;
    if (at === 0 || this.intervals[at - 1].startUs !== startUs)
      this.intervals.splice(at++, 0, { startUs, units: new Tally(), ms: new Tally() });
    const { units, ms } = this.intervals[at - 1];
    const key = (cell + 1) * classCount + classOf[kind];
    units.push(key * outcomeCount + outcome, 1);
    this.windowUnits.count(key * outcomeCount + outcome, 1);
    if (durationMs > 0) {
      ms.push(key, durationMs);
      this.windowMs.count(key, durationMs);
    }
    this.changed();
  }

  /** The open interval begins at `startUs`; the one before, where there is one, is closed. */
  open(startUs: number): void {
    const before = this.startUs;
    if (before < 0) this.beganUs = startUs;
    else this.close(before);
    this.startUs = startUs;
    while (this.intervals.length > 0 && this.intervals[0].startUs < startUs - this.windowUs) this.forgetOldest();
    this.changed();
  }

  /** Sums are of these regions from now on. */
  setRegions(regions: RegionIndex): void {
    this.regions = regions;
    this.changed();
  }

  /** Of the window: the city first, then the regions by place. The same arrays until {@link revision} rises. */
  window(): AreaTraffic {
    this.summed ??= this.sum(this.windowUnits, this.windowMs);
    return this.summed;
  }

  /** Of the open interval so far. */
  now(): AreaTraffic {
    this.openUnits.use(this.heardUnits);
    this.openMs.use(this.heardMs);
    return this.sum(this.openUnits, this.openMs);
  }

  cellWindow(cell: number): AreaTraffic {
    return this.rowOf(this.windowUnits, this.windowMs, cell + 1);
  }

  cellNow(cell: number): AreaTraffic {
    return this.rowOf(this.openUnits, this.openMs, cell + 1);
  }

  *save(to: StateWriter): Generator<void> {
    const { startUs, beganUs, intervals } = this;
    const { heardMs: openMs, heardUnits: openUnits } = this;
    this.openUnits.tell(openUnits);
    this.openMs.tell(openMs);
    to.json('traffic', {
      ...{ startUs, beganUs, openUnits: openUnits.n, openMs: openMs.n },
      intervals: intervals.map(({ startUs, units, ms }) => ({ startUs, units: units.n, ms: ms.n })),
    } satisfies SavedTraffic);
    yield* saveColumns(to, 'traffic.open.units', openUnits.columns());
    yield* saveColumns(to, 'traffic.open.ms', openMs.columns());
    for (const [i, { units, ms }] of intervals.entries()) {
      yield* saveColumns(to, `traffic.${i}.units`, units.columns());
      yield* saveColumns(to, `traffic.${i}.ms`, ms.columns());
    }
  }

  /** Of a fresh one for as many cells. */
  restore(from: StateReader): void {
    const saved = from.json<SavedTraffic>('traffic');
    this.startUs = saved.startUs;
    this.beganUs = saved.beganUs;
    const tally = (name: string, n: number) => {
      const one = Tally.sized(n);
      restoreColumns(from, name, one.columns());
      return one;
    };
    this.heardUnits = tally('traffic.open.units', saved.openUnits);
    this.openUnits.add(this.heardUnits);
    this.heardMs = tally('traffic.open.ms', saved.openMs);
    this.openMs.add(this.heardMs);
    for (const [i, { startUs, units, ms }] of saved.intervals.entries()) {
      const one = { startUs, units: tally(`traffic.${i}.units`, units), ms: tally(`traffic.${i}.ms`, ms) };
      this.windowUnits.add(one.units);
      this.windowMs.add(one.ms);
      this.intervals.push(one);
    }
    this.changed();
  }

  private countMs(row: number, class_: number, durationMs: number): void {
    const { rows, values } = this.openMs;
    const at = class_ * rows + row;
    if (values[at] === 0) this.heardMs.push(row * classCount + class_, 0);
    values[at] += durationMs;
  }

  private close(startUs: number): void {
    const { heardMs: ms, heardUnits: units } = this;
    if (units.n === 0) return;
    this.openUnits.give(units);
    this.openMs.give(ms);
    this.heardUnits = new Tally(units.n);
    this.heardMs = new Tally(ms.n);
    this.windowUnits.add(units);
    this.windowMs.add(ms);
    this.intervals.push({ startUs, units, ms });
  }

  private forgetOldest(): void {
    const { units, ms } = this.intervals.shift()!;
    this.windowUnits.subtract(units);
    this.windowMs.subtract(ms);
  }

  private changed(): void {
    this.changes++;
    this.summed = null;
  }

  private rowOf(units: Units, ms: Milliseconds, row: number): AreaTraffic {
    return { units: units.row(row), ms: ms.row(row) };
  }

  private sum(units: Units, ms: Milliseconds): AreaTraffic {
    return { units: units.areas(this.regions), ms: ms.areas(this.regions) };
  }
}
