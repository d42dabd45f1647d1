import { expect, test } from 'vitest';
import { crc32c } from '../../../fixtures/make/wire/crc32c.ts';

// RFC 3720 appendix B.4, and the check value of the CRC catalogue.
test.each([
  ['the digits 1 to 9', Buffer.from('123456789'), 0xe3069283],
  ['32 octets of zeros', Buffer.alloc(32), 0x8a9136aa],
  ['32 octets of ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
  ['32 rising octets', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
  ['32 falling octets', Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c],
  ['nothing', Buffer.alloc(0), 0],
])('gives the published checksum of %s', (_name, bytes, checksum) => {
  expect(crc32c(bytes, 0, bytes.length)).toBe(checksum);
});

test('takes a part of a buffer that starts and ends anywhere', () => {
  const bytes = Buffer.from('abc123456789xyz');
  expect(crc32c(bytes, 3, 12)).toBe(0xe3069283);
});
