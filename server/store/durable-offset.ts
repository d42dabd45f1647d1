import type pg from 'pg';
import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { syncFiles } from './embedded/sync-files.ts';

export interface DurableOptions {
  readonly pool: pg.Pool;
  /** Of the embedded database; null: a real one. */
  readonly folder: string | null;
  /** Every record that ends at or before it is stored. */
  readonly stored: () => number;
  readonly clock: Clock;
  readonly log: Log;
}

/** The embedded database writes no checkpoint by itself: its log would grow, and a restart take long. */
const checkpointEveryMs = 30_000;

/**
 * Up to where the journal is stored for good. A real database is durable when it has committed. The embedded one never
 * syncs a file: what is stored survives a power cut only once it stands in a checkpoint whose files have been synced
 * from here.
 */
export class DurableOffset {
  readonly #options: DurableOptions;
  #offset = -1;
  #checkedMs: number;
  #running: Promise<void> | null = null;
  /** Files changed before it (wall time, ms) are synced. */
  #syncedMs = Number.NEGATIVE_INFINITY;

  constructor(options: DurableOptions) {
    this.#options = options;
    this.#checkedMs = options.clock.monotonicMs();
  }

  /** Every record that ends at or before it is stored for good; -1: nobody knows. */
  get offset(): number {
    return this.#options.folder === null ? this.#options.stored() : this.#offset;
  }

  /** Writes a checkpoint if it is time. */
  tick(): void {
    const { clock, folder, log } = this.#options;
    if (folder === null || this.#running !== null || clock.monotonicMs() - this.#checkedMs < checkpointEveryMs) return;
    this.#checkedMs = clock.monotonicMs();
    this.#running = this.#checkpoint(folder)
      .catch((error) => log('warn', `database: no checkpoint could be made to last (${messageOf(error)})`))
      .finally(() => {
        this.#running = null;
      });
  }

  async close(): Promise<void> {
    await this.#running;
  }

  async #checkpoint(folder: string): Promise<void> {
    const { clock, pool, stored } = this.#options;
    const offset = stored();
    const startMs = clock.nowUs() / 1000;
    await pool.query('checkpoint');
    await syncFiles(folder, this.#syncedMs);
    this.#syncedMs = startMs;
    this.#offset = offset;
  }
}
