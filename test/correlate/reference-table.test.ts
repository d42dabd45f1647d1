import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ReferenceTable } from '../../server/correlate/reference-table.ts';

function handles(table: ReferenceTable, hash: number): number[] {
  const found: number[] = [];
  for (let at = table.first(hash); at >= 0; at = table.next(at, hash)) found.push(table.handleAt(at));
  return found.sort((a, b) => a - b);
}

it('finds what was added and not deleted, equal hashes and full runs included', () => {
  // Few home slots, so that runs grow together; the last one wraps round to the first.
  const hash = fc.integer({ min: 0, max: 20 }).map((n) => (n % 2 ? -1 - n : n));
  const step = fc.tuple(fc.constantFrom('add', 'add', 'delete'), hash, fc.integer({ min: 0, max: 5 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const table = new ReferenceTable();
      const model = new Map<number, Set<number>>();
      for (const [verb, key, handle] of steps) {
        const of = model.get(key) ?? new Set<number>();
        model.set(key, of);
        if (verb === 'delete') {
          table.delete(key, handle);
          of.delete(handle);
        } else if (!of.has(handle)) {
          table.add(key, handle);
          of.add(handle);
        }
      }
      for (const [key, of] of model) expect(handles(table, key)).toEqual([...of].sort((a, b) => a - b));
    }),
    { numRuns: 200, seed: 1 },
  );
});

it('grows to a hundred thousand references and keeps each, at 32 octets a reference at most', () => {
  const table = new ReferenceTable();
  const count = 100_000;
  const hashOf = (n: number) => table.hashOf(n % 60, n % 2, n);
  for (let n = 0; n < count; n++) table.add(hashOf(n), n);
  let wrong = 0;
  for (let n = 0; n < count; n++) if (!handles(table, hashOf(n)).includes(n)) wrong++;
  expect(wrong).toBe(0);
  expect(table.byteLength / count).toBeLessThanOrEqual(32);
});

it('guesses handles by the first slot alone, and none that has another hash', () => {
  const table = new ReferenceTable();
  const hashes = Int32Array.from({ length: 200 }, (_, n) => table.hashOf(1, 1, n));
  for (let n = 0; n < 100; n++) table.add(hashes[n], 16 * n);
  const guessed = new Int32Array(200);
  table.fetch(hashes, 200);
  table.guess(hashes, 200, guessed);
  const right = guessed.subarray(0, 100).filter((handle, n) => handle === 16 * n).length;
  expect(right).toBeGreaterThan(90);
  expect(guessed.filter((handle) => handle >= 0)).toHaveLength(right);
});
