/** A past figure of the same kind of day and time of day. */
export interface PastFigure {
  /** Local calendar day, `2026-10-17`. */
  readonly day: string;
  /** null: nothing is known of that time, which is not the same as nobody. */
  readonly value: number | null;
}

/** What is to be expected now. */
export interface ExpectedBand {
  readonly median: number;
  /** Mean absolute deviation from the median (DESIGN §2): days of another kind among them, as those of events, widen it. */
  readonly deviation: number;
  /** Within it lies what is usual: |z| ≤ 3. Never below 0. */
  readonly low: number;
  readonly high: number;
  /** Days that it was taken from. */
  readonly days: number;
}

/** How a figure stands to its band. A fault is to be thought of first where no crowd explains what is seen. */
export type BandVerdict = 'usual' | 'unusual' | 'fault first';

/** |z| above which a figure is unusual, and above which a technical fault is thought of first (DESIGN §2). */
const unusualZ = 3;
const faultZ = 6;
/** A deviation of fewer days says nothing. */
const daysMin = 4;

/**
 * The band by the same weekday class and time of the last weeks (`sql/queries/region-expected.sql`): median and mean
 * absolute deviation. Counts flutter by their root even where all weeks were alike, so the deviation is at least that.
 *
 * @returns null: fewer than four days are known
 */
export function expectedBand(past: readonly PastFigure[]): ExpectedBand | null {
  const values = past.map(({ value }) => value).filter((value) => value !== null);
  if (values.length < daysMin) return null;
  const median = middle(values);
  const spread = values.reduce((sum, value) => sum + Math.abs(value - median), 0) / values.length;
  const deviation = Math.max(spread, Math.sqrt(median), 1);
  return {
    median,
    deviation,
    low: Math.max(0, median - unusualZ * deviation),
    high: median + unusualZ * deviation,
    days: values.length,
  };
}

/** Deviations by which a figure lies above (below, if negative) what is expected. */
export function zOf(value: number, band: ExpectedBand): number {
  return (value - band.median) / band.deviation;
}

export function verdictOf(z: number): BandVerdict {
  const size = Math.abs(z);
  return size > faultZ ? 'fault first' : size > unusualZ ? 'unusual' : 'usual';
}

function middle(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
