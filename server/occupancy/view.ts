import type { OriginClass } from '../../shared/protocol.ts';

/**
 * What the engine shows of its state. The arrays are the engine's own (not copies): read them between two calls of
 * the engine, never keep or change them. Plain, exact counts: only the exit module may send them anywhere.
 */
export interface LiveView {
  /** Everything before this event time has been counted, µs; 0 before the first event. */
  readonly clockUs: number;
  /** Cells in order of `cell_id` (dense from 0); arrays may be longer than `cellCount`. */
  readonly cellCount: number;
  readonly cellPresent: Uint32Array;
  /** Regions in the order of the {@link RegionIndex}: micro-regions, then the nodes of the region tree. */
  readonly regionCount: number;
  /** Micro-regions among them. Nodes of the tree have no dwell and no trips. */
  readonly drawnCount: number;
  readonly regionPresent: Uint32Array;
  readonly regionFresh5: Uint32Array;
  readonly regionFresh30: Uint32Array;
  /** Of those present in machines. */
  readonly regionMachines: Uint32Array;
  /** Entries and exits that held, within the last flowWindow of event time. */
  readonly regionInflow: Uint32Array;
  readonly regionOutflow: Uint32Array;
  /** Visitors of the last closed gauge interval. */
  readonly regionVisitors: Uint32Array;
  /** Subscribers present by origin of the city as a whole. */
  readonly origins: readonly OriginCount[];
  /** Of them the operators and areas of other networks, cities and provinces, the largest ones; see {@link OriginPlaceColumns}. */
  readonly originPlaces: readonly (OriginCount & { readonly plmn: number; readonly area: number })[];
  /** Origins of one region. */
  regionOrigins(region: number): readonly OriginCount[];
  /** How long those present in a region have been there by now, ms, to the minute; -1 when nobody is. */
  regionDwellMs(region: number, share: number): number;
  readonly present: number;
  readonly fresh5: number;
  readonly fresh30: number;
  /** Since the engine started. */
  readonly appeared: number;
  readonly vanished: number;
  /** Of those present, ms; -1 when nobody is. */
  readonly fixAgeMedianMs: number;
  readonly fixAgeP90Ms: number;
  /** Traffic units by event kind code since the engine started. */
  readonly traffic: Float64Array;
  /** The same of late by area, class and outcome. */
  readonly areaTraffic: TrafficView;
  readonly resolvedEvents: number;
  readonly unresolvedEvents: number;
  /** Of subscribers who have opted out: neither of the two. */
  readonly optedOutEvents: number;
  readonly lateEvents: number;
  /** Cells heard within their presenceTtl ÷ cells known. */
  readonly cellsHeardShare: number;
  /** True until the table has seen one presenceTtl of events, the longest of all location areas. */
  readonly warmingUp: boolean;
  /** Event time from which presence is complete, µs: the first event and the longest presenceTtl; -1 before the first event. */
  readonly wholeFromUs: number;
  /** Gauge intervals closed so far, and the end of the newest, µs. */
  readonly intervals: number;
  readonly intervalEndUs: number;
  /** Present at the end of the last `points` closed intervals: region-major, oldest first, newest last. */
  spark(points: number): Uint32Array;
}

/**
 * Traffic of the closed gauge intervals that began within flowWindow, and of the open one. It counts where its outcome
 * is known; a late row counts in the interval of its own time while that is in the window.
 */
export interface TrafficView {
  /** The window, µs, `toUs` excluded: it begins later where counting did. The open interval begins at `toUs`. */
  readonly fromUs: number;
  readonly toUs: number;
  /** Rises whenever the window changes, or the regions. */
  readonly revision: number;
  /** Row by row: the city with all that has no cell, then the regions in the order of the {@link RegionIndex}. */
  window(): AreaTraffic;
  now(): AreaTraffic;
  /** One row. */
  cellWindow(cell: number): AreaTraffic;
  cellNow(cell: number): AreaTraffic;
}

export interface AreaTraffic {
  /** Rows × classes (`trafficClasses`) × outcomes (`outcomes` of `events/kinds.ts`). */
  readonly units: Uint32Array;
  /** Rows × classes: durations, ms. */
  readonly ms: Float64Array;
}

export interface OriginCount {
  readonly class: OriginClass;
  readonly country: string;
  readonly mcc: string;
  readonly present: number;
  /** Of them in machines: meters, tills, vehicles; absent: none. */
  readonly machines?: number;
}

/** Gauges of one closed interval [startUs, endUs), final: every crossing in it has been held or cancelled. */
export interface IntervalGauges {
  readonly startUs: number;
  readonly endUs: number;
  /** Cells whose figures changed since the last stored gauge, or have traffic in it. */
  readonly cells: GaugeColumns & {
    /** Row-aligned with `id`. */
    readonly fresh5: Uint32Array;
  };
  readonly regions: GaugeColumns & { readonly fresh5: Uint32Array };
  readonly present: number;
  /** Trips between micro-regions whose crossing that makes them was in it; absent: none. */
  readonly flows?: FlowColumns;
  /** Stays in micro-regions that ended in it; absent: none. */
  readonly dwell?: DwellColumns;
  /** Subscribers present by origin at its end, of the groups whose count has changed; absent: none has. */
  readonly origins?: OriginColumns;
  /** Of who is present at its end, with the first interval of each quarter of an hour; absent: nobody, or another interval. */
  readonly places?: OriginPlaceColumns;
}

/**
 * Present by micro-region and origin: `n` rows, the city first. `region`: place in the {@link RegionIndex} + 1, 0 the
 * city. `class`: place in originClasses + 1, 0 unknown; `country`: as `packIso` packs it, 0 unknown; `mcc`: 0 unknown.
 */
export interface OriginColumns {
  readonly n: number;
  readonly region: Uint32Array;
  readonly class: Uint32Array;
  readonly country: Uint32Array;
  readonly mcc: Uint32Array;
  readonly present: Uint32Array;
}

/**
 * Everybody of other networks, cities and provinces by micro-region and place: `n` rows, by region as in
 * {@link OriginColumns}, of each its largest places and, of each origin, the others as `plmn` and `area` 0. `plmn`: the
 * operator, packed, of other networks' SIMs; `area`: area code, of the home network's.
 */
export interface OriginPlaceColumns extends OriginColumns {
  readonly plmn: Uint32Array;
  readonly area: Uint32Array;
}

/**
 * Ended stays by micro-region (place in the {@link RegionIndex}) and log bucket of their dwell (`dwell-buckets.ts`): `n`
 * rows, by region, then bucket. Each stay counts once under its observed dwell and once under its upper bound.
 */
export interface DwellColumns {
  readonly n: number;
  readonly region: Uint32Array;
  readonly bucket: Uint32Array;
  readonly observed: Uint32Array;
  readonly upper: Uint32Array;
}

/** Trips by pair of micro-regions (places in the {@link RegionIndex}): `n` rows, by from, then to. */
export interface FlowColumns {
  readonly n: number;
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  readonly count: Uint32Array;
}

/** `id` is the surrogate cell_id, or the region's place in the {@link RegionIndex}; all columns have `n` rows. */
export interface GaugeColumns {
  readonly n: number;
  readonly id: Uint32Array;
  readonly present: Uint32Array;
  readonly entries: Uint32Array;
  readonly exits: Uint32Array;
  readonly appeared: Uint32Array;
  readonly vanished: Uint32Array;
  readonly visitors: Uint32Array;
}

/** Ended stays in cells, as columns; `n` rows are valid and only during the call. */
export interface StayColumns {
  readonly n: number;
  readonly subLo: Uint32Array;
  readonly subHi: Uint32Array;
  readonly cell: Uint32Array;
  /** µs: first sighting in the cell, last sighting in it, first sighting elsewhere (or the vanish). */
  readonly firstInUs: Float64Array;
  readonly lastInUs: Float64Array;
  readonly firstOutUs: Float64Array;
  readonly events: Uint32Array;
  readonly plmn: Uint32Array;
  /** Cell of the sighting that ended the stay, the same one where it was cut; noCell: vanished or detached. */
  readonly toCell?: Uint32Array;
}
