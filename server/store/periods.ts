/** What is kept for how long, by event time (DESIGN §3), and when it is compressed. */
import { dayUs, hourUs, minuteUs } from '../clock.ts';

export interface KeptTable {
  readonly name: string;
  readonly keepUs: number;
  /** Chunks whose newest row is older are compressed; null: never. */
  readonly compressAfterUs: number | null;
  readonly aggregate: boolean;
  /** Its time is a date, not a moment. */
  readonly byDate: boolean;
  /** What is kept of subscribers is counted from it: nothing of it goes before that. */
  readonly countedFrom: boolean;
}

const minutesKept = 90 * dayUs;
/** 25 months. */
const hoursKept = 761 * dayUs;
/** 13 months. */
const yearKept = 396 * dayUs;

const dated = /^(?:day_|subscriber_day|peer_month|identity_month)/;

const countedFrom = ['event', 'subscriber_hour', 'peer_hour'];

/** A table or aggregate with its periods in days. */
function kept(name: string, keepUs: number, compressAfterDays: number | null): KeptTable {
  const compressAfterUs = compressAfterDays === null ? null : compressAfterDays * dayUs;
  const aggregate = /_(?:1m|15m|1h|1d)$/.test(name);
  const byDate = dated.test(name);
  return { name, keepUs, compressAfterUs, aggregate, byDate, countedFrom: countedFrom.includes(name) };
}

export const keptTables: readonly KeptTable[] = [
  kept('event', 7 * dayUs, 0.5),
  kept('activity', 7 * dayUs, 0.5),
  kept('stay', 100 * dayUs, 2),
  kept('cell_gauge', minutesKept, 1),
  kept('region_gauge', minutesKept, 7),
  kept('origin_gauge', minutesKept, 2),
  kept('origin_place', minutesKept, 2),
  kept('region_flow', minutesKept, 7),
  kept('region_dwell', minutesKept, 7),
  kept('event_traffic_1m', minutesKept, 7),
  kept('event_traffic_15m', minutesKept, 14),
  kept('activity_traffic_1m', minutesKept, 7),
  kept('activity_traffic_15m', minutesKept, 14),
  kept('event_outcome_1m', minutesKept, 7),
  kept('event_outcome_15m', minutesKept, 14),
  kept('activity_outcome_1m', minutesKept, 7),
  kept('activity_outcome_15m', minutesKept, 14),
  kept('cell_gauge_1m', minutesKept, 1),
  kept('region_gauge_1m', minutesKept, 7),
  kept('origin_gauge_1m', minutesKept, 2),
  kept('cell_gauge_15m', minutesKept, 14),
  kept('region_gauge_15m', minutesKept, 60),
  kept('origin_gauge_15m', minutesKept, 14),
  // One row an interval: it tells what was counted, for the hourly history too.
  kept('city_gauge', hoursKept, null),
  kept('event_traffic_1h', hoursKept, 60),
  kept('activity_traffic_1h', hoursKept, 60),
  kept('event_outcome_1h', hoursKept, 60),
  kept('activity_outcome_1h', hoursKept, 60),
  kept('cell_gauge_1h', hoursKept, 60),
  kept('region_gauge_1h', hoursKept, null),
  kept('origin_gauge_1h', hoursKept, 60),
  kept('origin_place_1h', hoursKept, 60),
  kept('event_traffic_1d', hoursKept, null),
  kept('activity_traffic_1d', hoursKept, null),
  kept('event_outcome_1d', hoursKept, null),
  kept('activity_outcome_1d', hoursKept, null),
  kept('cell_gauge_1d', hoursKept, null),
  kept('region_gauge_1d', hoursKept, null),
  kept('origin_gauge_1d', hoursKept, null),
  kept('origin_place_1d', hoursKept, null),
  // What is kept of a subscriber (sql/009). Compressed once late stays and events hardly change it any more.
  kept('subscriber_hour', 8 * dayUs, 1),
  // Its rows move to peer_month a day after their events have gone: what is dropped is empty.
  kept('peer_hour', 9 * dayUs, null),
  kept('day_cell', yearKept, 4),
  kept('day_seen', yearKept, 4),
  kept('subscriber_day', yearKept, 8),
  kept('subscriber_day_area', yearKept, 8),
  kept('serving_event', yearKept, null),
  // The month and six more.
  kept('peer_month', 214 * dayUs, null),
  kept('identity_month', hoursKept, null),
  // What still holds is told again before it goes (facts-carry.ts).
  kept('identity_told', hoursKept, 35),
  kept('serving_told', yearKept, 35),
];

/** Rows that their table refused, by wall time: long enough to mend what refuses them and to put them back. */
export const refusedKeptUs = minutesKept;

export interface Aggregate {
  readonly name: string;
  readonly bucketUs: number;
  /** Buckets start at its multiples plus so much: days in China begin at 16:00 UTC. */
  readonly offsetUs: number;
  /** Which rows it comes from, at the bottom. */
  readonly source: 'event' | 'activity' | 'gauge';
  /** The table or aggregate that it reads; where that has no chunk there is nothing to read. */
  readonly reads: string;
  /** A refresh of more is done in several statements, each well within a statement's deadline. */
  readonly windowUs: number;
}

const grains = {
  '1m': { bucketUs: minuteUs, offsetUs: 0, windowUs: 6 * hourUs },
  '15m': { bucketUs: 15 * minuteUs, offsetUs: 0, windowUs: dayUs },
  '1h': { bucketUs: hourUs, offsetUs: 0, windowUs: dayUs },
  '1d': { bucketUs: dayUs, offsetUs: 16 * hourUs, windowUs: 7 * dayUs },
};

function aggregate(family: string, grain: keyof typeof grains, source: Aggregate['source'], below: string): Aggregate {
  return { name: `${family}_${grain}`, ...grains[grain], source, reads: below === '' ? family : `${family}_${below}` };
}

function traffic(source: 'event' | 'activity', what: 'traffic' | 'outcome'): Aggregate[] {
  const family = `${source}_${what}`;
  return [
    { name: `${family}_1m`, ...grains['1m'], source, reads: source },
    aggregate(family, '15m', source, '1m'),
    // Event rows had their hours (sql/003) before there were quarters (sql/008); why outcomes do as they, see sql/021.
    aggregate(family, '1h', source, family === 'activity_traffic' ? '15m' : '1m'),
    aggregate(family, '1d', source, '1h'),
  ];
}

/** In the order in which they build on one another. */
export const aggregates: readonly Aggregate[] = [
  ...traffic('event', 'traffic'),
  ...traffic('activity', 'traffic'),
  ...traffic('event', 'outcome'),
  ...traffic('activity', 'outcome'),
  ...['cell_gauge', 'region_gauge'].flatMap((family) => [
    aggregate(family, '1m', 'gauge', ''),
    aggregate(family, '15m', 'gauge', '1m'),
    // They were there before minutes were, and are kept longer (sql/022).
    aggregate(family, '1h', 'gauge', ''),
    aggregate(family, '1d', 'gauge', '1h'),
  ]),
  aggregate('origin_gauge', '1m', 'gauge', ''),
  aggregate('origin_gauge', '15m', 'gauge', ''),
  aggregate('origin_gauge', '1h', 'gauge', '15m'),
  aggregate('origin_gauge', '1d', 'gauge', '1h'),
  aggregate('origin_place', '1h', 'gauge', ''),
  aggregate('origin_place', '1d', 'gauge', '1h'),
];

/** Tables that rows are stored into and aggregates are made of. */
export const sources: readonly { table: string; source: Aggregate['source'] }[] = [
  { table: 'event', source: 'event' },
  { table: 'activity', source: 'activity' },
  { table: 'cell_gauge', source: 'gauge' },
  { table: 'region_gauge', source: 'gauge' },
  { table: 'origin_gauge', source: 'gauge' },
  { table: 'origin_place', source: 'gauge' },
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

/** How far behind the event clock rows may come and be in the aggregates: the store may be a day behind. */
export const lateReachUs = refreshReachUs - dayUs;

/** How far back an aggregate may be refreshed while TimescaleDB's jobs drop what it reads: a day less than that is kept. */
export function reachUs({ reads }: Aggregate): number {
  return keptTables.find(({ name }) => name === reads)!.keepUs - dayUs;
}
