import { describe, expect, test } from 'vitest';
import { element, highTag, readElement, readInteger, readUnsigned } from '../../server/decode/ber.ts';
import { DecodeError } from '../../server/decode/decode-error.ts';
import { hex } from './wire.ts';

function read(text: string): { tag: number; content: string; next: number } {
  const bytes = Uint8Array.from(hex(text));
  const tag = readElement('tcap', bytes, 0, bytes.length);
  const { start, end, next } = element;
  return { tag, content: Buffer.from(bytes.slice(start, end)).toString('hex'), next };
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof DecodeError) return error.code;
    throw error;
  }
  return 'none';
}

describe('an element of BER', () => {
  test.each([
    ['short length', '04 02 aa bb cc', 0x04, 'aabb', 4],
    ['no content', '05 00', 0x05, '', 2],
    ['length in one octet more than needed', '04 81 02 aa bb', 0x04, 'aabb', 5],
    ['length in four octets', '30 84 00 00 00 02 05 00', 0x30, '0500', 8],
    ['tag number above 30', '9f 22 01 aa', highTag(0x9f, 34), 'aa', 4],
    ['tag number above 127', 'bf 81 00 02 05 00', highTag(0xbf, 128), '0500', 6],
    ['indefinite length', '30 80 02 01 05 00 00 ff', 0x30, '020105', 7],
    ['indefinite length inside another', '30 80 a0 80 05 00 00 00 00 00', 0x30, 'a08005000000', 10],
    ['zeros inside a definite element of an indefinite one', '30 80 04 02 00 00 00 00', 0x30, '04020000', 8],
  ])('%s', (_, text, tag, content, next) => {
    expect(read(text)).toEqual({ tag, content, next });
  });

  test.each([
    ['cut in the tag', '9f', 'TCAP_TRUNCATED'],
    ['cut in the length', '04 82 01', 'TCAP_TRUNCATED'],
    ['longer than what holds it', '04 03 aa bb', 'TCAP_BAD_LENGTH'],
    ['a length of five octets', '04 85 00 00 00 00 01 aa', 'TCAP_BAD_LENGTH'],
    ['the reserved length ff', '04 ff aa', 'TCAP_BAD_LENGTH'],
    ['a primitive of indefinite length', '04 80 00 00', 'TCAP_BAD_LENGTH'],
    ['a tag number of three octets', '9f 81 81 01 00', 'TCAP_BAD_LENGTH'],
    ['no end-of-contents octets', '30 80 02 01 05', 'TCAP_TRUNCATED'],
    ['17 indefinite lengths inside each other', '30 80 '.repeat(17) + '00 00 '.repeat(17), 'TCAP_BAD_LENGTH'],
  ])('%s is refused', (_, text, code) => {
    expect(codeOf(() => read(text))).toBe(code);
  });

  test('16 indefinite lengths inside each other are taken', () => {
    expect(read('30 80 '.repeat(16) + '00 00 '.repeat(16)).next).toBe(64);
  });

  test('integers are signed, identities are not', () => {
    const integer = (text: string) => readInteger('map', Uint8Array.from(hex(text)), 0, hex(text).length);
    const unsigned = (text: string) => readUnsigned('map', Uint8Array.from(hex(text)), 0, hex(text).length);
    expect(['00', '7f', '80', 'ff', '00 80', '80 00 00 00'].map(integer)).toEqual([0, 127, -128, -1, 128, -(2 ** 31)]);
    expect(['00', 'ff', '01 00', 'ff ff ff ff'].map(unsigned)).toEqual([0, 255, 256, 2 ** 32 - 1]);
    expect(['', '01 02 03 04 05'].map((text) => codeOf(() => integer(text)))).toEqual([
      'MAP_BAD_LENGTH',
      'MAP_BAD_LENGTH',
    ]);
    expect(codeOf(() => unsigned(''))).toBe('MAP_BAD_LENGTH');
  });
});
