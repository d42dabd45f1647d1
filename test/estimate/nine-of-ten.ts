import { expect } from 'vitest';
import { scoresOf } from '../bench/estimate.ts';
import type { StadiumDay } from '../bench/stadium-day.ts';

/** The 90 % interval holds the truth in nine cases of ten, and would not if it were 1.3 times as wide or narrow. */
export function expectNineOfTen(days: readonly StadiumDay[]): void {
  const covered = scoresOf(days).all.coveredPercent;
  expect(covered).toBeGreaterThan(87);
  expect(covered).toBeLessThan(93);
  expect(scoresOf(days, 1.3).all.coveredPercent).toBeGreaterThan(94);
  expect(scoresOf(days, 1 / 1.3).all.coveredPercent).toBeLessThan(86);
}
