import { EventBatch } from '../../server/events/event-batch.ts';
import { batchRows } from '../../server/events/feed-messages.ts';
import { CityEvents, cellCount, randomOf, streams } from './presence-city.ts';

/** Cells that a move goes on by, at most: as by day in the simulated city. */
const stepsMax = streams.day.stepsMax;

/** Rows without an end: in each pass everybody is seen once, and whoever moves stays where it went. */
export class MadeRows {
  readonly #passes: EventBatch[] = [];
  readonly #moves: number;
  readonly #random = randomOf(20_261_122);
  #next = 0;

  /** @param moves share of the rows that are from another cell than the subscriber's before */
  constructor(subscribers: number, moves: number) {
    this.#moves = moves;
    const source = new CityEvents(subscribers, subscribers);
    while (source.next()) {
      const batch = new EventBatch(batchRows);
      batch.copyRange(source.batch, 0, source.batch.n, 0);
      batch.cause.set(source.batch.cause);
      batch.n = source.batch.n;
      this.#passes.push(batch);
    }
  }

  /** The next rows, in a buffer of their own; their times are the caller's. */
  next(): EventBatch {
    const made = this.#passes[this.#next++ % this.#passes.length];
    if (this.#next > this.#passes.length) this.#move(made);
    return EventBatch.adopt(made.buffer.slice(0), made.n);
  }

  #move({ cell, n }: EventBatch): void {
    for (let i = 0; i < n; i++) {
      const draw = this.#random();
      if (draw < this.#moves) cell[i] = (cell[i] + 1 + Math.floor((draw / this.#moves) * stepsMax)) % cellCount;
    }
  }
}

/**
 * The share of rows with which each phone moves as often as in the hour before kick-off, however often it is heard:
 * calls and data sessions make the rows many, not the moves.
 *
 * @param perSecond rows in a second of event time
 */
export function movesOf(subscribers: number, perSecond: number): number {
  const { moves, perPhoneAndHour } = streams.kickOff;
  return (moves * perPhoneAndHour * subscribers) / (perSecond * 3600);
}
