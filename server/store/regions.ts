/** Micro-regions in the database, and which cells they hold, by date. */
import type pg from 'pg';
import type { RegionsSet } from './batch.ts';
import { timestampUs } from './connection.ts';
import { namedQuery } from './queries.ts';
import type { StoredRegion } from './types.ts';

/**
 * Stores the regions; one that the list no longer has keeps its rows.
 *
 * @returns the regions' surrogates in the order of the list
 */
export async function saveRegions(client: pg.ClientBase, regions: readonly StoredRegion[]): Promise<number[]> {
  const { rows } = await client.query<{ region_id: number; id: string }>(namedQuery('save-regions'), [
    JSON.stringify(regions),
  ]);
  const byId = new Map(rows.map((row) => [row.id, row.region_id]));
  return regions.map((region) => byId.get(region.id)!);
}

/** No cell has such an id: all are dated by the edit. */
const noNewCell = 0x7fffffff;

/**
 * Stores a set of micro-regions and, where it tells them, the cells of its regions from its time on; micro-regions that
 * the set no longer has hold no cell from then on.
 */
export async function storeRegionsSet(client: pg.ClientBase, set: RegionsSet): Promise<void> {
  const ids = await saveRegions(client, set.regions);
  const { fromUs, members } = set;
  if (members === null) return;
  const known = await client.query<{ id: number }>('select region_id as id from micro_region where level is null');
  const gone = known.rows.map(({ id }) => id).filter((id) => !ids.includes(id));
  const cellsOf = (i: number) => members[i] ?? [];
  await saveMembership(client, [...ids, ...gone], cellsOf, noNewCell, fromUs);
}

/** Regions, and nodes of the region tree, that are no more: surrogates of all but `present`. */
export async function goneRegions(client: pg.ClientBase | pg.Pool, present: readonly number[]): Promise<number[]> {
  const { rows } = await client.query<{ id: number }>('select region_id as id from micro_region');
  return rows.map(({ id }) => id).filter((id) => !present.includes(id));
}

/** The surrogate of every region that was ever stored, by its id. */
export async function loadRegionIds(client: pg.ClientBase | pg.Pool): Promise<Map<string, number>> {
  const { rows } = await client.query<{ region_id: number; id: string }>('select region_id, id from micro_region');
  return new Map(rows.map((row) => [row.id, row.region_id]));
}

/**
 * Brings the membership up to date. A region that had no cells yet gets them for all times (its past too), and so
 * does a cell from `newFromId` on in any region (it was not heard of before); other changes hold from `fromUs`.
 */
export async function saveMembership(
  client: pg.ClientBase,
  regionIds: readonly number[],
  cellsOf: (region: number) => ArrayLike<number>,
  newFromId: number,
  fromUs: number,
): Promise<void> {
  const regions: number[] = [];
  const cells: number[] = [];
  for (let i = 0; i < regionIds.length; i++) {
    for (const cell of Array.from(cellsOf(i))) {
      regions.push(regionIds[i]);
      cells.push(cell);
    }
  }
  const from = timestampUs(fromUs);
  await client.query(namedQuery('close-membership'), [[...regionIds], regions, cells, from]);
  await client.query(namedQuery('add-membership'), [regions, cells, from, newFromId]);
  await client.query('analyze micro_region_cell');
}
