import { expect, test } from 'vitest';
import { Backoff } from '../../server/capture/backoff.ts';

test('waits double up to the longest, between half and all of it by chance', () => {
  const none = new Backoff(500, 30_000, () => 0);
  expect(Array.from({ length: 8 }, () => none.next())).toEqual([250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
  const all = new Backoff(500, 30_000, () => 0.999_999);
  expect(Array.from({ length: 8 }, () => all.next())).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

test('a success makes the next wait a short one', () => {
  const backoff = new Backoff(100, 10_000, () => 0);
  for (let i = 0; i < 50; i++) backoff.next();
  expect(backoff.next()).toBe(5000);
  backoff.reset();
  expect(backoff.next()).toBe(50);
});
