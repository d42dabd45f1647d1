import { publishExpected } from '../access/expected.ts';
import type { Config } from '../config.ts';
import { comparableDays } from '../estimate/comparable-days.ts';
import { timestampUs } from '../store/connection.ts';
import { readCalendar } from '../store/facts-calendar.ts';
import { namedQuery } from '../store/queries.ts';
import { type HistoryNow, type HistorySource, placeOf } from './history.ts';
import type { ApiRequest, Reply } from './http.ts';
import { checkQuery } from './query.ts';
import type { QueryGate } from './query-gate.ts';
import { readTime } from './range.ts';

/** `GET /api/regions/ID/expected`: what was there at a time, and what is usual then, from the database, through the exit. */
export class ExpectedAnswers {
  readonly #source: Pick<HistorySource, 'dayFigures' | 'sql'>;
  readonly #config: Config;
  readonly #gate: QueryGate;
  readonly #calendar = readCalendar();
  readonly #local: Intl.DateTimeFormat;

  constructor(source: Pick<HistorySource, 'dayFigures' | 'sql'>, config: Config, gate: QueryGate) {
    this.#source = source;
    this.#config = config;
    this.#gate = gate;
    const two = '2-digit';
    this.#local = new Intl.DateTimeFormat('sv-SE', {
      ...{ timeZone: config.timeZone, year: 'numeric', month: two, day: two, hour: two, minute: two, second: two },
    });
  }

  /** @throws Refusal 400, 404, or 503 when the database is away, slow or busy */
  async answer(request: ApiRequest, reply: Reply, encodedId: string, now: HistoryNow): Promise<void> {
    checkQuery(request, ['at']);
    const { id } = placeOf(encodedId, now.layout);
    const asked = request.query.get('at');
    const askedUs = asked === null ? null : readTime('at', asked);
    const figures = await this.#gate.ask(`what is expected of region ${id}`, now.databaseAway, async () => {
      const atUs = askedUs ?? (await this.#newestUs(now.clockUs));
      const [day, time] = this.#local.format(atUs / 1000).split(' ');
      const told = await this.#source.dayFigures(id, [day, ...comparableDays(day, this.#calendar)], time);
      const present = told.find((figure) => figure.day === day)?.value ?? null;
      return { id, atUs, present, past: told.filter((figure) => figure.day !== day) };
    });
    reply.json(200, publishExpected(figures, this.#config.minCount));
  }

  /** Start of the newest gauge that is final and stored, µs: a closed one waits for its crossings, then for the store. */
  async #newestUs(clockUs: number): Promise<number> {
    const [row] = await this.#source.sql<{ ts: number }>(namedQuery('newest-gauge'), [timestampUs(clockUs)]);
    const everyUs = this.#config.gaugeEveryMs * 1000;
    return row?.ts ?? Math.max(0, Math.floor(clockUs / everyUs - 1) * everyUs);
  }
}
