import { hiddenCount, unknownCount } from '../../shared/protocol.ts';

/**
 * How a moving count of people is shown to those who may not see exact ones. A threshold alone does not protect a
 * counter: who watches it move learns whether one known person came. Rounded to ten and changed only when it is off by
 * eight or more, that falls to little better than a coin's guess (FACTS, privacy).
 */
const roundTo = 10;
const hysteresis = 8;

/** The rounded figure of a count that may be shown; never below minCount, where figures are hidden. */
function rounded(value: number, minCount: number): number {
  return Math.max(Math.round(value / roundTo) * roundTo, Math.ceil(minCount / roundTo) * roundTo);
}

/** A figure seen for itself, without one before it: exact with minCount 0, else 0, hidden or rounded to ten. */
export function blurOnce(value: number, minCount: number): number {
  if (minCount === 0 || value === 0) return value;
  return value < minCount ? hiddenCount : rounded(value, minCount);
}

/**
 * The next published figure after `published` (a figure or a sentinel) when the exact count is now `value`.
 * It hides at once below `minCount`, comes out of hiding at `minCount + hysteresis`, and else moves only when it is
 * off by `hysteresis` or more. 0 is always 0.
 */
export function blurNext(published: number, value: number, minCount: number): number {
  if (minCount === 0 || value === 0) return value;
  if (value < minCount) return hiddenCount;
  if (published === unknownCount) return rounded(value, minCount);
  if (published === hiddenCount || published === 0) {
    return value < minCount + hysteresis ? hiddenCount : rounded(value, minCount);
  }
  return Math.abs(value - published) < hysteresis ? published : rounded(value, minCount);
}

/** {@link blurNext} over the first `count` rows of a column, in place; the rows behind are unknown. */
export function blurColumn(published: Uint32Array, exact: Uint32Array, count: number, minCount: number): void {
  const rows = Math.min(count, published.length);
  if (minCount === 0) published.set(exact.subarray(0, rows));
  else for (let row = 0; row < rows; row++) published[row] = blurNext(published[row]!, exact[row]!, minCount);
  published.fill(unknownCount, rows);
}
