/**
 * Upkeep by the event clock: refreshes aggregates up to the last closed bucket, compresses old chunks, drops what is
 * past its period. For every replay, on both databases, and always for the embedded one, which has no background
 * workers. Explicit bounds throughout: an open bucket is never materialised, a dropped time never refreshed.
 */
import type pg from 'pg';
import { type Clock, hourUs } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { timestampUs } from './connection.ts';
import { type Aggregate, aggregates, keptTables, refreshReachUs } from './periods.ts';

export interface MaintenanceOptions {
  readonly pool: pg.Pool;
  readonly embedded: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** Not more often than this, wall time: at sixty times real time a minute closes each second. */
const refreshEveryMs = 10_000;
const tidyEveryMs = 60_000;
const vacuumEveryMs = 3_600_000;
/** Each compression holds up the writer for seconds on the embedded database. */
const compressionsPerRun = 2;

/** Tables that are updated all the time and that nobody vacuums on the embedded database. */
const vacuumed = [
  'ledger',
  '_timescaledb_catalog.continuous_aggs_invalidation_threshold',
  '_timescaledb_catalog.continuous_aggs_hypertable_invalidation_log',
  '_timescaledb_catalog.continuous_aggs_materialization_invalidation_log',
  '_timescaledb_catalog.continuous_aggs_watermark',
  '_timescaledb_catalog.chunk',
];

interface Progress {
  /** Refreshed up to here, µs. */
  doneUs: number;
  /** Earliest row since the last refresh, µs. */
  dirtyUs: number;
}

export class Maintenance {
  readonly #options: MaintenanceOptions;
  readonly #progress = new Map<string, Progress>(
    aggregates.map(({ name }) => [name, { doneUs: -1, dirtyUs: Infinity }]),
  );
  #clockUs = -1;
  #tidiedUs = -Infinity;
  #refreshedMs = -Infinity;
  #tidiedMs = -Infinity;
  #vacuumedMs: number;
  #running: Promise<void> | null = null;
  #failing = false;
  #closed = false;

  constructor(options: MaintenanceOptions) {
    this.#options = options;
    this.#vacuumedMs = options.clock.monotonicMs();
  }

  /** What earlier runs stored may not have been refreshed: starts where the oldest rows are. */
  async resume(clockUs: number): Promise<void> {
    const { rows } = await this.#options.pool.query<{ name: string; oldest: number }>(
      `select hypertable_name as name, min(range_start) as oldest from timescaledb_information.chunks
       where hypertable_name in ('event', 'cell_gauge', 'region_gauge') group by 1`,
    );
    for (const { name, oldest } of rows) this.touched(name === 'event' ? 'event' : 'gauge', oldest);
    this.advance(clockUs);
  }

  /** Rows from `fromUs` on were stored. */
  touched(source: Aggregate['source'], fromUs: number): void {
    for (const aggregate of aggregates) {
      if (aggregate.source !== source) continue;
      const progress = this.#progress.get(aggregate.name)!;
      if (fromUs < progress.dirtyUs) progress.dirtyUs = fromUs;
    }
  }

  /** Everything before it is stored. */
  advance(clockUs: number): void {
    if (clockUs > this.#clockUs) this.#clockUs = clockUs;
  }

  /** Runs what is due if nothing runs now; failures are logged once and tried again at the next call. */
  tick(): void {
    if (this.#running !== null || this.#closed || this.#clockUs < 0) return;
    const nowMs = this.#options.clock.monotonicMs();
    const refresh = nowMs - this.#refreshedMs >= refreshEveryMs;
    const tidy = nowMs - this.#tidiedMs >= tidyEveryMs && this.#clockUs - this.#tidiedUs >= hourUs;
    if (!refresh && !tidy) return;
    this.#running = this.run(refresh, tidy)
      .then(
        () => {
          this.#failing = false;
        },
        (error) => {
          if (!this.#failing) this.#options.log('warn', `database: upkeep failed (${messageOf(error)}), trying again`);
          this.#failing = true;
        },
      )
      .finally(() => {
        this.#running = null;
      });
  }

  async run(refresh = true, tidy = true): Promise<void> {
    const nowMs = this.#options.clock.monotonicMs();
    if (refresh || tidy) {
      this.#refreshedMs = nowMs;
      for (const aggregate of aggregates) if (!this.#closed) await this.#refresh(aggregate);
    }
    if (tidy) {
      // After the refresh: what is dropped has been materialised.
      this.#tidiedMs = nowMs;
      const clockUs = this.#clockUs;
      const compressed = await this.#compress(clockUs);
      await this.#drop(clockUs);
      if (compressed < compressionsPerRun) this.#tidiedUs = clockUs;
    }
    if (this.#options.embedded && nowMs - this.#vacuumedMs >= vacuumEveryMs) {
      this.#vacuumedMs = nowMs;
      for (const table of vacuumed) await this.#options.pool.query(`vacuum analyze ${table}`);
    }
  }

  /** Lets what runs come to its end and starts nothing more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  /** Refreshes whole, closed buckets from the earliest change on. */
  async #refresh({ name, bucketUs }: Aggregate): Promise<void> {
    const progress = this.#progress.get(name)!;
    const endUs = Math.floor(this.#clockUs / bucketUs) * bucketUs;
    const reachUs = Math.ceil((this.#clockUs - refreshReachUs) / bucketUs) * bucketUs;
    const changedUs = Math.min(progress.dirtyUs, progress.doneUs < 0 ? Infinity : progress.doneUs);
    // A refresh wants two buckets at least; where nothing has changed it does nothing.
    const startUs = Math.max(Math.min(Math.floor(changedUs / bucketUs) * bucketUs, endUs - 2 * bucketUs), reachUs);
    const due = progress.dirtyUs < endUs || (progress.doneUs >= 0 && progress.doneUs < endUs);
    if (!due || startUs >= endUs) return;
    const before = progress.dirtyUs;
    progress.dirtyUs = Infinity;
    try {
      await this.#options.pool.query(`call refresh_continuous_aggregate('${name}', $1::timestamptz, $2::timestamptz)`, [
        timestampUs(startUs),
        timestampUs(endUs),
      ]);
    } catch (error) {
      progress.dirtyUs = Math.min(progress.dirtyUs, before);
      throw error;
    }
    progress.doneUs = Math.max(progress.doneUs, endUs);
  }

  async #compress(clockUs: number): Promise<number> {
    let compressed = 0;
    for (const { name, compressAfterUs } of keptTables) {
      if (compressAfterUs === null) continue;
      const { rows } = await this.#options.pool.query<{ chunk: string }>(
        `select format('%I.%I', c.chunk_schema, c.chunk_name) as chunk
         from timescaledb_information.chunks c
         left join timescaledb_information.continuous_aggregates a
           on a.materialization_hypertable_name = c.hypertable_name
         where coalesce(a.view_name, c.hypertable_name) = $1 and not c.is_compressed and c.range_end <= $2::timestamptz
         order by c.range_start limit $3`,
        [name, timestampUs(clockUs - compressAfterUs), compressionsPerRun - compressed],
      );
      for (const { chunk } of rows) {
        if (this.#closed) return compressed;
        await this.#options.pool.query('select compress_chunk($1::regclass, if_not_compressed => true)', [chunk]);
        compressed++;
      }
      if (compressed >= compressionsPerRun) break;
    }
    return compressed;
  }

  async #drop(clockUs: number): Promise<void> {
    for (const { name, keepUs } of keptTables) {
      if (this.#closed) return;
      const { rowCount } = await this.#options.pool.query(
        'select drop_chunks($1::regclass, older_than => $2::timestamptz)',
        [name, timestampUs(clockUs - keepUs)],
      );
      if (rowCount)
        this.#options.log('info', `database: ${rowCount} chunks of ${name} are past their period and dropped`);
    }
  }
}
