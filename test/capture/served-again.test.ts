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

test('tells what running and ended streams have given, by which another run knows them', () => {
  const forget = () => undefined;
  const first = new ServedAgain<object>(forget);
  const give = (to: ServedAgain<object>, stream: object, letter: number, frames: number) =>
    Array.from({ length: frames }, (_, i) => to.isKnown(stream, i, new Uint8Array([letter]), 0, 1));
  const [ended, running] = [{}, {}];
  give(first, ended, 1, 3);
  first.ended(ended);
  give(first, running, 2, 5);
  const { told } = first;
  expect(told.map(([, frames]) => frames)).toEqual([3, 5]);

  const second = new ServedAgain<object>(forget, told);
  expect(give(second, {}, 1, 4)).toEqual([true, true, true, false]);
  expect(give(second, {}, 2, 2)).toEqual([true, true]);
  expect(give(second, {}, 3, 1)).toEqual([false]);
  // What was given once more counts as given, however far it has come.
  expect(second.told.map(([, frames]) => frames)).toEqual([4, 5, 1]);
});

test('tells of the latest streams alone', () => {
  const served = new ServedAgain<object>(() => undefined);
  for (let i = 0; i < 100; i++) served.isKnown({}, i, new Uint8Array(1), 0, 1);
  expect(served.told.length).toBe(64);
});
