import { parsePlmn } from '../events/plmn.ts';
import { PairTable } from '../privacy/pair-table.ts';
import { countryOfDigits } from '../reference/country-codes.ts';

/** Symbol of "no node is named". */
export const unknownNode = 0;

/** Symbols have 16 bits, so that two fit into a word. */
const nodesMax = 0xffff;
/** Digits that fit a double. */
const digitsMax = 15;

/**
 * The nodes of core networks (VLR, SGSN, HLR) by their E.164 numbers: small integers that stand for one while it is
 * followed, and what its number says: whose it is, in which country.
 */
export class Nodes {
  /** Numbers that came when there were 65,535. */
  refused = 0;
  /** By the two words of its number; a map of numbers this large would make an object of each. */
  readonly #symbols = new PairTable({ entriesMax: Number.POSITIVE_INFINITY });
  readonly #numbers: number[] = [0];
  readonly #countries: number[] = [0];
  readonly #operators: number[] = [0];
  readonly #ours: boolean[] = [false];
  readonly #ourPrefixes: readonly string[];
  /** Longest prefix first. */
  readonly #operatorPrefixes: readonly { prefix: string; plmn: number }[];

  /**
   * @param ourPrefixes what the numbers of our own network's nodes begin with, by commas
   * @param operators `prefix=MCC-MNC,…`: whose the nodes of other networks are
   */
  constructor(ourPrefixes: string, operators: string) {
    this.#ourPrefixes = ourPrefixes.split(',');
    this.#operatorPrefixes = operators
      .split(',')
      .filter((entry) => entry !== '')
      .map((entry) => {
        const [prefix, plmn] = entry.split('=');
        return { prefix, plmn: parsePlmn(plmn) };
      })
      .sort((a, b) => b.prefix.length - a.prefix.length);
  }

  /** Symbol of a node by its number; {@link unknownNode} where the number is none (0 or below) or no room is left. */
  symbolOf(number: number): number {
    if (number <= 0) return unknownNode;
    const low = number >>> 0;
    const high = (number - low) / 0x1_0000_0000;
    const known = this.#symbols.get(low, high);
    if (known !== 0) return known;
    if (this.#symbols.size === nodesMax) {
      this.refused++;
      return unknownNode;
    }
    const symbol = this.#symbols.size + 1;
    const text = String(number);
    this.#symbols.set(low, high, symbol, 0);
    this.#numbers.push(number);
    this.#countries.push(
      countryOfDigits(
        [...text].map((digit) => Number(digit)),
        0,
        text.length,
      ),
    );
    this.#operators.push(this.#operatorPrefixes.find(({ prefix }) => text.startsWith(prefix))?.plmn ?? 0);
    this.#ours.push(this.#ourPrefixes.some((prefix) => text.startsWith(prefix)));
    return symbol;
  }

  numberOf(symbol: number): number {
    return this.#numbers[symbol];
  }

  isOurs(symbol: number): boolean {
    return this.#ours[symbol];
  }

  /** Country as `packIso` packs it; 0: unknown. */
  countryOf(symbol: number): number {
    return this.#countries[symbol];
  }

  /** PLMN as `packPlmn` packs it; 0: the operator is not known. */
  operatorOf(symbol: number): number {
    return this.#operators[symbol];
  }
}

/** By octet the number that its two digits make, the low half first; -1 where one is none. */
const digitPairs = Int8Array.from({ length: 256 }, (_, octet) => {
  const [low, high] = [octet & 0x0f, octet >> 4];
  return low > 9 || high > 9 ? -1 : 10 * low + high;
});

/**
 * A number of TBCD digits as an integer, the low half of each octet first: 3GPP TS 29.002 §17.7.8, ITU-T Q.713 §3.4.2.
 * -1 where it has none, or more than fit, or others than 0 to 9.
 *
 * @param digits most digits that the octets hold; a filler ends them earlier
 */
export function numberOfSemiOctets(bytes: Uint8Array, start: number, digits: number): number {
  // Two digits at a time, up to eight and then six in an integer each: the rest is slow and short.
  let first = 0;
  let then = 0;
  let scale = 1;
  let done = 0;
  for (; done <= 6 && done + 2 <= digits; done += 2) {
    const pair = digitPairs[bytes[start + (done >> 1)]];
    if (pair < 0) break;
    first = first * 100 + pair;
  }
  for (; done <= 12 && done + 2 <= digits; done += 2) {
    const pair = digitPairs[bytes[start + (done >> 1)]];
    if (pair < 0) break;
    then = then * 100 + pair;
    scale *= 100;
  }
  let value = first * scale + then;
  for (let i = done; i < digits; i++) {
    const octet = bytes[start + (i >> 1)];
    const digit = (i & 1) === 0 ? octet & 0x0f : octet >> 4;
    if (digit === 0x0f) return i === 0 ? -1 : value;
    if (digit > 9 || i >= digitsMax) return -1;
    value = value * 10 + digit;
  }
  return digits === 0 ? -1 : value;
}
