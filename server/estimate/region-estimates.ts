import { secondUs } from '../clock.ts';
import type { EventBatch } from '../events/event-batch.ts';
import type { LiveView } from '../occupancy/view.ts';
import type { CellRegistry } from '../reference/cell-registry.ts';
import type { RegionIndex } from '../reference/region-index.ts';
import { calibrate, type GateReading } from './calibration.ts';
import { type CapacityState, capacityState, firstAlertShare, InflowTrend, timeTo } from './capacity.ts';
import type { GateCount } from './gates.ts';
import { estimateOf, headsOf, type Nowcast, type PeopleEstimate } from './people.ts';
import type { Shares } from './shares.ts';
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
  gates: readonly GateCount[];
  regions: RegionIndex;
  registry: CellRegistry;
  /** Most subscribers that are followed around one region. */
  subscribersMax: number;
  /** T3212 of the network, µs. */
  periodicUs: number;
}

/** The people estimates of all micro-regions, kept up with the counters. Made anew when the regions are replaced. */
export class RegionEstimates {
  private readonly options: RegionEstimatesOptions;
  private readonly watches = new Map<number, SilenceWatch>();
  private readonly trends: InflowTrend[];
  private readonly readings: GateReading[][];
  private readonly gates: GateCount[][];
  private current: readonly (RegionEstimate | null)[];
  private nextUs = 0;

  constructor(options: RegionEstimatesOptions) {
    const { regions, registry, subscribersMax, periodicUs } = options;
    this.options = options;
    // Nodes of the region tree are not estimated: a gate or a capacity is of a place.
    const drawn = regions.regions.slice(0, regions.drawn);
    const { length } = drawn;
    this.trends = Array.from({ length }, () => new InflowTrend());
    this.readings = Array.from({ length }, () => []);
    this.gates = drawn.map(({ id }) => options.gates.filter((gate) => gate.region === id));
    this.current = new Array<null>(length).fill(null);
    const largest = drawn
      .map(({ capacity }, region) => ({ region, capacity: capacity ?? 0 }))
      .filter(({ capacity }) => capacity > 0)
      .sort((a, b) => b.capacity - a.capacity);
    for (const { region } of largest.slice(0, watchedMax)) {
      const surroundings = new Surroundings(regions, registry, region);
      const placeOf = (cell: number) => surroundings.of(cell);
      this.watches.set(region, new SilenceWatch({ placeOf, subscribersMax, periodicUs }));
    }
  }

  /** Rows in order of time, as the engine gets them. */
  apply(batch: EventBatch, from: number, to: number): void {
    for (const watch of this.watches.values()) watch.apply(batch, from, to);
  }

  /** By place in the {@link RegionIndex}; null: unknown, a class of devices there has no share. */
  update(view: LiveView): readonly (RegionEstimate | null)[] {
    if (view.clockUs < this.nextUs) return this.current;
    this.nextUs = view.clockUs + everyUs;
    this.current = this.current.map((_, region) => (region < view.regionCount ? this.estimate(view, region) : null));
    return this.current;
  }

  private estimate(view: LiveView, region: number): RegionEstimate | null {
    const { shares, regions } = this.options;
    const nowUs = view.clockUs;
    const counts = view.regionOrigins(region).map((row) => ({ ...row, machines: row.machines ?? 0 }));
    const nowcast: Nowcast | undefined = this.watches.get(region)?.nowcast(nowUs);
    const heads = headsOf(counts, shares, nowcast);
    if (heads === null) return null;
    const gates = this.gates[region];
    const readings = this.readings[region];
    while (gates.length > 0 && gates[0].timeUs <= nowUs) {
      const gate = gates.shift()!;
      // One of long before the estimates began has nothing to stand beside.
      if (gate.timeUs > nowUs - 2 * everyUs) readings.push({ gate, heads });
    }
    const calibration = calibrate(readings, heads, nowUs);
    const people = estimateOf(heads, calibration);
    const trend = this.trends[region];
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
