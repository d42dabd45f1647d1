import { expect, test } from 'vitest';
import { benchCorrelate } from './correlate.ts';

test('the correlate bench follows every connection that it makes, and is nowhere near the floor', () => {
  const figures = benchCorrelate({ messages: 30_000, population: 2_000, runs: 1 });
  expect(figures.orphans).toBe(0);
  expect(figures.events).toBeGreaterThan(5_000);
  // The bench itself prints the figure; this only catches a fall by an order of magnitude on a busy machine.
  expect(figures.messagesPerSecond).toBeGreaterThan(150_000);
});
