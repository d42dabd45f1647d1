/** What is kept for how long, by event time (DESIGN §3), and when it is compressed. */
import { dayUs, hourUs, minuteUs } from '../clock.ts';

export interface KeptTable {
  readonly name: string;
  readonly keepUs: number;
  /** Chunks whose newest row is older are compressed; null: never. */
  readonly compressAfterUs: number | null;
  readonly aggregate: boolean;
}

const minutesKept = 90 * dayUs;
/** 25 months. */
const hoursKept = 761 * dayUs;

export const keptTables: readonly KeptTable[] = [
  { name: 'event', keepUs: 7 * dayUs, compressAfterUs: 12 * hourUs, aggregate: false },
  { name: 'stay', keepUs: 100 * dayUs, compressAfterUs: 2 * dayUs, aggregate: false },
  { name: 'cell_gauge', keepUs: minutesKept, compressAfterUs: dayUs, aggregate: false },
  { name: 'region_gauge', keepUs: minutesKept, compressAfterUs: 7 * dayUs, aggregate: false },
  { name: 'cell_traffic_1m', keepUs: minutesKept, compressAfterUs: 7 * dayUs, aggregate: true },
  // One row an interval: it tells what was counted, for the hourly history too.
  { name: 'city_gauge', keepUs: hoursKept, compressAfterUs: null, aggregate: false },
  { name: 'cell_traffic_1h', keepUs: hoursKept, compressAfterUs: 60 * dayUs, aggregate: true },
  { name: 'cell_gauge_1h', keepUs: hoursKept, compressAfterUs: 60 * dayUs, aggregate: true },
  { name: 'region_gauge_1h', keepUs: hoursKept, compressAfterUs: null, aggregate: true },
];

export interface Aggregate {
  readonly name: string;
  readonly bucketUs: number;
  /** The rows it is made of. */
  readonly source: 'event' | 'gauge';
  /** What it reads, directly and below that; where the first one has no chunk there is nothing to read. */
  readonly reads: readonly string[];
  /** A refresh of more is done in several statements, each well within a statement's deadline. */
  readonly windowUs: number;
}

/** In the order in which they build on one another. */
export const aggregates: readonly Aggregate[] = [
  { name: 'cell_traffic_1m', bucketUs: minuteUs, source: 'event', reads: ['event'], windowUs: 6 * hourUs },
  {
    name: 'cell_traffic_1h',
    bucketUs: hourUs,
    source: 'event',
    reads: ['event', 'cell_traffic_1m'],
    windowUs: dayUs,
  },
  { name: 'cell_gauge_1h', bucketUs: hourUs, source: 'gauge', reads: ['cell_gauge'], windowUs: dayUs },
  { name: 'region_gauge_1h', bucketUs: hourUs, source: 'gauge', reads: ['region_gauge'], windowUs: dayUs },
];

/**
 * How far the event clock may run ahead of what has been refreshed; then the feeds wait. Far less than the sources are
 * kept for, so that what is to be dropped has long been refreshed, however fast a replay goes.
 */
export const aheadUsMax = 2 * dayUs;

/**
 * How far back TimescaleDB's own jobs refresh. Shorter than what the sources are kept for, by more than a chunk:
 * dropping a chunk of a source marks its time as changed, and a refresh of that time would empty the aggregate.
 */
export const refreshReachUs = 6 * dayUs;
