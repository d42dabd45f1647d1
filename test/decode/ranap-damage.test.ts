import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../server/decode/decode-error.ts';
import { decodeRanap } from '../../server/decode/ranap.ts';
import { DecodeState, defaultDecodeLimits } from '../../server/decode/state.ts';
import { decodeAlone, ranapVectors } from './ranap-vectors.ts';

/** Octets that count how often one of them is looked at: what decoding costs, without a clock. */
function counted(octets: readonly number[]): { bytes: Uint8Array; looks(): number } {
  let looks = 0;
  const bytes = new Proxy(Uint8Array.from(octets), {
    get(target, name) {
      if (typeof name === 'string' && /^\d+$/.test(name)) looks++;
      return Reflect.get(target, name, target);
    },
  });
  return { bytes, looks: () => looks };
}

describe('a damaged RANAP message ends in a DecodeError or in a message, never in anything else', () => {
  test.each(ranapVectors)('cut at every octet: $name', ({ octets }) => {
    for (let end = 0; end < octets.length; end++) expect(decodeAlone(octets.slice(0, end)).fault).not.toBe('');
  });

  test('with any one bit flipped', () => {
    let faults = 0;
    let flips = 0;
    for (const { octets } of ranapVectors) {
      for (let bit = 0; bit < octets.length * 8; bit++, flips++) {
        const flipped = [...octets];
        flipped[bit >> 3] ^= 1 << (bit & 7);
        if (decodeAlone(flipped).fault !== '') faults++;
      }
    }
    expect(flips).toBeGreaterThan(15_000);
    expect(faults / flips).toBeGreaterThan(0.2);
  });

  test('with random octets in place of any element’s value', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.uint8Array({ maxLength: 40 }), (id, noise) => {
        const field = [id >> 8, id & 0xff, 0x40, noise.length, ...noise];
        const octets = [0, 20, 0x40, field.length + 3, 0, 0, 1, ...field];
        expect(decodeAlone(octets).message.ranapProcedure).toBe(20);
      }),
      { numRuns: 5000, seed: 20261122 },
    );
  });

  test('with octets overwritten anywhere', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ranapVectors),
        fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        ({ octets }, changes) => {
          const changed = [...octets];
          for (const [at, value] of changes) changed[at % changed.length] = value;
          decodeAlone(changed);
        },
      ),
      { numRuns: 5000, seed: 20261122 },
    );
  });
});

describe('the steps of decoding', () => {
  function looksAt(octets: readonly number[]): number {
    const state = new DecodeState({ message: () => {} }, defaultDecodeLimits);
    const { bytes, looks } = counted(octets);
    try {
      decodeRanap(state, bytes, 0, octets.length);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
    return looks();
  }

  test('are few for each octet of a message', () => {
    for (const { octets } of ranapVectors) expect(looksAt(octets)).toBeLessThan(4 * octets.length);
  });

  test('do not follow counts that the octets do not bear out', () => {
    // 65,535 elements and extensions; lists of 256 in one another's place.
    const claims = [0, 20, 0x40, 9, 0x40, 0xff, 0xff, 0, 35, 0x40, 2, 0xff, 0xff];
    expect(looksAt(claims)).toBeLessThan(30);
    const laiExtensions = [0, 20, 0x40, 15, 0, 0, 1, 0, 15, 0x40, 8, 0x80, 0, 0xf1, 0x10, 0x10, 1, 0xff, 0xff];
    expect(looksAt(laiExtensions)).toBeLessThan(40);
  });
});
