/** A region's past, bucket by bucket, from the gauges and the traffic aggregates. */
import type pg from 'pg';
import type { RegionHistory } from '../../shared/protocol.ts';
import type { RegionEditMark } from '../../shared/region-answers.ts';
import { secondUs, zoneUs } from '../clock.ts';
import { UserError } from '../errors.ts';
import { type AskSql, readEditMarks } from './area-figures.ts';
import { timestampUs, transaction } from './connection.ts';
import { namedQuery } from './queries.ts';

const historyBucketsMax = 20_000;

/** A column each, by buckets in any order. */
interface Counted {
  /** Which bucket, from 0. */
  place: number[];
  present: (number | null)[];
  entries: (number | null)[];
  exits: (number | null)[];
  /** Whether the bucket's traffic is known throughout; null: nothing was counted. */
  known: (boolean | null)[];
}

/** Of buckets with any. */
interface Traffic {
  place: number[];
  traffic: (number | null)[];
}

interface Found {
  counted: Counted;
  traffic: Traffic;
}

/**
 * Null where nothing was counted (the server did not run), 0 where it was counted and nobody crossed. Traffic is null
 * where events were not stored, or are gone without having been aggregated: unknown is not zero.
 */
export async function readRegionHistory(
  pool: pg.Pool,
  id: string,
  fromUs: number,
  toUs: number,
  bucketS: number,
): Promise<RegionHistory> {
  const widthUs = bucketS * secondUs;
  if (!Number.isInteger(bucketS) || bucketS <= 0 || bucketS % 60 !== 0) {
    throw new UserError('HISTORY_RANGE', `bucket must be a multiple of 60 s, not ${bucketS}`);
  }
  // Whole days are local ones.
  const startUs = Math.floor((fromUs + zoneUs) / widthUs) * widthUs - zoneUs;
  const buckets = Math.ceil((toUs - startUs) / widthUs);
  if (!(buckets >= 1 && buckets <= historyBucketsMax)) {
    throw new UserError('HISTORY_RANGE', `from … to must hold 1 to ${historyBucketsMax} buckets of ${bucketS} s`);
  }
  const found = await transaction(pool, (client) =>
    findBuckets(client, id, { fromUs: startUs, toUs: startUs + buckets * widthUs, bucketS }),
  );
  if (found === null) throw new UserError('REGION_UNKNOWN', `no region '${id}' is stored`);

  const nulls = () => new Array<number | null>(buckets).fill(null);
  const history: RegionHistory = {
    id,
    bucketS,
    timeUs: Array.from({ length: buckets }, (_, i) => startUs + i * widthUs),
    present: nulls(),
    entries: nulls(),
    exits: nulls(),
    traffic: nulls(),
    edits: await readRegionEdits(pool, id, startUs, startUs + buckets * widthUs),
  };
  const { counted, traffic } = found;
  const lost = new Set<number>();
  counted.place.forEach((place, i) => {
    history.present[place] = counted.present[i];
    history.entries[place] = counted.entries[i];
    history.exits[place] = counted.exits[i];
    if (counted.known[i] === true) history.traffic[place] = 0;
    else if (counted.known[i] === false) lost.add(place);
  });
  traffic.place.forEach((place, i) => {
    if (traffic.traffic[i] !== null && !lost.has(place)) history.traffic[place] = traffic.traffic[i];
  });
  return history;
}

/**
 * Of a region, for a span of whole buckets; null: no such region is stored.
 *
 * @param client in a transaction of its own: its snapshot and its planning are set here
 */
export async function findBuckets(
  client: pg.ClientBase,
  id: string,
  { fromUs, toUs, bucketS }: { fromUs: number; toUs: number; bucketS: number },
): Promise<Found | null> {
  // Cells, gauges and traffic of one and the same state; see region-traffic-minute.sql for the sorting.
  await client.query('set transaction isolation level repeatable read; set local enable_sort = off');
  const span = [timestampUs(fromUs), timestampUs(toUs)];
  const held = await client.query<{ cells: number[]; edited: boolean }>(namedQuery('region-cells'), [id, ...span]);
  if (held.rows.length === 0) return null;
  const [{ cells, edited }] = held.rows;
  const one = async <T extends pg.QueryResultRow>(query: string, values: unknown[]): Promise<T> =>
    (await client.query<T>(namedQuery(query), values)).rows[0];
  if (bucketS % 3600 === 0) {
    const all = await one<Counted & Traffic>('region-history-hour', [id, ...span, bucketS, cells]);
    return { counted: all, traffic: all };
  }
  const traffic = [...span, bucketS, cells];
  return {
    counted: await one('region-gauges-minute', [id, ...span, bucketS]),
    traffic: await (edited ? one('region-traffic-edited', [...traffic, id]) : one('region-traffic-minute', traffic)),
  };
}

/** When the region got and lost cells, in order. */
export function readRegionEdits(pool: pg.Pool, id: string, fromUs: number, toUs: number): Promise<RegionEditMark[]> {
  const ask: AskSql = async <T>(text: string, values: unknown[]) => (await pool.query(text, values)).rows as T[];
  return readEditMarks(ask, id, { fromUs, toUs });
}
