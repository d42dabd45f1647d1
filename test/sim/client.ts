import type { PushPlace } from '../../server/events/push-refusal.ts';
import type { Answer, Gate, Line } from './gate.ts';
import { beginUs, type Chance, type Schedule } from './schedule.ts';
import { batchBehind, bodyOf, placeOf, type Script } from './script.ts';

/** Batches that a client has under way at most. */
const windowMax = 4;
const retryMs = 150;
const retryMsMax = 2_000;

/**
 * Who sends an acknowledged feed: in batches, again until they are acknowledged; by requests over a network that loses,
 * doubles and swaps them, or over a socket that breaks. When a life of it is over and acknowledged it begins another one,
 * with a higher epoch; copies of what it sent before may still be on their way then.
 */
export class Client {
  /** Batches that the server has acknowledged. */
  kept = 0;
  sent = 0;
  readonly script: Script;
  /** The first batch that is not acknowledged, and the next one to be sent. */
  #first = 0;
  #next = 0;
  #window = windowMax;
  #waitMs = retryMs;
  /** What was answered before the server lost its journal is of no worth. */
  #era = 0;
  #cancel: (() => void) | null = null;
  /** Who takes messages now; null: the server is away. */
  #server: Gate | null = null;
  #line: Line | null = null;
  /** On a socket nothing overtakes. */
  #thereMs = 0;
  #hereMs = 0;
  /** The network is as bad as it gets until then. */
  badUntilMs = 0;
  readonly #schedule: Schedule;
  readonly #chance: Chance;
  readonly #speed: number;
  readonly id: string;

  /** @param speed event seconds per second */
  constructor(options: { schedule: Schedule; chance: Chance; script: Script; speed: number; id: string }) {
    this.#schedule = options.schedule;
    this.#chance = options.chance;
    this.script = options.script;
    this.#speed = options.speed;
    this.id = options.id;
    this.#go();
  }

  get done(): boolean {
    return this.kept === this.#batches;
  }

  get #batches(): number {
    return this.script.cuts.length - 1;
  }

  set server(server: Gate | null) {
    this.#server = server;
    this.#line = null;
  }

  /** The server has lost what it had acknowledged behind so many batches: they are sent again. */
  goBack(batches: number): void {
    this.#first = batches;
    this.#next = batches;
    if (this.done) this.#schedule.after(0, () => this.#go());
    this.kept = batches;
    this.#era++;
  }

  #take({ acked, credit, expected, error, accepted, quarantined, aside, status }: Answer): void {
    const { coverage } = this.#schedule;
    this.#schedule.note(
      `${this.script.identity} hears ${status} ${error?.code ?? ''} ${acked.epoch}/${acked.seq}, ${accepted ?? '-'} rows`,
    );
    if (status !== 200 && status !== 409 && status !== 503) this.#schedule.fail(`a batch is answered with ${status}`);
    if (error?.code === 'PUSH_GAP') coverage.meet('a batch out of turn');
    if (error?.code === 'PUSH_EPOCH') coverage.meet('a life over');
    if (accepted === 0 && quarantined === 0) coverage.meet('a batch that came again');
    if (aside !== undefined && aside.ahead > 0) coverage.meet('a row ahead');
    if (aside !== undefined && aside.old > aside.behind) coverage.meet('a row of long ago');
    if (aside !== undefined && aside.behind > 0) coverage.meet('a row far behind');
    if (error?.code === 'PUSH_AHEAD' || error?.code === 'PUSH_OLD') coverage.meet('no room to set rows aside');
    this.#window = Math.max(1, Math.min(windowMax, credit));
    if (acked.epoch > 0) this.#acknowledged(acked);
    if (expected === undefined) return;
    const batch = batchBehind(this.script, expected) - 1;
    // What the server has lost with its journal is sent again; an answer of before may come behind a newer one.
    if (batch < 0 || batch >= this.#next) return;
    this.#next = batch;
    this.#first = Math.min(this.#first, batch);
  }

  #acknowledged(acked: PushPlace): void {
    const behind = batchBehind(this.script, acked);
    if (behind > this.#batches || behind < 0)
      this.#schedule.fail(`${this.script.identity}: more is acknowledged than was sent`);
    if (behind <= this.#first) return;
    this.#first = behind;
    this.kept = Math.max(this.kept, behind);
    this.#next = Math.max(this.#next, this.#first);
    this.#waitMs = retryMs;
  }

  /** Sends what may be sent now, and looks again a little later. */
  #go(): void {
    if (this.script.over === 'socket' && this.#line === null) this.#connect();
    const { epoch } = placeOf(this.script, this.#first);
    while (
      this.#next < this.#batches &&
      this.#next < this.#first + this.#window &&
      placeOf(this.script, this.#next).epoch === epoch &&
      this.#due(this.#next)
    ) {
      this.#send(this.#next++);
    }
    if (!this.done || this.#first < this.#batches)
      this.#schedule.after(this.#chance.between(20, 120), () => this.#go());
  }

  /** A batch is sent when its last row has happened. */
  #due(batch: number): boolean {
    const { cuts, events } = this.script;
    const rows = events.slice(cuts[batch], cuts[batch + 1]);
    const lastUs = Math.max(...rows.map(({ timeUs, offUs }) => timeUs - offUs));
    return (lastUs - beginUs) / 1000 / this.#speed <= this.#schedule.nowMs;
  }

  #connect(): void {
    const line = this.#server?.connect(
      this.id,
      (answer) => {
        this.#hereMs = Math.max(this.#hereMs, this.#schedule.nowMs + this.#chance.between(0.2, 20));
        this.#schedule.after(this.#hereMs - this.#schedule.nowMs, () => this.#line === line && this.#take(answer));
      },
      () => {
        if (this.#line === line) this.#line = null;
      },
    );
    this.#line = line ?? null;
    // What was under way on the one before may not have come.
    this.#next = this.#first;
  }

  #send(batch: number): void {
    const place = placeOf(this.script, batch);
    const { bytes, type } = bodyOf(this.script, batch);
    const era = this.#era;
    this.sent++;
    if (this.script.over === 'socket') this.#sendOnLine(bytes, type === 'application/msgpack');
    else
      this.#carry(() =>
        this.#server?.post(this.id, place, type, bytes, (answer) =>
          this.#carry(() => era === this.#era && this.#take(answer)),
        ),
      );
    // One for all batches under way.
    if (this.#cancel === null) this.#wait();
  }

  #sendOnLine(bytes: Uint8Array, isBinary: boolean): void {
    const line = this.#line;
    if (line === null) return;
    const { nowMs } = this.#schedule;
    this.#thereMs = Math.max(this.#thereMs, nowMs + this.#chance.between(0.2, this.#chance.once(6) ? 80 : 4));
    this.#schedule.after(this.#thereMs - nowMs, () => line.send(bytes, isBinary));
    if (!this.#chance.once(nowMs < this.badUntilMs ? 6 : 60)) return;
    // What is under way may come yet, behind what the next connection brings.
    this.#schedule.coverage.meet('a broken socket');
    this.#line = null;
    this.#schedule.after(this.#chance.between(0, 200), () => line.cut());
  }

  #wait(): void {
    this.#cancel = this.#schedule.after(this.#waitMs, () => {
      this.#cancel = null;
      if (this.#first >= this.#next) return;
      this.#waitMs = Math.min(2 * this.#waitMs, retryMsMax);
      this.#schedule.coverage.meet('a batch sent again');
      for (let batch = this.#first; batch < this.#next; batch++) this.#send(batch);
    });
  }

  #carry(arrive: () => void): void {
    const bad = this.#schedule.nowMs < this.badUntilMs;
    if (this.#chance.once(bad ? 3 : 25)) return;
    const copies = this.#chance.once(bad ? 4 : 20) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const msMax = i > 0 && this.#chance.once(3) ? 2_000 : this.#chance.once(6) ? 80 : 4;
      this.#schedule.after(this.#chance.between(0.2, msMax), arrive);
    }
  }
}
