import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { answered } from '../../server/store/answered.ts';

const never = new Promise<number>(() => undefined);

test('gives what the work gives, or why it failed, and keeps nothing of a wait that is over', async () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const signals = [one.signal, other.signal];
  for (let i = 0; i < 100; i++) expect(await answered(Promise.resolve(i), 60_000, signals)).toBe(i);
  await expect(answered(Promise.reject(new Error('refused')), 60_000, signals)).rejects.toThrow('refused');
  await expect(answered(never, 1, signals)).rejects.toThrow('no answer within 0.001 s');
  expect(signals.map((signal) => getEventListeners(signal, 'abort').length)).toEqual([0, 0]);
});

test('is given up with the reason of the signal that comes first, or has come', async () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const waiting = answered(never, 60_000, [one.signal, other.signal]);
  other.abort(new Error('the connection is lost'));
  one.abort(new Error('the writer ends'));
  await expect(waiting).rejects.toThrow('the connection is lost');
  await expect(answered(never, 60_000, [one.signal])).rejects.toThrow('the writer ends');
});
