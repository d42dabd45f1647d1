import { unknownCount, type WallStatus } from '../../shared/protocol.ts';

/** How far counts of the past are complete, `shared/README.md`: "Counts while presence warms up". */
export interface Warmth {
  readonly warming: boolean;
  /** Points counted live that ended before are provisional, µs. */
  readonly wholeFromUs: number;
  /** Stored points up to here are right all the same, µs. */
  readonly storedUs: number;
  /** A feed is being read ahead: the warm-up is soon over, and provisional points are not worth showing. */
  readonly ahead: boolean;
}

export function warmthOf({ warmingUp, wholeFromUs, storedUs, feeds }: WallStatus): Warmth {
  return {
    warming: warmingUp,
    wholeFromUs,
    storedUs: storedUs ?? Number.POSITIVE_INFINITY,
    ahead: feeds.some(({ state }) => state === 'warming up'),
  };
}

export function sameWarmth(a: Warmth, b: Warmth): boolean {
  return a.warming === b.warming && a.wholeFromUs === b.wholeFromUs && a.storedUs === b.storedUs && a.ahead === b.ahead;
}

/** Whether a stored point may be shown as it is. */
export function storedWhole(x: number, { wholeFromUs, storedUs }: Warmth): boolean {
  return x >= wholeFromUs || x <= storedUs;
}

export interface SparkLine {
  readonly values: Uint32Array;
  /** All of it is provisional. */
  readonly muted: boolean;
}

/**
 * A sparkline without its provisional points, which become unknown; all of them, muted, while there are no others and
 * the warm-up takes its time. `values` are oldest first, the newest of an interval that ended at `endUs`.
 */
export function sparkLineOf(values: Uint32Array, endUs: number, everyMs: number, warmth: Warmth): SparkLine {
  const whole = Math.floor((endUs - warmth.wholeFromUs) / (everyMs * 1000)) + 1;
  const provisional = values.length - Math.max(0, Math.min(values.length, whole));
  if (provisional === 0) return { values, muted: false };
  if (provisional === values.length && !warmth.ahead) return { values, muted: true };
  return { values: values.slice().fill(unknownCount, 0, provisional), muted: false };
}
