import { expect, test } from 'vitest';
import { benchCorrelate } from './correlate.ts';

test('the correlate bench follows every connection that it makes', () => {
  const figures = benchCorrelate({ messages: 30_000, population: 2_000, runs: 1 });
  expect(figures.orphans).toBe(0);
  expect(figures.events).toBeGreaterThan(5_000);
});
