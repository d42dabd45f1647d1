import type { Timers } from '../clock.ts';

/**
 * So long steps follow one another before the event loop has its turn, ms: with the last step and the collector's share a
 * pause stays below 10.
 */
export const sliceMs = 3;

/** Does work whose every step takes some milliseconds; others have their turn in between. */
export async function inSlices<T>(work: Generator<void, T>, timers: Timers): Promise<T> {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    await new Promise<void>((resolve) => void timers.after(0, resolve));
  }
}
