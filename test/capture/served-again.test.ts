import { expect, test } from 'vitest';
import { ServedAgain } from '../../server/capture/served-again.ts';

test('counts each ended stream that it forgets for the sake of others', () => {
  let forgotten = 0;
  const served = new ServedAgain<object>(() => {
    forgotten++;
  });
  const bytes = new Uint8Array([1, 2, 3]);
  const stream = (timeUs: number) => {
    const one = {};
    const known = served.isKnown(one, timeUs, bytes, 0, 3);
    served.ended(one);
    return known;
  };
  for (let i = 0; i < 64; i++) stream(i);
  expect(forgotten).toBe(0);
  expect(stream(0)).toBe(true);
  for (let i = 100; i < 110; i++) stream(i);
  expect(forgotten).toBe(10);
  // The one that was served once more was not among the oldest.
  expect([stream(0), stream(1)]).toEqual([true, false]);
});
