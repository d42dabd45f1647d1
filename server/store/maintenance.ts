/**
 * Upkeep by the event clock: refreshes aggregates up to the last closed bucket, compresses old chunks, drops what is
 * past its period. For every replay, on both databases, and always for the embedded one, which has no background
 * workers. Explicit bounds throughout: an open bucket is never materialised, a dropped time never refreshed, and
 * nothing is compressed or dropped before it has been refreshed, however far the clock jumps.
 */
import type pg from 'pg';
import { type Clock, dayUs, formatTimeUs, hourUs } from '../clock.ts';
import { heardElsewhere, messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { transaction } from './connection.ts';
import { FactsPace, factsMsMax } from './facts-pace.ts';
import { type Aggregate, aggregates, aheadUsMax, keptTables, reachUs, refusedKeptUs, sources } from './periods.ts';
import { comesAsItHappens, type Jobs, setPolicies } from './policies.ts';
import { refreshAggregate } from './refresh.ts';
import { RefreshProgress } from './refresh-progress.ts';
import { bucketStart, hull, planWindows, type Span, without } from './refresh-windows.ts';
import {
  allChunks,
  chunksOf,
  dropChunks,
  dropRefused,
  markUnknown,
  readUpkeep,
  saveDropped,
  saveTrafficDone,
} from './upkeep-tables.ts';

export interface MaintenanceOptions {
  readonly pool: pg.Pool;
  readonly embedded: boolean;
  /** Whether TimescaleDB's own jobs drop chunks too, by wall time. */
  readonly jobs: Jobs;
  /** Days of facts are of this zone. */
  readonly timeZone: string;
  readonly clock: Clock;
  readonly log: Log;
  /** A run has ended: {@link Maintenance.behind} may be otherwise now. */
  onChange(): void;
}

/** Not more often than this, wall time: at sixty times real time a minute closes each second. */
const refreshEveryMs = 10_000;
const tidyEveryMs = 60_000;
const vacuumEveryMs = 3_600_000;
const retryAfterMs = 5_000;
/** Each compression holds up the writer for seconds on the embedded database. */
const compressionsPerRun = 2;
/** A window that fails is tried again in halves, quarters … down to so many parts: it may have met the deadline. */
const windowPartsMax = 64;

/** Tables that are updated all the time and that nobody vacuums on the embedded database. */
const vacuumed = [
  'ledger',
  'fact_dirty',
  'stay_queue',
  '_timescaledb_catalog.continuous_aggs_invalidation_threshold',
  '_timescaledb_catalog.continuous_aggs_hypertable_invalidation_log',
  '_timescaledb_catalog.continuous_aggs_materialization_invalidation_log',
  '_timescaledb_catalog.continuous_aggs_watermark',
  '_timescaledb_catalog.chunk',
];

export class Maintenance {
  readonly #options: MaintenanceOptions;
  readonly #facts: FactsPace;
  readonly #progress = new RefreshProgress();
  /** Chunks dropped so far lie in these spans, by table. */
  readonly #dropped = new Map<string, Span>();
  /** Up to where rows that came too late to be aggregated have been told of, by aggregate. */
  readonly #toldUs = new Map<string, number>();
  #trafficDoneUs = -1;
  #windowParts = 1;
  #clockUs = -1;
  #tidiedUs = -Infinity;
  #refreshedMs = -Infinity;
  #failedMs = -Infinity;
  #tidiedMs = -Infinity;
  #vacuumedMs: number;
  #running: Promise<void> | null = null;
  #failing = false;
  #closed = false;
  #jobs: Jobs;

  constructor(options: MaintenanceOptions) {
    this.#options = options;
    this.#jobs = options.jobs;
    this.#facts = new FactsPace(options);
    this.#vacuumedMs = options.clock.monotonicMs();
  }

  /** What earlier runs stored may not have been refreshed: starts where the oldest rows are. */
  async resume(clockUs: number): Promise<void> {
    const { pool } = this.#options;
    const { trafficDoneUs, dropped } = await readUpkeep(pool);
    this.#trafficDoneUs = trafficDoneUs;
    for (const [name, span] of dropped) this.#dropped.set(name, span);
    const chunks = await allChunks(pool, Infinity);
    for (const { table, source } of sources) {
      const oldest = chunks.get(table)?.[0];
      if (oldest !== undefined) this.touched(source, oldest.fromUs);
    }
    // One that a migration has added begins where what it reads begins, which may be kept longer than the rows.
    for (const { name, reads } of aggregates) {
      const oldest = chunks.get(reads)?.[0];
      if (oldest !== undefined && !chunks.has(name)) this.#progress.changed(name, oldest.fromUs);
    }
    this.advance(clockUs);
  }

  /** Rows from `fromUs` on were stored. */
  touched(source: Aggregate['source'], fromUs: number): void {
    this.#progress.touched(source, fromUs);
  }

  /** Everything before it is stored. */
  advance(clockUs: number): void {
    if (clockUs > this.#clockUs) this.#clockUs = clockUs;
  }

  /** Whether the event clock `clockUs` is so far ahead of what has been refreshed that the feeds should wait. */
  behind(clockUs: number): boolean {
    return this.#progress.behind(clockUs) || this.#facts.behindUs(clockUs) > aheadUsMax;
  }

  /** How far what is kept of subscribers is behind the event clock, µs. */
  get factsBehindUs(): number {
    return this.#facts.behindUs(this.#clockUs);
  }

  /** Since when stays that have ended by now have lasted that facts lack, µs; Infinity: they lack none. */
  uncountedFromUs(): Promise<number> {
    return this.#facts.uncountedFromUs(this.#clockUs, () => this.tick());
  }

  /** Runs what is due if nothing runs now; failures are logged once and tried again a little later. */
  tick(): void {
    if (this.#running !== null || this.#closed || this.#clockUs < 0) return;
    const { clock, log, onChange } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#failedMs < retryAfterMs) return;
    const refresh = nowMs - this.#refreshedMs >= refreshEveryMs || this.behind(this.#clockUs);
    const tidy = nowMs - this.#tidiedMs >= tidyEveryMs && this.#clockUs - this.#tidiedUs >= hourUs;
    if (!refresh && !tidy && !this.#facts.isDue(nowMs)) return;
    this.#running = this.#run(refresh, tidy)
      .then(
        () => {
          this.#failing = false;
        },
        (error) => {
          this.#failedMs = clock.monotonicMs();
          if (!this.#failing) log('warn', `database: upkeep failed (${messageOf(error)}), trying again`);
          this.#failing = true;
        },
      )
      .finally(() => {
        this.#running = null;
        onChange();
      });
  }

  /** Everything that is due by the event clock, once what runs now has ended: two runs at a time would meet. */
  async runNow(): Promise<void> {
    while (this.#running !== null) await this.#running;
    const run = this.#run(true, true, Infinity);
    this.#running = run.catch(heardElsewhere).finally(() => {
      this.#running = null;
      this.#options.onChange();
    });
    await run;
  }

  async #run(refresh: boolean, tidy: boolean, factsMs = factsMsMax): Promise<void> {
    const nowMs = this.#options.clock.monotonicMs();
    if (refresh || tidy) {
      this.#refreshedMs = nowMs;
      // One clock for all: an aggregate must not be refreshed beyond what it reads.
      const clockUs = this.#clockUs;
      for (const aggregate of aggregates) if (!this.#closed) await this.#refresh(aggregate, clockUs);
      await this.#noteTraffic();
      await this.#keepFacts(clockUs, factsMs);
      if (this.#jobs === 'later' && !this.#closed) await this.#handOver(clockUs);
    }
    if (!refresh && !tidy) await this.#keepFacts(this.#clockUs, factsMs);
    if (tidy && !this.#closed) {
      // After the refresh: what is dropped has been materialised.
      this.#tidiedMs = nowMs;
      const clockUs = this.#clockUs;
      const compressed = await this.#compress(clockUs);
      await this.#drop(clockUs);
      await dropRefused(this.#options.pool, this.#options.clock.nowUs() - refusedKeptUs);
      if (compressed < compressionsPerRun) this.#tidiedUs = clockUs;
    }
    if (this.#options.embedded && nowMs - this.#vacuumedMs >= vacuumEveryMs) {
      this.#vacuumedMs = nowMs;
      for (const table of vacuumed) await this.#options.pool.query(`vacuum analyze ${table}`);
    }
  }

  async #keepFacts(clockUs: number, factsMs: number): Promise<void> {
    // TimescaleDB's own jobs drop nothing that facts are counted from.
    await this.#facts.run(clockUs, this.#dropped.get('event') ?? null, factsMs);
  }

  /**
   * Nobody knew at the start whether events come as they happen: the database was empty, or of before. Once they do,
   * TimescaleDB's jobs keep it, and find all that they may drop refreshed: up to the clock of a run that has reached the
   * last day itself. The newest stored event may have come since, and weeks with it.
   */
  async #handOver(clockUs: number): Promise<void> {
    const { pool, clock, log } = this.#options;
    const nowUs = clock.nowUs();
    if (clockUs < nowUs - dayUs) return;
    // Rows of before that came during the run wait for the next.
    if (aggregates.some((each) => this.#progress.of(each.name).dirtyUs < nowUs - reachUs(each))) return;
    if (!(await comesAsItHappens(pool, clock))) return;
    // All or none: a job that drops must not run while refreshes reach as far back as ever.
    await transaction(pool, (client) => setPolicies(client, 'live'));
    this.#jobs = 'set';
    log('info', "database: events come as they happen: TimescaleDB's jobs keep it from now on");
  }

  /** Lets what runs come to its end and starts nothing more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#facts.close();
    await this.#running;
  }

  /** Refreshes whole, closed buckets from the earliest change on, window by window. */
  async #refresh(aggregate: Aggregate, clockUs: number): Promise<void> {
    const { pool, embedded } = this.#options;
    const { bucketUs } = aggregate;
    const progress = this.#progress.of(aggregate.name);
    const endUs = bucketStart(clockUs, aggregate);
    const changedUs = Math.min(progress.dirtyUs, progress.doneUs < 0 ? Infinity : progress.doneUs);
    if (changedUs >= endUs) return;
    // A refresh wants two buckets at least; where nothing has changed it does nothing.
    const fromUs = Math.min(bucketStart(changedUs, aggregate), endUs - 2 * bucketUs);
    const gone = this.#gone(aggregate);
    let cleanUs = changedUs;
    progress.dirtyUs = Infinity;
    try {
      if (gone !== null) await this.#tellLost(aggregate, { fromUs: changedUs, toUs: endUs }, gone);
      for (const span of without({ fromUs, toUs: endUs }, gone, aggregate)) {
        for (const window of await this.#windows(aggregate, span)) {
          if (this.#closed) return;
          await refreshAggregate(pool, embedded, aggregate.name, window);
          cleanUs = window.toUs;
          if (progress.doneUs >= 0) progress.doneUs = Math.max(progress.doneUs, cleanUs);
        }
      }
      progress.doneUs = Math.max(progress.doneUs, endUs);
      cleanUs = Infinity;
      this.#windowParts = Math.max(1, this.#windowParts / 2);
    } catch (error) {
      this.#windowParts = Math.min(windowPartsMax, this.#windowParts * 2);
      throw error;
    } finally {
      progress.dirtyUs = Math.min(progress.dirtyUs, cleanUs);
      this.#progress.changedAbove(aggregate.name, changedUs);
    }
  }

  /** One window if the span is short; else only where there are chunks, and so rows. */
  async #windows(aggregate: Aggregate, span: Span): Promise<Span[]> {
    const { reads, bucketUs, windowUs } = aggregate;
    const mostUs = Math.max(2, Math.floor(windowUs / this.#windowParts / bucketUs)) * bucketUs;
    const short = span.toUs - span.fromUs <= mostUs;
    const held = short ? [span] : await chunksOf(this.#options.pool, reads, span);
    return planWindows(span, held, aggregate, mostUs);
  }

  /** The time that must not be refreshed, because rows of it have been dropped. */
  #gone(aggregate: Aggregate): Span | null {
    const gone = this.#dropped.get(aggregate.reads) ?? null;
    if (this.#jobs !== 'set') return gone;
    return hull(gone, { fromUs: -Infinity, toUs: this.#options.clock.nowUs() - reachUs(aggregate) });
  }

  /** Says so when rows have changed where nothing can be refreshed any more. */
  async #tellLost({ name, source }: Aggregate, changed: Span, gone: Span): Promise<void> {
    const lost = { fromUs: Math.max(changed.fromUs, gone.fromUs), toUs: Math.min(changed.toUs, gone.toUs) };
    if (lost.fromUs >= lost.toUs || (this.#toldUs.get(name) ?? -Infinity) >= gone.toUs) return;
    this.#toldUs.set(name, gone.toUs);
    const { log, pool } = this.#options;
    log(
      'warn',
      `database: rows of ${formatTimeUs(lost.fromUs)} … ${formatTimeUs(lost.toUs)} came when their time was no longer refreshed, ${name} is without them`,
    );
    // The jobs may have dropped what was never aggregated; upkeep itself does not.
    if (this.#jobs === 'set' && source === 'event') await markUnknown(pool, lost);
  }

  /** Remembers up to where traffic is in the aggregates: before that, no row means none. */
  async #noteTraffic(): Promise<void> {
    const doneUs = this.#progress.trafficDoneUs();
    if (doneUs === Infinity || doneUs <= this.#trafficDoneUs) return;
    await saveTrafficDone(this.#options.pool, doneUs);
    this.#trafficDoneUs = doneUs;
  }

  async #compress(clockUs: number): Promise<number> {
    const { pool } = this.#options;
    let compressed = 0;
    const all = await allChunks(pool, clockUs);
    for (const { name, compressAfterUs } of keptTables) {
      if (compressAfterUs === null) continue;
      const toUs = Math.min(clockUs - compressAfterUs, this.#progress.safeUs(name));
      const old = (all.get(name) ?? []).filter((each) => each.toUs <= toUs && !each.compressed);
      for (const { chunk } of old.slice(0, compressionsPerRun - compressed)) {
        if (this.#closed) return compressed;
        await pool.query('select compress_chunk($1::regclass, if_not_compressed => true)', [chunk]);
        compressed++;
      }
      if (compressed >= compressionsPerRun) break;
    }
    return compressed;
  }

  async #drop(clockUs: number): Promise<void> {
    const { pool, log } = this.#options;
    const all = await allChunks(pool, clockUs);
    for (const table of keptTables) {
      const { name, keepUs, countedFrom } = table;
      if (this.#closed) return;
      let toUs = Math.min(clockUs - keepUs, this.#progress.safeUs(name));
      if (countedFrom) toUs = Math.min(toUs, await this.#facts.neededFromUs(name));
      const chunks = (all.get(name) ?? []).filter((each) => each.toUs <= toUs);
      if (chunks.length === 0) continue;
      const untilUs = Math.max(...chunks.map((each) => each.toUs));
      if (aggregates.some(({ reads }) => reads === name)) {
        // Written down before it happens: a refresh of a dropped time would empty the aggregate.
        const span = hull(this.#dropped.get(name) ?? null, { fromUs: chunks[0].fromUs, toUs: untilUs })!;
        await saveDropped(pool, name, span);
        this.#dropped.set(name, span);
      }
      await dropChunks(pool, table, untilUs);
      log('info', `database: ${chunks.length} chunks of ${name} are past their period and dropped`);
    }
  }
}
