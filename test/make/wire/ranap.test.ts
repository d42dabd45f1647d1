import { describe, expect, test } from 'vitest';
import { examples } from '../../../fixtures/make/wire/ranap/examples.ts';
import { PerWriter } from '../../../fixtures/make/wire/ranap/per-writer.ts';
import { ranapVectors } from '../../decode/ranap-vectors.ts';

test('the RANAP vectors are what the encoder makes of its examples', () => {
  const kept = ranapVectors.map(({ name, carrier, octets }) => ({ name, carrier, octets }));
  expect(kept).toEqual(examples.map(({ name, carrier, octets }) => ({ name, carrier, octets: [...octets] })));
});

describe('aligned PER', () => {
  test.each([
    // ITU-T X.691 §11.5.7: no bits for one value, as few as do below 256, then one octet, two, and a length in front.
    [3, 3, 3, [0]],
    [7, 3, 10, [0b1000_0000]],
    [254, 0, 254, [254]],
    [255, 0, 255, [255]],
    [256, 0, 256, [1, 0]],
    [65_535, 0, 65_535, [255, 255]],
    [65_536, 0, 65_536, [0b1000_0000, 1, 0, 0]],
    [12_200, 1, 16_000_000, [0b0100_0000, 0x2f, 0xa7]],
  ])('writes %i of %i to %i', (value, lower, upper, octets) => {
    expect(new PerWriter().number(value, lower, upper).done()).toEqual(octets);
  });

  test('refuses a number that is not in its range', () => {
    expect(() => new PerWriter().number(6, 0, 5)).toThrow('6 is out of range');
  });

  test('begins octets at a boundary and bits right behind them', () => {
    expect(new PerWriter().flags(true).octets([0xff]).flags(false, true).done()).toEqual([0x80, 0xff, 0x40]);
  });

  test('writes a length of two octets from 128 on', () => {
    expect(new PerWriter().openType(new Array(127).fill(1)).done().slice(0, 2)).toEqual([127, 1]);
    expect(new PerWriter().openType(new Array(300).fill(1)).done().slice(0, 3)).toEqual([0x81, 44, 1]);
    expect(() => new PerWriter().openType(new Array(16_384).fill(1))).toThrow('fragment');
  });
});
