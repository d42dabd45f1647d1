import { createDecipheriv, hkdfSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { imsiDigits, imsiValue, packImsi } from '../../server/privacy/imsi.ts';
import { domains, Pseudonymiser } from '../../server/privacy/pseudonymiser.ts';

const key = new Uint8Array(32).fill(1);

function words(pseudonymiser: Pseudonymiser): string {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(pseudonymiser.lo, 0);
  bytes.writeUInt32LE(pseudonymiser.hi, 4);
  return bytes.toString('hex');
}

/** What stands in the block behind a pseudonym. */
function opened(domain: string, pseudonym: string): string {
  const subkey = Buffer.from(hkdfSync('sha256', key, new Uint8Array(0), `signalwall pseudonym ${domain}`, 16));
  const decipher = createDecipheriv('aes-128-ecb', subkey, null).setAutoPadding(false);
  return decipher.update(Buffer.from(pseudonym, 'hex')).toString('hex');
}

it('is AES-128 under the domain key over domain, count of digits and digits', () => {
  const pseudonymiser = new Pseudonymiser(key);
  expect(opened('imsi', pseudonymiser.hex('imsi', '001010000000001'))).toBe('000f001010000000001fffffffffffff');
  expect(opened('peer', pseudonymiser.hex('peer', '1008611'))).toBe('03071008611fffffffffffffffffffff');
});

it('gives an IMSI as an integer the first half of the pseudonym of its digits', () => {
  const pseudonymiser = new Pseudonymiser(key);
  for (const digits of ['001010000000001', '454000000000042', '00101000000001', '310410000000007', '0010100']) {
    for (let time = 0; time < 2; time++) {
      pseudonymiser.imsi(Number(digits), digits.length);
      expect(words(pseudonymiser)).toBe(pseudonymiser.hex('imsi', digits).slice(0, 16));
    }
  }
});

it('tells identities apart that are the same number with other leading zeros', () => {
  const pseudonymiser = new Pseudonymiser(key);
  const seen = ['001010000000001', '01010000000001', '1010000000001'].map((digits) => {
    pseudonymiser.imsi(Number(digits), digits.length);
    return words(pseudonymiser);
  });
  expect(new Set(seen).size).toBe(3);
});

it('has an unrelated pseudonym for the same digits in each domain', () => {
  const pseudonymiser = new Pseudonymiser(key);
  expect(new Set(domains.map((domain) => pseudonymiser.hex(domain, '001010000000001'))).size).toBe(domains.length);
});

it('has unrelated pseudonyms under another key, the same ones under the same', () => {
  const other = Uint8Array.from(key, (byte, i) => (i === 31 ? byte ^ 1 : byte));
  const digits = '001010000000001';
  expect(new Pseudonymiser(other).hex('imsi', digits)).not.toBe(new Pseudonymiser(key).hex('imsi', digits));
  expect(new Pseudonymiser(key.slice()).hex('imsi', digits)).toBe(new Pseudonymiser(key).hex('imsi', digits));
});

it('takes users of record files of any text', () => {
  const pseudonymiser = new Pseudonymiser(key, { memoMax: 64 });
  const users = ['F'.repeat(32), 'f'.repeat(32), 'user 1', '', '1'.repeat(40), '12'];
  const seen = users.map((user) => {
    pseudonymiser.user(user);
    return words(pseudonymiser);
  });
  expect(new Set(seen).size).toBe(users.length);
  expect(seen).toEqual(users.map((user) => pseudonymiser.hex('xdr-user', user).slice(0, 16)));
  // Beyond its memory it computes anew, the same.
  for (let n = 0; n < 200; n++) pseudonymiser.user(`user ${n}`);
  pseudonymiser.user('user 1');
  expect(words(pseudonymiser)).toBe(seen[2]);
});

it('remembers no more IMSIs than it may and stays right beyond', () => {
  const pseudonymiser = new Pseudonymiser(key, { memoMax: 640 });
  for (let round = 0; round < 2; round++) {
    for (let n = 1; n <= 3000; n++) pseudonymiser.imsi(1_010_000_000_000 + n, 15);
  }
  expect(pseudonymiser.memory.imsis).toBeLessThanOrEqual(640);
  pseudonymiser.imsi(1_010_000_000_001, 15);
  expect(words(pseudonymiser)).toBe(pseudonymiser.hex('imsi', '001010000000001').slice(0, 16));
});

describe('a packed IMSI', () => {
  it.each(['001010000000001', '9'.repeat(15), '9'.repeat(14), '0010100', '9999999', `1${'0'.repeat(14)}`])(
    'keeps value and count of digits of %s',
    (digits) => {
      const packed = packImsi(Number(digits), digits.length);
      expect(Number.isSafeInteger(packed)).toBe(true);
      expect(String(imsiValue(packed)).padStart(imsiDigits(packed), '0')).toBe(digits);
    },
  );

  it.each([
    [0, 15],
    [1, 6],
    [1, 16],
    [10 ** 7, 7],
    [-1, 15],
  ])('is none of %i with %i digits', (value, digits) => {
    expect(packImsi(value, digits)).toBe(-1);
  });
});

describe('peers', () => {
  const pseudonymiser = new Pseudonymiser(new Uint8Array(32).fill(3));
  const words = () => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32LE(pseudonymiser.lo, 0);
    bytes.writeUInt32LE(pseudonymiser.hi, 4);
    return bytes.toString('hex');
  };

  it('have the pseudonym of their number, asked for the first time or again, unlike a subscriber’s of the same digits', () => {
    const whole = pseudonymiser.hex('peer', '8613500000021');
    for (let turn = 0; turn < 2; turn++) {
      pseudonymiser.peerNumber(8_613_500_000_021, 13);
      expect(words()).toBe(whole.slice(0, 16));
    }
    expect(pseudonymiser.hex('imsi', '8613500000021')).not.toBe(whole);
  });

  it('keep leading zeros, and text apart from numbers', () => {
    pseudonymiser.peerNumber(21, 4);
    expect(words()).toBe(pseudonymiser.hex('peer', '0021').slice(0, 16));
    pseudonymiser.peerNumber(21, 2);
    expect(words()).toBe(pseudonymiser.hex('peer', '21').slice(0, 16));
    pseudonymiser.peerText('name 21');
    expect(words()).toBe(pseudonymiser.hex('peer', 'name 21').slice(0, 16));
  });
});
