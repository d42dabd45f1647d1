/**
 * Keeps what is kept of a subscriber (sql/009), a bounded step at a time, because on the embedded database a query holds
 * up all others. Each step is one transaction that ends with its mark, so it can be cut off anywhere and done again.
 *
 * Stays are taken from a queue once each. Event rows are counted by closed hour, hours by closed day, other parties by
 * month when the events of an hour are gone; late rows mark their hour, and it is counted again.
 */
import type pg from 'pg';
import { dayUs, formatTimeUs, hourUs, minuteUs } from '../clock.ts';
import type { Log } from '../log.ts';
import { packIso } from '../reference/country-codes.ts';
import { timestampUs, transaction } from './connection.ts';
import { carryTold } from './facts-carry.ts';
import { namedQuery } from './queries.ts';
import type { Span } from './refresh-windows.ts';

export interface FactsOptions {
  readonly pool: pg.Pool;
  readonly embedded: boolean;
  /** Days and months are of this zone. */
  readonly timeZone: string;
  readonly log: Log;
}

/** Rows may come so late without making their hour be counted twice; further ones do. */
const hourAfterUs = 15 * minuteUs;
const dayAfterUs = hourUs;
/** Stays in one step; some tenths of a second. */
const staysPerStep = { embedded: 4_000, real: 40_000 };

export class FactsUpkeep {
  readonly #options: FactsOptions;
  /** Stays taken out of their queue so far, for whoever cleans up behind it. */
  taken = 0;
  #toldLost = false;
  /** Stays and all other facts have their turns: none waits for good behind another one. */
  #staysNext = true;
  /** Event clock when it was last looked what is to be told again. */
  #carriedUs = Number.NEGATIVE_INFINITY;

  constructor(options: FactsOptions) {
    this.#options = options;
  }

  /**
   * Does the next step that is due.
   *
   * @param clockUs everything before it is stored
   * @param gone event rows of this time have been dropped, or may be any moment
   * @returns false: nothing is due
   */
  async step(clockUs: number, gone: Span | null): Promise<boolean> {
    const staysFirst = this.#staysNext;
    this.#staysNext = !staysFirst;
    if (staysFirst) return (await this.#drainStays()) || (await this.#countEvents(clockUs, gone));
    return (await this.#countEvents(clockUs, gone)) || (await this.#drainStays());
  }

  /** A day is counted from its hours, and what is folded and told again is what has been counted: in this order. */
  async #countEvents(clockUs: number, gone: Span | null): Promise<boolean> {
    return (
      (await this.#countHour(clockUs, gone)) ||
      (await this.#countDay(clockUs)) ||
      (await this.#foldPeers(gone)) ||
      (await this.#carry(clockUs))
    );
  }

  /**
   * Rows of the table from here on must not be dropped, µs: what an hour or day that is not counted yet is counted from,
   * and other parties that are not in their month yet. Infinity: none.
   */
  async neededFromUs(table: string): Promise<number> {
    const { pool } = this.#options;
    // Events are counted by hours alone.
    const { rows } = await pool.query<{ start: number | null }>(
      `select min(start) as start from fact_dirty where grain = 'hour' or not $1`,
      [table === 'event'],
    );
    const dueUs = rows[0].start ?? Infinity;
    if (table !== 'peer_hour') return dueUs;
    const oldest = await pool.query<{ ts: number }>('select ts from peer_hour order by ts limit 1');
    return Math.min(dueUs, oldest.rows[0]?.ts ?? Infinity);
  }

  async #drainStays(): Promise<boolean> {
    const { pool, embedded, timeZone } = this.#options;
    const { rows } = await pool.query<{ n: number }>(namedQuery('facts-drain-stays'), [
      embedded ? staysPerStep.embedded : staysPerStep.real,
      timeZone,
    ]);
    this.taken += rows[0].n;
    return rows[0].n > 0;
  }

  async #countHour(clockUs: number, gone: Span | null): Promise<boolean> {
    const { pool, timeZone, log } = this.#options;
    const dueUs = clockUs - hourUs - hourAfterUs;
    const { rows } = await pool.query<{ start: number }>(namedQuery('facts-due-hour'), [timestampUs(dueUs)]);
    if (rows.length === 0) return false;
    const startUs = rows[0].start;
    const start = timestampUs(startUs);
    // Counted again without the rows that have been dropped it would be wrong: it stays as it was.
    const lost = gone !== null && startUs < gone.toUs && startUs + hourUs > gone.fromUs;
    if (lost && !this.#toldLost) {
      this.#toldLost = true;
      log(
        'warn',
        `database: rows of ${formatTimeUs(startUs)} came when their hour had been dropped; no subscriber has them`,
      );
    }
    await transaction(pool, async (client) => {
      const taken = await client.query(namedQuery('facts-take'), ['hour', start]);
      if (lost || taken.rowCount === 0) return;
      for (const fact of ['subscriber', 'peer', 'serving'])
        await client.query(namedQuery(`facts-hour-${fact}`), [start]);
      await client.query(namedQuery('facts-hour-identity'), [start, timeZone]);
      await client.query(namedQuery('facts-mark-day'), [start, timeZone]);
    });
    return true;
  }

  async #countDay(clockUs: number): Promise<boolean> {
    const { pool, timeZone } = this.#options;
    const dueUs = clockUs - dayUs - dayAfterUs;
    const { rows } = await pool.query<{ start: number }>(namedQuery('facts-due-day'), [timestampUs(dueUs)]);
    if (rows.length === 0) return false;
    const start = timestampUs(rows[0].start);
    await transaction(pool, async (client) => {
      const taken = await client.query(namedQuery('facts-take'), ['day', start]);
      if (taken.rowCount === 0) return;
      await client.query(namedQuery('facts-day-subscriber'), [start, timeZone]);
      await client.query(namedQuery('facts-day-area'), [start, timeZone, packIso('CN')]);
      await client.query(namedQuery('facts-day-known'), [start, timeZone]);
    });
    return true;
  }

  async #carry(clockUs: number): Promise<boolean> {
    if (clockUs - this.#carriedUs < dayUs) return false;
    if (await carryTold(this.#options.pool, clockUs)) return true;
    this.#carriedUs = clockUs;
    return false;
  }

  /** Only of an hour whose events are gone: until then it may be counted again. */
  async #foldPeers(gone: Span | null): Promise<boolean> {
    if (gone === null) return false;
    const { pool, timeZone } = this.#options;
    const { rows } = await pool.query<{ ts: number }>(
      'select ts from peer_hour where ts <= $1::timestamptz order by ts limit 1',
      [timestampUs(gone.toUs - hourUs - dayUs)],
    );
    if (rows.length === 0) return false;
    await pool.query(namedQuery('facts-fold-peers'), [timestampUs(rows[0].ts), timeZone]);
    return true;
  }
}
