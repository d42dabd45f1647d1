import { feedNote } from '../../shared/feed-note.ts';

/** Of the time for which others wait for a feed, what its batches should lie apart at most: the network wants the rest. */
const flushShare = 2 / 3;

/** How far a feed's batches may lie apart, ms, where others wait so long for it. */
export function flushWithinMs(staleMs: number): number {
  return Math.floor(staleMs * flushShare);
}

/** Of an acknowledged feed: rows that came late because others did not wait as long as its sender takes to fill a batch. */
export class LateCheck {
  /** What is to be said of it; '': its batches come often enough. */
  note = '';
  readonly #feed: string;
  readonly #staleMs: number;
  #rows = 0;

  /** @param uri of the feed @param staleMs others wait so long for it */
  constructor(uri: string, staleMs: number) {
    this.#feed = uri.replace(/\?.*/, '');
    this.#staleMs = staleMs;
  }

  /**
   * A batch has come.
   *
   * @param late rows of it that lie behind the event clock @param gapMs since the one before
   * @returns whether there is something new to be told
   */
  came(late: number, gapMs: number): boolean {
    const wasRight = this.note === '';
    if (gapMs <= this.#staleMs) {
      if (late === 0) this.note = '';
      return !wasRight && late === 0;
    }
    if (late === 0) return false;
    this.#rows += late;
    const seconds = (ms: number) => Math.round(ms / 1000);
    this.note = feedNote('lateFlush', {
      ...{ rows: this.#rows.toLocaleString('en'), gap: seconds(gapMs), stale: seconds(this.#staleMs) },
      ...{ within: seconds(flushWithinMs(this.#staleMs)), feed: this.#feed, wait: seconds(2 * gapMs) },
    });
    return wasRight;
  }
}
