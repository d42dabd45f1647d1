import type { Config } from '../config.ts';
import { messageOf, UserError } from '../errors.ts';
import type { Log } from '../log.ts';
import { Refusal } from './http.ts';

/** A query that takes longer is given up by the request; until it has ended it holds one of `historyQueriesMax`. */
const queryDeadlineMs = 10_000;

/** Lets questions through to the database, a bounded number at once, and says why one gets no answer. */
export class QueryGate {
  readonly #limits: Pick<Config, 'historyQueriesMax'>;
  readonly #log: Log;
  #running = 0;

  constructor(limits: Pick<Config, 'historyQueriesMax'>, log: Log) {
    this.#limits = limits;
    this.#log = log;
  }

  /** Nobody asks at the moment. */
  get idle(): boolean {
    return this.#running === 0;
  }

  /**
   * @param what for the log @param question gets the signal of `given`
   * @param given of this question alone: aborted at the deadline, or before by whoever asks
   * @throws Refusal 404 of a region that is not stored; 503 when the database is away, slow or busy
   */
  async ask<T>(
    what: string,
    databaseAway: boolean,
    question: (signal: AbortSignal) => Promise<T>,
    deadlineMs = queryDeadlineMs,
    given = new AbortController(),
  ): Promise<T> {
    if (databaseAway) throw away();
    if (this.#running >= this.#limits.historyQueriesMax) {
      throw busy();
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        given.abort();
        reject(slow());
      }, deadlineMs);
    });
    try {
      return await Promise.race([this.#counted(() => question(given.signal)), late]);
    } catch (error) {
      if (error instanceof Refusal) throw error;
      // Who asked has given up, and the database may be gone since: nothing is wrong with it.
      if (given.signal.reason instanceof Refusal) throw given.signal.reason;
      if (error instanceof UserError && error.code === 'REGION_UNKNOWN') throw unknownRegion();
      this.#log('warn', `${what}: ${messageOf(error)}`);
      if (messageOf(error) === noConnection) throw busy();
      throw tookTooLong(error) ? slow() : away();
    } finally {
      clearTimeout(timer);
    }
  }

  async #counted<T>(question: () => Promise<T>): Promise<T> {
    this.#running++;
    try {
      return await question();
    } finally {
      this.#running--;
    }
  }
}

/** Of the pool, when others have held all of its connections for `connectMsMax`. */
const noConnection = 'timeout exceeded when trying to connect';

function busy(): Refusal {
  return new Refusal(503, 'BUSY', 'too many requests for history at once; ask again in a moment');
}

/** Its deadline (`databaseDeadlineMs`) has ended a statement: query_canceled, or no word of it either. */
function tookTooLong(error: unknown): boolean {
  return (error as { code?: string }).code === '57014' || messageOf(error) === 'Query read timeout';
}

function slow(): Refusal {
  return new Refusal(503, 'DATABASE_SLOW', 'the database did not answer in time; ask for a shorter range');
}

function away(): Refusal {
  return new Refusal(503, 'DATABASE_AWAY', 'the database is not there at the moment; live figures go on without it');
}

export function unknownRegion(): Refusal {
  return new Refusal(404, 'UNKNOWN_REGION', 'no region has this id; /api/regions lists them');
}
