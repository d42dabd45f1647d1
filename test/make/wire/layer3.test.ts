import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { callHandling, cellIdentifiers } from '../../../fixtures/make/wire/layer3/call-handling-examples.ts';
import { dtapExamples } from '../../../fixtures/make/wire/layer3/dtap-examples.ts';
import { bcd, identity, plmn } from '../../../fixtures/make/wire/layer3/elements.ts';
import type { Example } from '../../../fixtures/make/wire/layer3/example.ts';
import { generalExamples } from '../../../fixtures/make/wire/layer3/general-examples.ts';
import { root } from '../../tools/shared-inputs.ts';

describe('elements of layer 3 by the figures of their clauses', () => {
  test.each([
    ['460-00', [0x64, 0xf0, 0x00]],
    ['001-01', [0x00, 0xf1, 0x10]],
    ['310-410', [0x13, 0x00, 0x14]],
  ])('PLMN %s', (text, octets) => {
    expect(plmn(text)).toEqual(octets);
  });

  test('digits fill half octets from the low one, the last with 1111', () => {
    expect(bcd('123')).toEqual([0x21, 0xf3]);
  });

  test('an identity begins with its first digit, parity and type', () => {
    expect(identity(1, '001010000000042')).toEqual([0x09, 0x10, 0x10, 0, 0, 0, 0, 0x24]);
    expect(identity(3, '0010170000000123')).toEqual([0x03, 0x10, 0x10, 0x07, 0, 0, 0, 0x21, 0xf3]);
  });
});

describe('the vectors are what the encoder writes', () => {
  test.each([
    ['bssmap-messages.json', [...callHandling, ...cellIdentifiers, ...generalExamples]],
    ['dtap-messages.json', dtapExamples],
  ] as [string, readonly Example[]][])('%s', (file, examples) => {
    expect(JSON.parse(readFileSync(join(root, 'fixtures/wire', file), 'utf8')).vectors).toEqual(examples);
  });
});
