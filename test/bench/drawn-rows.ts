import { EventBatch } from '../../server/events/event-batch.ts';
import { batchRows } from '../../server/events/feed-messages.ts';
import { cellCount, firstSeenStep, pushSeen, randomOf, streams } from './presence-city.ts';

const { stepsMax } = streams.day;

/** What `MadeRows` gives, of more subscribers than there is memory for rows of: two octets each, each row made when asked for. */
export class DrawnRows {
  readonly #cells: Uint16Array;
  readonly #moves: number;
  readonly #random = randomOf(20_261_122);
  /** Row of the pass that comes next. */
  #next = 0;

  /** @param moves share of the rows that are from another cell than the subscriber's before */
  constructor(subscribers: number, moves: number) {
    this.#cells = new Uint16Array(subscribers);
    this.#moves = moves;
    for (let i = 0; i < subscribers; i++) this.#cells[i] = Math.floor(this.#random() * cellCount);
  }

  /** The next rows, in a buffer of their own; their times are the caller's. */
  next(): EventBatch {
    const batch = new EventBatch(batchRows);
    const cells = this.#cells;
    for (let i = 0; i < batchRows; i++) {
      const sub = (this.#next * firstSeenStep) % cells.length;
      const draw = this.#random();
      if (draw < this.#moves) cells[sub] = (cells[sub] + 1 + Math.floor((draw / this.#moves) * stepsMax)) % cellCount;
      pushSeen(batch, 0, sub, cells[sub], false);
      this.#next = (this.#next + 1) % cells.length;
    }
    return batch;
  }
}
