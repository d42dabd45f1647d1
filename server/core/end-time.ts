import { type Clock, type Timers, within } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';

/** The disk is waited for so long in the end, ms; and a full one, where that may mean to wait for room. */
const endMsMax = 4000;
const fullEndMsMax = 500;

/** How long the end may still wait for snapshots, whatever it waits for. */
export class EndTime {
  readonly #clock: Clock;
  readonly #timers: Timers;
  #leftMs: number;

  constructor(options: { readonly clock: Clock; readonly timers: Timers; readonly journal: Journal }) {
    this.#clock = options.clock;
    this.#timers = options.timers;
    this.#leftMs = options.journal.full ? fullEndMsMax : endMsMax;
  }

  /** Resolves with the work, or when no time is left. */
  async wait(work: Promise<unknown>): Promise<void> {
    const sinceMs = this.#clock.monotonicMs();
    await within(this.#timers, this.#leftMs, work);
    this.#leftMs = Math.max(0, this.#leftMs - (this.#clock.monotonicMs() - sinceMs));
  }
}
