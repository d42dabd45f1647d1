import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { beginsMessage, endsMessage, SequenceFragments } from '../../server/decode/fragments.ts';
import { defaultDecodeLimits } from '../../server/decode/state.ts';

/** What the fragments of one stream give, by the slowest way: after each one the whole stream is looked through. */
class Model {
  readonly #waiting = new Map<number, { flags: number; octet: number }>();

  add(sequence: number, flags: number, octet: number): number[] | null {
    const known = this.#waiting.get(sequence);
    if (known !== undefined && known.flags !== flags) for (const key of this.#run(sequence)) this.#waiting.delete(key);
    this.#waiting.set(sequence, { flags, octet });
    const run = this.#run(sequence);
    const isWhole =
      (this.#flags(run[0]) & beginsMessage) !== 0 && (this.#flags(run[run.length - 1]) & endsMessage) !== 0;
    if (!isWhole) return null;
    return run.map((key) => {
      const { octet: of } = this.#waiting.get(key)!;
      this.#waiting.delete(key);
      return of;
    });
  }

  #flags(sequence: number): number {
    return this.#waiting.get(sequence)?.flags ?? beginsMessage | endsMessage;
  }

  #run(sequence: number): number[] {
    const run = [sequence];
    for (let at = sequence; (this.#flags(at) & beginsMessage) === 0; run.unshift(at)) {
      at = (at - 1) >>> 0;
      if ((this.#flags(at) & endsMessage) !== 0) break;
    }
    for (let at = sequence; (this.#flags(at) & endsMessage) === 0; run.push(at)) {
      at = (at + 1) >>> 0;
      if ((this.#flags(at) & beginsMessage) !== 0) break;
    }
    return run;
  }
}

describe('fragments with consecutive sequence numbers', () => {
  test('give what a look through all of them gives, in any order, over the wrap of the numbers too', () => {
    const fragment = fc.tuple(fc.integer({ min: -8, max: 8 }), fc.constantFrom(0, 0, 0, 1, 2), fc.nat(255));
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 60 }), (fragments) => {
        const model = new Model();
        const real = new SequenceFragments(defaultDecodeLimits, () => undefined);
        for (const [place, flags, octet] of fragments) {
          const whole = real.add(3, place >>> 0, flags, 0, Uint8Array.of(octet), 0, 1);
          expect(whole === null ? null : [...whole]).toEqual(model.add(place >>> 0, flags, octet));
        }
      }),
      { numRuns: 2000, seed: 20261122 },
    );
  });

  test('that are the oldest go together with those that hang on them, each counted', () => {
    let evicted = 0;
    const fragments = new SequenceFragments({ ...defaultDecodeLimits, reassemblyMax: 8, reassemblyMs: 1000 }, (n) => {
      evicted += n;
    });
    const add = (sequence: number, flags: number, timeS = 0) =>
      fragments.add(1, sequence, flags, timeS, Uint8Array.of(sequence), 0, 1);
    for (const sequence of [5, 4, 6, 20]) add(sequence, 0);
    // Two seconds later they are too old.
    expect(add(30, beginsMessage, 2)).toBeNull();
    expect(evicted).toBe(4);
    expect(add(3, beginsMessage, 2)).toBeNull();
    expect(add(7, endsMessage, 2)).toBeNull();
    expect(add(31, endsMessage, 2)).toEqual(Uint8Array.of(30, 31));
  });
});
