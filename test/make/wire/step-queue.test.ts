import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StepQueue } from '../../../fixtures/make/wire/step-queue.ts';

test('gives items in order of time, and of equal times the one put in first', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 3000 }), (times) => {
      const queue = new StepQueue();
      for (const [item, time] of times.entries()) queue.push(time, item);
      const given: [number, number][] = [];
      while (queue.size > 0) {
        given.push([queue.firstUs, queue.first]);
        queue.dropFirst();
      }
      expect(given).toEqual(
        times.map((time, item): [number, number] => [time, item]).sort((a, b) => a[0] - b[0] || a[1] - b[1]),
      );
      expect(queue.firstUs).toBe(Number.POSITIVE_INFINITY);
    }),
    { numRuns: 50 },
  );
});

test('a postponed item stands behind those that already wait for the same time', () => {
  const queue = new StepQueue();
  queue.push(1, 10);
  queue.push(5, 11);
  queue.push(5, 12);
  queue.postponeFirst(5);
  const order: number[] = [];
  for (; queue.size > 0; queue.dropFirst()) order.push(queue.first);
  expect(order).toEqual([11, 12, 10]);
});
