import { join } from 'node:path';
import { dayUs, hourUs } from '../../server/clock.ts';
import { makeConfig } from '../../server/config.ts';
import { heardElsewhere } from '../../server/errors.ts';
import { type Database, openPool } from '../../server/store/connection.ts';
import { EmbeddedDatabase } from '../../server/store/embedded/embedded-database.ts';
import { FactsUpkeep } from '../../server/store/facts-upkeep.ts';
import { aggregates } from '../../server/store/periods.ts';
import { openRealDatabase } from '../../server/store/real-database.ts';
import { refreshAggregate } from '../../server/store/refresh.ts';
import type { Ask } from './oracle.ts';

/** The oracle takes its time. */
const deadlineMs = 1_800_000;
const quiet = () => undefined;

/**
 * Opens the database that a server has left, and lets it come to what it is later: late rows are in the aggregates of
 * closed minutes and hours, as the next start or the upkeep of the next minute puts them; of the facts of subscribers
 * what waits in queues is counted, hours and days are over, and the other parties are in their month.
 *
 * @param databaseUrl absent: the embedded one of the folder
 */
export async function openHeld(dataDir: string, databaseUrl?: string): Promise<{ ask: Ask; close(): Promise<void> }> {
  const { database, embedded } = await open(dataDir, databaseUrl || undefined);
  const pool = openPool(database, deadlineMs, quiet);
  pool.on('error', heardElsewhere);
  const ask: Ask = async <T>(sql: string) => (await pool.query(sql)).rows as T[];
  const close = async () => {
    await pool.end();
    await embedded?.close();
  };
  try {
    const { timeZone } = makeConfig();
    const facts = new FactsUpkeep({ pool, timeZone, embedded: embedded !== null, log: quiet });
    const [{ newest }] = await ask<{ newest: number }>('select max(ts) as newest from event');
    const fromUs = Math.floor(newest / hourUs) * hourUs - 2 * hourUs;
    for (const { name, bucketUs } of aggregates) {
      const span = { fromUs, toUs: Math.floor(newest / bucketUs) * bucketUs };
      if (bucketUs <= hourUs) await refreshAggregate(pool, embedded !== null, name, span);
    }
    const laterUs = newest + 3 * dayUs;
    while (await facts.step(laterUs, null));
    // Other parties are put to their month when the events of their hour are dropped.
    while (await facts.step(laterUs, { fromUs: newest - 3 * dayUs, toUs: newest + 2 * dayUs }));
    return { ask, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(
  dataDir: string,
  databaseUrl: string | undefined,
): Promise<{ database: Database; embedded: EmbeddedDatabase | null }> {
  if (databaseUrl !== undefined) return { ...(await openRealDatabase(databaseUrl)), embedded: null };
  const folder = join(dataDir, 'live', 'pg');
  const embedded = await EmbeddedDatabase.open({ folder, deadlineMs, log: quiet, progress: quiet });
  const config = { host: embedded.socketFolder, port: 5432, user: 'postgres', database: 'postgres', password: '' };
  return { database: { config, embedded: true, name: folder }, embedded };
}
