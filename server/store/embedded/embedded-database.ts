/** The embedded database as the rest of the server sees it: a socket to connect to, kept alive until it is closed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { messageOf, UserError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { workerUrl } from '../../worker-url.ts';
import { pause } from '../pause.ts';
import { type FolderLock, lockFolder } from './folder-lock.ts';
import type { FromWorker, ToWorker, WorkerData } from './worker-protocol.ts';

export interface EmbeddedOptions {
  readonly folder: string;
  /** A statement that takes longer ends the instance, which is then started anew: it can't be cancelled. */
  readonly deadlineMs: number;
  /** Memory of the instance; absent: as the knob's default. */
  readonly memoryBytesMax?: number;
  readonly log: Log;
  /** Gives up an opening. */
  readonly signal?: AbortSignal;
  progress(line: string): void;
}

/** Longest path of a unix socket: `sun_path` with its closing zero, see unix(7). */
const socketPathBytesMax = 107;
const socketName = '.s.PGSQL.5432';
/** Opening a folder takes a second, and making one some seconds, more on a machine that is busy. */
const startMsMax = 180_000;
const restartAfterMs = 250;
const restartAfterMsMax = 10_000;
const closeMsMax = 8_000;

export class EmbeddedDatabase {
  /** `host` for pg: the folder of the socket. */
  readonly socketFolder: string;
  /** Versions of PostgreSQL and TimescaleDB. */
  version = '';
  /** Instances lost and started anew. */
  restarts = 0;
  readonly #options: EmbeddedOptions;
  readonly #lock: FolderLock;
  readonly #turns = new SharedArrayBuffer(8);
  #worker: Worker | undefined;
  readonly #closing = new AbortController();
  #watch: NodeJS.Timeout | undefined;
  #supervisor: Promise<void> = Promise.resolve();

  /**
   * Locks the folder, starts the worker and waits until it can be connected to.
   *
   * @throws UserError DATA_IN_USE, DATABASE_BROKEN, SOCKET_PATH
   */
  static async open(options: EmbeddedOptions): Promise<EmbeddedDatabase> {
    const socketFolder = mkdtempSync(join(tmpdir(), 'signalwall-'));
    const path = join(socketFolder, socketName);
    let lock: FolderLock | undefined;
    try {
      if (Buffer.byteLength(path) > socketPathBytesMax) {
        throw new UserError('SOCKET_PATH', `${tmpdir()} is too long a path for a socket: set TMPDIR to a shorter one`);
      }
      lock = await lockFolder(options.folder, socketFolder);
      const database = new EmbeddedDatabase(options, lock, socketFolder);
      const giveUp = () => void database.kill();
      options.signal?.addEventListener('abort', giveUp);
      const ended = await database
        .#start(options.progress)
        .finally(() => options.signal?.removeEventListener('abort', giveUp));
      process.once('exit', database.#leave);
      database.#watch = database.#watchTurns();
      database.#supervisor = database.#supervise(ended);
      return database;
    } catch (error) {
      lock?.release();
      rmSync(socketFolder, { recursive: true, force: true });
      if (error instanceof UserError) throw error;
      throw new UserError(
        'DATABASE_BROKEN',
        `the database in ${options.folder} can't be opened (${messageOf(error)}): move ${dirname(options.folder)} away to start with an empty one`,
        { cause: error },
      );
    }
  }

  private constructor(options: EmbeddedOptions, lock: FolderLock, socketFolder: string) {
    this.#options = options;
    this.#lock = lock;
    this.socketFolder = socketFolder;
  }

  /** Ends the instance without notice, as a crash would; it is started anew. For the deadline and for tests. */
  async kill(): Promise<void> {
    await this.#worker?.terminate();
  }

  /** Writes a checkpoint, ends the worker and gives the folder free. */
  async close(): Promise<void> {
    this.#closing.abort();
    clearInterval(this.#watch);
    const worker = this.#worker;
    if (worker !== undefined) {
      const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
      worker.postMessage({ kind: 'close' } satisfies ToWorker);
      const timer = setTimeout(() => void worker.terminate(), closeMsMax);
      await exited;
      clearTimeout(timer);
    }
    await this.#supervisor;
    process.off('exit', this.#leave);
    this.#leave();
  }

  /** Also when the process ends without closing: the worker dies with it. */
  readonly #leave = () => {
    rmSync(this.socketFolder, { recursive: true, force: true });
    this.#lock.release();
  };

  /** Starts the worker; resolves once it serves, to a promise of the reason why it ended. */
  async #start(progress: (line: string) => void): Promise<{ ended: Promise<string> }> {
    const worker = new Worker(workerUrl('database-worker'), {
      workerData: {
        folder: this.#options.folder,
        socketPath: join(this.socketFolder, socketName),
        turns: this.#turns,
        ownerIdleMs: this.#options.deadlineMs,
        ...(this.#options.memoryBytesMax !== undefined && { memoryBytesMax: this.#options.memoryBytesMax }),
      } satisfies WorkerData,
    });
    this.#worker = worker;
    new Uint32Array(this.#turns).fill(0);
    let reason = '';
    const ended = new Promise<string>((resolve) => {
      worker.on('error', (error) => {
        reason ||= messageOf(error);
      });
      worker.on('exit', (code) => {
        if (this.#worker === worker) this.#worker = undefined;
        resolve(reason || `worker ended with code ${code}`);
      });
    });
    const timer = setTimeout(() => {
      reason = `not ready after ${startMsMax / 1000} s`;
      void worker.terminate();
    }, startMsMax);
    await new Promise<void>((resolve, reject) => {
      worker.on('message', (message: FromWorker) => {
        if (message.kind === 'progress') progress(message.line);
        else if (message.kind === 'warning') this.#options.log('warn', `database: ${message.line}`);
        else if (message.kind === 'failed') reason = message.message;
        else if (message.kind === 'ready') {
          this.version = message.version;
          resolve();
        }
      });
      void ended.then((why) => reject(new Error(why)));
    }).finally(() => clearTimeout(timer));
    return { ended };
  }

  /** Starts a lost instance anew, again and again, until the database is closed. */
  async #supervise(first: { ended: Promise<string> }): Promise<void> {
    let { ended } = first;
    let waitMs = restartAfterMs;
    for (;;) {
      const why = await ended;
      if (this.#closing.signal.aborted) return;
      this.restarts++;
      this.#options.log('warn', `database: the embedded instance was lost (${why}), starting it anew`);
      for (;;) {
        await pause(waitMs, this.#closing.signal);
        if (this.#closing.signal.aborted) return;
        try {
          ({ ended } = await this.#start(() => undefined));
          waitMs = restartAfterMs;
          break;
        } catch (error) {
          waitMs = Math.min(waitMs * 2, restartAfterMsMax);
          this.#options.log('error', `database: the embedded instance does not start (${messageOf(error)})`);
        }
      }
    }
  }

  /** The deadline of statements: a turn that was begun and not ended within it hangs. */
  #watchTurns(): NodeJS.Timeout {
    const counters = new Uint32Array(this.#turns);
    const stepMs = Math.max(10, Math.min(1_000, this.#options.deadlineMs / 4));
    let turn = 0;
    let stoodMs = 0;
    const watch = setInterval(() => {
      const begun = Atomics.load(counters, 0);
      if (begun === Atomics.load(counters, 1) || begun !== turn) {
        turn = begun;
        stoodMs = 0;
        return;
      }
      stoodMs += stepMs;
      if (stoodMs < this.#options.deadlineMs || this.#worker === undefined) return;
      stoodMs = 0;
      this.#options.log('error', `database: a statement took more than ${this.#options.deadlineMs / 1000} s`);
      void this.#worker.terminate();
    }, stepMs);
    watch.unref();
    return watch;
  }
}
