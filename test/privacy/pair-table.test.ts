import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PairTable } from '../../server/privacy/pair-table.ts';

function read(table: PairTable, a: number, b: number): [number, number] | undefined {
  return table.find(a, b) ? [table.value[0], table.value[1]] : undefined;
}

it('does what a Map does, whatever is set, found and deleted in whatever order', () => {
  const word = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constantFrom(0xffff_ffff, 0x8000_0000));
  const step = fc.tuple(fc.constantFrom('set', 'set', 'delete', 'find'), word, word, fc.integer({ min: 1, max: 99 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600 }), fc.boolean(), (steps, touched) => {
      const table = new PairTable({ entriesMax: Number.POSITIVE_INFINITY, touched });
      const model = new Map<string, number>();
      for (const [verb, a, b, value] of steps) {
        const key = `${a} ${b}`;
        if (verb === 'set') {
          table.set(a, b, value, 0);
          model.set(key, value);
        } else if (verb === 'delete') {
          expect(table.delete(a, b)).toBe(model.delete(key));
        }
        expect(read(table, a, b)?.[0]).toBe(model.get(key));
        expect(table.size).toBe(model.size);
      }
    }),
    { numRuns: 200, seed: 1 },
  );
});

it('keeps a hundred thousand entries through growth and deletion', () => {
  const table = new PairTable({ entriesMax: Number.POSITIVE_INFINITY });
  const count = 100_000;
  for (let n = 0; n < count; n++) table.set(n, n * 7, 0, n + 1);
  const size = table.byteLength;
  for (let n = 0; n < count; n += 2) table.delete(n, n * 7);
  let wrong = 0;
  for (let n = 0; n < count; n++) if (read(table, n, n * 7)?.[1] !== (n % 2 ? n + 1 : undefined)) wrong++;
  expect(wrong).toBe(0);
  expect(table.size).toBe(count / 2);
  expect(size / count).toBeLessThan(45);
});

it('never holds more than it may, and counts what it gave up', () => {
  const table = new PairTable({ entriesMax: 640, touched: true });
  for (let n = 1; n <= 5000; n++) {
    table.set(n, n, n, 0);
    expect(read(table, n, n)).toEqual([n, 0]);
  }
  expect(table.size).toBeLessThanOrEqual(640);
  expect(table.size + table.evictions).toBe(5000);
});

it('gives up what was not found again before what was', () => {
  const table = new PairTable({ entriesMax: 640, touched: true });
  const kept = [1, 2, 3, 4, 5];
  for (let n = 1; n <= 20_000; n++) {
    table.set(n, 0, n, 0);
    for (const old of kept) table.find(old, 0);
  }
  for (const old of kept) expect(read(table, old, 0)?.[0]).toBe(old);
});

it('reads what it peeks at, and keeps nothing for that', () => {
  const table = new PairTable({ entriesMax: 640, touched: true });
  const looked = [1, 2, 3, 4, 5];
  let seen = 0;
  for (let n = 1; n <= 20_000; n++) {
    table.set(n, 0, n, n);
    for (const old of looked) {
      if (!table.peek(old, 0)) continue;
      expect([...table.value]).toEqual([old, old]);
      seen++;
    }
    table.fetch(n, 0);
  }
  expect(seen).toBeGreaterThan(0);
  for (const old of looked) expect(table.peek(old, 0)).toBe(false);
});

it('replaces the second word of what it has just found, and of nothing else', () => {
  const table = new PairTable({ entriesMax: Number.POSITIVE_INFINITY, touched: true });
  for (let n = 1; n <= 5000; n++) table.set(n, 0x8000_0000 + n, n, 7);
  for (let n = 1; n <= 5000; n += 3) if (table.find(n, 0x8000_0000 + n)) table.amend(n);
  for (let n = 1; n <= 5000; n++) expect(read(table, n, 0x8000_0000 + n)).toEqual([n, n % 3 === 1 ? n : 7]);
});
