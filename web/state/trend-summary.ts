import type { TrendPoint } from './trend.svelte.ts';

const hourUs = 3_600_000_000;

export interface TrendSummary {
  /** Points with a figure. */
  readonly known: number;
  /** Highest figure, NaN without any. */
  readonly peak: number;
  /** Newest figure less the one an hour before it, NaN where that is not known. */
  readonly hourChange: number;
}

/** What is said beside the chart. `points` ascend in time. */
export function summarise(points: readonly TrendPoint[]): TrendSummary {
  let known = 0;
  let peak = Number.NaN;
  let newest: TrendPoint | undefined;
  for (const point of points) {
    if (point.y === null) continue;
    known++;
    peak = Number.isNaN(peak) ? point.y : Math.max(peak, point.y);
    newest = point;
  }
  if (newest === undefined) return { known, peak, hourChange: Number.NaN };
  const from = newest.x - hourUs;
  // Within one and a half minutes of an hour ago: intervals may be missing.
  const before = points.findLast((point) => point.x <= from && point.x > from - 90_000_000 && point.y !== null);
  return { known, peak, hourChange: before === undefined ? Number.NaN : newest.y! - before.y! };
}
