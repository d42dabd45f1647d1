/**
 * When facts of subscribers are counted, and how far they are behind. Stays come as fast as people move, and may not pile up:
 * while any wait, half of the time goes to counting them, in turns with what else the database does.
 */
import type pg from 'pg';
import { type Clock, hourUs } from '../clock.ts';
import type { Log } from '../log.ts';
import { timestampUs } from './connection.ts';
import { type FactsOptions, FactsUpkeep } from './facts-upkeep.ts';
import { pause } from './pause.ts';
import { namedQuery } from './queries.ts';
import type { Span } from './refresh-windows.ts';

/** Steps go on for so long, then others have their turn. */
export const factsMsMax = 1_000;
/** With all counted it is looked so often whether there is more. */
const idleMs = 3_000;
/** Whoever asks what is counted waits so long for the rest, where that is no more than so many stays. */
const waitMsMax = 3_000;
const lookEveryMs = 20;
const soonCounted = 40_000;
/** More than so many are not looked through. */
const lookedAtMax = 200_000;
/** Of a queue of any length, where its head stands. */
const headRows = 1_000;
/** An operator is told of what is so far behind for so long; a replay at full speed always is, a little. */
const toldBehindUs = 6 * hourUs;
const toldAfterMs = 600_000;
/** Rows that the embedded database keeps of those that were taken, until they are vacuumed: each look goes past them. */
const takenMax = 100_000;

type Uncounted = { n: number; since: number | null; ended: number | null };

export class FactsPace {
  readonly #pool: pg.Pool;
  readonly #embedded: boolean;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #facts: FactsUpkeep;
  readonly #closing = new AbortController();
  #dueMs = Number.NEGATIVE_INFINITY;
  /** The oldest that was due and not counted when it was last looked, µs; Infinity: all was. */
  #oldestUs = Number.POSITIVE_INFINITY;
  #behindSinceMs = Number.POSITIVE_INFINITY;
  #toldBehind = false;

  constructor(options: FactsOptions & { readonly clock: Clock }) {
    this.#pool = options.pool;
    this.#embedded = options.embedded;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#facts = new FactsUpkeep(options);
  }

  isDue(nowMs: number): boolean {
    return nowMs >= this.#dueMs;
  }

  /** How far what is counted is behind an event clock, µs; 0: all that is due is counted. */
  behindUs(clockUs: number): number {
    return Math.max(0, clockUs - this.#oldestUs);
  }

  /** @see FactsUpkeep.neededFromUs */
  neededFromUs(table: string): Promise<number> {
    return this.#facts.neededFromUs(table);
  }

  /** Steps until nothing is due or the time is over. @param gone see {@link FactsUpkeep.step} */
  async run(clockUs: number, gone: Span | null, msMax: number): Promise<void> {
    const { signal } = this.#closing;
    const sinceMs = this.#clock.monotonicMs();
    let more = true;
    while (!signal.aborted && more && this.#clock.monotonicMs() - sinceMs < msMax)
      more = await this.#facts.step(clockUs, gone);
    if (this.#embedded && this.#facts.taken >= takenMax) {
      this.#facts.taken = 0;
      await this.#pool.query('vacuum stay_queue');
    }
    this.#oldestUs = more ? await this.#oldest() : Number.POSITIVE_INFINITY;
    this.#tellBehind(clockUs);
    const nowMs = this.#clock.monotonicMs();
    this.#dueMs = nowMs + (more ? nowMs - sinceMs : idleMs);
  }

  /**
   * Since when stays that had ended by a time have lasted that are not counted, µs. They are waited for a little.
   *
   * @param hurry has what is due run as soon as it may
   * @returns Infinity: all are counted; -Infinity: too many are not
   */
  async uncountedFromUs(clockUs: number, hurry: () => void): Promise<number> {
    const { signal } = this.#closing;
    const untilMs = this.#clock.monotonicMs() + waitMsMax;
    for (;;) {
      const { n, since } = await this.#uncounted(clockUs, lookedAtMax);
      if (n === 0) return Number.POSITIVE_INFINITY;
      if (n > soonCounted || signal.aborted || this.#clock.monotonicMs() >= untilMs)
        return n < lookedAtMax ? since! : Number.NEGATIVE_INFINITY;
      this.#dueMs = Number.NEGATIVE_INFINITY;
      hurry();
      await pause(lookEveryMs, signal);
    }
  }

  close(): void {
    this.#closing.abort();
  }

  async #uncounted(clockUs: number, most: number): Promise<Uncounted> {
    const until = clockUs === Number.POSITIVE_INFINITY ? 'infinity' : timestampUs(clockUs);
    const { rows } = await this.#pool.query<Uncounted>(namedQuery('facts-uncounted'), [until, most]);
    return rows[0];
  }

  async #oldest(): Promise<number> {
    const { ended } = await this.#uncounted(Number.POSITIVE_INFINITY, headRows);
    const hourFromUs = await this.#facts.neededFromUs('event');
    return Math.min(ended ?? Number.POSITIVE_INFINITY, hourFromUs + 2 * hourUs);
  }

  #tellBehind(clockUs: number): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.behindUs(clockUs) <= toldBehindUs) {
      if (this.#toldBehind) this.#log('info', 'database: what is kept of subscribers is counted up to now again');
      this.#toldBehind = false;
      this.#behindSinceMs = Number.POSITIVE_INFINITY;
      return;
    }
    this.#behindSinceMs = Math.min(this.#behindSinceMs, nowMs);
    if (this.#toldBehind || nowMs - this.#behindSinceMs < toldAfterMs) return;
    this.#toldBehind = true;
    this.#log(
      'warn',
      'database: what is kept of subscribers has been counted more than six hours behind (event time) for ten minutes: roles and crowds of the days that lack some are unknown until then; a replay is better started with less speed',
    );
  }
}
