import { hiddenCount, unknownCount } from '../../shared/protocol.ts';
import { type TrafficClass, type TrafficColumn, trafficClasses } from '../../shared/traffic.ts';
import type { WallState } from '../../shared/wall-state.ts';
import { isCount } from '../parts/format.ts';

type Traffic = NonNullable<WallState['traffic']>;

/** What is shown of an area's traffic: units by group, minutes talked, and the share of all units that failed. */
export interface TrafficLine {
  readonly moCalls: number;
  readonly mtCalls: number;
  readonly sms: number;
  readonly data: number;
  readonly locationUpdates: number;
  readonly handovers: number;
  readonly supplementary: number;
  readonly unanswered: number;
  readonly talkMinutes: number;
  /** Failed, rejected and dropped ones ÷ all; NaN where a part is not known. */
  readonly failedShare: number;
}

const calls = ['mo calls', 'mt calls', 'emergency calls'] as const;

/** @param row 0: the city, else 1 + the region's place */
export function trafficLine(traffic: Traffic, row: number): TrafficLine {
  const sum = (column: TrafficColumn, classes: readonly TrafficClass[]) => {
    const values = classes.map((name) => {
      return traffic.columns[column][row * trafficClasses.length + trafficClasses.indexOf(name)] ?? unknownCount;
    });
    const known = values.filter(isCount);
    if (known.length === values.length || known.some((value) => value > 0))
      return known.reduce((all, value) => all + value, 0);
    return values.includes(hiddenCount) ? hiddenCount : unknownCount;
  };
  const of = (...classes: TrafficClass[]) => sum('units', classes);
  const seconds = sum('seconds', calls);
  const all = sum('units', trafficClasses);
  const failed = [sum('failed', trafficClasses), sum('dropped', trafficClasses)];
  return {
    moCalls: of('mo calls'),
    mtCalls: of('mt calls'),
    sms: of('mo sms', 'mt sms'),
    data: of('data'),
    locationUpdates: of('location updates'),
    handovers: of('handovers'),
    supplementary: of('supplementary services'),
    unanswered: sum('unanswered', calls),
    talkMinutes: isCount(seconds) ? Math.round(seconds / 60) : seconds,
    failedShare: isCount(all) && all > 0 && failed.every(isCount) ? (failed[0]! + failed[1]!) / all : Number.NaN,
  };
}
