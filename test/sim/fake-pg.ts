/**
 * Stands for the package `pg` in the simulation's bundle: connections to a {@link SimDatabase}, which comes in their
 * configuration.
 */
import { EventEmitter } from 'node:events';
import { connectMsMax } from '../../server/store/connection.ts';
import { Refusal, type Session, type SimDatabase } from './database.ts';
import type { SimCopy } from './fake-pg-copy.ts';
import type { Life } from './schedule.ts';
import type { Result } from './statements.ts';
import type { Commit } from './tables.ts';

interface Target {
  sim: { database: SimDatabase; life: Life };
}

class DatabaseError extends Error {
  readonly code: string;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.code = refusal.code;
  }
}

class Client extends EventEmitter implements Session {
  transaction: Commit | null = null;
  aborted = false;
  savepoint: Commit | null = null;
  committing = false;
  readonly #database: SimDatabase;
  readonly #life: Life;
  #open = false;
  #gone: Error | null = null;
  readonly #waiting = new Set<(error: Error) => void>();

  constructor({ sim }: Target) {
    super();
    this.#database = sim.database;
    this.#life = sim.life;
  }

  connect(): Promise<void> {
    this.#life.after(connectMsMax, () => {
      if (!this.#open) this.#leave(Object.assign(new Error('no connection in time'), { code: 'ECONNRESET' }));
    });
    return this.#answer(() => {
      this.#database.connect(this);
      this.#open = true;
    });
  }

  query(what: string | SimCopy, values: readonly unknown[] = []): Promise<unknown> {
    if (typeof what !== 'string')
      return this.#answer(() => this.#database.copyInto(this, what.table, Buffer.from(what.rows)));
    this.committing = what === 'commit';
    const lost = this.committing && this.#database.losesAnswers > 0;
    if (lost) this.#database.losesAnswers--;
    return this.#answer(() => {
      this.committing = false;
      const result = lost && this.#database.coin ? null : this.#database.run(this, what, values);
      if (!lost && result !== null) return result;
      this.#database.cut(this);
      throw Object.assign(new Error('the connection was cut'), { code: 'ECONNRESET' });
    });
  }

  end(): Promise<void> {
    if (this.#gone === null) this.#leave(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' }));
    return new Promise((resolve) => void this.#life.after(0.1, resolve));
  }

  lose(why: Error): void {
    if (this.#gone !== null) return;
    this.emit('error', why);
    this.#leave(why);
  }

  release(broken?: Error): void {
    if (broken !== undefined || this.#gone === null) void this.end();
  }

  #leave(why: Error): void {
    this.#gone = why;
    this.#database.leave(this);
    for (const reject of [...this.#waiting]) reject(why);
    this.#waiting.clear();
    if (this.#open) this.emit('end');
  }

  /** Later, and only if the connection is still there. */
  #answer<T>(work: () => T): Promise<T> {
    if (this.#gone !== null) return Promise.reject(this.#gone);
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      const answer = () => {
        if (this.#gone !== null) return;
        if (this.#database.hangs) {
          this.#life.after(50, answer);
          return;
        }
        this.#waiting.delete(reject);
        try {
          resolve(work());
        } catch (error) {
          reject(error instanceof Refusal ? new DatabaseError(error) : error);
        }
      };
      this.#life.after(this.#database.durationMs, answer);
    });
  }
}

class Pool extends EventEmitter {
  readonly #target: Target;

  constructor(target: Target) {
    super();
    this.#target = target;
  }

  async connect(): Promise<Client> {
    const client = new Client(this.#target);
    client.on('error', (error) => this.emit('error', error));
    await client.connect();
    return client;
  }

  async query(text: string, values: readonly unknown[] = []): Promise<Result> {
    const client = await this.connect();
    try {
      return await (client.query(text, values) as Promise<Result>);
    } finally {
      client.release();
    }
  }

  async end(): Promise<void> {}
}

export default { Client, Pool, DatabaseError };
