import type { FeedPosition } from '../../server/events/feed-position.ts';
import type { HubPast } from '../../server/events/hub.ts';
import type { HubSink } from '../../server/events/hub-sink.ts';
import { type RowConsumer, Sorter } from '../../server/events/sorter.ts';

/** What comes behind the hub, on the spot and without a journal: rows in order, and the clock. */
export function sortingSink(options: {
  latenessUs: number;
  rowsMax: number;
  cellIdOf: (cgi: string) => number;
  onRows: RowConsumer;
  onLate?: RowConsumer;
  onClock?: (clockUs: number, feedClocksUs: Float64Array) => void;
  onEnd?: () => void;
  /** Resolves when a batch counts as kept. */
  kept?: () => Promise<void>;
}): HubSink & { sorter: Sorter; positions: FeedPosition[] } {
  const sorter = new Sorter({
    latenessUs: options.latenessUs,
    rowsMax: options.rowsMax,
    onRows: options.onRows,
    onLate: options.onLate ?? (() => undefined),
    onTooLate: () => undefined,
  });
  const positions: FeedPosition[] = [];
  return {
    sorter,
    positions,
    cellIdOf: options.cellIdOf,
    batch(position, batch) {
      positions.push(position);
      sorter.push(batch);
      return options.kept?.() ?? Promise.resolve();
    },
    clock(releaseUs, feedClocksUs) {
      sorter.release(releaseUs);
      if (sorter.releasedUs > 0) options.onClock?.(sorter.releasedUs, feedClocksUs);
    },
    finish: () => options.onEnd?.(),
  };
}

/** Nothing was taken in before. */
export const noPast = (): HubPast => ({
  positions: [],
  releaseUs: Number.NEGATIVE_INFINITY,
  feedClocksUs: new Float64Array(256).fill(Number.NEGATIVE_INFINITY),
  finished: false,
});

/** A feed at its beginning. */
export const newPosition = (number: number): FeedPosition => ({
  ...{ number, identity: `feed ${number}`, epoch: 0, seq: 0, eventUs: -1, clockUs: -1, firstUs: -1 },
});
