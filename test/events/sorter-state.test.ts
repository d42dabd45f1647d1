import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EventBatch } from '../../server/events/event-batch.ts';
import { Sorter } from '../../server/events/sorter.ts';
import { MemoryState } from '../tools/memory-state.ts';

const step = fc.record({
  rows: fc.array(fc.nat({ max: 200 }), { minLength: 1, maxLength: 30 }),
  forwards: fc.nat({ max: 60 }),
});

class Sorted {
  readonly out: string[] = [];
  readonly sorter: Sorter;
  private number: number;

  constructor(rowsMax: number, number = 0) {
    this.number = number;
    const note = (what: string) => (batch: EventBatch, from: number, to: number) => {
      for (let i = from; i < to; i++) this.out.push(`${what} ${JSON.stringify(batch.row(i))} ${batch.feed[i]}`);
    };
    this.sorter = new Sorter({
      latenessUs: 100,
      rowsMax,
      onRows: note('in time'),
      onLate: note('late'),
      onTooLate: note('too late'),
    });
  }

  take(atUs: number, rows: readonly number[]): void {
    const batch = new EventBatch(rows.length);
    for (const back of rows) {
      this.number++;
      batch.push(atUs - back, this.number, back, 3, 4, 5, 6, 7, 8, 9, 10, 11);
      batch.feed[batch.n - 1] = this.number % 3;
    }
    this.sorter.push(batch);
  }

  get taken(): number {
    return this.number;
  }
}

it('a saved sorter gives out the same rows as one that went on, held, late, forced and all', () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 2, maxLength: 40 }),
      fc.nat({ max: 40 }),
      fc.constantFrom(50, 1000),
      (steps, at, rowsMax) => {
        const cut = at % steps.length;
        const one = new Sorted(rowsMax);
        let other = one;
        let nowUs = 1000;
        for (const [i, { rows, forwards }] of steps.entries()) {
          if (i === cut) {
            const saved = MemoryState.of(one.sorter);
            other = new Sorted(rowsMax, one.taken);
            other.sorter.restore(saved);
            expect(MemoryState.of(other.sorter).differsFrom(saved)).toBe(null);
            expect(other.out).toEqual([]);
            one.out.length = 0;
          }
          nowUs += forwards;
          for (const each of new Set([one, other])) {
            each.take(nowUs, rows);
            each.sorter.release(nowUs - 80);
          }
        }
        expect(MemoryState.of(other.sorter).differsFrom(MemoryState.of(one.sorter))).toBe(null);
        one.sorter.release(Number.POSITIVE_INFINITY);
        other.sorter.release(Number.POSITIVE_INFINITY);
        expect(other.out).toEqual(one.out);
        expect(other.sorter.stats).toEqual(one.sorter.stats);
      },
    ),
    { numRuns: 200 },
  );
});

it('saves many held rows in blocks, and takes them up again where the limit allows', () => {
  const one = new Sorted(100_000);
  one.take(
    50_000,
    Array.from({ length: 20_001 }, (_, i) => i),
  );
  const saved = MemoryState.of(one.sorter);
  const other = new Sorted(100_000, one.taken);
  other.sorter.restore(saved);
  one.sorter.release(Number.POSITIVE_INFINITY);
  other.sorter.release(Number.POSITIVE_INFINITY);
  expect(other.out).toEqual(one.out);
  expect(() => new Sorted(20_000).sorter.restore(saved)).toThrow(/reorderRowsMax/);
});
