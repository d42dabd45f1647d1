/** A region's past from stays, those that last among them: of any set of cells, so of a region that was drawn long afterwards. */
import type pg from 'pg';
import type { PastDwell, PastPart, RegionPast } from '../../shared/protocol.ts';
import type { PastRoles } from '../../shared/region-answers.ts';
import { dayUs, secondUs, zoneUs } from '../clock.ts';
import type { Config } from '../config.ts';
import { longestTtlUs } from '../occupancy/cell-ttls.ts';
import { timestampUs } from './connection.ts';
import { readRegionEdits } from './history.ts';
import { namedQuery } from './queries.ts';
import { type PairRow, pairsOf } from './region-pairs.ts';

export interface PastQuestion {
  /** Cells that the region holds now. */
  readonly cells: readonly number[];
  /** Whole buckets, µs; `toUs` excluded. */
  readonly fromUs: number;
  readonly toUs: number;
  readonly bucketS: number;
  readonly parts: readonly PastPart[];
  /** Stays in the cells that last. */
  readonly open: LastingStays;
  /** Of crossings before it is known which have held, µs. */
  readonly heldUs: number;
  /** Aborted: nobody waits for the answer any more, so nothing more is asked. */
  readonly signal?: AbortSignal;
}

/** Of subscribers' pseudonyms the first 64 bits, and when the stays began, µs. */
export interface LastingStays {
  readonly subs: readonly bigint[];
  readonly firstInUs: readonly number[];
  /** False: they are too many to be told; what was since `oldestUs` is not known. */
  readonly complete: boolean;
  readonly oldestUs: number;
}

interface DwellRow {
  day: string;
  stays: number;
  cut: number;
  observed_median_ms: number | null;
  observed_p90_ms: number | null;
  bound_median_ms: number | null;
  bound_p90_ms: number | null;
}

/** `ends`: of the local day, µs. */
type RolesRow = Omit<PastRoles, 'passersBy'> & { passers_by: number; ends: number };

const flowNames = ['entries', 'exits', 'appeared', 'vanished'] as const;
type FlowName = (typeof flowNames)[number];

/** A row a bucket, `known` false where its figures are no counts. */
type BucketRow<K extends string> = Record<K, number | null> & { bucket: number; known?: boolean };

/**
 * So many days of so many cells are asked at once: a statement sorts about a hundred megabytes, and one that nobody waits
 * for ends soon. Each part is exact on its own, whatever was before it; the look back of a week is what it costs.
 */
const cellDaysMax = 10_000;

/**
 * One query after the other. The figures are exact: only the exit may let them out.
 *
 * @param uncountedUs since then stays lasted that facts of subscribers lack: roles of its local day and later are left out
 */
export async function readRegionPast(
  pool: pg.Pool,
  id: string,
  question: PastQuestion,
  config: Pick<Config, 'timeZone' | 'holdDownMs' | 'tripMs' | 'presenceTtlMs' | 'presenceTtlByLac'>,
  uncountedUs = Number.POSITIVE_INFINITY,
): Promise<RegionPast> {
  const { timeZone, holdDownMs, tripMs } = config;
  const ttlMs = longestTtlUs(config) / 1000;
  const { fromUs, toUs, bucketS, parts, open } = question;
  // As the queries want them.
  const cells = [...question.cells].sort((a, b) => a - b);
  const widthUs = bucketS * secondUs;
  const timeUs = Array.from({ length: Math.round((toUs - fromUs) / widthUs) }, (_, i) => fromUs + i * widthUs);
  const span = [timestampUs(fromUs), timestampUs(toUs)];
  const piecesOf = (sinceUs: number, untilUs: number, unitUs: number) => {
    if (untilUs <= sinceUs) return [];
    const units = Math.ceil((untilUs - sinceUs) / unitUs);
    const atOnceUs = (cellDaysMax / Math.max(1, cells.length)) * dayUs;
    const stepUs = Math.ceil(units / Math.ceil((untilUs - sinceUs) / atOnceUs)) * unitUs;
    return Array.from({ length: Math.ceil((untilUs - sinceUs) / stepUs) }, (_, i) => [
      timestampUs(sinceUs + i * stepUs),
      timestampUs(Math.min(untilUs, sinceUs + (i + 1) * stepUs)),
    ]);
  };
  const lasting = [open.subs.map(String), open.firstInUs];
  const knownUs = open.complete ? Number.POSITIVE_INFINITY : open.oldestUs;
  const ask = async <T>(name: string, ...values: unknown[]) => {
    question.signal?.throwIfAborted();
    const { rows } = await pool.query(namedQuery(name), values);
    return rows as T[];
  };
  async function* askEach<T>(pieces: string[][], name: string, ...values: unknown[]) {
    for (const [since, until] of pieces) yield await ask<T>(name, cells, since, until, ...values);
  }
  const askPieces = async <T>(pieces: string[][], name: string, ...values: unknown[]) => {
    const rows: T[] = [];
    for await (const piece of askEach<T>(pieces, name, ...values)) rows.push(...piece);
    return rows;
  };
  const placeOf = (us: number) => Math.round((us - fromUs) / widthUs);
  /** Buckets without a row: nobody. */
  const columns = <K extends string>(names: readonly K[], rows: readonly BucketRow<K>[]) => {
    const filled = {} as Record<K, (number | null)[]>;
    for (const name of names) filled[name] = timeUs.map(() => 0);
    for (const row of rows) {
      const at = placeOf(row.bucket);
      for (const name of names) filled[name][at] = row.known === false ? null : row[name];
    }
    timeUs.forEach((us, at) => {
      if (us + widthUs > knownUs) for (const name of names) filled[name][at] = null;
    });
    return filled;
  };

  const past: RegionPast = { id, bucketS, timeUs, edits: await readRegionEdits(pool, id, fromUs, toUs) };
  const buckets = piecesOf(fromUs, toUs, widthUs);
  if (parts.includes('presence'))
    past.presence = columns(['present', 'visitors'], await askPieces(buckets, 'region-presence', bucketS, ...lasting));
  if (parts.includes('flows')) {
    const rows = await askPieces<BucketRow<FlowName>>(buckets, 'region-flows', bucketS, holdDownMs, ...lasting);
    past.flows = columns(flowNames, rows);
  }
  const rolesUntilUs = Math.floor((uncountedUs + zoneUs) / dayUs) * dayUs - zoneUs;
  if (parts.includes('crowd')) {
    const { crowd } = columns(['crowd'], await ask('region-crowd', cells, ...span, bucketS, timeZone, ...lasting));
    past.crowd = crowd.map((figure, at) => (timeUs[at] + widthUs > rolesUntilUs ? null : figure));
  }
  // What a trip follows from is stored with stays that have ended: where they went.
  if (parts.includes('pairs')) {
    const pieces = askEach<PairRow>(buckets, 'region-pairs', bucketS, holdDownMs, tripMs, id);
    past.pairs = await pairsOf(pieces, timeUs.length, placeOf);
  }
  if (!parts.includes('dwell') && !parts.includes('roles')) return past;

  const [days] = await ask<{ first_day: string; last_day: string; since: number; until: number }>(
    'past-days',
    ...span,
    timeZone,
  );
  if (parts.includes('dwell')) {
    const pieces = piecesOf(days.since, Math.min(days.until, question.heldUs), dayUs);
    const rows = await askPieces<DwellRow>(pieces, 'region-dwell', timeZone, holdDownMs, ...lasting, ttlMs);
    past.dwell = rows.map(dwellOf);
  }
  if (parts.includes('roles')) {
    const lastUs = Math.min(days.until, question.heldUs);
    const rows = await ask<RolesRow>(
      'region-roles',
      cells,
      days.first_day,
      days.last_day,
      ...lasting,
      timestampUs(lastUs),
      timeZone,
    );
    past.roles = rows
      .filter(({ ends }) => ends <= rolesUntilUs)
      .map(({ passers_by: passersBy, lasting, ends: _, ...same }) => ({
        ...{ ...same, passersBy },
        lasting: open.complete ? lasting : null,
      }));
  }
  return past;
}

function dwellOf(row: DwellRow): PastDwell {
  return {
    day: row.day,
    stays: row.stays,
    cut: row.cut,
    observedMedianMs: row.observed_median_ms,
    observedP90Ms: row.observed_p90_ms,
    upperMedianMs: row.bound_median_ms,
    upperP90Ms: row.bound_p90_ms,
  };
}
