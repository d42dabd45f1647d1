import type { RegionPast } from '../../shared/protocol.ts';
import { secondUs } from '../clock.ts';
import type { AskSql } from '../store/area-figures.ts';
import { namedQuery } from '../store/queries.ts';

/** The event time from which on stays tell who was where, µs; null: not known. */
export async function readPastSince(sql: AskSql): Promise<number | null> {
  const [row] = await sql<{ since_us: number | null }>(namedQuery('past-since'), []);
  return row?.since_us ?? null;
}

/**
 * The past without what nobody can know: buckets that ended before `sinceUs`, when nothing was counted yet, and those
 * that `clockUs` has not reached (0: not known) are unknown, not zero.
 */
export function unknownOutside(past: RegionPast, sinceUs: number | null, clockUs: number): RegionPast {
  const endUs = clockUs > 0 ? clockUs : Number.POSITIVE_INFINITY;
  const known = past.timeUs.map((us) => us + past.bucketS * secondUs > (sinceUs ?? 0) && us < endUs);
  const mask = (values: (number | null)[]) => values.map((value, at) => (known[at] ? value : null));
  const columns = <K extends string>(of: Record<K, (number | null)[]>) =>
    Object.fromEntries(Object.entries(of).map(([name, values]) => [name, mask(values as number[])])) as typeof of;
  const { presence, flows, crowd, ...rest } = past;
  return {
    ...rest,
    ...(presence && { presence: columns(presence) }),
    ...(flows && { flows: columns(flows) }),
    ...(crowd && { crowd: mask(crowd) }),
  };
}
