import { expect, test } from 'vitest';
import { benchPush } from './push.ts';

test('a delta of 800 of 10,012 cells stays below 16 KiB, and making it costs little of a tick', () => {
  const figures = benchPush(20);
  expect(figures.deltaBytes).toBeLessThan(16_384);
  expect(figures.snapshotBytes).toBeLessThan(131_072);
  expect(figures.tickUs).toBeLessThan(50_000);
});
