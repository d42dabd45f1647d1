/** A database with the schema and its upkeep, without a store that writes into it: tests put rows in by SQL. */
import { join } from 'node:path';
import pg from 'pg';
import { systemClock } from '../../../server/clock.ts';
import { clientConfig, type Database, settleSession } from '../../../server/store/connection.ts';
import { EmbeddedDatabase } from '../../../server/store/embedded/embedded-database.ts';
import { readCalendar, saveCalendar } from '../../../server/store/facts-calendar.ts';
import { Maintenance } from '../../../server/store/maintenance.ts';
import { migrate } from '../../../server/store/migrate.ts';
import { openRealDatabase } from '../../../server/store/real-database.ts';
import { type Lines, logTo, makeTestDatabase } from './test-database.ts';

/** Of a statement on a real database: long enough for a bench that fills a city. */
const deadlineMsMax = 600_000;

export interface PlainDatabase {
  readonly pool: pg.Pool;
  readonly lines: Lines;
  sql<T>(text: string, values?: unknown[]): Promise<T[]>;
  /** All upkeep that is due at this event time. */
  maintain(us: number): Promise<void>;
  remove(): Promise<void>;
}

/** @param timeZone of days and months */
export async function openPlainDatabase(timeZone = 'Asia/Shanghai'): Promise<PlainDatabase> {
  const base = await makeTestDatabase();
  const lines: Lines = [];
  let embedded: EmbeddedDatabase | null = null;
  let database: Database;
  if (base.url === undefined) {
    const folder = join(base.dataDir, 'sim', 'pg');
    embedded = await EmbeddedDatabase.open({
      folder,
      deadlineMs: 60_000,
      log: logTo(lines),
      progress: () => undefined,
    });
    const config = { host: embedded.socketFolder, port: 5432, user: 'postgres', database: 'postgres', password: '' };
    database = { config, embedded: true, name: 'test' };
  } else database = (await openRealDatabase(base.url)).database;
  const pool = new pg.Pool({
    ...{ ...clientConfig(database), max: 4 },
    ...(!database.embedded && { onConnect: (client) => settleSession(client, deadlineMsMax) }),
  });
  const client = await pool.connect();
  await migrate(client, database.embedded);
  await saveCalendar(client, readCalendar());
  client.release();
  const maintenance = new Maintenance({
    pool,
    embedded: database.embedded,
    jobs: 'none',
    timeZone,
    clock: systemClock,
    log: logTo(lines),
    onChange: () => undefined,
  });
  return {
    pool,
    lines,
    sql: async <T>(text: string, values: unknown[] = []) => (await pool.query(text, values)).rows as T[],
    maintain: async (us) => {
      // As after a restart: nobody tells it which rows have come since.
      await maintenance.resume(us);
      await maintenance.runNow();
    },
    remove: async () => {
      await maintenance.close();
      await pool.end();
      await embedded?.close();
      await base.remove();
    },
  };
}
