/** A region's past traffic by procedure and outcome. */
import type { ProcedureFigure, RegionProcedures } from '../../shared/region-answers.ts';
import { type TrafficClass, trafficClasses } from '../../shared/traffic.ts';
import { secondUs } from '../clock.ts';
import type { AskSql } from './area-figures.ts';
import { timestampUs } from './connection.ts';
import { namedQuery } from './queries.ts';

const outcomeColumns = ['unknown', 'rejected', 'failed', 'unanswered', 'dropped'] as const;

/** Columns: `counted` and `known` by buckets, the others by bucket and class. */
type Told = {
  counted: number[];
  known: boolean[];
  place: number[];
  class: number[];
  units: number[];
  since_us: number | null;
} & Record<(typeof outcomeColumns)[number], number[]>;

interface Span {
  /** µs; whole buckets, `toUs` excluded. */
  readonly fromUs: number;
  readonly toUs: number;
  readonly bucketS: number;
}

/** Exact: only the exit may let it out. Null: no such region is stored. */
export async function readRegionProcedures(
  sql: AskSql,
  id: string,
  { fromUs, toUs, bucketS }: Span,
): Promise<Omit<RegionProcedures, 'edits'> | null> {
  const span = [timestampUs(fromUs), timestampUs(toUs)];
  const [held] = await sql<{ region_id: number; cells: number[] }>(namedQuery('region-cells'), [id, ...span]);
  if (held === undefined) return null;
  const values = [held.region_id, ...span, bucketS, held.cells];
  const [told] = await sql<Told>(namedQuery(`region-procedures-${grainOf(bucketS)}`), values);
  const widthUs = bucketS * secondUs;
  const timeUs = Array.from({ length: Math.round((toUs - fromUs) / widthUs) }, (_, i) => fromUs + i * widthUs);
  const units: (number | null)[] = timeUs.map(() => null);
  const lost = new Set<number>();
  told.counted.forEach((place, i) => {
    if (told.known[i]) units[place] = 0;
    else lost.add(place);
  });
  told.place.forEach((place, i) => {
    if (!lost.has(place)) units[place] = (units[place] ?? 0) + told.units[i];
  });
  const endedAt = (place: number) => units[place] !== null && timeUs[place] >= (told.since_us ?? 0);
  const classes: RegionProcedures['classes'] = {};
  told.place.forEach((place, i) => {
    if (units[place] === null) return;
    const name = trafficClasses[told.class[i]];
    classes[name] ??= emptyClass(units, endedAt);
    const own = classes[name];
    own.units[place] = told.units[i];
    if (!endedAt(place)) return;
    let others = 0;
    for (const column of outcomeColumns) {
      own[column][place] = told[column][i];
      others += told[column][i];
    }
    own.success[place] = told.units[i] - others;
  });
  return { id, bucketS, timeUs, units, classes };
}

/** From the largest aggregate that the buckets are made of. */
function grainOf(bucketS: number): 'minute' | 'quarter' | 'hour' {
  if (bucketS % 3600 === 0) return 'hour';
  return bucketS % 900 === 0 ? 'quarter' : 'minute';
}

type ClassFigures = NonNullable<RegionProcedures['classes'][TrafficClass]>;

/** Nothing of the class where traffic is known. */
function emptyClass(units: readonly (number | null)[], endedAt: (place: number) => boolean): ClassFigures {
  const counted = () => units.map((value) => (value === null ? null : 0));
  const ended = () => units.map((_, place) => (endedAt(place) ? 0 : null));
  const own: Record<Exclude<ProcedureFigure, 'units'>, (number | null)[]> = {
    ...{ unknown: ended(), success: ended(), rejected: ended() },
    ...{ failed: ended(), unanswered: ended(), dropped: ended() },
  };
  return { units: counted(), ...own };
}
