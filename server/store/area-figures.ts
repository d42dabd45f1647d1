/** Figures of regions and cells from gauges: trips, ended dwell, origins, the latest gauge and an hour's traffic. */
import { originClasses } from '../../shared/protocol.ts';
import type { HourColumn, RegionEditMark } from '../../shared/region-answers.ts';
import { hasPlaces } from '../occupancy/origin-places.ts';
import { formatIso } from '../reference/country-codes.ts';
import { timestampUs } from './connection.ts';
import { namedQuery } from './queries.ts';

/** Asks the database. All figures below are exact: only the exit may let them out. */
export type AskSql = <T>(text: string, values: unknown[]) => Promise<T[]>;

interface Span {
  readonly fromUs: number;
  readonly toUs: number;
}
const bordersOf = ({ fromUs, toUs }: Span) => [timestampUs(fromUs), timestampUs(toUs)];

interface TripRow {
  id: string;
  into_it: number;
  from_it: number;
}

/** Of a region in a time. */
interface Told<T> {
  /** Since when it was counted in it, µs: before that it was not drawn, or the server did not run; null: it never was. */
  readonly knownFromUs: number | null;
  /** Null: unknown. */
  readonly told: T | null;
  readonly edits: RegionEditMark[];
}

export const readTrips = (sql: AskSql, id: string, span: Span): Promise<Told<TripRow[]>> =>
  sinceKnown(sql, id, span, (known) => sql<TripRow>(namedQuery('region-trips'), [id, ...bordersOf(known)]));

async function sinceKnown<T>(sql: AskSql, id: string, span: Span, read: (known: Span) => Promise<T>): Promise<Told<T>> {
  type Row = { known_from: number | null };
  const [row] = await sql<Row>(namedQuery('region-known-from'), [id, ...bordersOf(span)]);
  const knownFromUs = row?.known_from ?? null;
  const told = knownFromUs === null ? null : await read({ ...span, fromUs: knownFromUs });
  return { knownFromUs, told, edits: await readEditMarks(sql, id, span) };
}

/** When the region got and lost cells, in order. */
export async function readEditMarks(sql: AskSql, id: string, span: Span): Promise<RegionEditMark[]> {
  type Row = { time: number; came: number; went: number };
  const rows = await sql<Row>(namedQuery('region-edits'), [id, ...bordersOf(span)]);
  return rows.map(({ time, came, went }) => ({ timeUs: time, came, went }));
}

/** Ended stays by bucket of dwell, and how many a start with other settings cut off: those are not among them. */
interface DwellHistogram {
  readonly observed: number[];
  readonly upper: number[];
  readonly cut: number;
}

export const readEndedDwell = (sql: AskSql, id: string, span: Span): Promise<Told<DwellHistogram>> =>
  sinceKnown(sql, id, span, (known) => readHistogram(sql, id, known));

async function readHistogram(sql: AskSql, id: string, span: Span): Promise<DwellHistogram> {
  type Row = { bucket: number; observed: number; upper: number };
  const rows = await sql<Row>(namedQuery('region-ended-dwell'), [id, ...bordersOf(span)]);
  const [{ cut }] = await sql<{ cut: number }>(namedQuery('region-cut-stays'), [id, ...bordersOf(span)]);
  const histogram: DwellHistogram = { observed: [], upper: [], cut };
  for (const { bucket, observed, upper } of rows) {
    while (histogram.observed.length <= bucket) {
      histogram.observed.push(0);
      histogram.upper.push(0);
    }
    histogram.observed[bucket] = observed;
    histogram.upper[bucket] = upper;
  }
  return histogram;
}

interface Origin {
  readonly class: (typeof originClasses)[number];
  readonly country: string;
  readonly mcc: string;
  readonly present: number;
}

interface PlaceAt extends Origin {
  readonly plmn: number;
  readonly area: number;
}

interface OriginsAt {
  readonly timeUs: number;
  /** Null: nothing was counted in it, or what was is no longer kept. */
  readonly origins: Origin[] | null;
  /** Of those who have any, at the end of its first interval; null: that was not told, or is no longer kept. */
  readonly places: PlaceAt[] | null;
}

const quarterUs = 900_000_000;

type OriginCodes = Record<'bucket' | 'class' | 'country' | 'mcc' | 'present', number>;

function originOf({ class: code, country, mcc, present }: OriginCodes): Origin {
  return {
    ...{ class: originClasses[code - 1] ?? 'unknown', present },
    country: country === 0 ? '' : formatIso(country),
    mcc: mcc === 0 ? '' : String(mcc).padStart(3, '0'),
  };
}

/** Every quarter of an hour with all origins present at its end. @param id '': the city */
export async function readOrigins(sql: AskSql, id: string, { fromUs, toUs }: Span): Promise<OriginsAt[]> {
  const [known] = await sql<{ region_id: number }>('select region_id from micro_region where id = $1', [id]);
  if (known === undefined && id !== '') return [];
  const regionId = known?.region_id ?? 0;
  const borders = bordersOf({ fromUs, toUs });
  const values = [regionId, ...borders];
  const rows = await sql<OriginCodes>(namedQuery('day-origins'), values);
  const placed = await sql<OriginCodes & { plmn: number; area: number }>(namedQuery('origin-places'), values);
  const places = new Map<number, PlaceAt[]>();
  for (const row of placed) {
    const own = places.get(row.bucket) ?? [];
    own.push({ ...originOf(row), plmn: row.plmn, area: row.area });
    places.set(row.bucket, own);
  }
  const told = await sql<{ quarter: number }>(namedQuery('counted-quarters'), [...borders, regionId]);
  const counted = new Set(told.map(({ quarter }) => quarter));
  const now = new Map<string, Origin>();
  const quarters: OriginsAt[] = [];
  let next = 0;
  for (let timeUs = fromUs; timeUs < toUs; timeUs += quarterUs) {
    for (; next < rows.length && rows[next].bucket <= timeUs; next++) {
      const { class: code, country, mcc } = rows[next];
      now.set(`${code}|${country}|${mcc}`, originOf(rows[next]));
    }
    const origins = counted.has(timeUs) ? [...now.values()].filter(({ present }) => present > 0) : null;
    const nobody = origins?.some(hasPlaces) === false ? [] : null;
    quarters.push({ timeUs, origins, places: places.get(timeUs) ?? nobody });
  }
  return quarters;
}

interface LatestRow {
  cgi: string;
  ts: number;
  present: number;
  entries: number;
  exits: number;
}

export async function readLatestCells(sql: AskSql, clockUs: number): Promise<LatestRow[]> {
  const rows = await sql<Omit<LatestRow, 'cgi'> & { cell_id: number }>(namedQuery('latest-cells'), [
    timestampUs(clockUs),
  ]);
  return named(await cgis(sql), rows);
}

const hourNames: Record<HourColumn, string> = {
  ...{ units: 'units', locationUpdates: 'location_updates', moCalls: 'mo_calls', mtCalls: 'mt_calls' },
  ...{ moSms: 'mo_sms', mtSms: 'mt_sms', handovers: 'handovers', data: 'data', unsuccessful: 'unsuccessful' },
};

export async function readHourOfCells(
  sql: AskSql,
  span: Span,
): Promise<({ cgi: string } & Record<HourColumn, number>)[]> {
  const rows = await sql<{ cell_id: number } & Record<string, number>>(namedQuery('hour-of-cells'), bordersOf(span));
  return named(await cgis(sql), rows).map((row) => {
    const columns = Object.entries(hourNames).map(([column, name]) => [column, row[name]]);
    return { cgi: row.cgi, ...(Object.fromEntries(columns) as Record<HourColumn, number>) };
  });
}

async function cgis(sql: AskSql): Promise<Map<number, string>> {
  type Row = { cell_id: number; cgi: string };
  const rows = await sql<Row>("select cell_id, cgi from cell where valid_to = 'infinity'", []);
  return new Map(rows.map(({ cell_id: id, cgi }) => [id, cgi]));
}

/** In order of their names; a cell that is no more has none. */
function named<T extends { cell_id: number }>(names: Map<number, string>, rows: T[]): (T & { cgi: string })[] {
  const all = rows.flatMap((row) => {
    const cgi = names.get(row.cell_id);
    return cgi === undefined ? [] : [{ ...row, cgi }];
  });
  return all.sort((a, b) => (a.cgi < b.cgi ? -1 : 1));
}
