import { peerClassCode } from '../events/kinds.ts';
import type { NumberPlan } from '../reference/number-plan.ts';

/** Digits of a telephone number or identity that a masked one still shows: country, network and a little more. */
const shownDigits = 5;
/** Type of number: not told, as of most that are dialled. 3GPP TS 24.008 §10.5.4.7. */
const unknownType = 0;
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

/** Emergency numbers of every network, 3GPP TS 22.101 §10.1.1. */
const emergencyNumbers = new Set(['112', '911']);
/** What else of three digits China's plan gives to services of the whole country: 110, 119, 120, 122. */
const shortService = /^1\d\d$/;

/**
 * Writes identities: masked (their first five digits, then `*`), or as they are where the person at the keyboard has
 * asked for them. Of an identity that has no more than five digits, because it was cut or is an extension, nothing is
 * shown but `*`. A number that was dialled, and that the number plan knows as a service (110, 10086), is nobody's and is
 * shown whole; a number that calls or answers is somebody's, however short it is.
 */
export class IdentityText {
  readonly #plain: boolean;
  readonly #plan: NumberPlan;

  /**
   * @param plain whether identities may be shown: standard output alone ever gets this (DESIGN §1)
   * @param plan by which numbers were dialled
   */
  constructor(plain: boolean, plan: NumberPlan) {
    this.#plain = plain;
    this.#plan = plan;
  }

  /** Digits of an identity, or the hexadecimal text of a TMSI; '' stays. */
  identity(digits: string): string {
    if (this.#plain || digits === '') return digits;
    return digits.length <= shownDigits ? '*' : this.head(digits);
  }

  /** An identity as an integer with its count of digits: leading zeros count. */
  integer(value: number, digits: number): string {
    return this.identity(String(value).padStart(digits, '0'));
  }

  tmsi(value: number): string {
    return this.identity(value.toString(16).padStart(8, '0'));
  }

  /** A number that was dialled. */
  dialled(digits: string): string {
    return digits.length <= shownDigits && this.#isService(digits) ? digits : this.identity(digits);
  }

  /** What is nobody's, and is told no more exactly than the head of a number: an area code, a name in letters. */
  head(text: string): string {
    return this.#plain || text.length <= shownDigits ? text : `${text.slice(0, shownDigits)}*`;
  }

  #isService(digits: string): boolean {
    if (!/^\d+$/.test(digits)) return false;
    const plan = this.#plan;
    for (let at = 0; at < digits.length; at++) plan.digits[at] = Number(digits[at]);
    plan.count = digits.length;
    plan.analyse(unknownType);
    const { peerClass } = plan;
    if (peerClass === peerClassCode['short number'] && shortService.test(digits)) return true;
    return peerClass === peerClassCode['service number'] || emergencyNumbers.has(digits);
  }
}
