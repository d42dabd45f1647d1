/** A region's past, bucket by bucket, from the gauges and the traffic aggregates. */
import type pg from 'pg';
import type { RegionHistory } from '../../shared/protocol.ts';
import type { RegionEditMark } from '../../shared/region-answers.ts';
import { secondUs, zoneUs } from '../clock.ts';
import { UserError } from '../errors.ts';
import { timestampUs } from './connection.ts';
import { namedQuery } from './queries.ts';

const historyBucketsMax = 20_000;

interface Row {
  bucket: number;
  present: number | null;
  entries: number | null;
  exits: number | null;
  traffic: number | null;
  /** Whether the bucket's traffic is known throughout; null: nothing was counted. */
  known: boolean | null;
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
  const known = await pool.query<{ cells: number[] }>(namedQuery('region-cells'), [id]);
  if (known.rowCount === 0) throw new UserError('REGION_UNKNOWN', `no region '${id}' is stored`);

  const query = namedQuery(bucketS % 3600 === 0 ? 'region-history-hour' : 'region-history-minute');
  const { rows } = await pool.query<Row>(query, [
    id,
    timestampUs(startUs),
    timestampUs(startUs + buckets * widthUs),
    bucketS,
    known.rows[0].cells,
  ]);
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
  for (const row of rows) {
    const i = Math.round((row.bucket - startUs) / widthUs);
    history.present[i] = row.present;
    history.entries[i] = row.entries;
    history.exits[i] = row.exits;
    history.traffic[i] = row.known === false ? null : (row.traffic ?? (row.known === true ? 0 : null));
  }
  return history;
}

/** When the region got and lost cells, in order. */
export async function readRegionEdits(
  pool: pg.Pool,
  id: string,
  fromUs: number,
  toUs: number,
): Promise<RegionEditMark[]> {
  const { rows } = await pool.query<{ time: number; came: number; went: number }>(namedQuery('region-edits'), [
    ...[id, timestampUs(fromUs), timestampUs(toUs)],
  ]);
  return rows.map(({ time, came, went }) => ({ timeUs: time, came, went }));
}
