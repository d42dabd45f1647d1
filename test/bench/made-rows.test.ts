import { expect, test } from 'vitest';
import { MadeRows, movesOf } from './made-rows.ts';
import { streams } from './presence-city.ts';

test.each([0, 0.011, 0.33])('each pass has everybody once, and %d of them have moved', (moves) => {
  const subscribers = 20_000;
  const rows = new MadeRows(subscribers, moves);
  const cellOf = new Map<number, number>();
  let moved = 0;
  const passes = 11;
  for (let pass = 0; pass < passes; pass++) {
    const seen = new Set<number>();
    while (seen.size < subscribers) {
      const { cell, n, subLo } = rows.next();
      for (let i = 0; i < n; i++) {
        seen.add(subLo[i]);
        if (cellOf.has(subLo[i]) && cellOf.get(subLo[i]) !== cell[i]) moved++;
        cellOf.set(subLo[i], cell[i]);
      }
    }
  }
  expect(cellOf.size).toBe(subscribers);
  expect(Math.abs(moved / (subscribers * (passes - 1)) - moves)).toBeLessThan(0.003);
});

test('a phone moves as often in an hour however many rows tell of it', () => {
  const { moves, perPhoneAndHour } = streams.kickOff;
  for (const perSecond of [1_000, 50_000])
    expect((movesOf(1e6, perSecond) * perSecond * 3600) / 1e6).toBeCloseTo(moves * perPhoneAndHour);
});
