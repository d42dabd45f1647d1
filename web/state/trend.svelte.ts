import { type ApiError, hiddenCount, type RegionHistory, unknownCount } from '../../shared/protocol.ts';
import type { ScreenClock } from '../app/clock.ts';

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

/** One region's last hours: read from the database, extended live by the gauge intervals that frames bring. */
export class TrendModel {
  state = $state<TrendState>('idle');
  /** Rises whenever `points` has changed. */
  version = $state(0);
  /** Times in µs ascending. */
  points: TrendPoint[] = [];
  someHidden = $state(false);

  readonly #options: TrendOptions;
  #id = '';
  #history: TrendPoint[] = [];
  #live: TrendPoint[] = [];
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
    for (let k = 0; k < present.length; k++) {
      const x = endUs - (present.length - 1 - k) * everyMs * 1000;
      if (x > (this.#live.at(-1)?.x ?? 0)) this.#live.push({ x, y: shown(present[k]!, this) });
    }
    if (this.#live.length > livePointsMax) this.#live.splice(0, this.#live.length - livePointsMax);
    this.#join(endUs);
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
    this.someHidden = false;
    this.#nextReadMs = 0;
    this.version++;
  }

  async #read(id: string, eventUs: number, gaugeS: number): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    const get = this.#options.fetch ?? fetch;
    const toUs = Math.ceil(eventUs / 60_000_000) * 60_000_000;
    // A bucket holds whole gauge intervals; a minute is as fine as a wall can show.
    const bucketS = Math.ceil(60 / gaugeS) * gaugeS;
    let next: TrendState = 'failed';
    try {
      const response = await get(this.#options.url(id, toUs - trendHours * hourUs, toUs, bucketS), {
        signal: abort.signal,
      });
      if (response.ok) {
        this.#history = readHistory((await response.json()) as RegionHistory, this);
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
    this.#nextReadMs = this.#options.clock.monotonicMs() + (next === 'ready' ? rereadMs : retryMs);
    this.#join(eventUs);
  }

  #join(endUs: number): void {
    const from = Math.max(endUs, this.#history.at(-1)?.x ?? 0, this.#live.at(-1)?.x ?? 0) - trendHours * hourUs;
    const liveFrom = this.#live[0]?.x ?? Number.POSITIVE_INFINITY;
    const points = this.#history.filter((p) => p.x >= from && p.x < liveFrom);
    for (const point of this.#live) if (point.x >= from) points.push(point);
    this.points = points;
    this.version++;
  }
}

function shown(value: number, model: TrendModel): number | null {
  if (value === hiddenCount) model.someHidden = true;
  return value === unknownCount || value === hiddenCount ? null : value;
}

/** Rows of the history as points at their bucket's end: `present` is the state there. Leading gaps are left out. */
function readHistory(history: RegionHistory, model: TrendModel): TrendPoint[] {
  const points: TrendPoint[] = [];
  const stepUs = history.bucketS * 1_000_000;
  for (let k = 0; k < history.timeUs.length; k++) {
    const value = history.present[k] ?? null;
    if (value === -1) model.someHidden = true;
    const y = value === null || value < 0 ? null : value;
    if (points.length > 0 || value !== null) points.push({ x: history.timeUs[k]! + stepUs, y });
  }
  return points;
}
