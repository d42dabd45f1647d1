import { PairTable } from '../privacy/pair-table.ts';
import { none } from './connection-records.ts';

const slots = 4096;
const wordStep = 0x1_0000_0000;

/**
 * Cancel Location and Purge MS that seem to end a registration, in order of time: each waits a few seconds, because the
 * update elsewhere that it follows may be seen only then. Bounded: with more, the oldest waits no longer.
 */
export class HeldCancels {
  /** Packed IMSI → slot + 1. */
  readonly #slotOf = new PairTable({ entriesMax: Number.POSITIVE_INFINITY });
  /** -1: taken back. */
  readonly #imsis = new Float64Array(slots);
  readonly #vlrs = new Uint16Array(slots);
  readonly #timesUs = new Float64Array(slots);
  #first = 0;
  #count = 0;

  get isFull(): boolean {
    return this.#count === slots;
  }

  /** The VLR that is to give up the subscriber; {@link none}: nothing waits. */
  vlrOf(imsi: number): number {
    if (this.#count === 0) return none;
    const low = imsi >>> 0;
    const at = this.#slotOf.get(low, (imsi - low) / wordStep) - 1;
    return at < 0 ? none : this.#vlrs[at];
  }

  /** There is room, and nothing of this subscriber waits. */
  add(imsi: number, vlr: number, timeUs: number): void {
    const at = (this.#first + this.#count++) % slots;
    this.#imsis[at] = imsi;
    this.#vlrs[at] = vlr;
    this.#timesUs[at] = timeUs;
    const low = imsi >>> 0;
    this.#slotOf.set(low, (imsi - low) / wordStep, at + 1, 0);
  }

  /** Takes back what waits of a subscriber. @returns its time */
  take(imsi: number): number {
    const low = imsi >>> 0;
    const high = (imsi - low) / wordStep;
    const at = this.#slotOf.get(low, high) - 1;
    this.#slotOf.delete(low, high);
    this.#imsis[at] = -1;
    while (this.#count > 0 && this.#imsis[this.#first] < 0) {
      this.#first = (this.#first + 1) % slots;
      this.#count--;
    }
    return this.#timesUs[at];
  }

  /** Whose the oldest is that came until then, or -1; it still waits. */
  oldest(untilUs: number): number {
    return this.#count > 0 && this.#timesUs[this.#first] <= untilUs ? this.#imsis[this.#first] : -1;
  }
}
