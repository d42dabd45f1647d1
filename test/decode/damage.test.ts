import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decoder } from '../../server/decode/decoder.ts';
import { frameOfVector, sccpVectors, vectors } from './vectors.ts';
import { ethernet, hex, ipv4, sctp } from './wire.ts';

/** Gives each damaged frame to one decoder, a second apart, and returns its counters. */
function survive(frames: Iterable<Uint8Array>): Decoder {
  const decoder = new Decoder({ message: () => {} });
  let timeUs = 0;
  for (const bytes of frames) {
    timeUs += 1_000_000;
    decoder.frame(timeUs, 1, bytes, 0, bytes.length);
  }
  return decoder;
}

describe('a damaged frame only counts', () => {
  test.each(vectors.map((vector, i) => [vector.name, frameOfVector(vector, i)] as const))(
    'cut at every octet: %s',
    (_, frame) => {
      const cuts = Array.from({ length: frame.length }, (__, end) => frame.slice(0, end));
      const { stats } = survive(cuts);
      expect(stats.frames).toBe(frame.length);
      const faults = [...stats.faults.values()].reduce((sum, n) => sum + n, 0);
      // Every cut is noticed but one between header and first chunk, and those in the padding behind the data.
      expect(faults).toBeGreaterThan(frame.length - 10);
    },
  );

  test('with any one bit flipped', () => {
    for (const [i, vector] of vectors.entries()) {
      const frame = frameOfVector(vector, i);
      const flips = Array.from({ length: frame.length * 8 }, (_, bit) => {
        const flipped = frame.slice();
        flipped[bit >> 3] ^= 1 << (bit & 7);
        return flipped;
      });
      expect(survive(flips).stats.frames).toBe(frame.length * 8);
    }
  });

  test.each(sccpVectors)('SCCP, cut and with any one bit flipped: $name', (vector) => {
    const decoder = new Decoder({ message: () => {} });
    const octets = Uint8Array.from(hex(vector.hex));
    for (let end = 0; end <= octets.length; end++) decoder.frame(0, 142, octets, 0, end);
    for (let bit = 0; bit < octets.length * 8; bit++) {
      const flipped = octets.slice();
      flipped[bit >> 3] ^= 1 << (bit & 7);
      decoder.frame(0, 142, flipped, 0, flipped.length);
    }
    expect(decoder.stats.frames).toBe(octets.length * 9 + 1);
    const faults = [...decoder.stats.faults].filter(([code]) => code.startsWith('SCCP'));
    expect(faults.reduce((sum, [, n]) => sum + n, 0)).toBeGreaterThanOrEqual(4);
  });

  test('with random octets behind any whole header', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(3), (noise, depth) => {
        const octets = [...noise];
        const frames = [octets, ethernet(octets), ethernet(ipv4(octets)), ethernet(ipv4(sctp([octets])))];
        expect(survive([Uint8Array.from(frames[depth])]).stats.frames).toBe(1);
      }),
      { numRuns: 3000, seed: 20261121 },
    );
  });

  test('with random octets under any link type', () => {
    const decoder = new Decoder({ message: () => {} });
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 120 }),
        fc.constantFrom(0, 1, 12, 101, 108, 113, 139, 140, 141, 142, 228, 229, 276, 999),
        (noise, linkType) => decoder.frame(0, linkType, noise, 0, noise.length),
      ),
      { numRuns: 3000, seed: 20261121 },
    );
    expect(decoder.stats.unhandled.size).toBeLessThanOrEqual(513);
  });
});
