/** One refresh of a continuous aggregate. */
import type pg from 'pg';
import { timestampUs } from './connection.ts';
import type { Span } from './refresh-windows.ts';

/**
 * Refreshes the buckets of the span: whole ones, two at least.
 *
 * On a real database grouped by hash: the planner takes a minute of a city for a few thousand rows, because it knows
 * nothing of `time_bucket`, and sorts all of them: a third more work. The embedded one has no settings of one's own.
 */
export async function refreshAggregate(pool: pg.Pool, embedded: boolean, name: string, span: Span): Promise<void> {
  const refresh = `call refresh_continuous_aggregate('${name}', $1::timestamptz, $2::timestamptz)`;
  const values = [timestampUs(span.fromUs), timestampUs(span.toUs)];
  if (embedded) {
    await pool.query(refresh, values);
    return;
  }
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('set enable_sort = off');
    await client.query(refresh, values);
    await client.query('reset enable_sort');
  } catch (error) {
    // Its settings are not what the next one expects.
    broken = error as Error;
    throw error;
  } finally {
    client.release(broken);
  }
}
