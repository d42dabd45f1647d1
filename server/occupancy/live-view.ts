import type { CellRegistry } from '../reference/cell-registry.ts';
import type { LacTtls } from './cell-ttls.ts';
import type { GaugeBook } from './gauge-book.ts';
import type { Occupancy } from './occupancy.ts';
import type { LiveView, OriginCount, TrafficView } from './view.ts';

/** What the engine counts beside its transitions; updated in place. */
export interface EngineFigures {
  clockUs: number;
  firstUs: number;
  readonly traffic: Float64Array;
  resolvedEvents: number;
  unresolvedEvents: number;
  optedOutEvents: number;
  lateEvents: number;
  /** Newest event of each cell, µs; -1 none. As long as the cell columns or longer. */
  heardUs: Float64Array;
}

/** {@link LiveView} over the engine's own state. Nothing is copied; sums over cells are made when asked for. */
export class EngineView implements LiveView {
  private readonly registry: CellRegistry;
  private readonly occupancy: Occupancy;
  private readonly book: GaugeBook;
  private readonly figures: EngineFigures;
  private readonly presentOf: () => number;
  private readonly ttls: LacTtls;
  readonly areaTraffic: TrafficView;
  private fresh5OfRegions = new Uint32Array(0);
  private fresh30OfRegions = new Uint32Array(0);

  constructor(options: {
    registry: CellRegistry;
    occupancy: Occupancy;
    book: GaugeBook;
    figures: EngineFigures;
    present: () => number;
    ttls: LacTtls;
    areaTraffic: TrafficView;
  }) {
    this.registry = options.registry;
    this.occupancy = options.occupancy;
    this.book = options.book;
    this.figures = options.figures;
    this.presentOf = options.present;
    this.ttls = options.ttls;
    this.areaTraffic = options.areaTraffic;
  }

  get clockUs(): number {
    return this.figures.clockUs;
  }

  get cellCount(): number {
    return this.registry.count;
  }

  get cellPresent(): Uint32Array {
    this.occupancy.growTo(this.registry.count);
    return this.occupancy.areas.present.subarray(this.regionCount);
  }

  get regionCount(): number {
    return this.occupancy.areas.regionCount;
  }

  get drawnCount(): number {
    return this.book.drawnCount;
  }

  get regionPresent(): Uint32Array {
    return this.occupancy.areas.present.subarray(0, this.regionCount);
  }

  get regionFresh5(): Uint32Array {
    if (this.fresh5OfRegions.length !== this.regionCount) this.fresh5OfRegions = new Uint32Array(this.regionCount);
    this.book.sumRegions(this.occupancy.fixAges.fresh5, this.fresh5OfRegions);
    return this.fresh5OfRegions;
  }

  get regionFresh30(): Uint32Array {
    if (this.fresh30OfRegions.length !== this.regionCount) this.fresh30OfRegions = new Uint32Array(this.regionCount);
    this.book.sumRegions(this.occupancy.fixAges.fresh30, this.fresh30OfRegions);
    return this.fresh30OfRegions;
  }

  get regionMachines(): Uint32Array {
    return Uint32Array.from({ length: this.regionCount }, (_, region) => this.occupancy.origins.machinesOf(region));
  }

  get regionInflow(): Uint32Array {
    return this.occupancy.flows.inflow;
  }

  get regionOutflow(): Uint32Array {
    return this.occupancy.flows.outflow;
  }

  get regionVisitors(): Uint32Array {
    return this.book.regionVisitors;
  }

  get origins(): readonly OriginCount[] {
    return this.occupancy.origins.cityCounts();
  }

  get originPlaces(): LiveView['originPlaces'] {
    return this.occupancy.origins.cityPlaces();
  }

  regionOrigins(region: number): readonly OriginCount[] {
    return this.occupancy.origins.regionCounts(region);
  }

  regionDwellMs(region: number, share: number): number {
    const { areas, regionStays } = this.occupancy;
    return regionStays.live.quantileMs(region, share, areas.present[region]);
  }

  get present(): number {
    return this.presentOf();
  }

  get fresh5(): number {
    return sum(this.occupancy.fixAges.fresh5);
  }

  get fresh30(): number {
    return sum(this.occupancy.fixAges.fresh30);
  }

  get appeared(): number {
    return this.occupancy.appearedTotal;
  }

  get vanished(): number {
    return this.occupancy.vanishedTotal;
  }

  get fixAgeMedianMs(): number {
    return this.occupancy.fixAges.quantileMs(0.5, this.present);
  }

  get fixAgeP90Ms(): number {
    return this.occupancy.fixAges.quantileMs(0.9, this.present);
  }

  get traffic(): Float64Array {
    return this.figures.traffic;
  }

  get resolvedEvents(): number {
    return this.figures.resolvedEvents;
  }

  get unresolvedEvents(): number {
    return this.figures.unresolvedEvents;
  }

  get optedOutEvents(): number {
    return this.figures.optedOutEvents;
  }

  get lateEvents(): number {
    return this.figures.lateEvents;
  }

  get cellsHeardShare(): number {
    const { heardUs, clockUs } = this.figures;
    const count = this.registry.count;
    if (count === 0) return 0;
    const known = Math.min(count, heardUs.length);
    let heard = 0;
    for (let cell = 0; cell < known; cell++)
      if (heardUs[cell] >= 0 && clockUs - heardUs[cell] < this.ttls.of(cell)) heard++;
    return heard / count;
  }

  get warmingUp(): boolean {
    return this.wholeFromUs < 0 || this.figures.clockUs < this.wholeFromUs;
  }

  get wholeFromUs(): number {
    return this.figures.firstUs < 0 ? -1 : this.figures.firstUs + this.ttls.maxUs;
  }

  get intervals(): number {
    return this.book.closed;
  }

  get intervalEndUs(): number {
    return this.book.closedEndUs;
  }

  spark(points: number): Uint32Array {
    return this.book.sparkOf(points);
  }
}

function sum(column: Uint32Array): number {
  let total = 0;
  for (let i = 0; i < column.length; i++) total += column[i];
  return total;
}
