import type { CrowdRow } from './crowd.ts';
import type { OriginPlaceRow, PastPairs, PastRoles, RegionEditMark } from './region-answers.ts';
import type { LayoutNode } from './region-tree.ts';
import type { TrafficColumns } from './traffic.ts';

/**
 * The wall protocol: what `/ws` carries. Every WebSocket message is one msgpack map. Counter columns are typed-array
 * binaries (little-endian): a `Uint8Array` whose bytes are a `Uint32Array`. `shared/README.md` is the specification.
 */
export const protocolVersion = 1;

/** Values of a u32 column that are no count. Zero, unknown and hidden are different things on every screen. */
export const unknownCount = 0xffffffff;
/** The figure is 1 … minCount−1 subscribers and shown as `<minCount`. */
export const hiddenCount = 0xfffffffe;

/** Points of a sparkline at most: what a snapshot carries and a screen keeps. */
export const sparkPointsMax = 120;
/** Points of a row of the wall's list, and the most of the tree's nodes, of which there may be hundreds: an hour of minutes. */
export const rowSparkPoints = 60;

/** Codes with which the server closes a WebSocket; 1001 … as RFC 6455 §7.4.1 and the IANA registry mean them. */
export const closeCode = {
  /** A text message; only binary ones are understood. */
  unsupported: 1003,
  /** Bytes that are no message of this protocol. */
  invalid: 1007,
  /** Too many messages. */
  policy: 1008,
  /** The server ends; come back. */
  restart: 1012,
  /** As many screens as allowed are open; come back later. */
  full: 1013,
} as const;

/** Columns of regions, in this order in {@link RegionColumns}. */
export const regionColumns = [
  'present',
  /** present with a fix age ≤ 5 min */
  'fresh5',
  /** present with a fix age ≤ 30 min */
  'fresh30',
  /** entries and exits (held for holdDown) within flowWindow */
  'inflow',
  'outflow',
  /**
   * distinct subscribers present at any time of the last closed gauge interval: an older, shorter window than `present`,
   * which is of now, so it may be the smaller of the two
   */
  'visitors',
  /** of those present, in machines (meters, tills, vehicles): no heads */
  'machines',
] as const;
export type RegionColumn = (typeof regionColumns)[number];

/** `index` are places in the layout (not ids); every other column is as long as it. */
export interface CellColumns {
  index: Uint8Array;
  present: Uint8Array;
}
export type RegionColumns = { index: Uint8Array } & Record<RegionColumn, Uint8Array>;

/** `resuming`: what was taken in before a restart is read again, and not counted again. */
export type FeedState = 'starting' | 'warming up' | 'resuming' | 'running' | 'behind' | 'stale' | 'ended' | 'failed';

export interface FeedStatus {
  id: string;
  /** The feed's URI, without anything secret. */
  uri: string;
  state: FeedState;
  /** Event time that the feed has been read up to, µs; 0 before the first frame. */
  clockUs: number;
  /** Event time of the next record where it is known already (a replay waits for its time), µs; 0: unknown. */
  nextUs: number;
  /** Wall milliseconds since the last arrival. */
  dataAgeMs: number;
  framesPerS: number;
  eventsPerS: number;
  /** Event seconds per wall second asked for (0: as fast as it goes) and reached. */
  speed: number;
  speedReached: number;
  /** 0 … 1 of a finite feed or of a warm-up; -1: endless. */
  progress: number;
  /** Bad records skipped, by reason code. */
  faults: Record<string, number>;
  faultsTotal: number;
  /** What the state needs explained, or how a live feed stands: English sentences, of `feed-note.ts` where it has them. */
  note: string;
}

export interface StoreStatus {
  /**
   * `slow`: it has been at one transaction for some seconds, and nobody knows whether it will answer. `held`: it is there,
   * and what comes next for it can't be read from the journal.
   */
  state: 'starting' | 'up' | 'slow' | 'away' | 'held';
  /** Event time between the newest event taken in and the newest stored one, ms. */
  lagMs: number;
  /** Rows that are in the journal and not yet in the database. */
  queuedRows: number;
  /** Rows that can't be stored: of no possible time, or refused by the database again and again. */
  droppedRows: number;
  /** Event time by which what is kept of subscribers (roles) is behind what is stored, ms; absent: all that is due is counted. */
  factsLagMs?: number;
  error: string;
  /** What history lacks for good, in words; absent: nothing that this server knows of. */
  note?: string;
}

/** The log that everything counted and stored comes from. */
export interface JournalStatus {
  /** Octets that it holds. */
  bytes: number;
  /** It may not grow: the feeds wait, and nothing is lost. An alarm. */
  full: boolean;
  /** It can't be written any more: the server ends. */
  failed: boolean;
  /** Octets that wait to be put on disk, and those on disk that wait to be counted. */
  uncommittedBytes: number;
  unappliedBytes: number;
  /** Wall milliseconds since the newest snapshot of the counters, or since the start. */
  snapshotAgeMs: number;
}

/** Origin classes, DESIGN §2 plus `other network` (a SIM of the same country's other operators). */
export const originClasses = [
  'local',
  'other city',
  'other province',
  'other network',
  '港澳台',
  'international',
  'unknown',
] as const;
export type OriginClass = (typeof originClasses)[number];

export interface OriginRow {
  class: OriginClass;
  /** ISO 3166-1 alpha-2 of the home network's country; '' where unknown. */
  country: string;
  mcc: string;
  present: number;
}

/** Figures and states of the whole wall; small, so sent whole in every frame. */
export interface WallStatus {
  /** Event clock, µs: everything up to here has been counted. */
  eventUs: number;
  /** Server wall time, µs. */
  wallUs: number;
  present: number;
  fresh5: number;
  fresh30: number;
  appeared: number;
  vanished: number;
  /** Median and p90 fix age of those present, ms; -1 unknown. */
  fixAgeMedianMs: number;
  fixAgeP90Ms: number;
  /** Shares 0 … 1; -1 unknown. */
  resolvedShare: number;
  cellsHeardShare: number;
  /** Links that bring signalling now, and all that should: probes where they connect, else feeds that haven't ended. */
  linksAlive: number;
  linksKnown: number;
  unknownCells: number;
  lateEvents: number;
  eventsPerS: number;
  /** Traffic units by event kind since the start of the event day shown. */
  traffic: Record<string, number>;
  origins: OriginRow[];
  /** Cells by present count, largest first, at most 50: [layout index, present] — the list for cells without a position. */
  topCells: [number, number][];
  feeds: FeedStatus[];
  store: StoreStatus;
  /** null: there is none. */
  journal: JournalStatus | null;
  /** True until the presence table has seen one presenceTtl of events: counts are still growing. */
  warmingUp: boolean;
  /**
   * Event time from which presence is complete, µs: the first event and one presenceTtl; -1 before the first event.
   * Counts of intervals that ended before are of those heard so far, not of all who were there.
   */
  wholeFromUs: number;
  /**
   * Event time up to which the database held these feeds when the server started, µs: history up to there is from
   * earlier runs and complete, though this run may be warming up. -1: nothing was stored; null: not known.
   */
  storedUs: number | null;
  minCount: number;
}

/** The present count of each region at the end of the last `points` gauge intervals, oldest first. */
export interface SparkColumns {
  /** Interval length, ms, and the end of the newest interval, µs. */
  everyMs: number;
  endUs: number;
  /** regions × points, row by region in layout order. */
  points: number;
  present: Uint8Array;
}

/** The same of the tree's nodes, the newest {@link rowSparkPoints} points at most; interval and end are those of `spark`. */
export interface NodeSparkColumns {
  /** nodes × points, row by node in the order of the layout's `tree`. */
  points: number;
  present: Uint8Array;
}

/** The time over which the net inflow of people is given, ms. */
export const peopleInflowMs = 900_000;

/**
 * An estimate of the people in a region, not a count. `people`, `low`, `high` may be {@link hiddenCount}; a region
 * without a row is unknown.
 */
export interface PeopleRow {
  /** Place in the layout. */
  region: number;
  people: number;
  /** The interval that holds the true number in nine cases of ten. */
  low: number;
  high: number;
  /** Whether a factor from gate counts is in it, beside the market shares. */
  calibrated: boolean;
  /** People who come, less those who go, in {@link peopleInflowMs} at the present pace; null: unknown. */
  inflow: number | null;
  /** Until 80 % and all of the capacity at that pace, ms; 0: reached; null: not to be expected, or there is none. */
  toFirstAlertMs: number | null;
  toCapacityMs: number | null;
}

interface FrameHead {
  v: typeof protocolVersion;
  /** Number of this frame; a delta applies only on top of `seq − 1`. */
  seq: number;
  /** Revision of the layout that indices refer to; a new one means: fetch `/api/layout` again. */
  layout: number;
  status: WallStatus;
}
/** Complete state: sent at connection, after a gap, after a drain. `cells.index` covers every cell of the layout. */
export interface SnapshotFrame extends FrameHead {
  k: 'snapshot';
  cells: CellColumns;
  regions: RegionColumns;
  /** The same of the tree's nodes, `index` their places in the layout's `tree`. Absent: there is none. */
  nodes?: RegionColumns;
  spark: SparkColumns;
  /** Absent: there are no nodes. */
  nodeSpark?: NodeSparkColumns;
  /** Absent: people are not estimated. */
  people?: readonly PeopleRow[];
  /** The city's origins by operator and area, the largest ones; absent: nobody is here from elsewhere. */
  places?: readonly OriginPlaceRow[];
  /** Of the regions whose crowd has been counted; absent: none has. */
  crowd?: readonly CrowdRow[];
  /** Absent: nothing has been counted yet. */
  traffic?: TrafficColumns;
}
/**
 * Only what changed since frame `seq − 1`; `spark` only when gauge intervals have closed since then, and only those
 * (one when live; a fast replay closes several a tick). A cell index behind the layout's end is a cell appended to it.
 */
export interface DeltaFrame extends FrameHead {
  k: 'delta';
  cells: CellColumns;
  regions: RegionColumns;
  /** Nodes that changed; absent: none has. */
  nodes?: RegionColumns;
  spark?: SparkColumns;
  nodeSpark?: NodeSparkColumns;
  /** All rows, when any of them has changed. */
  people?: readonly PeopleRow[];
  places?: readonly OriginPlaceRow[];
  /** The rows that changed. */
  crowd?: readonly CrowdRow[];
  /** The whole of it, when it has changed. */
  traffic?: TrafficColumns;
}
export type ServerFrame = SnapshotFrame | DeltaFrame;

/** What a screen may say. */
export type ClientMessage = { k: 'resync'; have: number };

/** `GET /api/layout`: what does not change each second. JSON. */
export interface Layout {
  revision: number;
  /** Build of the server; a screen that sees another one reloads itself. */
  build: string;
  title: string;
  timeZone: string;
  flowWindowMs: number;
  gaugeEveryMs: number;
  /** Crossings hold that are not undone within it. */
  holdDownMs: number;
  minCount: number;
  /** Where the base map comes from: the drawn schematic, tiles or PMTiles. */
  map: { kind: 'schematic' | 'tiles' | 'pmtiles' | 'none'; url: string; attribution: string };
  /** Drawn under the cells when map.kind is `schematic`: lines of [lon, lat], WGS-84. */
  schematic: Schematic | null;
  cells: LayoutCell[];
  regions: LayoutRegion[];
  /** Nodes of the region tree above the cells, by level; empty where no cell list names parents. */
  tree: LayoutNode[];
}
export interface LayoutCell {
  cgi: string;
  name: string;
  /** WGS-84 degrees; null: no position known. */
  lon: number | null;
  lat: number | null;
  /** Degrees clockwise from north; null: omnidirectional or unknown. */
  azimuth: number | null;
}
export const regionKinds = ['group', 'campus', 'estate', 'office', 'industrial', 'hall', 'community', 'venue'] as const;
export type RegionKind = (typeof regionKinds)[number];
export interface LayoutRegion {
  id: string;
  name: string;
  kind: RegionKind | string;
  /** People; null: none given. */
  capacity: number | null;
  /** Rings of [lon, lat] per polygon (GeoJSON MultiPolygon coordinates), null where the region is a list of cells. */
  polygons: [number, number][][][] | null;
  /** Count of cells now in it. */
  cellCount: number;
}
export interface Schematic {
  river: { w: number; p: [number, number][] }[];
  road: { c: number; p: [number, number][] }[];
  label: { name: string; lon: number; lat: number }[];
  note: string;
}

/**
 * `GET /api/regions/ID/history?from=…&to=…&bucket=60`: columns, one row a bucket, from the database. Where a figure is
 * hidden, it is -1.
 */
export interface RegionHistory {
  id: string;
  bucketS: number;
  /** Bucket starts, µs. */
  timeUs: number[];
  present: (number | null)[];
  entries: (number | null)[];
  exits: (number | null)[];
  /** Traffic units of all kinds in the bucket, from the continuous aggregate. */
  traffic: (number | null)[];
  /** In time order; figures on either side of one are of other cells. Absent: none is known of. */
  edits?: RegionEditMark[];
  /** Of a region that is no more, since when it has held no cell; null: that is not stored. Absent: it is counted. */
  endedUs?: number | null;
}

/** What a region's past can be asked for. */
export const pastParts = ['presence', 'flows', 'dwell', 'roles', 'crowd', 'pairs'] as const;
export type PastPart = (typeof pastParts)[number];

/**
 * `GET /api/regions/ID/past?from=…&to=…&bucket=3600&of=presence,dwell`: of the cells that the region holds now, from
 * stays, for presence, flows and crowd those that last among them; the parts asked for. Figures: -1 hidden, null unknown.
 */
export interface RegionPast {
  id: string;
  bucketS: number;
  /** Bucket starts, µs. */
  timeUs: number[];
  /** At the end of each bucket, and at any time of it. */
  presence?: Record<'present' | 'visitors', (number | null)[]>;
  flows?: Record<'entries' | 'exits' | 'appeared' | 'vanished', (number | null)[]>;
  /** At the end of each bucket, without residents and workers; null while roles are undetermined. */
  crowd?: (number | null)[];
  /** By local day on which the stay ended, or was cut off: whole days. */
  dwell?: PastDwell[];
  /** Subscribers seen there on the local day. */
  roles?: PastRoles[];
  /** With the other micro-regions as they are drawn now; only where it is asked for by name. */
  pairs?: PastPairs;
  /** When the region got the cells that all this is of, or lost others. */
  edits?: RegionEditMark[];
}
export interface PastDwell {
  day: string;
  /** Those of which beginning and end are known; the times are theirs. Figures: -1 hidden. */
  stays: number;
  /** Besides, pieces of stays that a start with other settings cut off: nobody knows how long those were. */
  cut: number;
  /** Last-in − first-in, ms; null: no stay is known from its beginning to its end. */
  observedMedianMs: number | null;
  observedP90Ms: number | null;
  /** First-out − first-in, ms; null likewise. */
  upperMedianMs: number | null;
  upperP90Ms: number | null;
}

/** Body of every refused `/api` request. */
export interface ApiError {
  error: { code: string; message: string };
}
