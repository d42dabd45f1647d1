/** Trips, dwell, origins and cells as they may be shown: small figures hidden, others rounded where some are hidden. */
import type {
  HourColumn,
  HourOfCells,
  LatestCells,
  PastPairs,
  RegionDwell,
  RegionOrigins,
  RegionProcedures,
  RegionTrips,
} from '../../shared/region-answers.ts';
import { hourColumns, procedureFigures } from '../../shared/region-answers.ts';
import { dwellQuantileMs } from '../occupancy/dwell-buckets.ts';
import type { LiveView, OriginCount } from '../occupancy/view.ts';
import type { AreaName } from '../reference/home-areas.ts';
import { blurOnce } from './blur.ts';
import { jsonFigure } from './json-figure.ts';
import { OriginExit, PlaceExit } from './origins.ts';

/** Before suppression, as the store has them. */
interface ExactTrips {
  readonly id: string;
  readonly into_it: number;
  readonly from_it: number;
}
/** Ended stays by bucket of dwell, and those that were cut off. */
interface ExactDwell {
  readonly observed: readonly number[];
  readonly upper: readonly number[];
  readonly cut: number;
}
interface ExactOrigins {
  readonly timeUs: number;
  /** Null: unknown. */
  readonly origins: readonly Omit<OriginCount, 'machines'>[] | null;
  readonly places: LiveView['originPlaces'] | null;
}
interface ExactCell {
  readonly cgi: string;
  readonly ts: number;
  readonly present: number;
  readonly entries: number;
  readonly exits: number;
}

const shown = (value: number, minCount: number) => jsonFigure(blurOnce(value, minCount));

export function publishTrips(rows: readonly ExactTrips[], minCount: number): NonNullable<RegionTrips['regions']> {
  const regions = rows.map(({ id, into_it, from_it }) => ({
    ...{ id, into: shown(into_it, minCount), from: shown(from_it, minCount) },
  }));
  return bySize(regions, minCount, ({ into, from }) => [into, from]);
}

/** Each figure for itself. */
export function publishPairs({ known, regions, leftOut }: PastPairs, minCount: number): PastPairs {
  const column = (values: readonly (number | null)[]) =>
    values.map((value) => (value === null ? null : shown(value, minCount)));
  const told = regions.map(({ id, into, from }) => ({ id, into: column(into), from: column(from) }));
  return { known, regions: bySize(told, minCount, ({ into, from }) => [...into, ...from]), leftOut };
}

/** The order of exact figures would tell about the hidden ones. */
function bySize<T extends { id: string }>(
  regions: T[],
  minCount: number,
  figuresOf: (region: T) => readonly (number | null)[],
): T[] {
  if (minCount === 0) return regions;
  const size = new Map(
    regions.map((region) => [region, figuresOf(region).reduce<number>((sum, n) => sum + Math.max(0, n ?? 0), 0)]),
  );
  return regions.sort((a, b) => size.get(b)! - size.get(a)! || (a.id < b.id ? -1 : 1));
}

/** How long so few have stayed is hidden as they are. */
function quantiles(count: number, minCount: number, ofShare: (share: number) => number): (number | null)[] {
  const figure = shown(count, minCount);
  return [0.5, 0.9].map((share) => {
    if (figure === -1) return -1;
    const ms = ofShare(share);
    return ms < 0 ? null : ms;
  });
}

export function publishLiveDwell(view: LiveView, place: number, minCount: number): RegionDwell['live'] {
  const present = view.regionPresent[place] ?? 0;
  const [medianMs, p90Ms] = quantiles(present, minCount, (share) => view.regionDwellMs(place, share));
  // Whoever was seen first while counts were not whole may have been there before.
  const knownUs = view.wholeFromUs < 0 ? 0 : Math.max(0, view.clockUs - view.wholeFromUs);
  return { present: shown(present, minCount), medianMs, p90Ms, knownMs: Math.floor(knownUs / 1000) };
}

/** @param ended null: unknown */
export function publishEndedDwell(
  ended: ExactDwell | null,
  minCount: number,
): Omit<RegionDwell['ended'], 'fromUs' | 'toUs' | 'knownFromUs'> {
  if (ended === null) {
    const unknown = { observedMedianMs: null, observedP90Ms: null, upperMedianMs: null, upperP90Ms: null };
    return { stays: null, cut: null, ...unknown };
  }
  const { observed, upper, cut } = ended;
  const stays = observed.reduce((sum, count) => sum + count, 0);
  const [observedMedianMs, observedP90Ms] = quantiles(stays, minCount, (share) => dwellQuantileMs(observed, share));
  const [upperMedianMs, upperP90Ms] = quantiles(stays, minCount, (share) => dwellQuantileMs(upper, share));
  const counts = { stays: shown(stays, minCount), cut: shown(cut, minCount) };
  return { ...counts, observedMedianMs, observedP90Ms, upperMedianMs, upperP90Ms };
}

/** One after the other, as they would have been shown live. @param names of areas by their codes */
export function publishOrigins(
  quarters: readonly ExactOrigins[],
  minCount: number,
  names: ReadonlyMap<number, AreaName> = new Map(),
): RegionOrigins['quarters'] {
  const exit = new OriginExit(minCount);
  const placeExit = new PlaceExit(minCount, names);
  const figures = <T extends { present: number }>(rows: readonly T[]) =>
    rows.map((row) => ({ ...row, present: jsonFigure(row.present) }));
  return quarters.map(({ timeUs, origins, places }) => ({
    timeUs,
    origins: origins && figures(exit.publish(origins.map((row) => ({ ...row, machines: 0 })))),
    places: places && figures(placeExit.publish(places)),
  }));
}

export function publishLatest(rows: readonly ExactCell[], minCount: number): LatestCells['cells'] {
  return rows.map(({ cgi, ts, present, entries, exits }) => ({
    ...{ cgi, timeUs: ts, present: shown(present, minCount) },
    ...{ entries: shown(entries, minCount), exits: shown(exits, minCount) },
  }));
}

export function publishHour(
  rows: readonly ({ cgi: string } & Record<HourColumn, number>)[],
  minCount: number,
): HourOfCells['cells'] {
  return rows.map((row) => {
    const figures = hourColumns.map((column) => [column, shown(row[column], minCount)]);
    return { cgi: row.cgi, ...(Object.fromEntries(figures) as Record<HourColumn, number | null>) };
  });
}

/** Each figure for itself, as live traffic is shown. */
export function publishProcedures(exact: RegionProcedures, minCount: number): RegionProcedures {
  const column = (values: readonly (number | null)[]) =>
    values.map((value) => (value === null ? null : shown(value, minCount)));
  const classes: RegionProcedures['classes'] = {};
  for (const [name, of] of Object.entries(exact.classes)) {
    const figures = procedureFigures.map((figure) => [figure, column(of[figure])]);
    classes[name as keyof typeof classes] = Object.fromEntries(figures) as typeof of;
  }
  return { ...exact, units: column(exact.units), classes };
}
