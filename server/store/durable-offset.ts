import type pg from 'pg';
import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';

export interface DurableOptions {
  readonly pool: pg.Pool;
  /** Of the embedded database; null: a real one. */
  readonly folder: string | null;
  /** Every record that ends at or before it is stored. */
  readonly stored: () => number;
  /** False: a connection was lost, and the database behind the next one may be of before. */
  readonly isSure: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** The embedded database writes no checkpoint by itself: its log would grow, and a restart take long. */
const checkpointEveryMs = 30_000;

/**
 * Up to where the journal is stored for good. A real database is durable when it has committed, as long as it is the same
 * one: while it is away nobody knows what comes back, a backup or a copy that is behind. The embedded one syncs
 * its log with each commit, too (`embedded/synced-fs.ts`), but is a package of few users: the journal keeps what is
 * stored there until a checkpoint has also put it into the tables' own files.
 */
export class DurableOffset {
  readonly #options: DurableOptions;
  #offset = -1;
  #checkedMs: number;
  #running: Promise<void> | null = null;

  constructor(options: DurableOptions) {
    this.#options = options;
    this.#checkedMs = options.clock.monotonicMs();
  }

  /** Every record that ends at or before it is stored for good; -1: nobody knows. */
  get offset(): number {
    const { folder, isSure, stored } = this.#options;
    if (folder !== null) return this.#offset;
    return isSure() ? stored() : -1;
  }

  /** Writes a checkpoint if it is time. */
  tick(): void {
    const { clock, folder, log } = this.#options;
    if (folder === null || this.#running !== null || clock.monotonicMs() - this.#checkedMs < checkpointEveryMs) return;
    this.#checkedMs = clock.monotonicMs();
    this.#running = this.#checkpoint()
      .catch((error) => log('warn', `database: no checkpoint could be written (${messageOf(error)})`))
      .finally(() => {
        this.#running = null;
      });
  }

  async close(): Promise<void> {
    await this.#running;
  }

  async #checkpoint(): Promise<void> {
    const offset = this.#options.stored();
    await this.#options.pool.query('checkpoint');
    this.#offset = offset;
  }
}
