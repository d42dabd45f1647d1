import { type Layout, type PastPart, pastParts, type RegionHistory, type RegionPast } from '../../shared/protocol.ts';
import { type ExactCrowd, publishCrowd } from '../access/crowd.ts';
import { publishHistory, publishPast } from '../access/exit.ts';
import { dayUs, hourUs, minuteUs, secondUs } from '../clock.ts';
import type { Config } from '../config.ts';
import { namedQuery } from '../store/queries.ts';
import type { DayFigure } from '../store/region-expected.ts';
import type { LastingStays, PastQuestion } from '../store/region-past.ts';
import { type ApiRequest, Refusal, type Reply } from './http.ts';
import { readPastKnown, withoutUnknown } from './past-known.ts';
import { checkQuery } from './query.ts';
import { type QueryGate, unknownRegion } from './query-gate.ts';
import { type HistoryRange, type RangeRules, readRange } from './range.ts';
import { decodePath } from './static.ts';

/** What the history needs of the store. */
export interface HistorySource {
  regionHistory(id: string, fromUs: number, toUs: number, bucketS: number): Promise<RegionHistory>;
  regionPast(id: string, question: PastQuestion): Promise<RegionPast>;
  dayFigures(id: string, days: readonly string[], time: string): Promise<DayFigure[]>;
  /** Rows of a query. */
  sql<T>(text: string, values: unknown[]): Promise<T[]>;
}

/** What is known when a question comes. */
export interface HistoryNow {
  readonly layout: Layout;
  readonly clockUs: number;
  readonly databaseAway: boolean;
  /** Ids of the cells in a region, by its place in the layout. */
  cellsOf(region: number): ArrayLike<number>;
  /** Stays in these cells that last. */
  openStays(cells: ArrayLike<number>): Promise<LastingStays>;
  /** Whether the database has every stay that has ended by now; those on their way are waited for a little. */
  staysStored(): Promise<boolean>;
}

/** Where nobody is present. */
export const noOpenStays: HistoryNow['openStays'] = async () => ({
  ...{ subs: [], firstInUs: [], complete: true, oldestUs: Number.POSITIVE_INFINITY },
});

/** Regions × buckets of which pairs are asked at most: they are in memory at once. */
const pairFiguresMax = 4_000_000;
/** So long are stays kept. */
const pastDaysMax = 100;
/** A past is counted from stays when it is asked for: of a hundred days and a thousand cells that takes its time. */
const pastDeadlineMs = 120_000;

/** `GET /api/regions/ID/history` and `…/past`, from the database, through the exit. */
export class HistoryAnswers {
  readonly #source: HistorySource;
  readonly #config: Config;
  readonly #gate: QueryGate;
  readonly #gauges: RangeRules;
  readonly #stays: RangeRules;

  constructor(source: HistorySource, config: Config, gate: QueryGate) {
    this.#source = source;
    this.#config = config;
    this.#gate = gate;
    const rowsMax = config.historyRowsMax;
    // Whole minutes and whole gauge intervals.
    const finestS = leastCommonMultiple(60, Math.max(1, Math.round(config.gaugeEveryMs / 1000)));
    this.#gauges = { finestS, defaultS: finestS, defaultSpanUs: 3 * hourUs, rowsMax };
    this.#stays = { finestS: 60, defaultS: hourUs / secondUs, defaultSpanUs: dayUs, rowsMax };
  }

  /**
   * Also of a region, or node of the region tree, that is no more, and then since when.
   *
   * @throws Refusal 400, 404 of what never was, or 503 when the database is away, slow or busy
   */
  async answer(request: ApiRequest, reply: Reply, encodedId: string, now: HistoryNow): Promise<void> {
    checkQuery(request, ['from', 'to', 'bucket']);
    const id = decodePath(encodedId);
    const ended = placeIn(now.layout, id) < 0;
    const { fromUs, toUs, bucketS } = readRange(request.query, now.clockUs, this.#gauges);
    const history = await this.#gate.ask(`history of region ${id}`, now.databaseAway, async () => {
      const told = await this.#source.regionHistory(id, fromUs, toUs, bucketS);
      return ended ? { ...told, endedUs: await this.#endOf(id) } : told;
    });
    reply.json(200, publishHistory(history, this.#config.minCount));
  }

  async #endOf(id: string): Promise<number | null> {
    const [row] = await this.#source.sql<{ ended: number | null }>(namedQuery('region-ended'), [id]);
    return row?.ended ?? null;
  }

  /** The same of a region's past. */
  async answerPast(request: ApiRequest, reply: Reply, encodedId: string, now: HistoryNow): Promise<void> {
    checkQuery(request, ['from', 'to', 'bucket', 'of']);
    const range = readRange(request.query, now.clockUs, this.#stays);
    if (range.toUs - range.fromUs > pastDaysMax * dayUs)
      throw new Refusal(400, 'RANGE_TOO_LONG', `stays are kept ${pastDaysMax} days: ask for a shorter range`);
    const { id, place } = placeOf(encodedId, now.layout);
    const parts = readParts(request.query);
    if (parts.includes('pairs')) checkPairs(place, range, now.layout);
    const past = await this.#past(`past of region ${id}`, id, place, range, parts, now);
    reply.json(200, publishPast(past, this.#config.minCount));
  }

  /** `GET /api/regions/ID/crowd`. */
  async answerCrowd(request: ApiRequest, reply: Reply, encodedId: string, now: HistoryNow): Promise<void> {
    checkQuery(request, []);
    const { id, place } = placeOf(encodedId, now.layout);
    reply.json(200, publishCrowd(await this.crowd(id, place, now), this.#config.minCount));
  }

  /**
   * Those present at the newest full minute without residents and workers, and today's roles. Exact: only the exit may let
   * them out.
   *
   * @param given of this question alone: whoever asks aborts it when nobody waits any more, with a Refusal as reason
   * @throws Refusal as of an answer
   */
  async crowd(id: string, place: number, now: HistoryNow, given?: AbortController): Promise<ExactCrowd> {
    const toUs = Math.max(1, Math.floor(now.clockUs / minuteUs)) * minuteUs;
    const range = { fromUs: toUs - minuteUs, toUs, bucketS: minuteUs / secondUs };
    const parts: PastPart[] = ['presence', 'crowd', 'roles'];
    const past = await this.#past(`crowd of region ${id}`, id, place, range, parts, now, given);
    const [present, crowd] = [past.presence?.present[0] ?? null, past.crowd?.[0] ?? null];
    const today = past.roles?.at(-1);
    return { id, atUs: toUs, present, crowd, roles: today === undefined || today.subscribers === 0 ? null : today };
  }

  async #past(
    what: string,
    id: string,
    place: number,
    range: HistoryRange,
    parts: readonly PastPart[],
    now: HistoryNow,
    given?: AbortController,
  ): Promise<RegionPast> {
    const cells = Array.from(now.cellsOf(place));
    const read = async (signal: AbortSignal) => {
      const { gaugeEveryMs, holdDownMs } = this.#config;
      const heldUs = now.clockUs > 0 ? now.clockUs - holdDownMs * 1000 : Number.POSITIVE_INFINITY;
      const open = await now.openStays(cells);
      // Whoever has left by now is not among them.
      const stored = await now.staysStored();
      const told = await this.#source.regionPast(id, { ...range, parts, cells, open, heldUs, signal });
      const known = await readPastKnown((text, values) => this.#source.sql(text, values), range);
      const settlesUs = (gaugeEveryMs + holdDownMs) * 1000;
      return withoutUnknown(told, known, { clockUs: now.clockUs, settlesUs, heldUs, stored });
    };
    return await this.#gate.ask(what, now.databaseAway, read, pastDeadlineMs, given);
  }
}

/** Where a region stands in the layout, nodes of the region tree behind the micro-regions. @throws Refusal 404 */
export function placeOf(encodedId: string, layout: Layout): { id: string; place: number } {
  const id = decodePath(encodedId);
  const place = placeIn(layout, id);
  if (place < 0) throw unknownRegion();
  return { id, place };
}

function placeIn({ regions, tree }: Layout, id: string): number {
  return [...regions, ...tree].findIndex((region) => region.id === id);
}

function readParts(query: URLSearchParams): PastPart[] {
  const asked = query.get('of');
  // Pairs look at everybody's way: only who names them waits for that.
  if (asked === null) return pastParts.filter((part) => part !== 'pairs');
  const names = asked.split(',');
  const odd = names.find((name) => !pastParts.includes(name as PastPart));
  if (odd === undefined) return names as PastPart[];
  throw new Refusal(400, 'BAD_PART', `of must name some of ${pastParts.join(', ')}, with commas between them`);
}

/** @throws Refusal 404 of a node of the region tree, 400 where they are too many */
function checkPairs(place: number, { fromUs, toUs, bucketS }: HistoryRange, { regions }: Layout): void {
  if (place >= regions.length) throw ofNoNode('pairs');
  const bucketsMax = Math.max(1, Math.floor(pairFiguresMax / regions.length));
  if ((toUs - fromUs) / (bucketS * secondUs) <= bucketsMax) return;
  const most = `pairs of ${regions.length} regions are told of ${bucketsMax} buckets at most`;
  throw new Refusal(400, 'RANGE_TOO_LONG', `${most}: ask for longer buckets or a shorter range`);
}

/** Stays in, and trips between, micro-regions alone are followed. */
export function ofNoNode(what: string): Refusal {
  const remedy = what === 'dwell' ? 'ask …/past?of=dwell, which counts them from stays' : 'ask …/past?of=flows';
  return new Refusal(404, 'NOT_OF_NODES', `${what} is counted of micro-regions, not of the region tree: ${remedy}`);
}

function leastCommonMultiple(a: number, b: number): number {
  let multiple = a;
  while (multiple % b !== 0) multiple += a;
  return multiple;
}
