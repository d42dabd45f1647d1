import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { expect, test } from 'vitest';
import { readMsgpack } from '../../server/events/msgpack-reader.ts';
import { PushRefusal } from '../../server/events/push-refusal.ts';

const packr = new Packr({ useRecords: false, variableMapSize: true });

/** Objects without a prototype compare as those with one. */
const plain = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Uint8Array) return [...value];
  // The other one writes −0 as 0.
  if (value === 0) return 0;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
};

test('reads what another implementation writes', () => {
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, false),
      fc.maxSafeInteger(),
      fc.double({ noNaN: true }),
      fc.string({ maxLength: 300, unit: 'binary' }),
      fc.uint8Array({ maxLength: 300 }),
      fc.array(tie('value'), { maxLength: 20 }),
      fc.dictionary(
        fc.string({ maxLength: 40 }).filter((key) => key !== '__proto__'),
        tie('value'),
        { maxKeys: 20 },
      ),
    ),
  }));
  fc.assert(
    fc.property(value, (written) => {
      expect(plain(readMsgpack(packr.pack(written)))).toEqual(plain(written));
    }),
    { numRuns: 200, seed: 5 },
  );
});

test('ends in a refusal, and soon, for any octets', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        readMsgpack(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(PushRefusal);
      }
    }),
    { numRuns: 2000, seed: 6 },
  );
});

test.each([
  ['an array of 2^32 − 1 elements that do not come', [0xdd, 0xff, 0xff, 0xff, 0xff, 1]],
  ['a map of as many', [0xdf, 0xff, 0xff, 0xff, 0xff, 0xa1, 0x61]],
  ['a text that is longer than the message', [0xdb, 0, 0, 1, 0, 0x61]],
  ['arrays within arrays without end', Array.from({ length: 60 }, () => 0x91)],
  ['an extension', [0xd4, 1, 0]],
  ['octets behind the value', [0xc0, 0xc0]],
  ['a key that is no text', [0x81, 0x01, 0x01]],
  ['a key that would change what an object is', [0x81, 0xa9, ...Buffer.from('__proto__'), 0xc0]],
  ['a text that is no UTF-8', [0xa2, 0xc3, 0x28]],
])('refuses %s', (_, bytes) => {
  expect(() => readMsgpack(Uint8Array.from(bytes))).toThrow(/^msgpack: /);
});
