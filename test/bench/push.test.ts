import { expect, test } from 'vitest';
import { benchPush } from './push.ts';

test('a delta of 800 of 10,012 cells stays below 16 KiB', () => {
  const figures = benchPush(20);
  expect(figures.deltaBytes).toBeLessThan(16_384);
  expect(figures.snapshotBytes).toBeLessThan(131_072);
});
