import type { EventBatch } from './event-batch.ts';

/** Without a sound time for so long, and with so many ahead, it is the feed's clock that is ahead and no single row. */
const confirmMs = 5000;
const confirmRows = 5;

/**
 * How far a live feed has got. Its newest event tells, but one row stamped ahead would carry the event clock with it, and
 * all that follows would be late. So a time further ahead of this machine's clock than a clock may be off moves nothing:
 * its row waits in the reorder window until its time has come. A feed that has no other times is taken to be as far as it
 * can be.
 */
export class LiveClock {
  readonly #offUs: number;
  #soundMs = Number.NEGATIVE_INFINITY;
  #ahead = 0;

  /** @param offMs times further ahead are not believed, ms */
  constructor(offMs: number) {
    this.#offUs = offMs * 1000;
  }

  /**
   * @param clockUs newest time that the feed has told @param batch rows that came with it; null: none
   * @param isNews something has come: a feed that only answers tells no time
   * @param nowUs wall time
   * @returns how far the feed has got, µs; -1: no further than before
   */
  reached(clockUs: number, batch: EventBatch | null, isNews: boolean, nowUs: number, nowMs: number): number {
    const boundUs = nowUs + this.#offUs;
    const soundUs = clockUs <= boundUs ? clockUs : newestUpTo(batch, boundUs);
    if (soundUs > 0) {
      this.#soundMs = nowMs;
      this.#ahead = 0;
      return soundUs;
    }
    if (!isNews) return -1;
    this.#ahead += batch?.n ?? 1;
    return this.#ahead >= confirmRows && nowMs - this.#soundMs >= confirmMs ? boundUs : -1;
  }
}

/** The newest time of a batch that is not above a bound; -1: there is none. */
export function newestUpTo(batch: EventBatch | null, boundUs: number): number {
  let newestUs = -1;
  if (batch === null) return newestUs;
  const { n, timeUs } = batch;
  for (let i = 0; i < n; i++) if (timeUs[i] <= boundUs && timeUs[i] > newestUs) newestUs = timeUs[i];
  return newestUs;
}
