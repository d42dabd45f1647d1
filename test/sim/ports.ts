import { BatchWriter } from '../../server/events/batch-writer.ts';
import {
  batchesInFlightMax,
  type FeedProgress,
  type FeedToHub,
  type HubToFeed,
  noCounters,
} from '../../server/events/feed-messages.ts';
import type { FeedPort } from '../../server/events/hub-feed.ts';
import type { Chance, Life } from './schedule.ts';
import { batchOf, flagsOf, kindOf, type Script, type SimEvent } from './script.ts';

const counters = noCounters();

function progress(clockUs: number, share: number): FeedProgress {
  return { clockUs, nextUs: 0, progress: share, counters, note: '' };
}

/** What the server answers a client: all rows before `upTo` are kept; or it expects the row `expected` next. */
export type Answer = { k: 'kept'; upTo: number } | { k: 'expected'; expected: number };

abstract class Port implements FeedPort {
  protected listener: (message: FeedToHub) => void = () => undefined;
  protected credits = batchesInFlightMax;
  protected stopped = false;

  abstract post(message: HubToFeed): void;

  onMessage(listener: (message: FeedToHub) => void): void {
    this.listener = listener;
    this.begin();
  }

  async close(): Promise<void> {
    this.stopped = true;
  }

  protected abstract begin(): void;
}

/** The server's end of an acknowledged feed: a row is taken once, and acknowledged when it is kept. */
export class AcknowledgedPort extends Port {
  /** Rows taken in, and rows that are kept. */
  #taken: number;
  #kept: number;
  /** Where batches under way end. */
  readonly #underWay: number[] = [];
  readonly #symbols = new Map<string, number>();
  #newestUs = 0;
  #open = false;
  readonly #firstUs: number;
  readonly #life: Life;
  readonly #answer: (answer: Answer) => void;

  constructor(life: Life, seq: number, firstUs: number, answer: (answer: Answer) => void) {
    super();
    this.#life = life;
    this.#taken = seq;
    this.#kept = seq;
    this.#firstUs = firstUs;
    this.#answer = answer;
  }

  post(message: HubToFeed): void {
    if (message.k === 'stop') this.stopped = true;
    if (message.k !== 'credit') return;
    this.credits++;
    this.#kept = this.#underWay.shift()!;
    this.#answer({ k: 'kept', upTo: this.#kept });
  }

  receive(first: number, events: readonly SimEvent[]): void {
    if (this.stopped || !this.#open) return;
    if (first > this.#taken) this.#answer({ k: 'expected', expected: this.#taken });
    else if (first + events.length <= this.#taken) this.#answer({ k: 'kept', upTo: this.#kept });
    else if (this.credits > 0) this.#takeIn(first, events);
  }

  #takeIn(first: number, events: readonly SimEvent[]): void {
    const fresh = events.slice(this.#taken - first);
    const newCells: string[] = [];
    const batch = batchOf(fresh, (cell) => {
      const known = this.#symbols.get(cell);
      if (known !== undefined) return known;
      newCells.push(cell);
      this.#symbols.set(cell, this.#symbols.size);
      return this.#symbols.size - 1;
    });
    this.#newestUs = Math.max(this.#newestUs, ...fresh.map(({ timeUs }) => timeUs));
    this.#taken += fresh.length;
    this.#underWay.push(this.#taken);
    this.credits--;
    const at = progress(this.#newestUs, -1);
    this.listener({ k: 'batch', buffer: batch.buffer as ArrayBuffer, rows: batch.n, newCells, at });
  }

  protected begin(): void {
    this.#life.after(1, () => {
      this.#open = true;
      this.listener({ k: 'open', firstUs: this.#firstUs });
    });
  }
}

/** A file, read from its beginning in each run as the hub allows, without the rows that were taken in before. */
export class FilePort extends Port {
  #read = 0;
  #untilUs = Number.NEGATIVE_INFINITY;
  #doneUs = Number.NEGATIVE_INFINITY;
  #clockUs: number;
  #ended = false;
  readonly #writer: BatchWriter;
  readonly #script: Script;
  readonly #chance: Chance;
  readonly #life: Life;

  constructor(life: Life, chance: Chance, script: Script, rows: number) {
    super();
    this.#life = life;
    this.#chance = chance;
    this.#script = script;
    this.#writer = new BatchWriter({ rows });
    this.#clockUs = script.events[0].timeUs;
  }

  post(message: HubToFeed): void {
    if (message.k === 'until') this.#untilUs = message.untilUs;
    else if (message.k === 'credit') this.credits++;
    else this.stopped = true;
  }

  protected begin(): void {
    this.#life.after(1, () => {
      this.listener({ k: 'open', firstUs: this.#clockUs });
      this.#turn();
    });
  }

  #turn(): void {
    if (this.stopped) return;
    if (this.credits > 0 && (this.#ended || this.#untilUs > this.#doneUs) && this.#readSome()) return;
    this.#life.after(this.#chance.between(2, 60), () => this.#turn());
  }

  /** @returns whether that was the last */
  #readSome(): boolean {
    const { events } = this.#script;
    for (let some = 1 + this.#chance.below(25); some > 0; some--) {
      const event = events[this.#read];
      if (event === undefined) {
        this.#ended = true;
        break;
      }
      if (event.timeUs > this.#untilUs) {
        this.#doneUs = this.#untilUs;
        if (this.#untilUs > this.#clockUs) this.#clockUs = this.#untilUs;
        break;
      }
      this.#read++;
      const { id, timeUs, subscriber, cell } = event;
      if (timeUs > this.#clockUs) this.#clockUs = timeUs;
      this.#writer.event(timeUs, subscriber, 7, cell, 0, kindOf(event), 0, 0, flagsOf(event), 0, 0, id);
    }
    const at = progress(this.#clockUs, this.#read / events.length);
    if (this.#writer.waiting === 0) this.listener({ k: 'clock', at });
    else {
      const { batch, newestUs, newCells } = this.#writer.take();
      // Rows that still wait here may be older than what has been read.
      if (this.#writer.waiting > 0) at.clockUs = newestUs;
      this.credits--;
      this.listener({ k: 'batch', buffer: batch.buffer as ArrayBuffer, rows: batch.n, newCells, at });
    }
    const isLast = this.#ended && this.#writer.waiting === 0;
    if (isLast) this.listener({ k: 'end', early: null });
    return isLast;
  }
}
