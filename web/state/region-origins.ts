import type { OriginRow } from '../../shared/protocol.ts';
import type { OriginPlaceRow, RegionOrigins } from '../../shared/region-answers.ts';
import { ofAnswer } from '../parts/format.ts';

/** Origins are told by the quarter of an hour. */
export const quarterUs = 900_000_000;

/** Where to ask for a region's origins: the running quarter, and the one before in case nothing is stored of it yet. */
export function originsPath(id: string, eventUs: number): string {
  const startUs = Math.floor(eventUs / quarterUs) * quarterUs;
  return `regions/${id}/origins?from=${Math.max(0, startUs - quarterUs)}&to=${startUs + quarterUs}`;
}

/** Origins of a region as those of the city are, and when the quarter begins that they are of. */
export interface OriginsNow {
  readonly timeUs: number;
  readonly rows: readonly OriginRow[];
  readonly places: readonly OriginPlaceRow[];
}

/** The newest that is known; null: nothing is. */
export function newestOrigins(answer: RegionOrigins | null): OriginsNow | null {
  const quarter = answer?.quarters.findLast(({ origins }) => origins !== null);
  if (quarter === undefined) return null;
  const figures = <T extends { present: number | null }>(rows: readonly T[] | null) =>
    (rows ?? []).map((row) => ({ ...row, present: ofAnswer(row.present) }));
  return { timeUs: quarter.timeUs, rows: figures(quarter.origins), places: figures(quarter.places) };
}
