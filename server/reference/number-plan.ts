import { type PeerClass, peerClassCode } from '../events/kinds.ts';
import { mccOf, parsePlmn } from '../events/plmn.ts';
import { codeOfCountry, countryOfDigits, packIso } from './country-codes.ts';
import { countryOfMcc } from './mcc.ts';

/** Types of number as SETUP and short messages tell them. 3GPP TS 24.008 §10.5.4.7, 23.040 §9.1.2.5. */
const numberType = { international: 1, national: 2 } as const;

const digitsMax = 40;
const china = packIso('CN');
/** Digits behind which no carrier selection stands: it goes in front of a whole number. */
const carrierDigits = 5;
/** A number of so many digits or more fits no double. */
const valueDigitsMax = 15;

/**
 * Carrier selection codes that are dialled in front of a number (IP telephony: 179xx; China Mobile's 12593, 10193 of
 * China Unicom, 11808 of China Telecom).
 */
const carriers = new Set([
  17900, 17901, 17908, 17909, 17910, 17911, 17950, 17951, 17960, 17961, 17968, 17969, 17990, 17991, 17995, 17996, 12593,
  10193, 11808,
]);

/**
 * What a telephone number says of who has it, by China's numbering plan (MIIT, 电信网编号计划) and ITU-T E.164. Put
 * digits into {@link digits} and {@link count} and call {@link analyse}: it makes the international form of them and
 * tells class, country and area.
 *
 * Class goes by number range; who took a number to another operator is not seen.
 *
 * A network of another country dials by a plan that is not known here: its national numbers are of that country, of
 * unknown class and without area; what is dialled in no told form may be anybody's.
 */
export class NumberPlan {
  /** One digit a place. Before: as dialled or told; after: in international form, that of short numbers 86 and they. */
  readonly digits = new Uint8Array(digitsMax);
  count = 0;
  /** Code of `peerClasses`. */
  peerClass = 0;
  /** Packed by `packIso`; 0: unknown. */
  country = 0;
  /** Segment (first seven digits) of a mobile number, area code of another one without its zero; 0: none. */
  area = 0;
  /** Whether the digits are in international form after {@link analyse}; else they are as they came. */
  isInternational = true;
  /**
   * Country of the network that is heard as `packIso` packs it, by whose plan its subscribers dial; 0: a test network's,
   * or not known. The home network's unless set.
   */
  network = 0;
  /** Country of the home network as `packIso` packs it; 0: a test network's, none. */
  readonly #home: number;
  /** By the first four digits of a mobile number. */
  readonly #onNet = new Uint8Array(10_000);

  /**
   * @param onNetPrefixes prefixes of three or four digits of our own network's mobile numbers, by commas
   * @param homePlmns the home network, e.g. `460-00,460-02`; the first that is of a country tells by which plan it dials
   */
  constructor(onNetPrefixes: string, homePlmns: string) {
    const countries = homePlmns.split(',').map((plmn) => countryOfMcc(mccOf(parsePlmn(plmn)))?.iso ?? '');
    this.#home = packIso(countries.find((iso) => iso !== '') ?? '');
    this.network = this.#home;
    for (const prefix of onNetPrefixes.split(',')) {
      const width = 10 ** (4 - prefix.length);
      this.#onNet.fill(1, Number(prefix) * width, (Number(prefix) + 1) * width);
    }
  }

  /** The international form as an integer; -1 where it has too many digits for that, or none. */
  get value(): number {
    if (this.count === 0 || this.count > valueDigitsMax) return -1;
    return this.#number(0, this.count);
  }

  /** @param type one of {@link numberType}; what else there is goes by its digits */
  analyse(type: number): void {
    this.area = 0;
    this.country = china;
    this.isInternational = true;
    if (this.count === 0) {
      this.#is('unknown', 0);
      return;
    }
    if (this.network !== china && type !== numberType.international) this.#elsewhere(type);
    else if (type === numberType.international) this.#international(this.#begins(0, 0, 0) ? 2 : 0);
    else if (type === numberType.national && this.#fixedLength(0) === this.count) this.#fixed(0);
    else this.#dialled(0);
  }

  /** A number of another country's network that is not told to be international. */
  #elsewhere(type: number): void {
    this.peerClass = peerClassCode.unknown;
    // Prefixes for other countries differ: nobody knows whether a number of no told type has one.
    this.country = type === numberType.national || this.digits[0] !== 0 ? this.network : 0;
    const code = codeOfCountry(this.network);
    this.isInternational = type === numberType.national && code !== '' && this.count + code.length <= digitsMax;
    if (!this.isInternational) return;
    this.digits.copyWithin(code.length, 0, this.count);
    for (let at = 0; at < code.length; at++) this.digits[at] = Number(code[at]);
    this.count += code.length;
  }

  /** As somebody in China dials it, or as the network shows it to them. */
  #dialled(at: number): void {
    const { digits } = this;
    const left = this.count - at;
    if (this.#begins(at, 0, 0)) {
      this.#international(at + 2);
    } else if (left > carrierDigits + 2 && carriers.has(this.#number(at, at + carrierDigits))) {
      // A carrier's code is five digits, so this comes to its end.
      this.#dialled(at + carrierDigits);
    } else if (digits[at] === 0) {
      if (this.#isMobile(at + 1)) this.#mobile(at + 1);
      else this.#fixed(at + 1);
    } else if (this.#begins(at, 8, 6) && left === 13 && this.#isMobile(at + 2)) {
      this.#mobile(at + 2);
    } else {
      this.#national(at);
    }
  }

  /** Without trunk prefix and area code. */
  #national(at: number): void {
    const left = this.count - at;
    const first = this.digits[at];
    if (this.#isMobile(at)) this.#mobile(at);
    else if (this.#isService(at)) this.#ofChina('service number', at);
    // 110, 119, 120, 122; numbers inside a company's or family's group.
    else if (left <= 6) this.#ofChina('short number', at);
    else if (left <= 8 && first >= 2 && first <= 8) this.#ofChina('off-net', at);
    else this.#is('unknown', at);
  }

  /** Behind 00 or +. */
  #international(at: number): void {
    this.country = countryOfDigits(this.digits, at, this.count);
    if (this.country !== china) this.#is(this.country === 0 ? 'unknown' : 'off-net', at);
    // Our own country's, by a plan that is not known here.
    if (this.country !== china && (this.country === this.#home || this.country === this.network))
      this.peerClass = peerClassCode.unknown;
    if (this.country !== china) return;
    if (this.#isMobile(at + 2)) this.#mobile(at + 2);
    else if (this.#fixedLength(at + 2) === this.count - at - 2) this.#fixed(at + 2);
    else this.#national(at + 2);
  }

  #isMobile(at: number): boolean {
    return this.count - at === 11 && this.digits[at] === 1 && this.digits[at + 1] >= 3;
  }

  #mobile(at: number): void {
    this.area = this.#number(at, at + 7);
    const isOurs = this.#home === china && this.#onNet[this.#number(at, at + 4)] === 1;
    this.#ofChina(isOurs ? 'on-net' : 'off-net', at);
  }

  /** Numbers that begin with 10, 11, 12, 16, 95 or 96, of five digits at least; 400 and 800 with seven digits more. */
  #isService(at: number): boolean {
    const left = this.count - at;
    const [first, second, third] = [this.digits[at], this.digits[at + 1], this.digits[at + 2]];
    if (first === 1) return left > 4 && (second <= 2 || second === 6);
    if (first === 9) return left > 4 && (second === 5 || second === 6);
    return left === 10 && (first === 4 || first === 8) && second === 0 && third === 0;
  }

  /** Digits of the area code without its zero: 10, 2x, others three. */
  #areaDigits(at: number): number {
    return this.#begins(at, 1, 0) || this.digits[at] === 2 ? 2 : 3;
  }

  /** Digits of a whole number of the fixed network with its area code that begins at `at`; 0: it is none. */
  #fixedLength(at: number): number {
    const left = this.count - at;
    const first = this.digits[at];
    if (this.#begins(at, 1, 0) || first === 2) return left === 10 ? left : 0;
    if (first < 3 || this.#isService(at)) return 0;
    return left === 10 || left === 11 ? left : 0;
  }

  /** Area code and what stands behind it: seven or eight digits, or a service number of that area. */
  #fixed(at: number): void {
    const end = at + this.#areaDigits(at);
    const left = this.count - end;
    if (this.digits[at] === 0 || left < 3 || left > 8 || (this.digits[at] === 1 && this.digits[at + 1] !== 0)) {
      this.#is('unknown', at);
      return;
    }
    this.area = this.#number(at, end);
    this.#ofChina(left >= 7 ? 'off-net' : 'service number', at);
  }

  #begins(at: number, first: number, second: number): boolean {
    return this.digits[at] === first && this.digits[at + 1] === second && this.count - at >= 2;
  }

  #number(start: number, end: number): number {
    let value = 0;
    for (let at = start; at < end; at++) value = value * 10 + this.digits[at];
    return value;
  }

  /** The number from `at` on is a national one: 86 goes in front. */
  #ofChina(name: PeerClass, at: number): void {
    const length = Math.min(this.count - at, digitsMax - 2);
    this.digits.copyWithin(2, at, at + length);
    this.digits[0] = 8;
    this.digits[1] = 6;
    this.count = length + 2;
    this.peerClass = peerClassCode[name];
  }

  #is(name: 'off-net' | 'unknown', at: number): void {
    this.peerClass = peerClassCode[name];
    if (name === 'unknown') {
      this.country = 0;
      return;
    }
    this.digits.copyWithin(0, at, this.count);
    this.count -= at;
  }
}
