/**
 * The engine tells which origins have changed since it told of them. The database has them from the log, which may have
 * begun before these counters: a group that was there then and is nobody's now must be told as zero, and what was
 * counted while nothing is stored (a simulation that warms up) must be told with the first interval that is. And with each
 * quarter's first interval everything is told, changed or not: what was there all the time is in the quarter's largest
 * count, and who asks for an origin need not look back far.
 */
import { NumberRows } from '../occupancy/origin-places.ts';
import type { OriginColumns } from '../occupancy/view.ts';
import type { StateReader, StateWriter } from '../state-writer.ts';
import { toEnd } from '../to-end.ts';
import { type OldFigures, OriginFigures } from './origin-figures.ts';

/** Among told figures: something was told that may not last. */
const unsure = 0xffffffff;
/** Regions that are gone are remembered, in case they come again, up to so many. */
const regionsMax = 10_000;
/** Counts compared before the event loop may have its turn: below a millisecond, with all their rows. */
const countsAtOnce = 8_192;

/** What the log's gauges say of origins, so far. */
export class ToldOrigins {
  readonly figures: OriginFigures;

  constructor(figures = new OriginFigures()) {
    this.figures = figures;
  }

  /** @param foretold the interval will be told again */
  take(origins: OriginColumns | undefined, ids: readonly string[], foretold: boolean): void {
    if (origins !== undefined) toEnd(this.figures.putting(origins, ids, foretold ? unsure : undefined));
    forget(this.figures, ids);
  }
}

/** Origins of the intervals, in the order in which they close. */
export class CarriedOrigins {
  /** They number origins alike. */
  #now: OriginFigures;
  #told: OriginFigures;
  #idsBefore: readonly string[] | null = null;

  /** @param told by the log, up to where these counters begin */
  constructor(told: ToldOrigins) {
    this.#told = told.figures.copy();
    this.#now = new OriginFigures(this.#told.origins);
  }

  /**
   * What an interval must say of origins: the figures that differ from what was told, or all of them; by region, then origin.
   * In steps: there may be hundreds of thousands.
   *
   * @param origins those that the engine says have changed
   * @param ids of all regions of the interval, by place
   */
  *completing(
    origins: OriginColumns | undefined,
    ids: readonly string[],
    isTold: boolean,
    all = false,
  ): Generator<void, OriginColumns | undefined> {
    this.#keep(ids);
    if (origins !== undefined) yield* this.#now.putting(origins, ids);
    if (!isTold) return undefined;
    const rows = new NumberRows(['region', 'class', 'country', 'mcc', 'present']);
    let looked = 0;
    for (let region = 0; region <= ids.length; region++) {
      looked += this.#compare(region, region === 0 ? '' : ids[region - 1], all, rows);
      if (looked < countsAtOnce) continue;
      looked = 0;
      yield;
    }
    forget(this.#told, ids);
    return yield* rows.gathering();
  }

  *save(to: StateWriter): Generator<void> {
    yield* this.#now.save(to, 'counting.origins.now');
    yield* this.#told.save(to, 'counting.origins.told');
  }

  restore(from: StateReader): void {
    this.#now = OriginFigures.restore(from, 'counting.origins.now');
    this.#told = OriginFigures.restore(from, 'counting.origins.told', this.#now.origins);
  }

  /** As they were put down before they were numbers. */
  restoreOld({ now, told }: { now: OldFigures; told: OldFigures }): void {
    this.#now = OriginFigures.ofOld(now);
    this.#told = OriginFigures.ofOld(told, this.#now.origins);
  }

  /** Nobody is in regions that are gone. */
  #keep(ids: readonly string[]): void {
    if (ids === this.#idsBefore) return;
    this.#idsBefore = ids;
    const known = new Set(ids).add('');
    for (const id of [...this.#now.rows.keys()]) if (!known.has(id)) this.#now.rows.delete(id);
  }
  /** Adds the region's rows, which are told then. @returns how many counts it has looked at */
  #compare(region: number, id: string, all: boolean, rows: { add: NumberRows<string>['add'] }): number {
    const isCounted = this.#now.rows.has(id);
    if (!isCounted && !this.#told.rows.has(id)) return 0;
    const { count, order } = this.#now.origins;
    const now = isCounted ? this.#now.rowOf(id) : new Uint32Array(count);
    const told = this.#told.rowOf(id);
    for (let i = 0; i < count; i++) {
      const origin = order[i];
      const present = now[origin];
      if (present === told[origin] && !(all && present > 0)) continue;
      rows.add(region, ...this.#now.origins.codesOf(origin), present);
      told[origin] = present;
    }
    return count;
  }
}

function forget({ rows }: OriginFigures, ids: readonly string[]): void {
  if (rows.size <= regionsMax + ids.length) return;
  const known = new Set(ids).add('');
  for (const id of rows.keys()) {
    if (rows.size <= regionsMax) return;
    if (!known.has(id)) rows.delete(id);
  }
}
