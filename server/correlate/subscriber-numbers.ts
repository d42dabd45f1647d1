import { PairTable } from '../privacy/pair-table.ts';

const wordStep = 0x1_0000_0000;

/**
 * MSISDN ↔ IMSI, as the home location register tells it to others: a number has one SIM and a SIM one number, the
 * newest that was told. Each pair stands in two tables, one a direction, and comes, is used and goes in both at once.
 * Bounded: those not used for longest go.
 */
export class SubscriberNumbers {
  readonly #imsis: PairTable;
  readonly #numbers: PairTable;

  constructor(max: number) {
    this.#imsis = new PairTable({
      entriesMax: max,
      touched: true,
      evicted: (_low, _high, imsiLow, imsiHigh) => this.#numbers.delete(imsiLow, imsiHigh),
    });
    this.#numbers = new PairTable({
      entriesMax: max,
      touched: true,
      evicted: (_low, _high, numberLow, numberHigh) => this.#imsis.delete(numberLow, numberHigh),
    });
  }

  get known(): number {
    return this.#imsis.size;
  }

  get evictions(): number {
    return this.#imsis.evictions + this.#numbers.evictions;
  }

  /** @param number international form as an integer @param imsi from `packImsi` @returns whether that is news */
  learn(number: number, imsi: number): boolean {
    const before = read(this.#imsis, number);
    const numberBefore = read(this.#numbers, imsi);
    if (before === imsi) return false;
    if (before >= 0) remove(this.#numbers, before);
    if (numberBefore >= 0) remove(this.#imsis, numberBefore);
    write(this.#imsis, number, imsi);
    write(this.#numbers, imsi, number);
    return true;
  }

  /** The number of an IMSI, or -1. That is no use of the pair. */
  numberOf(imsi: number): number {
    const low = imsi >>> 0;
    const { value } = this.#numbers;
    return this.#numbers.peek(low, (imsi - low) / wordStep) ? value[1] * wordStep + value[0] : -1;
  }

  /** The IMSI of a number, or -1. */
  imsiOf(number: number): number {
    const imsi = read(this.#imsis, number);
    // Read for its mark of use alone: the two directions are to grow old together.
    if (imsi >= 0) read(this.#numbers, imsi);
    return imsi;
  }
}

// Keys and values are integers below 2^53, each in two words.

function read(table: PairTable, key: number): number {
  const low = key >>> 0;
  if (!table.find(low, (key - low) / wordStep)) return -1;
  return table.value[1] * wordStep + table.value[0];
}

function write(table: PairTable, key: number, value: number): void {
  const keyLow = key >>> 0;
  const valueLow = value >>> 0;
  table.set(keyLow, (key - keyLow) / wordStep, valueLow, (value - valueLow) / wordStep);
}

function remove(table: PairTable, key: number): void {
  const low = key >>> 0;
  table.delete(low, (key - low) / wordStep);
}
