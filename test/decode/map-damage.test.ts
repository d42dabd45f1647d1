import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../server/decode/decode-error.ts';
import { sharedPath, sharedPresent } from '../tools/shared-inputs.ts';
import { mapCollector } from './map-collect.ts';
import { tcapMessages } from './map-oracle.ts';
import { allTcapVectors, type TcapVector } from './map-vectors.ts';

const { give, state } = mapCollector();

/** The code of the flaw that damaged octets have; anything but a DecodeError goes through. */
function flawOf(bytes: Uint8Array, called: number, calling: number): string | undefined {
  try {
    give(bytes, called, calling);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    expect(error.message).toBe(`${error.code} at octet ${error.offset}`);
    expect(error.offset).toBeLessThanOrEqual(bytes.length);
    return error.code;
  }
  return undefined;
}

function* bitFlips(bytes: Uint8Array): Generator<Uint8Array> {
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3] ^= 1 << (bit & 7);
    yield flipped;
  }
}

describe('damaged TCAP ends in a DecodeError or in a message', () => {
  test('cut at every octet, each cut is noticed', () => {
    const unnoticed: string[] = [];
    for (const { name, bytes, called, calling } of allTcapVectors) {
      for (let end = 0; end < bytes.length; end++) {
        if (flawOf(bytes.slice(0, end), called, calling) === undefined) unnoticed.push(`${name} at ${end}`);
      }
    }
    expect(unnoticed).toEqual([]);
  });

  test('with any one bit flipped', () => {
    let refused = 0;
    let taken = 0;
    for (const { bytes, called, calling } of allTcapVectors) {
      for (const flipped of bitFlips(bytes)) {
        if (flawOf(flipped, called, calling) === undefined) taken++;
        else refused++;
      }
    }
    expect(refused).toBeGreaterThan(10_000);
    expect(taken).toBeGreaterThan(10_000);
  });

  test('with octets replaced, left out and doubled', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<TcapVector>(...allTcapVectors),
        fc.array(fc.tuple(fc.nat(2), fc.nat(200), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        ({ bytes, called, calling }, changes) => {
          const octets = [...bytes];
          for (const [kind, at, value] of changes) {
            const place = at % octets.length;
            if (kind === 0) octets[place] = value;
            else if (kind === 1) octets.splice(place, 1);
            else octets.splice(place, 0, octets[place]);
            if (octets.length === 0) octets.push(0);
          }
          flawOf(Uint8Array.from(octets), called, calling);
        },
      ),
      { numRuns: 5000, seed: 20261122 },
    );
  });

  test('with random octets in the place of a parameter', () => {
    fc.assert(
      fc.property(
        fc.nat(127),
        fc.constantFrom(0xa1, 0xa2, 0xa3),
        fc.uint8Array({ maxLength: 60 }),
        (code, kind, noise) => {
          const inner = [
            0x02,
            0x01,
            0x01,
            ...(kind === 0xa2 ? [0x30, noise.length + 3] : []),
            0x02,
            0x01,
            code,
            ...noise,
          ];
          const component = [kind, inner.length, ...inner];
          const message = [0x49, 0x01, 0x01, 0x6c, component.length, ...component];
          flawOf(Uint8Array.from([0x64, message.length, ...message]), 6, 7);
        },
      ),
      { numRuns: 5000, seed: 20261122 },
    );
  });

  test('made of nothing but open indefinite lengths', () => {
    for (const octets of [
      [0x62, 0x80],
      [0x6c, 0x80],
      [0xa1, 0x80],
      [0x30, 0x80],
    ]) {
      const bytes = Uint8Array.from({ length: 4000 }, (_, i) => octets[i & 1]);
      bytes[0] = 0x62;
      expect(flawOf(bytes, 6, 7)).toBe('TCAP_BAD_LENGTH');
    }
  });

  test('counts unknown things under bounded names', () => {
    expect(state.stats.unhandled.size).toBeLessThanOrEqual(513);
  });
});

describe.runIf(sharedPresent)('damaged messages of real networks', () => {
  test('cut at every octet, and with any one bit flipped', () => {
    const messages = tcapMessages(sharedPath('captures/pycrate/tcapmap_pcapr_dlt1.pcap')).filter(
      ({ bytes }) => bytes.length <= 300,
    );
    expect(messages.length).toBeGreaterThan(40);
    for (const { bytes, calledSsn, callingSsn } of messages) {
      for (let end = 0; end < bytes.length; end++) {
        expect(flawOf(bytes.slice(0, end), calledSsn, callingSsn)).toBeDefined();
      }
      for (const flipped of bitFlips(bytes)) flawOf(flipped, calledSsn, callingSsn);
    }
  });
});
