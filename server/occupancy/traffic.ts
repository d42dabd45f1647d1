import { type TrafficClass, trafficClasses } from '../../shared/traffic.ts';
import type { EventBatch } from '../events/event-batch.ts';
import { type EventKind, eventFlag, eventKinds, outcomes } from '../events/kinds.ts';
import type { RegionIndex } from '../reference/region-index.ts';
import { restoreColumns, type StateReader, type StateWriter, saveColumns } from '../state-writer.ts';
import { Tally } from './tally.ts';
import type { AreaTraffic, TrafficView } from './view.ts';

const classCount = trafficClasses.length;
const outcomeCount = outcomes.length;
/** Counters of an area: classes × outcomes. */
const trafficWidth = classCount * outcomeCount;

const classNames: Partial<Record<EventKind, TrafficClass>> = {
  'location update': 'location updates',
  'imsi attach': 'location updates',
  'periodic update': 'location updates',
  'mo call': 'mo calls',
  'mt call': 'mt calls',
  'emergency call': 'emergency calls',
  'mo sms': 'mo sms',
  'mt sms': 'mt sms',
  'supplementary service': 'supplementary services',
  handover: 'handovers',
  detach: 'detaches',
  data: 'data',
};
/** Place in `trafficClasses` by event kind, as the database's aggregates have them (sql/003). */
const classOf = Uint8Array.from(eventKinds, (kind) => trafficClasses.indexOf(classNames[kind] ?? 'others'));

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
  private rows = 0;
  private openUnits = new Uint32Array(0);
  private openMs = new Float64Array(0);
  /** Which of them are not 0: looking for those would take longer than counting a minute's events. */
  private heardUnits = new Tally();
  private heardMs = new Tally();
  private windowUnits = new Uint32Array(0);
  private windowMs = new Float64Array(0);
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
    const rows = cellCapacity + 1;
    if (rows <= this.rows) return;
    this.rows = rows;
    const units = (column: Uint32Array) => {
      const wider = new Uint32Array(rows * trafficWidth);
      wider.set(column);
      return wider;
    };
    const ms = (column: Float64Array) => {
      const wider = new Float64Array(rows * classCount);
      wider.set(column);
      return wider;
    };
    this.openUnits = units(this.openUnits);
    this.openMs = ms(this.openMs);
    this.windowUnits = units(this.windowUnits);
    this.windowMs = ms(this.windowMs);
  }

  /** Those of the rows `from` … `to − 1` that are a unit, in the open interval; their cells are below the capacity. */
  countRows({ cell, durationMs, flags, kind, outcome }: EventBatch, from: number, to: number): void {
    const { heardUnits, openUnits } = this;
    const keys = heardUnits.roomFor(to - from);
    let { n } = heardUnits;
    for (let row = from; row < to; row++) {
      if ((flags[row] & eventFlag.traffic) === 0) continue;
      // noCell + 1 is row 0.
      const key = ((cell[row] + 1) | 0) * classCount + classOf[kind[row]];
      const at = key * outcomeCount + outcome[row];
      const units = openUnits[at];
      openUnits[at] = units + 1;
      // Without a branch, which nobody could foretell: a key behind the last is none.
      keys[n] = at;
      n += units === 0 ? 1 : 0;
      if (durationMs[row] > 0) this.countMs(key, durationMs[row]);
    }
    heardUnits.n = n;
  }

  /** One unit in the open interval. @param cell of the registry, below the capacity; -1: none is known */
  private count(cell: number, kind: number, outcome: number, durationMs: number): void {
    const key = (cell + 1) * classCount + classOf[kind];
    const at = key * outcomeCount + outcome;
    if (this.openUnits[at]++ === 0) this.heardUnits.push(at, 0);
    if (durationMs > 0) this.countMs(key, durationMs);
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
    this.windowUnits[key * outcomeCount + outcome]++;
    if (durationMs > 0) {
      ms.push(key, durationMs);
      this.windowMs[key] += durationMs;
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
    const openUnits = this.heardUnits.valuedBy(this.openUnits);
    const openMs = this.heardMs.valuedBy(this.openMs);
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
    this.heardUnits.addTo(this.openUnits);
    this.heardMs = tally('traffic.open.ms', saved.openMs);
    this.heardMs.addTo(this.openMs);
    for (const [i, { startUs, units, ms }] of saved.intervals.entries()) {
      const one = { startUs, units: tally(`traffic.${i}.units`, units), ms: tally(`traffic.${i}.ms`, ms) };
      one.units.addTo(this.windowUnits);
      one.ms.addTo(this.windowMs);
      this.intervals.push(one);
    }
    this.changed();
  }

  private countMs(key: number, durationMs: number): void {
    if (this.openMs[key] === 0) this.heardMs.push(key, 0);
    this.openMs[key] += durationMs;
  }

  private close(startUs: number): void {
    const units = this.heardUnits.valuedBy(this.openUnits);
    if (units.n === 0) return;
    const ms = this.heardMs.valuedBy(this.openMs);
    units.takeFrom(this.openUnits);
    ms.takeFrom(this.openMs);
    this.heardUnits = new Tally();
    this.heardMs = new Tally();
    units.addTo(this.windowUnits);
    ms.addTo(this.windowMs);
    this.intervals.push({ startUs, units, ms });
  }

  private forgetOldest(): void {
    const { units, ms } = this.intervals.shift()!;
    units.takeFrom(this.windowUnits);
    ms.takeFrom(this.windowMs);
  }

  private changed(): void {
    this.changes++;
    this.summed = null;
  }

  private rowOf(units: Uint32Array, ms: Float64Array, row: number): AreaTraffic {
    return {
      units: units.slice(row * trafficWidth, (row + 1) * trafficWidth),
      ms: ms.slice(row * classCount, (row + 1) * classCount),
    };
  }

  private sum(units: Uint32Array, ms: Float64Array): AreaTraffic {
    const { regions } = this.regions;
    const of = {
      units: new Uint32Array((1 + regions.length) * trafficWidth),
      ms: new Float64Array((1 + regions.length) * classCount),
    };
    this.addUp(units, of.units, trafficWidth);
    this.addUp(ms, of.ms, classCount);
    return of;
  }

  /** Adds each cell's counters to the city's and to those of its regions. */
  private addUp(from: Uint32Array | Float64Array, to: Uint32Array | Float64Array, width: number): void {
    const { setOf, sets } = this.regions;
    for (let at = 0; at < from.length; at++) {
      const value = from[at];
      if (value === 0) continue;
      const row = Math.floor(at / width);
      const column = at - row * width;
      to[column] += value;
      // Cells beyond what an index has grown to are in its empty set.
      const members = row === 0 ? sets[0] : sets[setOf[row - 1] ?? 0];
      for (let i = 0; i < members.length; i++) to[(1 + members[i]) * width + column] += value;
    }
  }
}
