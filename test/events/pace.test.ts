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

test('never says of what falls behind that it runs faster than it should', () => {
  const pace = new Pace(1);
  // Two seconds late at six, somewhat less at eight, and then it stands still.
  const seconds = [
    [0, 0],
    [4, 4],
    [6, 4.1],
    [8, 6.5],
    [9, 6.5],
  ];
  for (let k = 1; k < seconds.length && !pace.behind; k++) {
    const [[from, fromUs], [to, toUs]] = [seconds[k - 1], seconds[k]];
    for (let now = from * 1000; now <= to * 1000 && !pace.behind; now += 100)
      pace.allowedUs(now, 1e6 * (fromUs + ((toUs - fromUs) * (now / 1000 - from)) / (to - from)), false);
  }
  expect(pace.behind).toBe(true);
  expect(pace.reached).toBeGreaterThan(0.8);
  expect(pace.reached).toBeLessThan(1);
});

test('time does not run while feeds warm up', () => {
  const pace = new Pace(60);
  pace.allowedUs(0, 0, true);
  pace.allowedUs(5000, 100e6, true);
  expect(pace.allowedUs(5000, 100e6, false)).toBe(100e6);
});
