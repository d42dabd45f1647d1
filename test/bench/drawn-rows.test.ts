import { expect, test } from 'vitest';
import { DrawnRows } from './drawn-rows.ts';

test.each([0, 0.058, 0.33])(
  'in as many rows as there are subscribers each comes once, and %d of them have moved',
  (moves) => {
    const subscribers = 3 * 8192;
    const rows = new DrawnRows(subscribers, moves);
    const cellOf = new Map<number, number>();
    let moved = 0;
    const passes = 11;
    for (let pass = 0; pass < passes; pass++) {
      const seen = new Set<number>();
      for (let batch = 0; batch < 3; batch++) {
        const { cell, n, subLo } = rows.next();
        for (let i = 0; i < n; i++) {
          seen.add(subLo[i]);
          if (cellOf.has(subLo[i]) && cellOf.get(subLo[i]) !== cell[i]) moved++;
          cellOf.set(subLo[i], cell[i]);
        }
      }
      expect(seen.size).toBe(subscribers);
    }
    expect(Math.abs(moved / (subscribers * (passes - 1)) - moves)).toBeLessThan(0.005);
  },
);
