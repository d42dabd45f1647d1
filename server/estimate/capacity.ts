import { hourUs, minuteUs } from '../clock.ts';
import type { PeopleEstimate } from './people.ts';

/** The first alert, as a share of the capacity (DESIGN §2 *people*). */
export const firstAlertShare = 0.8;
/** Longer forecasts than this are none: inflows don't last. */
const horizonUs = 12 * hourUs;
/**
 * The window over which the net inflow is taken, and the least part of it that must have been seen. Against the
 * simulator's truth, ten minutes foretell the moment better than fifteen, 30, 15 and 5 minutes ahead; five are as good in
 * a large crowd only.
 */
const flowWindowUs = 10 * minuteUs;
const flowMinUs = 5 * minuteUs;

/** How full a region is. Shares are of its capacity. */
export interface CapacityState {
  /** The capacity, people. */
  readonly limit: number;
  readonly share: number;
  readonly low: number;
  readonly high: number;
  /** 1: the first alert (80 %) is reached, 2: the capacity is; 0: neither. By the estimate itself, not its interval. */
  readonly level: 0 | 1 | 2;
}

/** null: the region has no capacity, or nobody knows how many people are there. */
export function capacityState(people: PeopleEstimate | null, capacity: number | null): CapacityState | null {
  if (people === null || capacity === null || capacity <= 0) return null;
  const share = people.people / capacity;
  const level = share >= 1 ? 2 : share >= firstAlertShare ? 1 : 0;
  return { limit: capacity, share, low: people.low / capacity, high: people.high / capacity, level };
}

/**
 * Time until so many people are reached if they keep coming as at present, µs; 0: reached. null: they don't come, or it
 * would take longer than half a day, or the inflow is unknown.
 *
 * @param inflow people per µs, net
 */
export function timeTo(target: number, people: number, inflow: number | null): number | null {
  if (people >= target) return 0;
  if (inflow === null || inflow <= 0) return null;
  const us = (target - people) / inflow;
  return us <= horizonUs ? us : null;
}

export interface TrendPoint {
  readonly timeUs: number;
  readonly people: number;
}

/**
 * The present net inflow of a region's heads: the slope of the straight line through the last ten minutes of their
 * estimate (least squares), so that its own flutter hardly shows. The heads are those before calibration: a gate count
 * that moves the estimate moves nobody. Counted entries − exits over the share foretell worse:
 * they wait for location updates at the border, for `holdDown`, and for those who are silent, all of which the estimate
 * has in it.
 */
export class InflowTrend {
  /** Of the last ten minutes, by time. */
  readonly points: TrendPoint[] = [];

  /** Points come in order of time, one a minute. */
  add(timeUs: number, people: number): void {
    const { points } = this;
    points.push({ timeUs, people });
    while (timeUs - points[0].timeUs > flowWindowUs) points.shift();
  }

  /** Heads per µs up to now, when there are so many; null: less than five minutes have been seen. */
  inflowTo(now: TrendPoint): number | null {
    const lastUs = now.timeUs;
    const points = this.points.filter(({ timeUs }) => timeUs < lastUs && lastUs - timeUs <= flowWindowUs);
    points.push(now);
    if (lastUs - points[0].timeUs < flowMinUs) return null;
    let time = 0;
    let people = 0;
    for (const point of points) {
      time += (point.timeUs - lastUs) / points.length;
      people += point.people / points.length;
    }
    let product = 0;
    let square = 0;
    for (const point of points) {
      const distance = point.timeUs - lastUs - time;
      product += distance * (point.people - people);
      square += distance ** 2;
    }
    return product / square;
  }
}
