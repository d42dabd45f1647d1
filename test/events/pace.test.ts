import { expect, test } from 'vitest';
import { Pace } from '../../server/events/pace.ts';

test('event time runs at the speed asked for, from where the slowest feed stands', () => {
  const pace = new Pace(60);
  expect(pace.allowedUs(0, 5e6, false)).toBe(5e6);
  expect(pace.allowedUs(1000, 5e6 + 60e6, false)).toBe(5e6 + 60e6);
});

test('speed 0 allows everything', () => {
  expect(new Pace(0).allowedUs(123, 5, false)).toBe(Number.POSITIVE_INFINITY);
});

test('a replay that can’t keep up slows down instead of bursting, and says so until it keeps up again', () => {
  const pace = new Pace(1);
  pace.allowedUs(0, 0, false);
  const allowed = pace.allowedUs(10_000, 1e6, false);
  expect(pace.behind).toBe(true);
  expect(allowed).toBeLessThanOrEqual(1e6 + 2e6);
  let at = allowed;
  for (let now = 10_000; now < 30_000; now += 100) at = pace.allowedUs(now, at, false);
  expect(pace.behind).toBe(false);
});

test('time does not run while feeds warm up', () => {
  const pace = new Pace(60);
  pace.allowedUs(0, 0, true);
  pace.allowedUs(5000, 100e6, true);
  expect(pace.allowedUs(5000, 100e6, false)).toBe(100e6);
});
