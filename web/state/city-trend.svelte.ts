import { isCount } from '../parts/format.ts';
import type { TrendPoint } from './trend.svelte.ts';
import type { Warmth } from './warmth.ts';

/** Points kept: twelve hours of minutes. */
const pointsMax = 720;

/**
 * All subscribers present, about once a gauge interval since this page was opened: what the trend shows while there is
 * no micro-region to choose. The server keeps no such history.
 */
export class CityTrend {
  version = $state(0);
  /** Points that are complete, or all of them, muted, while none is. */
  points: TrendPoint[] = [];
  muted = false;
  #all: TrendPoint[] = [];

  add(eventUs: number, present: number, everyMs: number, warmth: Warmth): void {
    if (eventUs <= 0) return;
    const newest = this.#all.at(-1)?.x ?? 0;
    if (eventUs < newest) this.#all = [];
    else if (newest > 0 && eventUs - newest < everyMs * 1000) return;
    this.#all = [...this.#all.slice(1 - pointsMax), { x: eventUs, y: isCount(present) ? present : null }];
    const whole = this.#all.filter(({ x }) => x >= warmth.wholeFromUs);
    this.muted = whole.length === 0 && !warmth.ahead;
    this.points = this.muted ? this.#all : whole;
    this.version++;
  }
}
