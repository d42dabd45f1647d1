/** What the store takes and gives. Its shapes of cells and regions are those of `server/reference`, structurally. */
import type { RegionHistory, StoreStatus } from '../../shared/protocol.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { EventBatch } from '../events/event-batch.ts';
import type { Log } from '../log.ts';
import type { IntervalGauges, StayColumns } from '../occupancy/view.ts';

export interface StoreOptions {
  /** A TimescaleDB to use in place of the embedded one. */
  databaseUrl?: string;
  /** Where the embedded database lives: in `dataDir/network/pg`. */
  dataDir: string;
  /** Whose events these are, e.g. `sim` or `live`; a database holds those of one network. */
  network: string;
  /** `live`: on a real database TimescaleDB's own jobs refresh, compress and drop, by wall time. */
  mode?: 'replay' | 'live';
  config: Config;
  clock: Clock;
  log: Log;
  progress(line: string): void;
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
}

export interface Store {
  readonly status: StoreStatus;
  /** Server and TimescaleDB version, for `/api/health`. */
  readonly version: string;

  /** Every cell ever registered, with what is known of it now, by ascending id. */
  loadCells(): Promise<{ id: number; cell: StoredCell }[]>;
  /** Stores cells and what has changed of known ones (a new version, dated by the event clock). */
  saveCells(rows: { id: number; cell: StoredCell }[]): Promise<void>;
  /** A cell that turned up while running: stored in the transaction of the next rows, before them. */
  addCell(id: number, cell: StoredCell): void;
  /**
   * Stores the regions and which cells they hold. `cellsOf` must go on answering for the present state of the
   * region index: it is asked again when cells have been added. Gauges of regions refer to this order.
   */
  saveRegions(regions: StoredRegion[], cellsOf: (region: number) => ArrayLike<number>): Promise<void>;

  /** Newest event time stored for the stream, µs; -1: none. */
  position(stream: string): Promise<number>;
  /** All that follows belongs to the stream; what the database already holds of it is skipped. */
  begin(stream: string): void;
  events(batch: EventBatch, from: number, to: number): void;
  gauges(gauges: IntervalGauges): void;
  stays(stays: StayColumns): void;
  /** False: the database can't keep up, wait for {@link whenRoom}. Always true while the database is away. */
  readonly room: boolean;
  whenRoom(): Promise<void>;
  /** Every event before it has been given; drives refresh, compression and retention. */
  eventClock(us: number): void;

  /**
   * Buckets from `fromUs` (rounded down) to `toUs` (exclusive).
   *
   * @param bucketS a multiple of 60; multiples of 3600 are read from the hourly aggregates
   * @throws UserError HISTORY_RANGE, REGION_UNKNOWN
   */
  regionHistory(id: string, fromUs: number, toUs: number, bucketS: number): Promise<RegionHistory>;
  /**
   * A reading query of the API. timestamptz comes as µs, bigint and numeric as number: cast pseudonyms to text.
   */
  sql<T>(text: string, values?: unknown[]): Promise<T[]>;

  /** Resolves when all that was given so far is stored (or dropped because the database stayed away). */
  flush(): Promise<void>;
  /** Runs what refresh, compression and retention have due by the event clock now; for tests and tools. */
  maintain(): Promise<void>;
  /** Stores what is queued, as far as the database takes it within seconds, and closes. */
  close(): Promise<void>;
}
