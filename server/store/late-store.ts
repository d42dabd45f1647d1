/**
 * Stands for the store, also while there is none. A database may be away at the start of a server that has run before:
 * live counters and feeds go on from journal and snapshot, and all that a start asks of it is asked when it is there. And
 * it may come back as it was before (a backup was put back, a copy that was behind has taken over): then it is opened
 * anew, and gets from the journal what it has lost.
 */
import type { RegionHistory, RegionPast, StoreStatus } from '../../shared/protocol.ts';
import type { Clock } from '../clock.ts';
import { assertInvariant, errorOf, heardElsewhere, InvariantError, messageOf, UserError } from '../errors.ts';
import type { Log } from '../log.ts';
import { emptyLedger, type Ledger, type LedgerRow } from './ledger.ts';
import { pause } from './pause.ts';
import type { DayFigure } from './region-expected.ts';
import type { PastQuestion } from './region-past.ts';
import type { Store } from './types.ts';

export interface LateStoreOptions {
  /** Tries to open the database. */
  readonly open: () => Promise<Store>;
  /** Opened at the start; or why it could not be. */
  readonly first: Store | Error;
  readonly clock: Clock;
  readonly log: Log;
  /** A bug, or a start that can't go on: the database is not tried any more. */
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

type Join = (store: Store) => Promise<void>;

/** What the API asks of a store, and what a server reads of it. */
type Asked = Omit<
  Store,
  'loadCells' | 'saveCells' | 'saveRegions' | 'begin' | 'ready' | 'whenReady' | 'take' | 'flush' | 'maintain'
>;

export class LateStore implements Asked {
  readonly held: Ledger;
  /** Why it could not be opened at the start; null: it was there. */
  readonly why: Error | null;
  readonly #options: LateStoreOptions;
  readonly #end = new AbortController();
  #store: Store | null;
  #error: string;
  #join: Join | null = null;
  #running: Promise<void> = Promise.resolve();
  #first: Head = { rows: 0, newestUs: -1 };
  #head: () => Head = () => this.#first;
  /** Why it gets nothing from the journal though it is there; '': it does. */
  #held = '';
  readonly #waiting = new Set<() => void>();

  constructor(options: LateStoreOptions) {
    this.#options = options;
    const { first } = options;
    this.why = first instanceof Error ? first : null;
    this.#store = first instanceof Error ? null : first;
    this.held = this.#store?.held ?? { row: { ...emptyLedger }, positions: [], earlier: new Map() };
    this.#error = this.why === null ? '' : messageOf(this.why);
  }

  /**
   * Begins to try, where it was not there.
   *
   * @param join has one that is opened later store what is in the journal; it may reject, and then it is all tried again
   */
  start(head: () => Head, join: Join): void {
    this.#head = head;
    this.#join = join;
    if (this.#store === null) this.#try(Promise.resolve());
  }

  /** The one that is there has lost what it had confirmed. What a start has asked of it is void, too. */
  goBack(why: Error): void {
    const store = this.#store;
    if (store === null || this.#end.signal.aborted) return;
    if (this.#join === null) {
      const text = `the database has lost what it held when this start began (${messageOf(why)}): start again`;
      this.#options.onFailed(new UserError('DATABASE_BEHIND', text));
      return;
    }
    this.#store = null;
    this.#error = messageOf(why);
    this.#options.log('warn', `database: ${this.#error}; it is opened anew and gets what it lacks from the journal`);
    this.#try(store.close());
  }

  /** What is next for it can't be read from the journal, and nothing is passed over; '': it can again. */
  hold(why: string): void {
    const { log } = this.#options;
    this.#held = why;
    if (why === '') log('info', 'database: what could not be read from the journal can be read again; catching up');
    else log('error', `database: ${why}. Live counters go on; until it can be read, history stops there`);
    for (const resolve of this.#waiting) resolve();
  }

  /** Of what is queued only what has come since the start is known. */
  get status(): StoreStatus {
    if (this.#store !== null) {
      const { status } = this.#store;
      return this.#held === '' ? status : { ...status, state: 'held', error: this.#held };
    }
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
    return this.#held !== '' || (this.#store?.room ?? true);
  }

  async whenRoom(): Promise<void> {
    const store = this.#store;
    if (store === null || this.room) return;
    await new Promise<void>((resolve, reject) => {
      this.#waiting.add(resolve);
      store
        .whenRoom()
        .then(resolve, reject)
        .finally(() => this.#waiting.delete(resolve));
    });
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
    throw new UserError('DATABASE_AWAY', `the database is away (${this.#error})`);
  }

  #try(after: Promise<void>): void {
    const { rows, newestUs } = this.#head();
    this.#first = { rows, newestUs };
    this.#running = after.then(() => this.#run()).catch((error) => this.#options.onFailed(errorOf(error)));
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#end;
    const sinceMs = clock.monotonicMs();
    for (let waitMs = retryMs; ; waitMs = Math.min(2 * waitMs, retryMsMax)) {
      await pause(waitMs, signal);
      if (signal.aborted) return;
      try {
        this.#store = await this.#joined();
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
  async #joined(): Promise<Store | null> {
    const { signal } = this.#end;
    const join = this.#join;
    this.#held = '';
    assertInvariant(join !== null, 'a database is given nothing before the start');
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
