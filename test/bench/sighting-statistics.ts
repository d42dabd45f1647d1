import type { CitySimulation, Procedure } from '../../fixtures/make/types.ts';
import { callSetupS } from '../../fixtures/make/types.ts';
import { CellRegistry } from '../../server/reference/cell-registry.ts';
import { RegionIndex } from '../../server/reference/region-index.ts';

/** As `presenceTtlMs` is by default. */
const presenceTtlUs = 7_200e6;

export interface SightingStatistics {
  sightings: number;
  /** Elsewhere than the subscriber's sighting before. */
  moves: number;
  /** Regions left and entered by moves. */
  crossings: number;
  /** After a detach, or presenceTtl and more without a sighting. */
  appearances: number;
  detaches: number;
  /** Without a sighting for the 59 minutes before, and none for longer than 61. */
  periodic: number;
}

/** Looks at a stream of sightings as presence does, the slow and obvious way. */
export class SightingCounter {
  private readonly last = new Map<number, { cell: number; timeUs: number; off: boolean }>();
  private readonly regionsOf: (cell: number) => ArrayLike<number>;
  private counts = none();

  constructor(regionsOf: (cell: number) => ArrayLike<number>) {
    this.regionsOf = regionsOf;
  }

  see(subscriber: number, cell: number, timeUs: number, isDetach: boolean): void {
    const { counts } = this;
    counts.sightings++;
    if (isDetach) counts.detaches++;
    const before = this.last.get(subscriber);
    const gapUs = before === undefined ? 0 : timeUs - before.timeUs;
    // Whoever has never been seen has not been seen for long, or has been off.
    if (before === undefined || before.off || gapUs >= presenceTtlUs) counts.appearances++;
    else {
      if (gapUs >= 59 * 60e6 && gapUs < 61 * 60e6) counts.periodic++;
      if (before.cell !== cell) {
        counts.moves++;
        counts.crossings += this.crossed(before.cell, cell);
      }
    }
    this.last.set(subscriber, { cell, timeUs, off: isDetach });
  }

  /** What has been counted since it was asked before. */
  take(): SightingStatistics {
    const { counts } = this;
    this.counts = none();
    return counts;
  }

  private crossed(from: number, to: number): number {
    const left = new Set(Array.from(this.regionsOf(from)));
    const entered = new Set(Array.from(this.regionsOf(to)));
    return [...left, ...entered].filter((region) => left.has(region) !== entered.has(region)).length;
  }
}

const none = (): SightingStatistics => ({
  ...{ sightings: 0, moves: 0, crossings: 0, appearances: 0, detaches: 0, periodic: 0 },
});

/**
 * The sightings of a simulated city: one of each procedure that is accepted, each handover and each end of a call. Its last
 * uplink messages, seconds after the first ones and from the same cell, are left out: they would be half of all.
 */
export class CitySightings {
  private readonly simulation: CitySimulation;
  private readonly counter: SightingCounter;
  private readonly cells: Uint32Array;

  constructor(simulation: CitySimulation) {
    const { cells, regions } = simulation.city;
    const registry = new CellRegistry();
    registry.load(cells);
    const index = new RegionIndex(regions, registry, () => undefined);
    this.simulation = simulation;
    this.counter = new SightingCounter((cell) => index.sets[index.setOf[cell]]);
    this.cells = new Uint32Array(cells.length);
  }

  /** The next hours, and how many a phone that is on has in one of them. */
  hours(count: number): SightingStatistics & { perPhoneAndHour: number } {
    let phoneHours = 0;
    for (let hour = 0; hour < count; hour++) {
      this.simulation.countCells(this.cells);
      phoneHours += this.cells.reduce((sum, phones) => sum + phones, 0);
      this.simulation.advance(this.simulation.nowUs + 3_600e6, (procedure) => this.take(procedure));
    }
    const counts = this.counter.take();
    return { ...counts, perPhoneAndHour: counts.sightings / phoneHours };
  }

  private take({ cell, durationS, handovers, kind, phone, rejected, timeUs }: Procedure): void {
    if (rejected !== 0) return;
    const { counter } = this;
    counter.see(phone, cell, timeUs, kind === 'detach');
    for (const handover of handovers) counter.see(phone, handover.cell, handover.timeUs, false);
    const end = handovers.at(-1)?.cell ?? cell;
    if (durationS > 0) counter.see(phone, end, timeUs + (callSetupS + durationS) * 1e6, false);
  }
}
