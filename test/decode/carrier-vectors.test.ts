import { describe, expect, test } from 'vitest';
import { collector } from './collect.ts';
import { carrierVectors } from './vectors.ts';
import { hex } from './wire.ts';

test.each(carrierVectors)('$name ($clause)', ({ linkType, hex: text, decoded }) => {
  const { decoder, messages, give } = collector();
  give(hex(text), 5_000_000, linkType);
  expect(messages).toEqual(decoded === null ? [] : [{ frame: 1, timeUs: 5_000_000, link: 1, ...decoded }]);
  expect(decoder.stats.faults).toEqual(new Map());
});

describe('what the frames of carriers go through', () => {
  test('every layer below SCCP has a vector that it passes on', () => {
    const { decoder, give } = collector();
    for (const { linkType, hex: text, decoded } of carrierVectors) {
      if (decoded !== null) give(hex(text), 5_000_000, linkType);
    }
    const { m3ua, m2ua, m2pa, sua, ipa, mtp2, mtp3 } = decoder.stats.layers;
    expect(Math.min(m3ua, m2ua, m2pa, sua, ipa, mtp2, mtp3)).toBeGreaterThan(0);
  });

  test('every SUA message that stands for one of SCCP has a vector', () => {
    const types = carrierVectors.filter(({ name }) => name.startsWith('SUA ')).map(({ decoded }) => decoded?.sccpType);
    expect(new Set(types)).toEqual(new Set([1, 2, 3, 4, 5, 6, 8, 9, 10, 13, 14, 15, 16]));
  });
});
