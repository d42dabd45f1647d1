import { expect } from 'vitest';
import { scoresOf, type Told } from '../bench/estimate.ts';
import type { StadiumDay } from '../bench/stadium-day.ts';

/**
 * The 90 % interval holds the truth in 87 to 93 cases of a hundred, as far as so few days can tell (two standard errors);
 * one 1.6 times as wide or as narrow would not.
 */
export function expectNineOfTen(days: readonly StadiumDay[], who: Told): void {
  const { coveredPercent, coveredError } = scoresOf(days, who).all;
  expect(coveredError).toBeLessThan(10);
  expect(coveredPercent).toBeGreaterThan(87 - 2 * coveredError);
  expect(coveredPercent).toBeLessThan(93 + 2 * coveredError);
  expect(scoresOf(days, who, 1.6).all.coveredPercent).toBeGreaterThan(96);
  expect(scoresOf(days, who, 1 / 1.6).all.coveredPercent).toBeLessThan(84);
}
