/**
 * What was told of a subscriber long ago may hold still: before its rows go, it is told once more (sql/014). Well ahead
 * of the retention, so that TimescaleDB's own jobs can't be quicker.
 */
import type pg from 'pg';
import { dayUs } from '../clock.ts';
import { timestampUs, transaction } from './connection.ts';
import { keptTables } from './periods.ts';
import { namedQuery } from './queries.ts';

/** So often, and so long before rows go at the latest. */
const everyUs = 30 * dayUs;
const carried = { identity_told: 'facts-carry-identity', serving_told: 'facts-carry-serving' } as const;

/** Subscribers are taken in so many parts, by the remainder of their pseudonym: each well within a statement's deadline. */
const parts = 64;

/** Does the next part that is due. @param clockUs everything before it is stored @returns false: nothing is due */
export async function carryTold(pool: pg.Pool, clockUs: number): Promise<boolean> {
  for (const [table, query] of Object.entries(carried)) {
    const { keepUs } = keptTables.find(({ name }) => name === table)!;
    const key = `carried.${table}`;
    const edgeUs = Math.floor((clockUs - keepUs) / everyUs + 2) * everyUs;
    const { rows } = await pool.query<{ value: string }>('select value from meta where key = $1', [key]);
    const [doneUs, donePart] = (rows[0]?.value ?? `0 ${parts - 1}`).split(' ').map(Number);
    if (doneUs >= edgeUs && donePart === parts - 1) continue;
    // One that was begun is done to its end first.
    const us = donePart === parts - 1 ? edgeUs : doneUs;
    const part = (donePart + 1) % parts;
    await transaction(pool, async (client) => {
      await client.query(namedQuery(query), [timestampUs(us), part, parts]);
      await client.query(
        'insert into meta (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value',
        [key, `${us} ${part}`],
      );
    });
    return true;
  }
  return false;
}
