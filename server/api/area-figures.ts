import type { HourOfCells, LatestCells, RegionDwell, RegionOrigins, RegionTrips } from '../../shared/region-answers.ts';
import {
  publishEndedDwell,
  publishHour,
  publishLatest,
  publishLiveDwell,
  publishOrigins,
  publishProcedures,
  publishTrips,
} from '../access/area-figures.ts';
import { dayUs, hourUs, minuteUs } from '../clock.ts';
import type { Config } from '../config.ts';
import type { LiveView } from '../occupancy/view.ts';
import type { AreaName } from '../reference/home-areas.ts';
import {
  type AskSql,
  readEditMarks,
  readEndedDwell,
  readHourOfCells,
  readLatestCells,
  readOrigins,
  readTrips,
} from '../store/area-figures.ts';
import { readRegionProcedures } from '../store/region-procedures.ts';
import { type HistoryNow, ofNoNode, placeOf } from './history.ts';
import type { ApiRequest, Reply } from './http.ts';
import { checkQuery } from './query.ts';
import { type QueryGate, unknownRegion } from './query-gate.ts';
import { type RangeRules, readRange, readTime } from './range.ts';

export const regionFigures = ['flows', 'dwell', 'origins', 'traffic'] as const;
export type RegionFigure = (typeof regionFigures)[number];
export type CellFigure = 'latest' | 'hour';

type Now = Pick<HistoryNow, 'layout' | 'clockUs' | 'databaseAway'>;

const quarterUs = 15 * minuteUs;
const longestUs = 7 * dayUs;

/** Figures of regions and cells that the gauges in the database hold, through the exit. */
export class AreaAnswers {
  readonly #sql: AskSql;
  readonly #minCount: number;
  readonly #rowsMax: number;
  readonly #gate: QueryGate;
  readonly #view: () => LiveView;
  readonly #areaNames: ReadonlyMap<number, AreaName>;

  /** @param view what the live dwell is taken from */
  constructor(
    sql: AskSql,
    { minCount, historyRowsMax }: Pick<Config, 'minCount' | 'historyRowsMax'>,
    gate: QueryGate,
    view: () => LiveView,
    areaNames: ReadonlyMap<number, AreaName> = new Map(),
  ) {
    this.#sql = sql;
    this.#minCount = minCount;
    this.#rowsMax = historyRowsMax;
    this.#gate = gate;
    this.#view = view;
    this.#areaNames = areaNames;
  }

  /** `GET /api/regions/ID/flows`, `…/dwell`, `…/origins`, `…/traffic`. @throws Refusal 400, 404, or 503 as the history's */
  async region(what: RegionFigure, request: ApiRequest, reply: Reply, encodedId: string, now: Now): Promise<void> {
    const { id, place } = placeOf(encodedId, now.layout);
    if (what === 'origins') return this.origins(request, reply, id, now);
    if (what === 'traffic') return this.#traffic(request, reply, id, now);
    if (place >= now.layout.regions.length) throw ofNoNode(what);
    const span = rangeOf(request, now.clockUs, 3 * hourUs);
    const ask = <T>(read: (sql: AskSql, id: string, span: Span) => Promise<T>) =>
      this.#gate.ask(`${what} of region ${id}`, now.databaseAway, () => read(this.#sql, id, span));
    if (what === 'flows') {
      const { told, knownFromUs, edits } = await ask(readTrips);
      const regions = told && publishTrips(told, this.#minCount);
      const answer: RegionTrips = { id, ...span, knownFromUs, regions, edits };
      return reply.json(200, answer);
    }
    const { told, knownFromUs, edits } = await ask(readEndedDwell);
    const ended = { ...span, knownFromUs, ...publishEndedDwell(told, this.#minCount) };
    const answer: RegionDwell = { id, live: publishLiveDwell(this.#view(), place, this.#minCount), ended, edits };
    reply.json(200, answer);
  }

  /** @param id '': of the city, `GET /api/origins` */
  async origins(request: ApiRequest, reply: Reply, id: string, now: Now): Promise<void> {
    const span = rangeOf(request, now.clockUs, dayUs);
    const rows = await this.#gate.ask(`origins of region ${id}`, now.databaseAway, () =>
      readOrigins(this.#sql, id, span),
    );
    const answer: RegionOrigins = { id, quarters: publishOrigins(rows, this.#minCount, this.#areaNames) };
    reply.json(200, answer);
  }

  async #traffic(request: ApiRequest, reply: Reply, id: string, now: Now): Promise<void> {
    checkQuery(request, ['from', 'to', 'bucket']);
    const rules = { finestS: 60, defaultS: 900, defaultSpanUs: dayUs, rowsMax: this.#rowsMax };
    const range = readRange(request.query, now.clockUs, rules);
    const exact = await this.#gate.ask(`traffic of region ${id}`, now.databaseAway, async () => {
      const told = await readRegionProcedures(this.#sql, id, range);
      return told && { ...told, edits: await readEditMarks(this.#sql, id, range) };
    });
    if (exact === null) throw unknownRegion();
    reply.json(200, publishProcedures(exact, this.#minCount));
  }

  /** `GET /api/cells/latest`, `…/hour?at=`. */
  async cells(what: CellFigure, request: ApiRequest, reply: Reply, now: Now): Promise<void> {
    if (what === 'latest') {
      checkQuery(request, []);
      const rows = await this.#gate.ask('the latest of all cells', now.databaseAway, () =>
        readLatestCells(this.#sql, now.clockUs),
      );
      const latest: LatestCells = { cells: publishLatest(rows, this.#minCount) };
      return reply.json(200, latest);
    }
    checkQuery(request, ['at']);
    const asked = request.query.get('at');
    const atUs = asked === null ? Math.max(0, now.clockUs - hourUs) : readTime('at', asked);
    // Whole quarters: freely chosen borders would let hidden figures be had by subtracting.
    const fromUs = Math.floor(atUs / quarterUs) * quarterUs;
    const span = { fromUs, toUs: fromUs + hourUs };
    const rows = await this.#gate.ask('an hour of all cells', now.databaseAway, () => readHourOfCells(this.#sql, span));
    const answer: HourOfCells = { ...span, cells: publishHour(rows, this.#minCount) };
    reply.json(200, answer);
  }
}

interface Span {
  readonly fromUs: number;
  readonly toUs: number;
}

/** Whole quarters of an hour, of a week at most. */
function rangeOf(request: ApiRequest, clockUs: number, defaultSpanUs: number): Span {
  checkQuery(request, ['from', 'to']);
  const longest = 'a week: ask for a shorter range';
  const rules: RangeRules = { finestS: 900, defaultS: 900, defaultSpanUs, rowsMax: longestUs / quarterUs, longest };
  const { fromUs, toUs } = readRange(request.query, clockUs, rules);
  return { fromUs, toUs };
}
