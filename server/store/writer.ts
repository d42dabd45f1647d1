/**
 * Stores batches, one transaction each, over a connection of its own; rides out a database that goes away.
 *
 * Exactly once: the ledger row moves in the transaction of the rows, on condition that it stands where this writer left
 * it. After a lost connection, when a commit may or may not have happened, the ledger tells which.
 *
 * Nothing is given up: whatever statement fails, for whatever reason, is tried again while the journal holds what comes.
 * Only a row that its table refuses by value or constraint is set aside, by itself.
 */
import pg from 'pg';
import type { StoreStatus } from '../../shared/protocol.ts';
import { type Clock, formatTimeUs } from '../clock.ts';
import { assertInvariant, heardElsewhere, InvariantError, messageOf, UserError } from '../errors.ts';
import type { Log } from '../log.ts';
import { answered } from './answered.ts';
import type { StoreBatch } from './batch.ts';
import { CarefulCopy, refusesRows } from './careful-copy.ts';
import { addCells } from './cells.ts';
import { clientConfig, type Database, settleSession, timestampUs } from './connection.ts';
import { type Copy, copyIn } from './copy-in.ts';
import { markEventHours } from './facts-dirty.ts';
import type { Intake } from './intake.ts';
import { isSameRow, type LedgerRow, moveLedger, readLedgerRow, savePositions } from './ledger.ts';
import { pause } from './pause.ts';
import { loadRegionIds, storeRegionsSet } from './regions.ts';
import { copyTableNames, copyTables, gaugeTableNames } from './rows.ts';

export interface WriterOptions {
  readonly database: Database;
  readonly intake: Intake;
  /** The ledger row as it stands in the database; kept up to date. */
  ledger: LedgerRow;
  /** A transaction that takes longer is given up, its connection cut, and tried again. */
  readonly deadlineMs: number;
  readonly clock: Clock;
  readonly log: Log;
  onStored(batch: StoreBatch): void;
  /** Resolves when nobody else writes which cells the micro-regions hold, nor will while a set of them waits. */
  beforeRegions(): Promise<void>;
  /** The queue or the state has changed. */
  onChange(): void;
  /** The connection is lost: what was written over others, and has no ledger, may be lost with it. */
  onLost(): void;
  /** The database has lost what it had: nothing more is stored in it by this writer. */
  onBehind(why: Error): void;
}

/** A backup was put back, or a copy of the database that was behind has taken over. */
class DatabaseBehind extends Error {
  constructor(stored: LedgerRow, confirmed: LedgerRow) {
    super(
      `it holds ${stored.batch} transactions and had confirmed ${confirmed.batch}: a backup was put back, or a copy that was behind has taken over`,
    );
  }
}

const retryAfterMs = 250;
const retryAfterMsMax = 10_000;
const idleMs = 100;
const busyTries = 8;
/** Key of the advisory lock that one writing server holds on a real database. */
const writerKey = [0x7367776c, 2] as const;

/** A connection, and what is given when it is lost. */
interface Link {
  readonly client: pg.Client;
  readonly lost: AbortSignal;
}

/** A process of the database; of another login's one the time is not told. */
interface Backend {
  readonly pid: number;
  readonly sinceUs: number | null;
}

export class Writer {
  state: StoreStatus['state'] = 'starting';
  error = '';
  readonly #options: WriterOptions;
  readonly #stop = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #wake = new AbortController();
  #link: Link | null = null;
  #retryMs = retryAfterMs;
  #awaySinceMs = 0;
  /** When the transaction under way has begun, monotonic ms; Infinity: there is none. */
  #busySinceMs = Number.POSITIVE_INFINITY;
  /** The end of the last transaction is not known: ask the ledger before the next one. */
  #unknown = false;
  /** What serves the newest connection on a real database. */
  #backend: Backend | null = null;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Connects for the first time and begins to store. Rejects with what the connection meets. */
  async open(): Promise<void> {
    const { signal } = this.#stop;
    for (let attempt = 1; this.#link === null; attempt++) {
      try {
        this.#link = await this.#connect();
      } catch (error) {
        // A server that has just ended may still be seen by the database.
        const busy = error instanceof UserError && error.code === 'DATABASE_IN_USE';
        if (!busy || attempt >= busyTries) throw error;
        await pause(retryAfterMs, signal);
      }
    }
    this.state = 'up';
    this.#loop = this.#run();
  }

  /** So long the transaction under way has taken by now, ms; negative: there is none. */
  get busyMs(): number {
    return this.#options.clock.monotonicMs() - this.#busySinceMs;
  }

  /** Something may be ready to be stored. */
  wake(): void {
    // Told once: each abort makes an error with a stack.
    if (!this.#wake.signal.aborted) this.#wake.abort();
  }

  /** The ledger stands here; before the first batch. */
  begin(ledger: LedgerRow): void {
    this.#options.ledger = ledger;
  }

  /** The ledger as it stands in the database. */
  get ledger(): LedgerRow {
    return this.#options.ledger;
  }

  /** False: the connection was lost since it was read, and the database behind the next one may be an older one. */
  get isSure(): boolean {
    return !this.#unknown;
  }

  /** Ends; a transaction under way is given up: the next start stores from the journal what is not stored. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('the writer ends'));
    this.wake();
    await this.#drop();
    await this.#loop;
    await this.#drop();
  }

  async #run(): Promise<void> {
    const { intake, onChange } = this.#options;
    const stopped = this.#stop.signal;
    while (!stopped.aborted) {
      const batch = intake.head();
      if (batch === null && !this.#unknown) {
        this.#wake = new AbortController();
        await pause(idleMs, this.#wake.signal);
        continue;
      }
      this.#busySinceMs = this.#options.clock.monotonicMs();
      try {
        const refused = batch === null ? await this.#ask() : await this.#store(batch);
        this.#up();
        if (batch !== null) intake.done(refused);
        this.#busySinceMs = Number.POSITIVE_INFINITY;
      } catch (error) {
        this.#busySinceMs = Number.POSITIVE_INFINITY;
        if (error instanceof InvariantError) throw error;
        // Whatever it was, and wherever: it may have come after the commit.
        this.#doubt();
        await this.#drop();
        if (stopped.aborted) return;
        this.#away(error);
        onChange();
        if (error instanceof DatabaseBehind) {
          this.#options.onBehind(error);
          return;
        }
        await pause(this.#retryMs, stopped);
        this.#retryMs = Math.min(this.#retryMs * 2, retryAfterMsMax);
      }
      onChange();
    }
  }

  /**
   * Nothing waits, but a connection was lost: until the database that is there now has been asked, nothing counts as stored
   * for good, and a full journal, in which nothing more comes, would never let anything go.
   */
  async #ask(): Promise<number> {
    if (this.#link?.lost.aborted) await this.#drop();
    this.#link ??= await this.#connect();
    const { client, lost } = this.#link;
    await this.#answered(this.#look(client), lost);
    return 0;
  }

  /** The ledger as it stands there. @throws DatabaseBehind */
  async #look(client: pg.Client): Promise<LedgerRow> {
    const stored = await readLedgerRow(client);
    if (stored.batch < this.#options.ledger.batch) throw new DatabaseBehind(stored, this.#options.ledger);
    this.#unknown = false;
    return stored;
  }

  /** One attempt at a batch; how many of its rows were refused. */
  async #store(batch: StoreBatch): Promise<number> {
    const { intake, onStored } = this.#options;
    this.#link ??= await this.#connect();
    const { client, lost } = this.#link;
    const refused = await this.#answered(this.#transact(client, batch), lost);
    assertInvariant(batch.ledger !== null, 'a batch is sealed before it is stored');
    if (batch.regions !== null) {
      const ids = await this.#answered(loadRegionIds(client), lost);
      for (const [id, key] of ids) intake.regionIds.set(id, key);
    }
    this.#options.ledger = { ...batch.ledger };
    onStored(batch);
    return refused;
  }

  async #transact(client: pg.Client, batch: StoreBatch): Promise<number> {
    const to = batch.ledger!;
    const { beforeRegions } = this.#options;
    if (this.#unknown) {
      const stored = await this.#look(client);
      if (isSameRow(stored, to)) return 0;
    }
    // Not inside the transaction: the embedded database runs one at a time.
    if (batch.regions !== null) await beforeRegions();
    await client.query('begin');
    if (!(await moveLedger(client, this.#options.ledger, to)))
      throw new Error('the ledger has been moved: does another server write to this database?');
    if (batch.cells.length > 0) await addCells(client, batch.cells);
    if (batch.positions.size > 0) await savePositions(client, batch.positions.values());
    if (batch.regions !== null) await storeRegionsSet(client, batch.regions);
    for (const us of batch.toldAgainUs) {
      for (const table of gaugeTableNames) await client.query(`delete from ${table} where ts = $1`, [timestampUs(us)]);
    }
    const careful = batch.careful ? new CarefulCopy(client) : null;
    const copies = copiesOf(batch);
    if (careful !== null) for (const copy of copies) await careful.copy(copy);
    else await this.#copy(client, batch, copies);
    await markEventHours(client, batch.eventHours);
    // The commit of a transaction that has failed is answered with ROLLBACK, and is no error.
    const { command } = await client.query('commit');
    if (command !== 'COMMIT') throw new Error(`the transaction of batch ${to.batch} was rolled back`);
    const refused = careful?.refused ?? 0;
    if (refused > 0)
      this.#options.log('error', `database: ${refused} rows were refused and set aside in the table refused_row`);
    return refused;
  }

  async #copy(client: pg.Client, batch: StoreBatch, copies: readonly Copy[]): Promise<void> {
    // The embedded database takes one COPY a query.
    const queries = this.#options.database.embedded ? copies.map((copy) => [copy]) : copies.length > 0 ? [copies] : [];
    try {
      for (const query of queries) await copyIn(client, query);
    } catch (error) {
      // The next attempt finds out which.
      batch.careful = refusesRows(error);
      throw error;
    }
  }

  async #connect(): Promise<Link> {
    const { database } = this.#options;
    const client = new pg.Client(clientConfig(database));
    const lost = new AbortController();
    // Who waits for it hears of it; between two transactions nobody does, and the next one meets the closed client.
    const lose = (why: Error) => {
      if (this.#link?.client === client) this.#doubt();
      lost.abort(why);
    };
    client.on('error', lose);
    client.on('end', () => lose(new Error('the connection was closed')));
    try {
      await this.#answered(client.connect(), lost.signal);
      if (!database.embedded) await this.#answered(this.#fence(client), lost.signal);
    } catch (error) {
      // Not waited for: one that is still connecting ends when that has failed.
      client.end().catch(heardElsewhere);
      throw error;
    }
    return { client, lost: lost.signal };
  }

  /** What is waited for; given up when the connection is lost, the writer ends, and when a database says nothing in time. */
  #answered<T>(work: Promise<T>, lost: AbortSignal): Promise<T> {
    return answered(work, this.#options.deadlineMs, [lost, this.#stop.signal]);
  }

  /**
   * One server writes to a database at a time; and while an earlier connection of ours still lives on there, its
   * commit may be under way: the lock is free when that is over.
   */
  async #fence(client: pg.Client): Promise<void> {
    const { database, deadlineMs } = this.#options;
    await settleSession(client, deadlineMs);
    const { rows } = await client.query<Backend & { held: boolean }>(
      `select pg_try_advisory_lock($1, $2) as held, pg_backend_pid() as pid,
         (select backend_start from pg_stat_activity where pid = pg_backend_pid()) as "sinceUs"`,
      [...writerKey],
    );
    if (rows[0].held) {
      this.#backend = rows[0];
      return;
    }
    const holders = await client.query<Backend & { place: string | null }>(
      `select host(a.client_addr) as place, a.pid, a.backend_start as "sinceUs"
       from pg_locks l
       join pg_stat_activity a using (pid)
       join pg_database d on d.oid = l.database and d.datname = current_database()
       where l.locktype = 'advisory' and l.granted and l.classid = $1::bigint::oid and l.objid = $2::bigint::oid`,
      [...writerKey],
    );
    const [holder] = holders.rows;
    // Our own of before a network dropped everything: nobody hears it any more, and what it has committed is asked for.
    const isOwn = holder !== undefined && holder.pid === this.#backend?.pid && holder.sinceUs === this.#backend.sinceUs;
    if (isOwn) await client.query('select pg_terminate_backend($1)', [holder.pid]);
    // Of another login's connection nothing is told.
    const isTold = holder !== undefined && holder.sinceUs !== null;
    const who = isTold ? ` (from ${holder.place ?? 'its own machine'} since ${formatTimeUs(holder.sinceUs!)})` : '';
    throw new UserError(
      'DATABASE_IN_USE',
      `another server writes to the database ${database.name}${who}: end it, or use another database. Where it is a connection that a power cut or a dead network has left, the database ends it within a minute`,
    );
  }

  /** Nobody knows how the last transaction has ended, nor which database comes back. */
  #doubt(): void {
    this.#unknown = true;
    this.#options.onLost();
  }

  async #drop(): Promise<void> {
    const link = this.#link;
    this.#link = null;
    if (link === null) return;
    // Ends at once when a statement hangs; an error here is one of a connection that is being given up.
    await link.client.end().catch(heardElsewhere);
  }

  #up(): void {
    this.#retryMs = retryAfterMs;
    if (this.state === 'up') return;
    this.state = 'up';
    this.error = '';
    const { clock, log } = this.#options;
    const awayS = Math.round((clock.monotonicMs() - this.#awaySinceMs) / 1000);
    log('info', `database: back after ${awayS} s, catching up from the journal`);
  }

  #away(error: unknown): void {
    this.error = messageOf(error);
    if (this.state === 'away') return;
    this.state = 'away';
    this.#awaySinceMs = this.#options.clock.monotonicMs();
    this.#options.log(
      'warn',
      `database: away (${this.error}); counting goes on, the journal holds the rows, trying again`,
    );
  }
}

function copiesOf({ copies }: StoreBatch): Copy[] {
  return copyTableNames.flatMap((table) => {
    if (copies[table].rows === 0) return [];
    const columns = copyTables[table];
    const rows = copies[table].finished();
    // Upkeep takes stays out of their queue once each, into what is kept of a subscriber.
    return table === 'stay'
      ? [
          { table, columns, rows },
          { table: 'stay_queue', columns, rows },
        ]
      : [{ table, columns, rows }];
  });
}
