import {
  hiddenCount,
  type OriginRow,
  type PastDwell,
  type RegionColumn,
  type RegionHistory,
  type RegionPast,
  regionColumns,
  sparkPointsMax,
  unknownCount,
} from '../../shared/protocol.ts';
import type { OriginPlaceRow } from '../../shared/region-answers.ts';
import { minuteUs } from '../clock.ts';
import { eventKinds } from '../events/kinds.ts';
import type { LiveView } from '../occupancy/view.ts';
import type { AreaName } from '../reference/home-areas.ts';
import { publishPairs } from './area-figures.ts';
import { blurColumn, blurNext, blurOnce } from './blur.ts';
import { CrowdExit } from './crowd.ts';
import { jsonFigure } from './json-figure.ts';
import { OriginExit, PlaceExit } from './origins.ts';
import { type Estimates, PeopleExit } from './people.ts';
import { SparkExit } from './spark.ts';
import { TrafficExit } from './traffic.ts';

/** Figures that may be shown change at most this often, event time, when they are not exact. */
const republishUs = minuteUs;

/** Figures of the city as a whole; a sentinel where one is hidden. */
export interface PublishedTotals {
  present: number;
  fresh5: number;
  fresh30: number;
  appeared: number;
  vanished: number;
  /** ms; -1: unknown, or of so few that it is hidden. */
  fixAgeMedianMs: number;
  fixAgeP90Ms: number;
  /** Units by event kind, without those that never came. */
  traffic: Record<string, number>;
}

/**
 * The only exit of figures: everything about people that leaves the process goes through here. With minCount 0 it
 * passes exact figures; else small ones are hidden and all others rounded, changed at most once a minute of event time
 * and only with hysteresis. No total is exact then, so no hidden part can be had by subtracting.
 */
export class FigureExit {
  readonly minCount: number;
  /** By place in the layout; sentinels of the wall protocol where a figure is unknown or hidden. */
  cellPresent = new Uint32Array(0);
  regions = emptyColumns(0);
  /** Of the nodes of the region tree. */
  nodes = emptyColumns(0);
  origins: OriginRow[] = [];
  /** The same array until a figure of it changes. */
  places: readonly OriginPlaceRow[] = [];
  totals: PublishedTotals = emptyTotals();
  /** The event time that the figures are of, µs; 0 before the first. */
  eventUs = 0;
  /** End of the gauge interval that the regions' `visitors` count, µs; 0 before the first has closed. */
  visitorsEndUs = 0;
  readonly spark: SparkExit;
  readonly people: PeopleExit;
  readonly crowd: CrowdExit;
  readonly traffic: TrafficExit;
  readonly #origins: OriginExit;
  readonly #places: PlaceExit;
  #period = -1;

  /** @param areaNames by area code */
  constructor(minCount: number, areaNames: ReadonlyMap<number, AreaName> = new Map()) {
    this.minCount = minCount;
    this.spark = new SparkExit(minCount, sparkPointsMax);
    this.people = new PeopleExit(minCount);
    this.crowd = new CrowdExit(minCount);
    this.traffic = new TrafficExit(minCount);
    this.#origins = new OriginExit(minCount);
    this.#places = new PlaceExit(minCount, areaNames);
  }

  /**
   * Takes over what the engine shows now, as far as it may be shown. `cells`, `regions` and `nodes` (of the region tree)
   * are the layout's counts; places that the engine does not know yet are unknown. `replaced`: the places mean other
   * regions now. `people`: estimates by place.
   */
  update(
    view: LiveView,
    layout: { cells: number; regions: number; nodes?: number; replaced: boolean },
    people: Estimates = null,
  ): void {
    const { cells, regions, nodes = 0, replaced } = layout;
    if (cells !== this.cellPresent.length) this.cellPresent = resized(this.cellPresent, cells);
    if (replaced || regions !== this.regions.present.length || nodes !== this.nodes.present.length) {
      this.regions = emptyColumns(regions);
      this.nodes = emptyColumns(nodes);
      this.spark.clear(regions, nodes);
      this.people.clear();
      this.crowd.clear();
      this.traffic.clear();
      this.#period = -1;
    }
    this.spark.update(view);
    const period = Math.floor(view.clockUs / republishUs);
    if (this.minCount > 0 && period === this.#period) return;
    this.#period = period;
    this.eventUs = view.clockUs;
    blurColumn(this.cellPresent, view.cellPresent, view.cellCount, this.minCount);
    const exact = regionColumnsOf(view);
    for (const column of regionColumns) {
      blurColumn(this.regions[column], exact[column], view.drawnCount, this.minCount);
      const ofNodes = exact[column].subarray(view.drawnCount);
      blurColumn(this.nodes[column], ofNodes, view.regionCount - view.drawnCount, this.minCount);
    }
    this.visitorsEndUs = view.intervals === 0 ? 0 : view.intervalEndUs;
    this.people.publish(people, regions);
    this.traffic.update(view.areaTraffic, regions);
    this.origins = this.#origins.publish(view.origins);
    const places = this.#places.publish(view.originPlaces);
    if (JSON.stringify(places) !== JSON.stringify(this.places)) this.places = places;
    this.totals = this.#nextTotals(view);
  }

  /** Regions hold other cells: with the next update their figures are those, not at the end of the minute. */
  regionsEdited(): void {
    this.#period = -1;
  }

  #nextTotals(view: LiveView): PublishedTotals {
    const { minCount, totals } = this;
    const present = blurNext(totals.present, view.present, minCount);
    // The age of a handful of fixes would be the age of somebody's fix.
    const agesShown = present !== hiddenCount;
    const traffic: Record<string, number> = {};
    for (let code = 0; code < eventKinds.length; code++) {
      const kind = eventKinds[code]!;
      const units = view.traffic[code] ?? 0;
      if (units > 0) traffic[kind] = blurNext(totals.traffic[kind] ?? unknownCount, units, minCount);
    }
    return {
      present,
      fresh5: blurNext(totals.fresh5, view.fresh5, minCount),
      fresh30: blurNext(totals.fresh30, view.fresh30, minCount),
      appeared: blurNext(totals.appeared, view.appeared, minCount),
      vanished: blurNext(totals.vanished, view.vanished, minCount),
      fixAgeMedianMs: agesShown ? view.fixAgeMedianMs : -1,
      fixAgeP90Ms: agesShown ? view.fixAgeP90Ms : -1,
      traffic,
    };
  }
}

/** A count as text for the command line: `<20` for 1 … minCount − 1, else its digits; 0 is `0`. */
export function hideBelow(value: number, minCount: number): string {
  return value > 0 && value < minCount ? `<${minCount}` : String(value);
}

/** A region's history as it may be shown: -1 where a figure is hidden, null where none is known. */
export function publishHistory(history: RegionHistory, minCount: number): RegionHistory {
  const column = (values: (number | null)[]) =>
    values.map((value) => (value === null ? null : jsonFigure(blurOnce(value, minCount))));
  return {
    id: history.id,
    bucketS: history.bucketS,
    timeUs: history.timeUs,
    present: column(history.present),
    entries: column(history.entries),
    exits: column(history.exits),
    traffic: column(history.traffic),
    // Cells, nobody's figures.
    ...(history.edits && { edits: history.edits }),
    ...(history.endedUs !== undefined && { endedUs: history.endedUs }),
  };
}

/** A region's past as it may be shown: -1 where a figure is hidden, and so is how long so few have stayed. */
export function publishPast(past: RegionPast, minCount: number): RegionPast {
  const shown = (value: number) => jsonFigure(blurOnce(value, minCount))!;
  const figure = (value: number | null) => (value === null ? null : shown(value));
  const columns = <K extends string>(of: Record<K, (number | null)[]>) =>
    Object.fromEntries(
      Object.entries(of).map(([name, values]) => [name, (values as number[]).map(figure)]),
    ) as typeof of;
  const { presence, flows, crowd, dwell, roles, pairs, ...rest } = past;
  return {
    ...rest,
    ...(presence && { presence: columns(presence) }),
    ...(flows && { flows: columns(flows) }),
    ...(crowd && { crowd: crowd.map(figure) }),
    ...(pairs && { pairs: publishPairs(pairs, minCount) }),
    ...(dwell && { dwell: dwell.map((day) => publishDwell(day, shown(day.stays), shown(day.cut))) }),
    ...(roles && {
      roles: roles.map(({ day, crowd, lasting, ...counts }) => ({
        day,
        lasting: figure(lasting),
        ...(Object.fromEntries(Object.entries(counts).map(([name, n]) => [name, shown(n)])) as typeof counts),
        crowd: figure(crowd),
      })),
    }),
  };
}

function publishDwell(day: PastDwell, stays: number, cut: number): PastDwell {
  if (stays !== -1) return { ...day, stays, cut };
  return { day: day.day, stays, cut, observedMedianMs: -1, observedP90Ms: -1, upperMedianMs: -1, upperP90Ms: -1 };
}

function regionColumnsOf(view: LiveView): Record<RegionColumn, Uint32Array> {
  return {
    present: view.regionPresent,
    fresh5: view.regionFresh5,
    fresh30: view.regionFresh30,
    inflow: view.regionInflow,
    outflow: view.regionOutflow,
    visitors: view.regionVisitors,
    machines: view.regionMachines,
  };
}

function emptyColumns(rows: number): Record<RegionColumn, Uint32Array<ArrayBuffer>> {
  const columns = {} as Record<RegionColumn, Uint32Array<ArrayBuffer>>;
  for (const column of regionColumns) columns[column] = new Uint32Array(rows).fill(unknownCount);
  return columns;
}

function resized(values: Uint32Array, rows: number): Uint32Array<ArrayBuffer> {
  const next = new Uint32Array(rows).fill(unknownCount);
  next.set(values.subarray(0, rows));
  return next;
}

function emptyTotals(): PublishedTotals {
  return {
    present: unknownCount,
    fresh5: unknownCount,
    fresh30: unknownCount,
    appeared: unknownCount,
    vanished: unknownCount,
    fixAgeMedianMs: -1,
    fixAgeP90Ms: -1,
    traffic: {},
  };
}
