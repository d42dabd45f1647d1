import { expect, test } from 'vitest';
import { RecentMap } from '../../server/decode/recent-map.ts';

test('keeps at least the newest half and at most all of what it has room for', () => {
  const map = new RecentMap(8, () => undefined);
  const kept = (to: number) => Array.from({ length: to }, (_, key) => key).filter((key) => map.get(key) !== undefined);
  for (let key = 0; key < 100; key++) {
    map.set(key, key * 2);
    const left = kept(100);
    expect(left.length).toBeLessThanOrEqual(8);
    expect(left.slice(-4)).toEqual([key - 3, key - 2, key - 1, key].filter((newest) => newest >= 0));
  }
  expect(map.get(99)).toBe(198);
});

test('finds what was set last under a key, whichever half holds it, and forgets both', () => {
  const map = new RecentMap(4, () => undefined);
  map.set(1, 10);
  map.set(2, 20);
  map.set(3, 30);
  map.set(1, 11);
  expect([map.get(1), map.get(2), map.get(3)]).toEqual([11, 20, 30]);
  map.delete(1);
  map.delete(2);
  map.delete(3);
  expect(map.get(1)).toBeUndefined();
  expect(map.empty).toBe(true);
});
