import type { TrafficAnswer, TrafficClass, TrafficFigures } from '../../shared/traffic.ts';
import { type Figure, formatCount } from '../parts/format.ts';
import { formatSum } from './origins.ts';

/** Procedures that stand in one line; together they are all. */
const groups = {
  calls: ['mo calls', 'mt calls', 'emergency calls'],
  sms: ['mo sms', 'mt sms'],
  locationUpdates: ['location updates'],
  handovers: ['handovers'],
  rest: ['data', 'supplementary services', 'detaches', 'others'],
} as const satisfies Record<string, readonly TrafficClass[]>;
type Group = keyof typeof groups;

/** What may have become of a procedure, as it is told on walls. An outcome that nobody knows is no success. */
const outcomes = {
  success: ['success'],
  failed: ['rejected', 'failed', 'dropped'],
  unanswered: ['unanswered'],
  unknown: ['unknown'],
} as const satisfies Record<string, readonly (keyof TrafficFigures)[]>;
export const outcomeNames = Object.keys(outcomes) as (keyof typeof outcomes)[];

export interface OutcomeLine {
  readonly group: Group;
  /** In the order of {@link outcomeNames}. */
  readonly figures: readonly Figure[];
}

/** Units by procedure and outcome; unknown ones where there is no answer. */
export function outcomeLines(answer: TrafficAnswer | null, minCount: number): OutcomeLine[] {
  return (Object.keys(groups) as Group[]).map((group) => ({
    group,
    figures: outcomeNames.map((name) => figureOf(answer, groups[group], outcomes[name], minCount)),
  }));
}

function figureOf(
  answer: TrafficAnswer | null,
  classes: readonly TrafficClass[],
  of: readonly (keyof TrafficFigures)[],
  minCount: number,
): Figure {
  if (answer === null || answer.toUs === 0) return formatCount(Number.NaN, minCount);
  // A class that is not named had no unit.
  const parts = classes.flatMap((name) => of.map((outcome) => answer.window[name]?.[outcome] ?? 0));
  const present = parts.reduce<number>((sum, part) => sum + Math.max(0, part), 0);
  return formatSum({ key: '', present, someHidden: parts.includes(-1) }, minCount);
}
