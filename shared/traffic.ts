/** Classes of traffic, as the database's aggregates have them; a table of them has one column a class, in this order. */
export const trafficClasses = [
  'location updates',
  'mo calls',
  'mt calls',
  'emergency calls',
  'mo sms',
  'mt sms',
  'supplementary services',
  'handovers',
  'detaches',
  'data',
  'others',
] as const;
export type TrafficClass = (typeof trafficClasses)[number];

/** `failed`: rejected or failed; `dropped`: answered calls that nobody hung up; `seconds`: of durations. */
export const trafficColumns = ['units', 'failed', 'unanswered', 'dropped', 'seconds'] as const;
export type TrafficColumn = (typeof trafficColumns)[number];

/**
 * Traffic of the closed gauge intervals of flowWindow, [fromUs, toUs). A column holds a figure a class
 * ({@link trafficClasses}) for the city, then for each region in layout order.
 */
export type TrafficColumns = { fromUs: number; toUs: number } & Record<TrafficColumn, Uint8Array>;

/** One class of an area's traffic: units by outcome, and seconds of durations. Figures: -1 hidden. */
export type TrafficFigures = Record<
  'units' | 'unknown' | 'success' | 'rejected' | 'failed' | 'unanswered' | 'dropped' | 'seconds',
  number | null
>;
/** `GET /api/traffic?region=ID`, `?cell=CGI`, or of the city (`of` is ''). Classes without a unit are left out. */
export interface TrafficAnswer {
  of: string;
  /** The window's closed gauge intervals, µs, `toUs` excluded; the open interval begins there. */
  fromUs: number;
  toUs: number;
  window: Partial<Record<TrafficClass, TrafficFigures>>;
  /** null: small figures are hidden, and this one moves every second. */
  open: Partial<Record<TrafficClass, TrafficFigures>> | null;
}
