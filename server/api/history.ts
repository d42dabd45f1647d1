import type { Layout, RegionHistory } from '../../shared/protocol.ts';
import { publishHistory } from '../access/exit.ts';
import { hourUs, secondUs } from '../clock.ts';
import type { Config } from '../config.ts';
import { messageOf, UserError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type ApiRequest, Refusal, type Reply } from './http.ts';
import { decodePath } from './static.ts';

/** What the history needs of the store. */
export interface HistorySource {
  regionHistory(id: string, fromUs: number, toUs: number, bucketS: number): Promise<RegionHistory>;
}

/** A query that takes longer is given up by the request; it goes on to hold one of `historyQueriesMax`. */
const historyDeadlineMs = 10_000;
const dayS = 86_400;

export interface HistoryRange {
  /** µs, multiples of the bucket; `toUs` excluded. */
  fromUs: number;
  toUs: number;
  bucketS: number;
}

/**
 * The checked query of a history. `from` and `to`: ISO 8601 with a zone, or integer µs since 1970; without them the
 * last three hours before `clockUs`. `bucket`: seconds, whole minutes and whole gauge intervals, at most a day. The
 * range is widened to whole buckets: freely chosen borders would let hidden figures be had by subtracting.
 * @throws Refusal 400 BAD_TIME, BAD_RANGE, BAD_BUCKET, RANGE_TOO_LONG
 */
function readRange(
  query: URLSearchParams,
  clockUs: number,
  limits: Pick<Config, 'gaugeEveryMs' | 'historyRowsMax'>,
): HistoryRange {
  const gaugeS = Math.max(1, Math.round(limits.gaugeEveryMs / 1000));
  const finestS = leastCommonMultiple(60, gaugeS);
  const bucketText = query.get('bucket') ?? String(finestS);
  const bucketS = /^\d{1,6}$/.test(bucketText) ? Number(bucketText) : 0;
  if (bucketS === 0 || bucketS % finestS !== 0 || bucketS > Math.max(dayS, finestS)) {
    throw new Refusal(400, 'BAD_BUCKET', `bucket must be a multiple of ${finestS} seconds, at most a day`);
  }
  const to = query.has('to') ? readTime('to', query.get('to')!) : clockUs;
  const from = query.has('from') ? readTime('from', query.get('from')!) : Math.max(0, to - 3 * hourUs);
  if (from >= to) throw new Refusal(400, 'BAD_RANGE', 'from must be before to');
  const bucketUs = bucketS * secondUs;
  const fromUs = Math.floor(from / bucketUs) * bucketUs;
  const toUs = Math.ceil(to / bucketUs) * bucketUs;
  if ((toUs - fromUs) / bucketUs > limits.historyRowsMax) {
    throw new Refusal(
      400,
      'RANGE_TOO_LONG',
      `more than ${limits.historyRowsMax} buckets: ask for a shorter range or a larger bucket`,
    );
  }
  return { fromUs, toUs, bucketS };
}

function leastCommonMultiple(a: number, b: number): number {
  let multiple = a;
  while (multiple % b !== 0) multiple += a;
  return multiple;
}

const lastUs = Date.UTC(2255, 0, 1) * 1000;

function readTime(name: string, text: string): number {
  const withZone = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)$/;
  const us = /^\d{1,16}$/.test(text) ? Number(text) : withZone.test(text) ? Date.parse(text) * 1000 : Number.NaN;
  if (!(us >= 0 && us <= lastUs)) {
    throw new Refusal(400, 'BAD_TIME', `${name} must be like 2026-11-21T19:30:00+08:00 or microseconds since 1970`);
  }
  return us;
}

/** `GET /api/regions/ID/history`, from the database, through the exit. */
export class HistoryAnswers {
  readonly #source: HistorySource;
  readonly #config: Config;
  readonly #log: Log;
  #running = 0;

  constructor(source: HistorySource, config: Config, log: Log) {
    this.#source = source;
    this.#config = config;
    this.#log = log;
  }

  /** @throws Refusal 400, 404, or 503 when the database is away, slow or busy */
  async answer(
    request: ApiRequest,
    reply: Reply,
    encodedId: string,
    now: { layout: Layout; clockUs: number; databaseAway: boolean },
  ): Promise<void> {
    const id = decodePath(encodedId);
    if (!now.layout.regions.some((region) => region.id === id)) {
      throw unknownRegion();
    }
    const range = readRange(request.query, now.clockUs, this.#config);
    if (now.databaseAway) throw away();
    if (this.#running >= this.#config.historyQueriesMax) {
      throw new Refusal(503, 'BUSY', 'too many requests for history at once; ask again in a moment');
    }
    const history = await this.#query(id, range);
    reply.json(200, publishHistory(history, this.#config.minCount));
  }

  async #query(id: string, range: HistoryRange): Promise<RegionHistory> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const refusal = new Refusal(503, 'DATABASE_SLOW', 'the database did not answer in time; ask for a shorter range');
      timer = setTimeout(() => reject(refusal), historyDeadlineMs);
    });
    try {
      return await Promise.race([this.#counted(id, range), late]);
    } catch (error) {
      if (error instanceof Refusal) throw error;
      if (error instanceof UserError && error.code === 'REGION_UNKNOWN') throw unknownRegion();
      this.#log('warn', `history of region ${id}: ${messageOf(error)}`);
      throw away();
    } finally {
      clearTimeout(timer);
    }
  }

  async #counted(id: string, { fromUs, toUs, bucketS }: HistoryRange): Promise<RegionHistory> {
    this.#running++;
    try {
      return await this.#source.regionHistory(id, fromUs, toUs, bucketS);
    } finally {
      this.#running--;
    }
  }
}

function away(): Refusal {
  return new Refusal(503, 'DATABASE_AWAY', 'the database is not there at the moment; live figures go on without it');
}

function unknownRegion(): Refusal {
  return new Refusal(404, 'UNKNOWN_REGION', 'no region has this id; /api/regions lists them');
}
