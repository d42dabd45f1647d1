import { minuteUs, secondUs } from '../clock.ts';
import type { EventBatch } from '../events/event-batch.ts';
import type { LiveView } from '../occupancy/view.ts';
import type { CellRegistry } from '../reference/cell-registry.ts';
import type { Region } from '../reference/read-regions.ts';
import type { RegionIndex } from '../reference/region-index.ts';
import type { StateReader, StateWriter } from '../state-writer.ts';
import { calibrate, type GateReading, headsMin, readingsMax, surpriseOf } from './calibration.ts';
import {
  type CapacityState,
  capacityState,
  firstAlertShare,
  InflowTrend,
  type TrendPoint,
  timeTo,
} from './capacity.ts';
import type { GateCount } from './gates.ts';
import { PastHeads } from './past-heads.ts';
import { type DeviceCount, estimateOf, type Heads, headsOf, noneSeen, type PeopleEstimate } from './people.ts';
import type { Share, Shares } from './shares.ts';
import { type PresentTimes, SilenceWatch } from './silence.ts';
import { Surroundings } from './surroundings.ts';

/** Estimates are made anew after so much event time: they look at all phones that are followed. */
const everyUs = 10 * secondUs;
/** Regions whose silent phones are followed, those with the largest capacity: each costs a look-up per event. */
const watchedMax = 8;
/** Regions whose heads are kept by the minute, by the same order. */
const keptMax = 1_000;

/** Why a gate count of another place can't be used. */
export const noRegion = 'no micro-region with that id is counted';

/** What is estimated of a region now. Before suppression: `devices` are the whole devices that it goes by. */
export interface RegionEstimate {
  readonly devices: number;
  readonly people: PeopleEstimate;
  /** Factor of the gate counts that `people` holds already; 1: there are none. */
  readonly factor: number;
  /** People per µs, net; null: not known yet. */
  readonly inflow: number | null;
  readonly capacity: CapacityState | null;
  /** Until 80 % and all of the capacity, µs; 0: reached; null: not to be expected, or there is none. */
  readonly toFirstAlertUs: number | null;
  readonly toCapacityUs: number | null;
}

export interface RegionEstimatesOptions {
  shares: Shares;
  regions: RegionIndex;
  registry: CellRegistry;
  /** Most subscribers that are followed around one region. */
  subscribersMax: number;
  /** T3212 of the network, µs, and presenceTtl by cell. */
  periodicUs: number;
  present: PresentTimes;
  /** Heads are kept by the minute for so long, µs: for gate counts that come after their time. */
  gatePastUs: number;
}

/** What is learnt of a region as time goes by. */
interface Learnt {
  readonly readings: GateReading[];
  readonly trend: InflowTrend;
  /** Null: they are not kept. */
  past: PastHeads | null;
  /** Null: its silent phones are not followed. */
  watch: SilenceWatch | null;
}

/** By a region's key, as they are saved. */
type Saved = [key: string, learnt: SavedRegion][];
interface SavedRegion {
  readings: SavedReading[];
  /** Of the trend; absent: saved by a server that had other ones. */
  minutes?: readonly TrendPoint[];
  watches: boolean;
  /** Whether heads of the past are kept; absent: as false. */
  keeps?: boolean;
}
type SavedReading = Pick<GateReading, 'gate'> & { heads: Omit<Heads, 'byShare'> & { byShare: [Share, number][] } };

/** The people estimates of all micro-regions, kept up with the counters. */
export class RegionEstimates {
  private readonly options: RegionEstimatesOptions;
  /** By place, and by {@link keyOf}. */
  private readonly learnt: readonly Learnt[];
  private readonly byKey: ReadonlyMap<string, Learnt>;
  private readonly places: ReadonlyMap<string, number>;
  private current: readonly (RegionEstimate | null)[];
  private nextUs = 0;
  /** The next full minute, whose heads are to be kept. */
  private minuteUs = 0;

  /** @param before of other regions: those that are drawn as they were keep what was learnt of them */
  constructor(options: RegionEstimatesOptions, before?: RegionEstimates) {
    const { regions, registry, shares, subscribersMax, periodicUs, present, gatePastUs } = options;
    this.options = options;
    this.minuteUs = before?.minuteUs ?? 0;
    // Nodes of the region tree are not estimated: a gate or a capacity is of a place.
    const drawn = regions.regions.slice(0, regions.drawn);
    this.places = new Map(drawn.map(({ id }, place) => [id, place]));
    const keys = drawn.map(keyOf);
    const largest = drawn
      .map(({ capacity }, region) => ({ region, capacity: capacity ?? 0 }))
      .sort((a, b) => b.capacity - a.capacity);
    const watched = new Set(
      largest
        .slice(0, watchedMax)
        .filter(({ capacity }) => capacity > 0)
        .map(({ region }) => region),
    );
    const kept = new Set(largest.slice(0, keptMax).map(({ region }) => region));
    this.learnt = keys.map((key, region) => {
      const learnt = before?.byKey.get(key) ?? { readings: [], trend: new InflowTrend(), past: null, watch: null };
      if (!kept.has(region)) learnt.past = null;
      else learnt.past ??= new PastHeads(shares, gatePastUs);
      const places = new Surroundings(regions, registry, region);
      if (!watched.has(region)) learnt.watch = null;
      else if (learnt.watch === null) learnt.watch = new SilenceWatch({ places, subscribersMax, periodicUs, present });
      else learnt.watch.lookBy(places);
      return learnt;
    });
    this.byKey = new Map(keys.map((key, place) => [key, this.learnt[place]]));
    this.current = new Array<null>(drawn.length).fill(null);
  }

  /** Rows in order of time, as the engine gets them. */
  apply(batch: EventBatch, from: number, to: number): void {
    for (const { watch } of this.learnt) watch?.apply(batch, from, to);
  }

  /** Event time from which on heads are to be kept, µs. */
  get dueUs(): number {
    return this.minuteUs;
  }

  /** All rows before `timeUs` have been counted: the heads of the last full minute are kept if they are due. */
  reach(view: LiveView, timeUs: number): void {
    if (timeUs < this.minuteUs) return;
    const nowUs = Math.floor(timeUs / minuteUs) * minuteUs;
    this.minuteUs = nowUs + minuteUs;
    // While presence fills up the heads are too few, and those that are seen first have not come.
    if (isEarly(view, nowUs)) return;
    for (const [region, { trend, past }] of this.learnt.entries()) {
      if (region >= view.regionCount) return;
      const heads = this.headsIn(countsOf(view, region), region, nowUs);
      if (heads !== null) trend.add(nowUs, heads.people);
      past?.add(nowUs, heads);
    }
  }

  /** By place in the {@link RegionIndex}; null: unknown, a class of devices there has no share. */
  update(view: LiveView): readonly (RegionEstimate | null)[] {
    this.reach(view, view.clockUs);
    if (view.clockUs < this.nextUs) return this.current;
    this.nextUs = view.clockUs + everyUs;
    this.current = this.current.map((_, region) => (region < view.regionCount ? this.estimate(view, region) : null));
    return this.current;
  }

  /** Sets a gate count beside the heads that are counted now, at its time. @returns why it can't be used; null: it is */
  read(view: LiveView, gate: GateCount): string | null {
    const place = this.places.get(gate.region);
    if (place === undefined || place >= view.regionCount) return noRegion;
    if (isEarly(view, gate.timeUs)) return 'presence was not complete yet, so too few were known: count again later';
    return this.take(place, gate, this.headsIn(countsOf(view, place), place, gate.timeUs));
  }

  /**
   * The same of a time that is over; one of that region and time that was read before gives way.
   *
   * @param view for counts of the last minute; null: of the present nothing is known yet
   */
  readPast(view: LiveView | null, gate: GateCount): string | null {
    const place = this.places.get(gate.region);
    return place === undefined ? noRegion : this.take(place, gate, this.pastHeads(view, place, gate.timeUs));
  }

  /** What {@link readPast} would return. */
  refusalOfPast(view: LiveView, gate: GateCount): string | null {
    const place = this.places.get(gate.region);
    return place === undefined ? noRegion : refusalBy(gate, this.pastHeads(view, place, gate.timeUs));
  }

  /** The newest readings of a region, by time. */
  readingsOf(region: string): readonly GateReading[] {
    const place = this.places.get(region);
    return place === undefined ? [] : this.learnt[place].readings;
  }

  private take(place: number, gate: GateCount, heads: Heads | null | undefined): string | null {
    const refusal = refusalBy(gate, heads);
    if (refusal !== null || !heads) return refusal;
    const { readings } = this.learnt[place];
    const same = readings.findIndex((reading) => reading.gate.timeUs === gate.timeUs);
    if (same >= 0) readings.splice(same, 1);
    this.nextUs = 0;
    if (Math.min(gate.people, heads.people) < headsMin) return null;
    const before = readings.findLastIndex((reading) => reading.gate.timeUs < gate.timeUs);
    readings.splice(before + 1, 0, { gate, heads });
    if (readings.length > readingsMax) readings.shift();
    return null;
  }

  private pastHeads(view: LiveView | null, place: number, timeUs: number): Heads | null | undefined {
    const ofLastMinute = view !== null && place < view.regionCount && timeUs >= this.minuteUs - minuteUs;
    const now = ofLastMinute ? this.headsNow(view, place) : undefined;
    return this.learnt[place].past?.headsAt(timeUs, now);
  }

  *save(to: StateWriter): Generator<void> {
    const saved: Saved = [...this.byKey].map(([key, { readings, trend, past, watch }]) => [
      key,
      {
        readings: readings.map(({ gate, heads }) => ({ gate, heads: { ...heads, byShare: [...heads.byShare] } })),
        minutes: trend.points,
        watches: watch !== null,
        keeps: past !== null,
      },
    ]);
    to.json('estimates.regions', saved);
    for (const [i, { past }] of [...this.byKey.values()].entries())
      if (past !== null) to.bytes(`estimates.${i}.past`, past.saved);
    for (const [i, { watch }] of [...this.byKey.values()].entries())
      if (watch !== null) yield* watch.save(to, `estimates.${i}`);
  }

  /**
   * Of a fresh one; regions that are not there any more are passed over.
   *
   * @param sameShares whether it was saved with the same shares: heads by others would not compare with those of now
   */
  restore(from: StateReader, sameShares: boolean): void {
    for (const [i, [key, saved]] of from.json<Saved>('estimates.regions').entries()) {
      const { readings, minutes = [], watches, keeps = false } = saved;
      const learnt = this.byKey.get(key);
      if (learnt === undefined) continue;
      if (watches) learnt.watch?.restore(from, `estimates.${i}`);
      if (!sameShares) continue;
      for (const { gate, heads } of readings)
        learnt.readings.push({ gate, heads: { ...heads, byShare: new Map(heads.byShare) } });
      for (const { timeUs, people } of minutes) learnt.trend.add(timeUs, people);
      if (keeps) learnt.past?.restore(new Float64Array(from.bytes(`estimates.${i}.past`).slice().buffer));
    }
  }

  private headsNow(view: LiveView, place: number): { timeUs: number; heads: Heads | null } {
    return { timeUs: view.clockUs, heads: this.headsIn(countsOf(view, place), place, view.clockUs) };
  }

  private headsIn(counts: readonly DeviceCount[], region: number, nowUs: number): Heads | null {
    const nowcast = this.learnt[region].watch?.nowcast(nowUs);
    return headsOf(counts, this.options.shares, nowcast);
  }

  private estimate(view: LiveView, region: number): RegionEstimate | null {
    const { regions } = this.options;
    const nowUs = view.clockUs;
    const counts = countsOf(view, region);
    const heads = this.headsIn(counts, region, nowUs);
    if (heads === null) return null;
    const { readings, trend } = this.learnt[region];
    const calibration = calibrate(readings, heads, nowUs);
    const people = heads.people === 0 ? noneSeen(this.options.shares, calibration) : estimateOf(heads, calibration);
    const slope = trend.inflowTo({ timeUs: nowUs, people: heads.people });
    const inflow = slope === null ? null : slope * calibration.factor;
    const limit = regions.regions[region].capacity;
    const timeUntil = (share: number) => (limit === null ? null : timeTo(share * limit, people.people, inflow));
    return {
      devices: counts.reduce((sum, { present, machines }) => sum + present - machines, 0),
      people,
      factor: calibration.factor,
      inflow,
      capacity: capacityState(people, limit),
      toFirstAlertUs: timeUntil(firstAlertShare),
      toCapacityUs: timeUntil(1),
    };
  }
}

/** Why a gate count can't be set beside these heads; null: it can. @param heads undefined: none are kept of then */
function refusalBy(gate: GateCount, heads: Heads | null | undefined): string | null {
  if (heads === undefined)
    return 'no heads are kept of then (presence was not complete yet, or the region is drawn since): count again';
  if (heads === null) return 'devices of a class without a market share were there';
  const surprise = surpriseOf({ gate, heads });
  if (surprise === 0) return null;
  const far = surprise > 0 ? 'far above' : 'far below';
  const cure = 'correct it, or the market shares, or give it a larger error to have it all the same';
  return `${gate.people} is ${far} all that the devices there make likely (4 standard errors): ${cure}`;
}

/** Whether presence was still filling up then. */
function isEarly({ wholeFromUs }: LiveView, timeUs: number): boolean {
  return wholeFromUs < 0 || timeUs < wholeFromUs;
}

function countsOf(view: LiveView, region: number): DeviceCount[] {
  return view.regionOrigins(region).map((row) => ({ ...row, machines: row.machines ?? 0 }));
}

/** A region as it is drawn: one that is renamed, or gets another capacity, is the same place. */
function keyOf({ id, polygons, cells }: Region): string {
  return JSON.stringify([id, polygons, cells]);
}
