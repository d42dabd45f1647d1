import type { Config } from '../config.ts';

/** Digits of an IMSI as the tables pack it; shorter ones are packed above it. */
const imsiDigits = 15;
const imsiStep = 1e15;
/** Digits of a type allocation code. */
const codeDigits = 8;

/**
 * Which SIMs are machines' (meters, tills, vehicles: nobody carries them), by configuration: what their IMSIs or numbers
 * begin with, and the handset models that are modems. DESIGN §2 *people*.
 */
export class Machines {
  readonly #imsis: readonly [first: number, last: number][];
  readonly #numbers: readonly { prefix: number; step: number }[];
  readonly #codes: ReadonlySet<number>;
  readonly #codeRanges: readonly [first: number, last: number][];

  constructor(config: Pick<Config, 'machineImsis' | 'machineNumbers' | 'machineModels'>) {
    this.#imsis = listOf(config.machineImsis).map((prefix) => rangeOf(prefix, imsiDigits));
    this.#numbers = listOf(config.machineNumbers).map((prefix) => ({ prefix: Number(prefix), step: prefix.length }));
    const models = listOf(config.machineModels);
    this.#codes = new Set(models.map(Number));
    this.#codeRanges = models.filter(({ length }) => length < codeDigits).map((prefix) => rangeOf(prefix, codeDigits));
  }

  /** @param imsi from `packImsi` */
  ofImsi(imsi: number): boolean {
    return imsi < imsiStep && isWithin(imsi, this.#imsis);
  }

  /** @param number in international form; -1: not known */
  ofNumber(number: number): boolean {
    if (number < 0 || this.#numbers.length === 0) return false;
    const digits = Math.floor(Math.log10(Math.max(1, number))) + 1;
    return this.#numbers.some(
      ({ prefix, step }) => digits >= step && Math.floor(number / 10 ** (digits - step)) === prefix,
    );
  }

  /** @param code the first 8 (or only 6) digits of an IMEI; 0: not known */
  ofModel(code: number): boolean {
    return code !== 0 && (this.#codes.has(code) || isWithin(code, this.#codeRanges));
  }
}

function listOf(prefixes: string): string[] {
  return prefixes === '' ? [] : prefixes.split(',');
}

function rangeOf(prefix: string, digits: number): [number, number] {
  const step = 10 ** (digits - prefix.length);
  return [Number(prefix) * step, (Number(prefix) + 1) * step - 1];
}

function isWithin(value: number, ranges: readonly [first: number, last: number][]): boolean {
  for (const [first, last] of ranges) if (value >= first && value <= last) return true;
  return false;
}
