import type { Answer } from './ports.ts';
import { beginUs, type Chance, type Schedule } from './schedule.ts';
import type { Script, SimEvent } from './script.ts';

/** Batches that a client has under way at most. */
const windowMax = 4;
const retryMs = 150;
const retryMsMax = 2_000;

/**
 * Who sends an acknowledged feed: in batches, again until they are acknowledged, over a network that loses, doubles and
 * swaps messages.
 */
export class Client {
  /** Rows that the server has acknowledged. */
  kept = 0;
  sent = 0;
  readonly script: Script;
  /** The first batch that is not acknowledged, and the next one to be sent. */
  #first = 0;
  #next = 0;
  #waitMs = retryMs;
  #cancel: (() => void) | null = null;
  /** Who takes messages now; null: the server is away. */
  #server: ((first: number, events: readonly SimEvent[]) => void) | null = null;
  /** The network is as bad as it gets until then. */
  badUntilMs = 0;
  readonly #schedule: Schedule;
  readonly #chance: Chance;
  readonly #speed: number;

  /** @param speed event seconds per second */
  constructor(schedule: Schedule, chance: Chance, script: Script, speed: number) {
    this.#schedule = schedule;
    this.#chance = chance;
    this.script = script;
    this.#speed = speed;
    this.#go();
  }

  get done(): boolean {
    return this.kept === this.script.events.length;
  }

  set server(server: ((first: number, events: readonly SimEvent[]) => void) | null) {
    this.#server = server;
  }

  /** The server's answer, sent now. */
  readonly hear = (answer: Answer): void => {
    this.#carry(() => this.#take(answer));
  };

  #take(answer: Answer): void {
    const { cuts } = this.script;
    if (answer.k === 'expected') {
      const batch = cuts.findLastIndex((at) => at <= answer.expected);
      // An answer of before may come behind a newer one.
      if (batch >= this.#first && batch < this.#next) this.#next = batch;
      return;
    }
    if (answer.upTo > this.script.events.length)
      this.#schedule.fail(`more than was sent of ${this.script.identity} is acknowledged`);
    if (answer.upTo <= this.kept) return;
    this.kept = answer.upTo;
    while (cuts[this.#first + 1] <= this.kept) this.#first++;
    this.#next = Math.max(this.#next, this.#first);
    this.#waitMs = retryMs;
  }

  /** Sends what may be sent now, and looks again a little later. */
  #go(): void {
    const { cuts, events } = this.script;
    while (
      this.#next < cuts.length - 1 &&
      this.#next < this.#first + windowMax &&
      this.#due(events[cuts[this.#next]])
    ) {
      this.#send(this.#next++);
    }
    if (!this.done) this.#schedule.after(this.#chance.between(20, 120), () => this.#go());
  }

  #due({ timeUs }: SimEvent): boolean {
    return (timeUs - beginUs) / 1000 / this.#speed <= this.#schedule.nowMs;
  }

  #send(batch: number): void {
    const { cuts, events } = this.script;
    const [first, end] = [cuts[batch], cuts[batch + 1]];
    this.sent++;
    this.#carry(() => this.#server?.(first, events.slice(first, end)));
    // One for all batches under way.
    if (this.#cancel === null) this.#wait();
  }

  #wait(): void {
    this.#cancel = this.#schedule.after(this.#waitMs, () => {
      this.#cancel = null;
      if (this.#first >= this.#next) return;
      this.#waitMs = Math.min(2 * this.#waitMs, retryMsMax);
      for (let batch = this.#first; batch < this.#next; batch++) this.#send(batch);
    });
  }

  #carry(arrive: () => void): void {
    const bad = this.#schedule.nowMs < this.badUntilMs;
    if (this.#chance.once(bad ? 3 : 25)) return;
    const copies = this.#chance.once(bad ? 4 : 20) ? 2 : 1;
    for (let i = 0; i < copies; i++)
      this.#schedule.after(this.#chance.between(0.2, this.#chance.once(6) ? 80 : 4), arrive);
  }
}
