/** Cells in the database: surrogate ids, what is known of each by date, their places in the region tree. */
import type pg from 'pg';
import { timestampUs } from './connection.ts';
import { namedQuery } from './queries.ts';
import type { StoredCell } from './types.ts';

interface CellRow extends Omit<StoredCell, 'site' | 'parents'> {
  id: number;
  site: string | null;
  parents: string[] | null;
}

export async function loadCells(pool: pg.Pool): Promise<{ id: number; cell: StoredCell }[]> {
  const { rows } = await pool.query<CellRow>(namedQuery('load-cells'));
  return rows.map(({ id, site, parents, ...known }) => ({
    id,
    cell: { ...known, site: site ?? '', ...(parents === null ? {} : { parents }) },
  }));
}

function asJson(rows: readonly { id: number; cell: StoredCell }[]): string {
  return JSON.stringify(rows.map(({ id, cell }) => ({ id, ...cell })));
}

/** Cells never seen before; one that is there already stays as it is (a batch may come a second time). */
export async function addCells(
  client: pg.ClientBase,
  rows: readonly { id: number; cell: StoredCell }[],
): Promise<void> {
  await client.query(namedQuery('add-cells'), [asJson(rows), '-infinity']);
}

/**
 * Brings cells up to date: new ones are valid for ever, of a changed one the old version ends and a new one begins
 * at `fromUs`. In one transaction, the caller's.
 */
export async function saveCells(
  client: pg.ClientBase,
  rows: readonly { id: number; cell: StoredCell }[],
  fromUs: number,
): Promise<void> {
  const json = asJson(rows);
  await client.query(namedQuery('save-sites'), [json]);
  for (let level = 1; level <= 4; level++) await client.query(namedQuery('save-region-nodes'), [json, level]);
  const from = timestampUs(fromUs);
  await client.query(namedQuery('close-cells'), [json, from]);
  await client.query(namedQuery('add-cells'), [json, from]);
  await client.query(namedQuery('save-cell-parents'), [json, from]);
  await client.query('analyze cell');
}
