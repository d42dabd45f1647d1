/** What a region's past may tell: unknown is not zero. */
import type { RegionPast } from '../../shared/protocol.ts';
import { dayUs, secondUs, zoneUs } from '../clock.ts';
import type { AskSql } from '../store/area-figures.ts';
import { timestampUs } from '../store/connection.ts';
import { namedQuery } from '../store/queries.ts';
import { largestPairs } from '../store/region-pairs.ts';

/** What the database knows of a time, µs. */
interface Known {
  /** Numbers of the buckets of which an interval was counted. */
  readonly counted: ReadonlySet<number>;
  /** Intervals are stored up to here; null: none is. */
  readonly toldUs: number | null;
  /** Stays that ended before it are gone; null: none are. */
  readonly droppedUs: number | null;
}

/** How far counting and storing have got. */
export interface Progress {
  /** Event clock, µs; 0: not known. */
  readonly clockUs: number;
  /** So long after it began, µs, an interval is final at the latest: before that the database need not have it. */
  readonly settlesUs: number;
  /** Of crossings before it is known which have held, µs. */
  readonly heldUs: number;
  /** Whether every stay that has ended is stored. */
  readonly stored: boolean;
}

/** No stay in a cell lasts longer (sql/011). */
const longestStayUs = 3 * dayUs;

export async function readPastKnown(
  sql: AskSql,
  { fromUs, toUs, bucketS }: { fromUs: number; toUs: number; bucketS: number },
): Promise<Known> {
  type Row = { counted: number[]; told_us: number | null; dropped_us: number | null };
  const values = [timestampUs(fromUs), timestampUs(toUs), bucketS];
  const [row] = await sql<Row>(namedQuery('past-known'), values);
  return {
    counted: new Set(row?.counted),
    toldUs: row?.told_us ?? null,
    droppedUs: row?.dropped_us ?? null,
  };
}

/**
 * The past without what nobody can know: buckets in which nothing was counted (before the server ran, while it was down,
 * and behind the clock), those of which stays are gone, and, while the database is behind, all that the stays may touch
 * that it lacks; of days, those that have not ended by what is stored. Of crossings and trips also those buckets in which
 * one may be pending.
 */
export function withoutUnknown(
  past: RegionPast,
  known: Known,
  { clockUs, settlesUs, heldUs, stored }: Progress,
): RegionPast {
  const clock = clockUs > 0 ? clockUs : Number.POSITIVE_INFINITY;
  const toldUs = known.toldUs ?? 0;
  const wholeUs = stored ? Number.POSITIVE_INFINITY : toldUs - longestStayUs;
  const isKnown = past.timeUs.map((us, at) => {
    const endUs = us + past.bucketS * secondUs;
    if (us >= clock || endUs > wholeUs || us < (known.droppedUs ?? 0)) return false;
    return known.counted.has(at) || (clockUs > 0 && endUs > clockUs - settlesUs);
  });
  const hasHeld = past.timeUs.map((us, at) => isKnown[at] && us + past.bucketS * secondUs <= heldUs);
  const masked = (values: (number | null)[], shown: boolean[]) => values.map((value, at) => (shown[at] ? value : null));
  const mask = (values: (number | null)[]) => masked(values, isKnown);
  const columns = <K extends string>(of: Record<K, (number | null)[]>, shown: boolean[]) =>
    Object.fromEntries(
      Object.entries(of).map(([name, values]) => [name, masked(values as number[], shown)]),
    ) as typeof of;
  const toldDay = new Date((toldUs + zoneUs) / 1000).toISOString().slice(0, 10);
  const days = <T extends { day: string }>(rows: T[]) => (stored ? rows : rows.filter(({ day }) => day < toldDay));
  const { presence, flows, crowd, dwell, roles, pairs, ...rest } = past;
  return {
    ...rest,
    ...(presence && { presence: columns(presence, isKnown) }),
    ...(flows && { flows: columns(flows, hasHeld) }),
    ...(crowd && { crowd: mask(crowd) }),
    ...(pairs && { pairs: largestPairs(pairs, hasHeld) }),
    ...(dwell && { dwell: days(dwell) }),
    ...(roles && { roles: days(roles) }),
  };
}
