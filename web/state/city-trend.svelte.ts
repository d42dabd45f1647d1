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
  #provisional: TrendPoint[] = [];
  #whole: TrendPoint[] = [];

  add(eventUs: number, present: number, everyMs: number, warmth: Warmth): void {
    if (eventUs <= 0) return;
    const provisional = eventUs < warmth.wholeFromUs;
    // Another run's warm-up takes nothing back.
    if (provisional && this.#whole.length > 0) return;
    const held = provisional ? this.#provisional : this.#whole;
    const newest = held.at(-1)?.x ?? 0;
    if (newest > 0 && eventUs >= newest && eventUs - newest < everyMs * 1000) return;
    const kept = eventUs < newest ? [] : held.slice(1 - pointsMax);
    const next = [...kept, { x: eventUs, y: isCount(present) ? present : null }];
    if (provisional) this.#provisional = next;
    else this.#whole = next;
    this.muted = this.#whole.length === 0 && !warmth.ahead;
    this.points = this.muted ? this.#provisional : this.#whole;
    this.version++;
  }
}
