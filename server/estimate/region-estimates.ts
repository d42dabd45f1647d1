import { secondUs } from '../clock.ts';
import type { EventBatch } from '../events/event-batch.ts';
import type { LiveView } from '../occupancy/view.ts';
import type { CellRegistry } from '../reference/cell-registry.ts';
import type { Region } from '../reference/read-regions.ts';
import type { RegionIndex } from '../reference/region-index.ts';
import type { StateReader, StateWriter } from '../state-writer.ts';
import { calibrate, type GateReading, readingsMax } from './calibration.ts';
import {
  type CapacityState,
  capacityState,
  firstAlertShare,
  InflowTrend,
  type TrendPoint,
  timeTo,
} from './capacity.ts';
import type { GateCount } from './gates.ts';
import { type DeviceCount, estimateOf, type Heads, headsOf, type PeopleEstimate } from './people.ts';
import type { Share, Shares } from './shares.ts';
import { SilenceWatch } from './silence.ts';
import { Surroundings } from './surroundings.ts';

/** Estimates are made anew after so much event time: they look at all phones that are followed. */
const everyUs = 10 * secondUs;
/** Regions whose silent phones are followed, those with the largest capacity: each costs a look-up per event. */
const watchedMax = 8;

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
  /** T3212 of the network, µs. */
  periodicUs: number;
}

/** What is learnt of a region as time goes by. */
interface Learnt {
  readonly readings: GateReading[];
  readonly trend: InflowTrend;
  /** Null: its silent phones are not followed. */
  watch: SilenceWatch | null;
}

/** By a region's key, as they are saved. */
type Saved = [key: string, learnt: { readings: SavedReading[]; points: readonly TrendPoint[]; watches: boolean }][];
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

  /** @param before of other regions: those that are drawn as they were keep what was learnt of them */
  constructor(options: RegionEstimatesOptions, before?: RegionEstimates) {
    const { regions, registry, subscribersMax, periodicUs } = options;
    this.options = options;
    // Nodes of the region tree are not estimated: a gate or a capacity is of a place.
    const drawn = regions.regions.slice(0, regions.drawn);
    this.places = new Map(drawn.map(({ id }, place) => [id, place]));
    const keys = drawn.map(keyOf);
    const watched = new Set(
      drawn
        .map(({ capacity }, region) => ({ region, capacity: capacity ?? 0 }))
        .filter(({ capacity }) => capacity > 0)
        .sort((a, b) => b.capacity - a.capacity)
        .slice(0, watchedMax)
        .map(({ region }) => region),
    );
    this.learnt = keys.map((key, region) => {
      const learnt = before?.byKey.get(key) ?? { readings: [], trend: new InflowTrend(), watch: null };
      const places = new Surroundings(regions, registry, region);
      if (!watched.has(region)) learnt.watch = null;
      else if (learnt.watch === null) learnt.watch = new SilenceWatch({ places, subscribersMax, periodicUs });
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

  /** By place in the {@link RegionIndex}; null: unknown, a class of devices there has no share. */
  update(view: LiveView): readonly (RegionEstimate | null)[] {
    if (view.clockUs < this.nextUs) return this.current;
    this.nextUs = view.clockUs + everyUs;
    this.current = this.current.map((_, region) => (region < view.regionCount ? this.estimate(view, region) : null));
    return this.current;
  }

  /** Sets a gate count beside the heads that are counted now, at its time. @returns why it can't be used; null: it is */
  read(view: LiveView, gate: GateCount): string | null {
    const place = this.places.get(gate.region);
    if (place === undefined || place >= view.regionCount) return 'no micro-region with that id is counted';
    const heads = this.headsIn(countsOf(view, place), place, gate.timeUs);
    if (heads === null) return 'devices of a class without a market share were there';
    const { readings } = this.learnt[place];
    readings.push({ gate, heads });
    if (readings.length > readingsMax) readings.shift();
    return null;
  }

  *save(to: StateWriter): Generator<void> {
    const saved: Saved = [...this.byKey].map(([key, { readings, trend, watch }]) => [
      key,
      {
        readings: readings.map(({ gate, heads }) => ({ gate, heads: { ...heads, byShare: [...heads.byShare] } })),
        points: trend.points,
        watches: watch !== null,
      },
    ]);
    to.json('estimates.regions', saved);
    for (const [i, { watch }] of [...this.byKey.values()].entries())
      if (watch !== null) yield* watch.save(to, `estimates.${i}`);
  }

  /** Of a fresh one; regions that are not there any more are passed over. */
  restore(from: StateReader): void {
    for (const [i, [key, { readings, points, watches }]] of from.json<Saved>('estimates.regions').entries()) {
      const learnt = this.byKey.get(key);
      if (learnt === undefined) continue;
      for (const { gate, heads } of readings)
        learnt.readings.push({ gate, heads: { ...heads, byShare: new Map(heads.byShare) } });
      for (const { timeUs, people } of points) learnt.trend.add(timeUs, people);
      if (watches) learnt.watch?.restore(from, `estimates.${i}`);
    }
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
    const people = estimateOf(heads, calibration);
    trend.add(nowUs, people.people);
    const { inflow } = trend;
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

function countsOf(view: LiveView, region: number): DeviceCount[] {
  return view.regionOrigins(region).map((row) => ({ ...row, machines: row.machines ?? 0 }));
}

/** A region as it is drawn: one that is renamed, or gets another capacity, is the same place. */
function keyOf({ id, polygons, cells }: Region): string {
  return JSON.stringify([id, polygons, cells]);
}
