import { BatchWriter } from '../../server/events/batch-writer.ts';
import { type FeedProgress, type FeedToHub, type HubToFeed, noCounters } from '../../server/events/feed-messages.ts';
import type { FeedPort } from '../../server/events/hub-feed.ts';
import { knobs } from '../../server/knobs.ts';
import type { Chance, Life } from './schedule.ts';
import { codesOf, isLearntRow, type Script, type SimEvent } from './script.ts';

const counters = noCounters();

function progress(clockUs: number, share: number): FeedProgress {
  return { clockUs, nextUs: 0, progress: share, counters, note: '' };
}

/** A file, read from its beginning in each run as the hub allows, without the rows that were taken in before. */
export class FilePort implements FeedPort {
  #listener: (message: FeedToHub) => void = () => undefined;
  #credits: number = knobs.feedBatchesMax.default;
  #stopped = false;
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
    this.#life = life;
    this.#chance = chance;
    this.#script = script;
    this.#writer = new BatchWriter({ rows });
    this.#clockUs = script.events[0].timeUs;
  }

  post(message: HubToFeed): void {
    if (message.k === 'until') this.#untilUs = message.untilUs;
    else if (message.k === 'credit') this.#credits++;
    else this.#stopped = true;
  }

  onMessage(listener: (message: FeedToHub) => void): void {
    this.#listener = listener;
    this.#life.after(1, () => {
      this.#listener({ k: 'open', firstUs: this.#clockUs });
      this.#turn();
    });
  }

  async close(): Promise<void> {
    this.#stopped = true;
  }

  #turn(): void {
    if (this.#stopped) return;
    if (this.#credits > 0 && (this.#ended || this.#untilUs > this.#doneUs) && this.#readSome()) return;
    this.#life.after(this.#chance.between(2, 60), () => this.#turn());
  }

  #write(event: SimEvent): void {
    const { id, timeUs, subscriber, cell, durationMs } = event;
    const { plmn, kind, outcome, flags } = codesOf(event);
    if (isLearntRow(event)) {
      const value = { valueLo: id, valueHi: id % 3, typeAllocationCode: 35_000_000 + id };
      const vlr = { node: id, country: 110, network: 942_080 };
      this.#writer.learnt({ timeUs, subLo: subscriber, subHi: 7, kind, plmn, ...value, ...vlr });
    } else this.#writer.event(timeUs, subscriber, 7, cell, plmn, kind, outcome, 0, flags, durationMs, 0, id);
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
      if (event.timeUs > this.#clockUs) this.#clockUs = event.timeUs;
      this.#write(event);
    }
    const at = progress(this.#clockUs, this.#read / events.length);
    if (this.#writer.waiting === 0) this.#listener({ k: 'clock', at });
    else {
      const { batch, newestUs, newCells } = this.#writer.take();
      // Rows that still wait here may be older than what has been read.
      if (this.#writer.waiting > 0) at.clockUs = newestUs;
      this.#credits--;
      this.#listener({ k: 'batch', buffer: batch.buffer as ArrayBuffer, rows: batch.n, newCells, at });
    }
    const isLast = this.#ended && this.#writer.waiting === 0;
    if (isLast) this.#listener({ k: 'end', early: null });
    return isLast;
  }
}

/** A feed's port whose batches somebody watches on their way to the hub. */
export function watched(port: FeedPort, watch: (message: Extract<FeedToHub, { k: 'batch' }>) => void): FeedPort {
  return {
    post: (message) => port.post(message),
    close: () => port.close(),
    onMessage: (listener) =>
      port.onMessage((message) => {
        if (message.k === 'batch') watch(message);
        listener(message);
      }),
  };
}
