import { minuteUs } from '../../server/clock.ts';
import { eventKinds, outcomes } from '../../server/events/kinds.ts';
import type { AreaTraffic, LiveView, OriginCount } from '../../server/occupancy/view.ts';
import type { Layout, LayoutCell, LayoutRegion } from '../../shared/protocol.ts';
import { trafficClasses } from '../../shared/traffic.ts';

/** A {@link LiveView} whose figures a test sets as it likes, with the sparkline that follows from {@link closeInterval}. */
export class FakeView implements LiveView {
  clockUs = 1_700_000_000 * 1_000_000;
  cellCount: number;
  cellPresent: Uint32Array;
  regionCount: number;
  drawnCount: number;
  regionPresent: Uint32Array;
  regionFresh5: Uint32Array;
  regionFresh30: Uint32Array;
  regionInflow: Uint32Array;
  regionOutflow: Uint32Array;
  regionVisitors: Uint32Array;
  regionMachines: Uint32Array;
  origins: OriginCount[] = [];
  originPlaces: (OriginCount & { plmn: number; area: number })[] = [];
  present = 0;
  fresh5 = 0;
  fresh30 = 0;
  appeared = 0;
  vanished = 0;
  fixAgeMedianMs = -1;
  fixAgeP90Ms = -1;
  traffic = new Float64Array(eventKinds.length);
  /** None, until a test says otherwise. */
  areaTraffic = {
    fromUs: 0,
    toUs: 0,
    revision: 0,
    window: () => this.noTraffic(1 + this.regionCount),
    now: () => this.noTraffic(1 + this.regionCount),
    cellWindow: () => this.noTraffic(1),
    cellNow: () => this.noTraffic(1),
  };
  resolvedEvents = 0;
  unresolvedEvents = 0;
  optedOutEvents = 0;
  lateEvents = 0;
  cellsHeardShare = 1;
  warmingUp = false;
  wholeFromUs = -1;
  intervals = 0;
  intervalEndUs = 0;
  readonly #closed: Uint32Array[] = [];

  /** Arrays are longer than the counts, as the engine's may be. */
  constructor(cells: number, regions: number) {
    this.cellCount = cells;
    this.cellPresent = new Uint32Array(cells + 100);
    this.regionCount = regions;
    this.drawnCount = regions;
    const column = () => new Uint32Array(regions + 3);
    this.regionPresent = column();
    this.regionFresh5 = column();
    this.regionFresh30 = column();
    this.regionInflow = column();
    this.regionOutflow = column();
    this.regionVisitors = column();
    this.regionMachines = column();
  }

  noTraffic(rows: number): AreaTraffic {
    const classes = rows * trafficClasses.length;
    return { units: new Uint32Array(classes * outcomes.length), ms: new Float64Array(classes) };
  }

  regionOrigins(): readonly OriginCount[] {
    return [];
  }

  regionDwellMs(_region: number, _share: number): number {
    return -1;
  }

  /** Ends a gauge interval with the regions' figures of now. */
  closeInterval(): void {
    this.#closed.push(this.regionPresent.slice(0, this.regionCount));
    this.intervals++;
    this.intervalEndUs = this.clockUs;
  }

  spark(points: number): Uint32Array {
    const newest = this.#closed.slice(-points);
    const values = new Uint32Array(this.regionCount * points);
    for (let region = 0; region < this.regionCount; region++) {
      for (let point = 0; point < points; point++) values[region * points + point] = newest[point]![region]!;
    }
    return values;
  }

  /** Lets a minute of event time pass, after which hidden figures may be published anew. */
  nextMinute(): void {
    this.clockUs += minuteUs;
  }
}

/** A layout of invented cells and regions `r0` …. */
export function fakeLayout(cells: number, regions: number, revision = 1): Layout {
  const layoutCells: LayoutCell[] = Array.from({ length: cells }, (_, i) => ({
    cgi: `001-01-${1 + Math.floor(i / 100)}-${i}`,
    name: `cell ${i}`,
    lon: 113 + (i % 100) / 100,
    lat: 23 + Math.floor(i / 100) / 100,
    azimuth: null,
  }));
  const layoutRegions: LayoutRegion[] = Array.from({ length: regions }, (_, i) => ({
    id: `r${i}`,
    name: `region ${i}`,
    kind: 'venue',
    capacity: null,
    polygons: null,
    cellCount: 1,
  }));
  return {
    revision,
    build: 'test',
    title: 'test',
    timeZone: 'UTC',
    flowWindowMs: 900_000,
    gaugeEveryMs: 60_000,
    holdDownMs: 60_000,
    minCount: 0,
    map: { kind: 'none', url: '', attribution: '' },
    schematic: null,
    cells: layoutCells,
    regions: layoutRegions,
    tree: [],
  };
}
