import { secondUs } from '../clock.ts';

/** Judged after so long and so many arrivals: one late message says nothing about a clock. */
const judgeMs = 5000;
const samplesMin = 5;
const samplesMax = 64;

/**
 * Whether a live feed's clock is off: the time of its newest message against wall time at each arrival, the median over
 * some seconds. A feed that delivers late looks the same: its people are shown where they were.
 */
export class ClockCheck {
  /** What is to be said of the clock; '': it is right, or not known yet. */
  note = '';
  readonly #offUs: number;
  #samples: number[] = [];
  #sinceMs = -1;

  /** @param offMs a clock further off than this is worth a warning, ms */
  constructor(offMs: number) {
    this.#offUs = offMs * 1000;
  }

  /** The latest time that a right clock may tell, µs. */
  boundUs(wallUs: number): number {
    return wallUs + this.#offUs;
  }

  /**
   * Messages have come.
   *
   * @param eventUs time of the newest one @param wallUs time at which it came
   * @returns whether the clock has gone wrong, or is right again
   */
  arrived(eventUs: number, wallUs: number, nowMs: number): boolean {
    if (this.#samples.length === 0) this.#sinceMs = nowMs;
    this.#samples.push(eventUs - wallUs);
    if (this.#samples.length > samplesMax) this.#samples.shift();
    if (this.#samples.length < samplesMin || nowMs - this.#sinceMs < judgeMs) return false;
    const ordered = this.#samples.sort((a, b) => a - b);
    const median = ordered[ordered.length >> 1];
    this.#samples = [];
    const wasRight = this.note === '';
    const seconds = (Math.abs(median) / secondUs).toFixed(1);
    const side = median > 0 ? 'ahead of' : 'behind';
    this.note =
      Math.abs(median) > this.#offUs
        ? `its times are ${seconds} s ${side} this machine's clock: set the clocks, or see what delays it`
        : '';
    return wasRight !== (this.note === '');
  }
}
