/**
 * How long to wait before the next attempt: doubling from `minMs` to `maxMs`, between half of that and all of it by
 * chance, so that many who lost the same server do not come back at once.
 */
export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #attempts = 0;

  /** @param random 0 … 1 */
  constructor(minMs: number, maxMs: number, random: () => number) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  /** Milliseconds until the next attempt. */
  next(): number {
    const wholeMs = Math.min(this.#maxMs, this.#minMs * 2 ** Math.min(this.#attempts++, 30));
    return Math.round(wholeMs * (0.5 + this.#random() / 2));
  }

  /** It worked: the next wait is a short one again. */
  reset(): void {
    this.#attempts = 0;
  }
}
