import { isCount } from '../parts/format.ts';
import type { TrendPoint } from './trend.svelte.ts';

/** Points kept: twelve hours of minutes. */
const pointsMax = 720;

/**
 * All subscribers present, about once a gauge interval since this page was opened: what the trend shows while there is
 * no micro-region to choose. The server keeps no such history.
 */
export class CityTrend {
  version = $state(0);
  points: TrendPoint[] = [];

  add(eventUs: number, present: number, everyMs: number): void {
    if (eventUs <= 0) return;
    const newest = this.points.at(-1)?.x ?? 0;
    if (eventUs < newest) this.points = [];
    else if (newest > 0 && eventUs - newest < everyMs * 1000) return;
    this.points = [...this.points.slice(1 - pointsMax), { x: eventUs, y: isCount(present) ? present : null }];
    this.version++;
  }
}
