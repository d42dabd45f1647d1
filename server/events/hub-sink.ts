import type { EventBatch } from './event-batch.ts';
import type { FeedPosition } from './feed-position.ts';

/** What takes the feeds' rows and the hub's decisions, in this order, and keeps them. */
export interface HubSink {
  /** The cell's id; one never heard of gets the next. */
  cellIdOf(cgi: string): number;
  /**
   * Rows of one feed in order of arrival; the arrays are the sink's own from now on.
   *
   * @param position the feed's, behind them; a new object each time
   * @returns once the rows survive a power cut
   */
  batch(position: FeedPosition, batch: EventBatch): Promise<void>;
  /**
   * Every row before `releaseUs` has come. The arrays are by feed number, and the sink's own from now on.
   *
   * @param feedClocksUs nobody last seen by the feed vanishes before it, µs
   * @param readUs how far the feed has been read, µs; -1: nothing yet
   */
  clock(releaseUs: number, feedClocksUs: Float64Array, readUs: Float64Array): void;
  /** Every feed has come to its end. */
  finish(): void;
}
