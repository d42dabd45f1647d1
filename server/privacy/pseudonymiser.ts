import { type Cipher, createCipheriv, createHash, hkdfSync } from 'node:crypto';
import { assertInvariant } from '../errors.ts';
import { imsiDigits, imsiValue, packImsi } from './imsi.ts';
import { keyBytes } from './key-file.ts';
import { PairTable } from './pair-table.ts';

/** Kinds of identity that get a pseudonym; the same digits in two domains have unrelated pseudonyms. */
export const domains = ['imsi', 'msisdn', 'imei', 'peer', 'xdr-user'] as const;
export type Domain = (typeof domains)[number];

const blockBytes = 16;
/** Digits that fit into a block behind domain and length, two an octet. */
const blockDigitsMax = 2 * (blockBytes - 2);

export interface PseudonymiserOptions {
  /** IMSIs (and, apart, peers' numbers and users of record files) whose pseudonyms are remembered; beyond, others are computed anew. */
  memoMax?: number;
}

/**
 * Keyed pseudonyms of 128 bits: one AES-128 block under a key of the identity's own domain, derived from the master
 * key by HKDF-SHA-256 (RFC 5869). Stable as long as the key is; without the key nobody can try numbers out.
 *
 * Hot paths call {@link imsi} or {@link user} and read {@link lo} and {@link hi}: the first 64 bits, as two words in
 * little-endian order. They are never both 0, which means "unresolved" in an event.
 */
export class Pseudonymiser {
  lo = 0;
  hi = 0;
  readonly #ciphers: Record<Domain, Cipher>;
  readonly #block = Buffer.alloc(blockBytes);
  readonly #memo: PairTable;
  readonly #peers: PairTable;
  readonly #users = new Map<string, { lo: number; hi: number }>();
  readonly #usersMax: number;

  /** @param key master key of 32 bytes, from `loadOrCreateKey` or `ephemeralKey`; copied */
  constructor(key: Uint8Array, { memoMax = 15_000_000 }: PseudonymiserOptions = {}) {
    assertInvariant(key.length === keyBytes, `a pseudonym key has ${keyBytes} bytes, not ${key.length}`);
    const cipher = (domain: Domain): Cipher => {
      const subkey = new Uint8Array(hkdfSync('sha256', key, new Uint8Array(0), `signalwall pseudonym ${domain}`, 16));
      // One block at a time and each on its own, so the mode without chaining is the plain block cipher.
      return createCipheriv('aes-128-ecb', subkey, null).setAutoPadding(false);
    };
    this.#ciphers = Object.fromEntries(domains.map((domain) => [domain, cipher(domain)])) as Record<Domain, Cipher>;
    this.#memo = new PairTable({ entriesMax: memoMax });
    this.#peers = new PairTable({ entriesMax: memoMax });
    this.#usersMax = memoMax;
  }

  /** Sets {@link lo} and {@link hi} to the pseudonym of an IMSI, given as an integer with its count of digits. */
  imsi(value: number, digits: number): void {
    const packed = packImsi(value, digits);
    if (packed >= 0) this.packedImsi(packed);
    else this.#take(this.#encrypt('imsi', String(value).padStart(digits, '0')));
  }

  /** The same for an IMSI from `packImsi`. Allocates nothing where the IMSI is remembered. */
  packedImsi(packed: number): void {
    const low = packed >>> 0;
    const high = (packed - low) / 0x1_0000_0000;
    const memo = this.#memo;
    if (memo.find(low, high)) {
      this.lo = memo.value[0];
      this.hi = memo.value[1];
      return;
    }
    this.#take(this.#encrypt('imsi', String(imsiValue(packed)).padStart(imsiDigits(packed), '0')));
    memo.set(low, high, this.lo, this.hi);
  }

  /** Fetches what is remembered of an IMSI from `packImsi`, ahead of {@link packedImsi}. @returns something of it */
  fetchImsi(packed: number): number {
    const low = packed >>> 0;
    return this.#memo.fetch(low, (packed - low) / 0x1_0000_0000);
  }

  /**
   * Sets {@link lo} and {@link hi} to the pseudonym of a peer: a telephone number in international form, given as an
   * integer with its count of digits, at most 15. Allocates nothing where the number is remembered.
   */
  peerNumber(value: number, digits: number): void {
    const low = value >>> 0;
    // Numbers of 15 digits lie below 2^50.
    const high = ((digits << 18) | ((value - low) / 0x1_0000_0000)) >>> 0;
    const memo = this.#peers;
    if (memo.find(low, high)) {
      this.lo = memo.value[0];
      this.hi = memo.value[1];
      return;
    }
    this.#take(this.#encrypt('peer', String(value).padStart(digits, '0')));
    memo.set(low, high, this.lo, this.hi);
  }

  /** The same for a peer that is named by something else, or by more digits. */
  peerText(text: string): void {
    this.#take(this.#encrypt('peer', text));
  }

  /** Sets {@link lo} and {@link hi} to the pseudonym of a subscriber's own number, in international form. Not remembered. */
  ownNumber(value: number): void {
    this.#take(this.#encrypt('msisdn', String(value)));
  }

  /** The same of a handset. @param imei its first 14 digits: what follows is a check digit or counts its software */
  handset(imei: number): void {
    this.#take(this.#encrypt('imei', String(imei).padStart(14, '0')));
  }

  /** Sets {@link lo} and {@link hi} to the pseudonym of a user of a record file, whatever text that is. */
  user(text: string): void {
    let words = this.#users.get(text);
    if (words === undefined) {
      this.#take(this.#encrypt('xdr-user', text));
      words = { lo: this.lo, hi: this.hi };
      if (this.#users.size >= this.#usersMax) this.#users.clear();
      this.#users.set(text, words);
    }
    this.lo = words.lo;
    this.hi = words.hi;
  }

  /** The whole pseudonym as 32 hexadecimal characters, its first 16 those of {@link lo} and {@link hi}. */
  hex(domain: Domain, text: string): string {
    return this.#encrypt(domain, text).toString('hex');
  }

  /** Bytes of the memory of IMSIs, and IMSIs in it. */
  get memory(): { bytes: number; imsis: number } {
    return { bytes: this.#memo.byteLength, imsis: this.#memo.size };
  }

  #take(pseudonym: Buffer): void {
    this.lo = pseudonym.readUInt32LE(0);
    this.hi = pseudonym.readUInt32LE(4);
  }

  /**
   * The block: octet 0 the domain's number, octet 1 the count of digits, then the digits two an octet, high half
   * first, filled up with F. What is no number of up to 28 digits goes in as its SHA-256, cut to the 14 octets, with
   * 255 as its count.
   */
  #encrypt(domain: Domain, text: string): Buffer {
    const block = this.#block;
    block.fill(0xff);
    block[0] = domains.indexOf(domain);
    if (text.length <= blockDigitsMax && /^\d+$/.test(text)) {
      block[1] = text.length;
      for (let i = 0; i < text.length; i++) {
        const at = 2 + (i >> 1);
        const digit = text.charCodeAt(i) - 0x30;
        block[at] = i & 1 ? (block[at] & 0xf0) | digit : (digit << 4) | 0x0f;
      }
    } else {
      createHash('sha256')
        .update(text)
        .digest()
        .copy(block, 2, 0, blockBytes - 2);
    }
    const pseudonym = this.#ciphers[domain].update(block);
    if (pseudonym.readUInt32LE(0) === 0 && pseudonym.readUInt32LE(4) === 0) pseudonym[0] = 1;
    return pseudonym;
  }
}
