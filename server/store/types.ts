/** What the store takes and gives. Its shapes of cells and regions are those of `server/reference`, structurally. */
import type { RegionHistory, RegionPast, StoreStatus } from '../../shared/protocol.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { OptedOut } from '../events/opted-out.ts';
import type { LogRecord } from '../journal/records.ts';
import type { Log } from '../log.ts';
import type { NumberSegments } from '../reference/number-segments.ts';
import type { Ledger, LedgerRow } from './ledger.ts';
import type { DayFigure } from './region-expected.ts';
import type { PastQuestion } from './region-past.ts';

export interface StoreOptions {
  /** A TimescaleDB to use in place of the embedded one. */
  databaseUrl?: string;
  /** Where the embedded database lives: in `dataDir/network/pg`. */
  dataDir: string;
  /** Whose events these are, e.g. `sim` or `live`; a database holds those of one network. */
  network: string;
  /** `live`: on a real database TimescaleDB's own jobs compress and drop by wall time, if its newest event is recent. */
  mode?: 'replay' | 'live';
  /** Where numbers and SIMs are at home; null or absent: what the database holds stays. */
  segments?: NumberSegments | null;
  /** Of whom nothing is stored; absent: nobody has opted out. */
  optedOut?: OptedOut;
  config: Config;
  clock: Clock;
  log: Log;
  progress(line: string): void;
  /** It was tried before and was away: that it is tried need not be said. */
  again?: boolean;
  /** The database has lost what it had confirmed: nothing more is stored until it is opened anew. */
  onBehind?: (why: Error) => void;
  /** Ends an opening that waits for a database: its connections are cut. */
  signal?: AbortSignal;
}

export interface StoredCell {
  cgi: string;
  name: string;
  /** WGS-84 degrees; null: no position known. */
  lon: number | null;
  lat: number | null;
  azimuth: number | null;
  radio: string;
  site: string;
  /** Branch, marketing centre, area, service hall: as many as are known, from the top. */
  parents?: string[];
}

export interface StoredRegion {
  id: string;
  name: string;
  kind: string;
  capacity: number | null;
  polygons: [number, number][][][] | null;
  cells: string[] | null;
  /** Of a node of the region tree; a micro-region has none. */
  level?: 1 | 2 | 3 | 4;
}

/** Ids of the cells in a region of set `version`, by its place; null: the index is of another set by now, or of before. */
export type CellsOfRegion = (region: number, version: number) => ArrayLike<number> | null;

export interface Store {
  readonly status: StoreStatus;
  /** Server and TimescaleDB version, for `/api/health`. */
  readonly version: string;

  /** Every cell ever registered, with what is known of it now, by ascending id. */
  loadCells(): Promise<{ id: number; cell: StoredCell }[]>;
  /** Stores cells and what has changed of known ones (a new version, dated by the event clock). */
  saveCells(rows: { id: number; cell: StoredCell }[]): Promise<void>;
  /**
   * Stores the regions (micro-regions, then the nodes of the region tree) and which cells they hold. `cellsOf` must go
   * on answering for the present state of the region index: it is asked again when cells have been added. Later sets
   * come as records.
   *
   * @param version of the set; later ones have higher ones
   * @param onTheWay it was made by edits whose records are still to be taken: these say which cells since when
   * @param sinceUs event clock of the counters, µs, if it runs: what is news holds from then on
   */
  saveRegions(
    regions: readonly StoredRegion[],
    cellsOf: CellsOfRegion,
    version?: number,
    onTheWay?: boolean,
    sinceUs?: number,
  ): Promise<void>;

  /** What the database held when it was opened. */
  readonly held: Ledger;
  /** How far the journal is stored: kept up to date. */
  readonly ledger: LedgerRow;
  /** Up to here what is stored survives a power cut; -1: nobody knows yet. */
  readonly durable: number;
  /**
   * Records of this journal come from here on, from the one behind `offset` on.
   *
   * @param head event rows in the journal, and the newest event time among them, µs
   */
  begin(journal: string, offset: number, head: () => { rows: number; newestUs: number }): void;
  /** Whether the next record may be taken; else {@link whenReady}. */
  readonly ready: boolean;
  whenReady(): Promise<void>;
  /** Takes the committed record that ends at `to`. Its arrays are read during the call. */
  take(record: LogRecord, to: number): void;
  /** False: a replay should wait for the database. Always true while that is away: the journal holds what comes. */
  readonly room: boolean;
  whenRoom(): Promise<void>;

  /**
   * Buckets from `fromUs` (rounded down) to `toUs` (exclusive).
   *
   * @param bucketS a multiple of 60; multiples of 3600 are read from the hourly aggregates
   * @throws UserError HISTORY_RANGE, REGION_UNKNOWN
   */
  regionHistory(id: string, fromUs: number, toUs: number, bucketS: number): Promise<RegionHistory>;
  /** From stays that have ended, bucket by bucket and day by day. */
  regionPast(id: string, question: PastQuestion): Promise<RegionPast>;
  /** What was present in a region at a local time of some days, from the gauges, in order of the days. */
  dayFigures(id: string, days: readonly string[], time: string): Promise<DayFigure[]>;
  /**
   * A reading query of the API. timestamptz comes as µs, bigint and numeric as number: cast pseudonyms to text.
   */
  sql<T>(text: string, values?: unknown[]): Promise<T[]>;

  /** Resolves when all that was taken so far is stored. */
  flush(): Promise<void>;
  /** Runs what refresh, compression and retention have due by the event clock now; for tests and tools. */
  maintain(): Promise<void>;
  /** Closes; what was taken and is not stored comes from the journal at the next start. */
  close(): Promise<void>;
}
