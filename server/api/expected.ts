import { publishExpected } from '../access/expected.ts';
import type { Config } from '../config.ts';
import { comparableDays } from '../estimate/comparable-days.ts';
import { readCalendar } from '../store/facts-calendar.ts';
import { type HistoryNow, type HistorySource, placeOf } from './history.ts';
import type { ApiRequest, Reply } from './http.ts';
import { checkQuery } from './query.ts';
import type { QueryGate } from './query-gate.ts';
import { readTime } from './range.ts';

/** `GET /api/regions/ID/expected`: what was there at a time, and what is usual then, from the database, through the exit. */
export class ExpectedAnswers {
  readonly #source: Pick<HistorySource, 'dayFigures'>;
  readonly #config: Config;
  readonly #gate: QueryGate;
  readonly #calendar = readCalendar();
  readonly #local: Intl.DateTimeFormat;

  constructor(source: Pick<HistorySource, 'dayFigures'>, config: Config, gate: QueryGate) {
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
    const everyUs = this.#config.gaugeEveryMs * 1000;
    const asked = request.query.get('at');
    // Of now the newest gauge that has closed.
    const atUs = asked === null ? Math.max(0, Math.floor(now.clockUs / everyUs - 1) * everyUs) : readTime('at', asked);
    const [day, time] = this.#local.format(atUs / 1000).split(' ');
    const days = [day, ...comparableDays(day, this.#calendar)];
    const figures = await this.#gate.ask(`what is expected of region ${id}`, now.databaseAway, () =>
      this.#source.dayFigures(id, days, time),
    );
    const present = figures.find((figure) => figure.day === day)?.value ?? null;
    const past = figures.filter((figure) => figure.day !== day);
    reply.json(200, publishExpected({ id, atUs, present, past }, this.#config.minCount));
  }
}
