/**
 * Stands for the store while a database is away at the start of a server that has run before: live counters and feeds go
 * on from journal and snapshot, and all that a start asks of the database is asked when it is there.
 */
import type { RegionHistory, RegionPast, StoreStatus } from '../../shared/protocol.ts';
import type { Clock } from '../clock.ts';
import { errorOf, heardElsewhere, InvariantError, messageOf, UserError } from '../errors.ts';
import type { Log } from '../log.ts';
import { emptyLedger, type Ledger, type LedgerRow } from './ledger.ts';
import { pause } from './pause.ts';
import type { DayFigure } from './region-expected.ts';
import type { PastQuestion } from './region-past.ts';
import type { Store } from './types.ts';

export interface LateStoreOptions {
  /** Tries to open the database. */
  readonly open: () => Promise<Store>;
  /** Why it could not be opened at the start. */
  readonly why: Error;
  readonly clock: Clock;
  readonly log: Log;
  /** A bug: the database is not tried any more. */
  readonly onFailed: (error: Error) => void;
}

/** Event rows in the journal, and their newest event time, µs. */
interface Head {
  readonly rows: number;
  readonly newestUs: number;
}

const retryMs = 1000;
const retryMsMax = 10_000;
/** At the end an attempt that is under way is waited for so long, ms. */
const endMsMax = 1000;

/** What the API asks of a store, and what a server reads of it. */
type Asked = Omit<
  Store,
  'loadCells' | 'saveCells' | 'saveRegions' | 'begin' | 'ready' | 'whenReady' | 'take' | 'flush' | 'maintain'
>;

export class LateStore implements Asked {
  readonly held: Ledger = { row: { ...emptyLedger }, positions: [], earlier: new Map() };
  readonly #options: LateStoreOptions;
  readonly #end = new AbortController();
  #store: Store | null = null;
  #error: string;
  #running: Promise<void> = Promise.resolve();
  #first: Head = { rows: 0, newestUs: -1 };
  #head: () => Head = () => this.#first;

  constructor(options: LateStoreOptions) {
    this.#options = options;
    this.#error = messageOf(options.why);
  }

  /** Why it could not be opened at the start. */
  get why(): Error {
    return this.#options.why;
  }

  /**
   * Begins to try.
   *
   * @param join has an opened one store what is in the journal; it may reject, and then it is all tried again
   */
  start(head: () => Head, join: (store: Store) => Promise<void>): void {
    const { rows, newestUs } = head();
    this.#first = { rows, newestUs };
    this.#head = head;
    this.#running = this.#run(join).catch((error) => this.#options.onFailed(errorOf(error)));
  }

  /** Of what is queued only what has come since the start is known. */
  get status(): StoreStatus {
    if (this.#store !== null) return this.#store.status;
    const { rows, newestUs } = this.#head();
    const { rows: rowsFirst, newestUs: newestFirstUs } = this.#first;
    const lagMs = newestFirstUs < 0 ? 0 : Math.max(0, Math.round((newestUs - newestFirstUs) / 1000));
    return { state: 'away', lagMs, queuedRows: rows - rowsFirst, droppedRows: 0, error: this.#error };
  }

  get version(): string {
    return this.#store?.version ?? '';
  }

  get ledger(): LedgerRow {
    return this.#store?.ledger ?? this.held.row;
  }

  get durable(): number {
    return this.#store?.durable ?? -1;
  }

  get room(): boolean {
    return this.#store?.room ?? true;
  }

  async whenRoom(): Promise<void> {
    await this.#store?.whenRoom();
  }

  async regionHistory(id: string, fromUs: number, toUs: number, bucketS: number): Promise<RegionHistory> {
    return await this.#there.regionHistory(id, fromUs, toUs, bucketS);
  }

  async regionPast(id: string, question: PastQuestion): Promise<RegionPast> {
    return await this.#there.regionPast(id, question);
  }

  async dayFigures(id: string, days: readonly string[], time: string): Promise<DayFigure[]> {
    return await this.#there.dayFigures(id, days, time);
  }

  async sql<T>(text: string, values?: unknown[]): Promise<T[]> {
    return await this.#there.sql<T>(text, values);
  }

  async close(): Promise<void> {
    this.#end.abort();
    // An attempt that still waits for an answer closes what it may yet open.
    const { signal } = new AbortController();
    await Promise.race([this.#running, pause(endMsMax, signal)]);
    await this.#store?.close();
  }

  get #there(): Store {
    if (this.#store !== null) return this.#store;
    throw new UserError('DATABASE_AWAY', `the database is away since the start (${this.#error})`);
  }

  async #run(join: (store: Store) => Promise<void>): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#end;
    const sinceMs = clock.monotonicMs();
    for (let waitMs = retryMs; ; waitMs = Math.min(2 * waitMs, retryMsMax)) {
      await pause(waitMs, signal);
      if (signal.aborted) return;
      try {
        this.#store = await this.#joined(join);
        const awayS = Math.round((clock.monotonicMs() - sinceMs) / 1000);
        if (this.#store !== null) log('info', `database: there after ${awayS} s, catching up from the journal`);
        return;
      } catch (error) {
        if (error instanceof InvariantError) throw error;
        const why = messageOf(error);
        if (why !== this.#error) log('warn', `database: ${why}; counting goes on, trying again`);
        this.#error = why;
      }
    }
  }

  /** @returns null: the server ends */
  async #joined(join: (store: Store) => Promise<void>): Promise<Store | null> {
    const { signal } = this.#end;
    const store = await this.#options.open();
    try {
      if (!signal.aborted) await join(store);
      if (!signal.aborted) return store;
      await store.close();
      return null;
    } catch (error) {
      await store.close().catch(heardElsewhere);
      throw error;
    }
  }
}
