import type { OriginClass } from './protocol.ts';
import type { TrafficClass } from './traffic.ts';

/** Figures in all answers here: -1 hidden, null unknown. */
export type ShownFigure = number | null;

/** A change of the cells that a region holds. */
export interface RegionEditMark {
  timeUs: number;
  /** Cells that came and cells that went. */
  came: number;
  went: number;
}

/** `GET /api/regions/ID/flows?from=…&to=…`: trips between a region and others whose entry was in the time. */
export interface RegionTrips {
  id: string;
  fromUs: number;
  toUs: number;
  /** Since when the region was counted in the time: what it tells is of then on; null: it was not. */
  knownFromUs: number | null;
  /** Largest first; `into`: from this region into the other one, `from`: the other way. Null: unknown. */
  regions: { id: string; into: ShownFigure; from: ShownFigure }[] | null;
  edits: RegionEditMark[];
}

/** Of a past: trips between a region and the others that are drawn now, in each bucket; the largest first. */
export interface PastPairs {
  /** By bucket: false where nobody can tell; then all figures are null. */
  known: boolean[];
  /** As in {@link RegionTrips}; who made no trip with the region in all the time is left out. */
  regions: { id: string; into: ShownFigure[]; from: ShownFigure[] }[];
  /** Regions with fewer trips than those, which are not told. */
  leftOut: number;
}

/** Of a past: subscribers seen in a region on a local day, of whom a stay there has ended. */
export interface PastRoles {
  day: string;
  subscribers: number;
  residents: number;
  workers: number;
  visitors: number;
  passersBy: number;
  undetermined: number;
  /** Besides: those of the day whose stay there lasts, and no other one of the day has ended; null: too many to be told. */
  lasting: number | null;
  crowd: number | null;
}

/** `GET /api/regions/ID/crowd`: who is there now, from stays, those that last among them. */
export interface RegionCrowd {
  id: string;
  /** The newest full minute: `present` and `crowd` are the state just before it. */
  atUs: number;
  present: ShownFigure;
  /** Present without residents and workers; null while roles are undetermined. */
  crowd: ShownFigure;
  /** Of today; null: no stay of today has ended there. */
  roles: PastRoles | null;
}

/** `GET /api/regions/ID/dwell?from=…&to=…`: how long those who are there have been, and those stayed who left. */
export interface RegionDwell {
  id: string;
  /**
   * Of those present now, to the minute, ms. Of whoever is there for `knownMs` or longer nobody knows since when: counting
   * had begun too short a time before. So a figure of that or more means: at least so long.
   */
  live: { present: ShownFigure; medianMs: ShownFigure; p90Ms: ShownFigure; knownMs: number };
  /** Of stays that ended in the time, from a histogram of log buckets (four an octave), ms. */
  ended: {
    fromUs: number;
    toUs: number;
    /** Since when the region was counted in the time: figures are of then on; null: it was not, and all are null. */
    knownFromUs: number | null;
    stays: ShownFigure;
    /**
     * Besides, stays that a start with other settings cut off in the time. Whoever was seen there again counts since then:
     * where this is not 0, the times of stays that ended after it are too short by what was before.
     */
    cut: ShownFigure;
    observedMedianMs: ShownFigure;
    observedP90Ms: ShownFigure;
    upperMedianMs: ShownFigure;
    upperP90Ms: ShownFigure;
  };
  edits: RegionEditMark[];
}

/** `GET /api/regions/ID/origins?from=…&to=…`, of the city `GET /api/origins`: present by origin, a quarter of an hour each. */
export interface RegionOrigins {
  id: string;
  quarters: {
    timeUs: number;
    /** Null: the region was not counted in it, or what was is no longer kept. */
    origins: { class: OriginClass; country: string; mcc: string; present: ShownFigure }[] | null;
    /** Of other networks by operator, of other cities and provinces by area. Null: not told of the quarter. */
    places: (Omit<OriginPlaceRow, 'present'> & { present: ShownFigure })[] | null;
  }[];
}

/** Part of an origin. Without operator and area: everybody else of it, or of its class where it has no country either. */
export interface OriginPlaceRow {
  class: OriginClass;
  country: string;
  mcc: string;
  /** `310-410`; '' where there is none. */
  operator: string;
  /** Area code of China without its zero; 0: none. */
  area: number;
  /** Of the area, as the imported segments name it; '' where they don't. */
  province: string;
  city: string;
  present: number;
}

/**
 * `GET /api/regions/ID/traffic?from=…&to=…&bucket=900`: units of traffic by class and outcome, a figure a bucket. Classes
 * without a unit are left out. Outcomes are null where they are not known, though the units are.
 */
export interface RegionProcedures {
  id: string;
  bucketS: number;
  timeUs: number[];
  /** All classes together: 0 where there was none, null where nobody knows. */
  units: ShownFigure[];
  classes: Partial<Record<TrafficClass, Record<ProcedureFigure, ShownFigure[]>>>;
  edits: RegionEditMark[];
}
export const procedureFigures = [
  ...(['units', 'unknown', 'success', 'rejected', 'failed', 'unanswered', 'dropped'] as const),
];
export type ProcedureFigure = (typeof procedureFigures)[number];

/** `GET /api/cells/latest`: what was stored of each cell last. */
export interface LatestCells {
  cells: { cgi: string; timeUs: number; present: ShownFigure; entries: ShownFigure; exits: ShownFigure }[];
}

/** `GET /api/cells/hour?at=…`: traffic units of all cells in the hour from the quarter of `at` on. */
export interface HourOfCells {
  fromUs: number;
  toUs: number;
  cells: ({ cgi: string } & Record<HourColumn, ShownFigure>)[];
}
export const hourColumns = [
  ...([
    'units',
    'locationUpdates',
    'moCalls',
    'mtCalls',
    'moSms',
    'mtSms',
    'handovers',
    'data',
    'unsuccessful',
  ] as const),
];
export type HourColumn = (typeof hourColumns)[number];

/**
 * `GET /api/regions/ID/expected?at=…`: what was present in a region at a time, and what is usual at that time of like
 * days of the last eight weeks. Figures: -1 hidden, null unknown.
 */
export interface RegionExpected {
  id: string;
  atUs: number;
  present: number | null;
  /** What is usual: median ± three deviations. null: fewer than four such days are known. */
  band: { median: number; low: number; high: number; days: number } | null;
  /** Deviations by which `present` lies above what is expected; null: not known or hidden. */
  z: number | null;
  /** |z| > 3: `unusual`; > 6: a technical fault is to be thought of first. */
  verdict: 'usual' | 'unusual' | 'fault first' | null;
}
