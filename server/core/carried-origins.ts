/**
 * The engine tells which origins have changed since it told of them. The database has them from the log, which may have
 * begun before these counters: a group that was there then and is nobody's now must be told as zero, and what was
 * counted while nothing is stored (a simulation that warms up) must be told with the first interval that is. And with each
 * quarter's first interval everything is told, changed or not: what was there all the time is in the quarter's largest
 * count, and who asks for an origin need not look back far.
 */
import type { OriginColumns } from '../occupancy/view.ts';

/** By region's id ('' is the city), then origin (`class,country,mcc`): present. Nobody has no entry. */
type Figures = Map<string, Map<string, number>>;
export type SavedOrigins = [region: string, figures: [origin: string, present: number][]][];

/** Among told figures: something was told that may not last. */
const unsure = -1;
/** Regions that are gone are remembered, in case they come again, up to so many. */
const regionsMax = 10_000;

/** What the log's gauges say of origins, so far. */
export class ToldOrigins {
  readonly figures: Figures;

  constructor(saved: SavedOrigins = []) {
    this.figures = figuresOf(saved);
  }

  /** @param foretold the interval will be told again */
  take(origins: OriginColumns | undefined, ids: readonly string[], foretold: boolean): void {
    if (origins !== undefined) put(this.figures, origins, ids, foretold);
    forget(this.figures, ids);
  }

  get saved(): SavedOrigins {
    return savedOf(this.figures);
  }
}

/** Origins of the intervals as they are handed on. */
export class CarriedOrigins {
  #now: Figures = new Map();
  #told: Figures;

  /** @param told by the log, up to where these counters begin */
  constructor(told: ToldOrigins) {
    this.#told = figuresOf(told.saved);
  }

  /**
   * What an interval must say of origins: the figures that differ from what was told, or all of them; by region, then origin.
   *
   * @param origins those that the engine says have changed
   * @param ids of all regions of the interval, by place
   */
  complete(
    origins: OriginColumns | undefined,
    ids: readonly string[],
    isTold: boolean,
    all = false,
  ): OriginColumns | undefined {
    const known = new Set(ids).add('');
    for (const id of [...this.#now.keys()]) if (!known.has(id)) this.#now.delete(id);
    if (origins !== undefined) put(this.#now, origins, ids, false);
    if (!isTold) return undefined;
    const rows: number[][] = [];
    ['', ...ids].forEach((id, region) => {
      const now = this.#now.get(id) ?? none;
      const told = this.#told.get(id) ?? none;
      if (now === none && told === none) return;
      for (const [origin, present] of now)
        if (all || told.get(origin) !== present) rows.push(rowOf(region, origin, present));
      for (const origin of told.keys()) if (!now.has(origin)) rows.push(rowOf(region, origin, 0));
    });
    if (rows.length === 0) return undefined;
    rows.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || a[3] - b[3]);
    const column = (i: number) => Uint32Array.from(rows, (row) => row[i]);
    const tells = {
      ...{
        n: rows.length,
        region: column(0),
        class: column(1),
        country: column(2),
        mcc: column(3),
        present: column(4),
      },
    };
    put(this.#told, tells, ids, false);
    forget(this.#told, ids);
    return tells;
  }

  get saved(): { now: SavedOrigins; told: SavedOrigins } {
    return { now: savedOf(this.#now), told: savedOf(this.#told) };
  }

  restore({ now, told }: { now: SavedOrigins; told: SavedOrigins }): void {
    this.#now = figuresOf(now);
    this.#told = figuresOf(told);
  }
}

const none: ReadonlyMap<string, number> = new Map();

function rowOf(region: number, origin: string, present: number): number[] {
  return [region, ...origin.split(',').map(Number), present];
}

function put(figures: Figures, origins: OriginColumns, ids: readonly string[], foretold: boolean): void {
  for (let i = 0; i < origins.n; i++) {
    const id = origins.region[i] === 0 ? '' : ids[origins.region[i] - 1];
    const origin = `${origins.class[i]},${origins.country[i]},${origins.mcc[i]}`;
    let own = figures.get(id);
    if (own === undefined) {
      own = new Map();
      figures.set(id, own);
    }
    if (foretold) own.set(origin, unsure);
    else if (origins.present[i] > 0) own.set(origin, origins.present[i]);
    else own.delete(origin);
  }
}

function forget(figures: Figures, ids: readonly string[]): void {
  if (figures.size <= regionsMax + ids.length) return;
  const known = new Set(ids).add('');
  for (const id of figures.keys()) {
    if (figures.size <= regionsMax) return;
    if (!known.has(id)) figures.delete(id);
  }
}

function savedOf(figures: Figures): SavedOrigins {
  return [...figures].map(([id, own]) => [id, [...own]]);
}

function figuresOf(saved: SavedOrigins): Figures {
  return new Map(saved.map(([id, own]) => [id, new Map(own)]));
}
