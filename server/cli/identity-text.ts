/** Digits of a telephone number or identity that a masked one still shows: country, network and a little more. */
const shownDigits = 5;
const semiOctetDigits = '0123456789*#abc';
/** The GSM 7 bit default alphabet; what it shares with no other is a question mark. 3GPP TS 23.038 §6.2.1. */
const alphabet =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ?ÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';

/** Semi-octets as digits, the low half first, up to the filler or `digits`. 3GPP TS 24.008 §10.5.4.7. */
export function semiOctets(bytes: Uint8Array, offset: number, length: number, digits = 2 * length): string {
  let text = '';
  for (let i = 0; i < digits; i++) {
    const octet = bytes[offset + (i >> 1)];
    const digit = (i & 1) === 0 ? octet & 0x0f : octet >> 4;
    if (digit === 0x0f) break;
    text += semiOctetDigits[digit];
  }
  return text;
}

/** `count` (rounded down) packed letters of seven bits, the low ones first. 3GPP TS 23.038 §6.1.2.1. */
export function letters(bytes: Uint8Array, offset: number, count: number): string {
  let text = '';
  for (let bit = 0; bit + 7 <= 7 * Math.floor(count); bit += 7) {
    const at = offset + (bit >> 3);
    const word = bytes[at] | ((bytes[at + 1] ?? 0) << 8);
    text += alphabet[(word >> (bit & 7)) & 0x7f];
  }
  return text;
}

/**
 * Writes identities: masked (their first five digits, then `*`), or as they are where the person at the keyboard has
 * asked for them. Of an identity that has no more than five digits, because it was cut, nothing is shown but `*`. A
 * dialled number of no more than five digits is a service (110, 10086), not somebody's, and is shown whole.
 */
export class IdentityText {
  readonly #plain: boolean;

  /** @param plain whether identities may be shown: standard output alone ever gets this (DESIGN §1) */
  constructor(plain: boolean) {
    this.#plain = plain;
  }

  /** Digits of an identity, or the hexadecimal text of a TMSI; '' stays. */
  identity(digits: string): string {
    if (this.#plain || digits === '') return digits;
    return digits.length <= shownDigits ? '*' : `${digits.slice(0, shownDigits)}*`;
  }

  /** An identity as an integer with its count of digits: leading zeros count. */
  integer(value: number, digits: number): string {
    return this.identity(String(value).padStart(digits, '0'));
  }

  tmsi(value: number): string {
    return this.identity(value.toString(16).padStart(8, '0'));
  }

  /** Digits that are dialled or shown to whom is called, the head of a number, or the name of a service in letters. */
  number(digits: string): string {
    return this.#plain || digits.length <= shownDigits ? digits : `${digits.slice(0, shownDigits)}*`;
  }
}
