/** Which hours of event rows are to be counted (again); written in the transaction of the rows (table `fact_dirty`). */
import type pg from 'pg';
import { hourUs } from '../clock.ts';
import { timestampUs } from './connection.ts';
import { namedQuery } from './queries.ts';

/** Number of the hour of an event time, since the epoch. */
export function hourOf(us: number): number {
  return Math.floor(us / hourUs);
}

/**
 * Marks the hours of the event rows that the transaction stores.
 *
 * @param hours numbers as {@link hourOf} gives them
 */
export async function markEventHours(client: pg.ClientBase, hours: Iterable<number>): Promise<void> {
  const starts = Array.from(hours, (hour) => timestampUs(hour * hourUs));
  if (starts.length > 0) await client.query(namedQuery('facts-mark-hours'), [starts]);
}
