import { type ApiError, hiddenCount, type RegionHistory, unknownCount } from '../../shared/protocol.ts';
import type { ScreenClock } from '../app/clock.ts';
import { sameWarmth, storedWhole, type Warmth } from './warmth.ts';

/**
 * `ready`; `loading` (nothing read yet); `empty` (read, no rows); `away` (the database is away); `failed` (other
 * refusals). In each of them the live part may already be drawn.
 */
export type TrendState = 'idle' | 'loading' | 'ready' | 'empty' | 'away' | 'failed';

/** y is null where the figure is unknown or hidden: the line has a gap there. */
export interface TrendPoint {
  x: number;
  y: number | null;
}

/** A bucket of the history. */
interface StoredPoint extends TrendPoint {
  /** The database has a figure here, though it may be hidden. */
  stored: boolean;
}

/** An interval that a frame brought. */
interface LivePoint extends TrendPoint {
  /** Of the run that brought it: another run's warm-up takes nothing back. */
  provisional: boolean;
}

/** A stretch without points longer than this many intervals is a gap of the line. */
const gapIntervals = 2.5;
export const trendHours = 6;
const hourUs = 3_600_000_000;
/** Live points kept between two readings of the history. */
const livePointsMax = 720;
export const rereadMs = 120_000;
export const retryMs = 15_000;

export interface TrendOptions {
  clock: ScreenClock;
  /** Address of the history of a region. */
  url(id: string, fromUs: number, toUs: number, bucketS: number): string;
  fetch?: typeof fetch;
}

/**
 * One region's last hours: read from the database, extended live by the gauge intervals that frames bring. What is
 * stored stands; provisional points are left out as long as there is any other.
 */
export class TrendModel {
  state = $state<TrendState>('idle');
  /** Rises whenever `points` has changed. */
  version = $state(0);
  /** Times in µs ascending. */
  points: TrendPoint[] = [];
  /** When the region got or lost cells, µs. */
  edits: readonly number[] = [];
  someHidden = $state(false);
  /** All points are provisional. */
  muted = $state(false);
  /** The last hours have been read: until then `points` hold what frames have brought, and nobody knows their peak. */
  read = $state(false);

  readonly #options: TrendOptions;
  #id = '';
  #history: StoredPoint[] = [];
  #bucketUs = 60_000_000;
  #everyUs = 60_000_000;
  #warmth: Warmth = { warming: false, wholeFromUs: -1, storedUs: Number.POSITIVE_INFINITY, ahead: false };
  #live: LivePoint[] = [];
  #nextReadMs = 0;
  #abort: AbortController | null = null;

  constructor(options: TrendOptions) {
    this.#options = options;
  }

  /** Shows another region from now on. */
  choose(id: string): void {
    if (id === this.#id) return;
    this.#id = id;
    this.#forget();
    this.state = id === '' ? 'idle' : 'loading';
  }

  /** Appends intervals that have closed: `present` oldest first, the newest ending at `endUs`. */
  extend(endUs: number, everyMs: number, present: Uint32Array): void {
    if (this.#id === '' || present.length === 0) return;
    const newest = this.#live.at(-1)?.x ?? 0;
    if (endUs === newest) return;
    if (endUs < newest) this.#forget();
    this.#everyUs = everyMs * 1000;
    for (let k = 0; k < present.length; k++) {
      const x = endUs - (present.length - 1 - k) * everyMs * 1000;
      if (x > (this.#live.at(-1)?.x ?? 0)) {
        this.#live.push({ x, y: shown(present[k]!, this), provisional: x < this.#warmth.wholeFromUs });
      }
    }
    if (this.#live.length > livePointsMax) this.#live.splice(0, this.#live.length - livePointsMax);
    this.#join();
  }

  /** Takes over how far counts are complete. */
  seeWarmth(warmth: Warmth): void {
    if (sameWarmth(warmth, this.#warmth)) return;
    // Another run, or a clock that has come through its warm-up: what was stored meanwhile has not been read yet.
    if (!sameReading(warmth, this.#warmth)) this.#nextReadMs = 0;
    this.#warmth = warmth;
    this.#join();
  }

  /** Reads the history when it is due. Call it about once a second. */
  tick(eventUs: number, storeUp: boolean, gaugeMs: number): void {
    if (this.#id === '' || eventUs <= 0) return;
    const now = this.#options.clock.monotonicMs();
    if (!storeUp && this.state !== 'ready' && this.state !== 'away') {
      this.state = 'away';
      this.#nextReadMs = 0;
    }
    if (!storeUp || this.#abort !== null || now < this.#nextReadMs) return;
    void this.#read(this.#id, eventUs, gaugeMs / 1000);
  }

  dispose(): void {
    this.#abort?.abort();
    this.#abort = null;
  }

  #forget(): void {
    this.#abort?.abort();
    this.#abort = null;
    this.#history = [];
    this.#live = [];
    this.points = [];
    this.edits = [];
    this.someHidden = false;
    this.muted = false;
    this.read = false;
    this.#nextReadMs = 0;
    this.version++;
  }

  async #read(id: string, eventUs: number, gaugeS: number): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    const get = this.#options.fetch ?? fetch;
    // In a warm-up the clock runs through hours that earlier runs have stored.
    const warmth = this.#warmth;
    const { warming, storedUs } = warmth;
    const knownUs = warming && Number.isFinite(storedUs) ? Math.max(eventUs, storedUs) : eventUs;
    const toUs = Math.ceil(knownUs / 60_000_000) * 60_000_000;
    // A bucket holds whole gauge intervals; a minute is as fine as a wall can show.
    const bucketS = Math.ceil(60 / gaugeS) * gaugeS;
    let next: TrendState = 'failed';
    try {
      const response = await get(this.#options.url(id, toUs - trendHours * hourUs, toUs, bucketS), {
        signal: abort.signal,
      });
      if (response.ok) {
        const history = (await response.json()) as RegionHistory;
        this.#history = readHistory(history, this);
        this.edits = (history.edits ?? []).map(({ timeUs }) => timeUs);
        this.#bucketUs = bucketS * 1_000_000;
        next = this.#history.length > 0 ? 'ready' : 'empty';
      } else if (response.status === 503) {
        const { error } = (await response.json()) as ApiError;
        if (error.code === 'DATABASE_AWAY') next = 'away';
      } else if (response.status === 404) {
        next = 'empty';
      }
    } catch (error) {
      // Aborted because another region was chosen: its own reading sets the state.
      if (abort.signal.aborted) return;
      if (!(error instanceof Error)) throw error;
    }
    if (abort.signal.aborted || id !== this.#id) return;
    this.#abort = null;
    this.state = next;
    if (next === 'ready' || next === 'empty') this.read = true;
    this.#nextReadMs = sameReading(warmth, this.#warmth)
      ? this.#options.clock.monotonicMs() + (next === 'ready' ? rereadMs : retryMs)
      : 0;
    this.#join();
  }

  #join(): void {
    const stored = this.#history.filter(({ x }) => storedWhole(x, this.#warmth));
    const live = this.#live.filter(({ provisional }) => !provisional);
    let points = this.#merge(stored, live);
    const known = points.some(({ y }) => y !== null);
    this.muted = !known && !this.#warmth.ahead && this.#warmth.warming;
    if (this.muted) points = this.#merge(this.#history, this.#live);
    this.points = points;
    this.version++;
  }

  /** Live points where nothing is stored, with a gap wherever some are missing; the last hours of all. */
  #merge(stored: readonly StoredPoint[], live: readonly TrendPoint[]): TrendPoint[] {
    const buckets = new Set(stored.filter((point) => point.stored).map(({ x }) => x));
    const added = live.filter(({ x }) => !buckets.has(Math.ceil(x / this.#bucketUs) * this.#bucketUs));
    const taken = new Set(added.map(({ x }) => x));
    const all = [
      ...stored.filter(({ x }) => !taken.has(x)).map(({ x, y }) => ({ x, y })),
      ...added.map(({ x, y }) => ({ x, y })),
    ];
    all.sort((a, b) => a.x - b.x);
    const from = (all.at(-1)?.x ?? 0) - trendHours * hourUs;
    const gapUs = gapIntervals * Math.max(this.#bucketUs, this.#everyUs);
    const points: TrendPoint[] = [];
    for (const point of all) {
      if (point.x < from) continue;
      const before = points.at(-1);
      if (before !== undefined && point.x - before.x > gapUs) points.push({ x: before.x + this.#everyUs, y: null });
      points.push(point);
    }
    return points;
  }
}

/** Whether a history read under `a` is what would be read under `b`. */
function sameReading(a: Warmth, b: Warmth): boolean {
  return a.warming === b.warming && a.wholeFromUs === b.wholeFromUs;
}

function shown(value: number, model: TrendModel): number | null {
  if (value === hiddenCount) model.someHidden = true;
  return value === unknownCount || value === hiddenCount ? null : value;
}

/**
 * Rows of the history as points at their bucket's end: `present` is the state there. Gaps at both ends are left out:
 * the last buckets may only not be stored yet.
 */
function readHistory(history: RegionHistory, model: TrendModel): StoredPoint[] {
  const points: StoredPoint[] = [];
  const stepUs = history.bucketS * 1_000_000;
  for (let k = 0; k < history.timeUs.length; k++) {
    const value = history.present[k] ?? null;
    if (value === -1) model.someHidden = true;
    const y = value === null || value < 0 ? null : value;
    points.push({ x: history.timeUs[k]! + stepUs, y, stored: value !== null });
  }
  const first = points.findIndex(({ stored }) => stored);
  return first < 0 ? [] : points.slice(first, points.findLastIndex(({ stored }) => stored) + 1);
}
