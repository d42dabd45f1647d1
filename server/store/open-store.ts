/** Puts the store together: which database, its schema, whose network it holds, the writer, upkeep, the queries. */
import { join } from 'node:path';
import pg from 'pg';
import { assertInvariant, heardElsewhere, messageOf, UserError } from '../errors.ts';
import { clientConfig, type Database, openPool } from './connection.ts';
import { DatabaseStore } from './database-store.ts';
import { EmbeddedDatabase } from './embedded/embedded-database.ts';
import { readCalendar, saveCalendar } from './facts-calendar.ts';
import { migrate } from './migrate.ts';
import { comesAsItHappens, setPolicies } from './policies.ts';
import { openRealDatabase } from './real-database.ts';
import { saveSegments } from './segments.ts';
import type { Store, StoreOptions } from './types.ts';

/** Opened, with what must be closed again. */
interface Opened {
  database: Database;
  version: string;
  embedded: EmbeddedDatabase | null;
  /** Where the embedded one keeps its files; null: a real one, which is durable by itself. */
  folder: string | null;
}

/**
 * Opens the database, brings its schema up to date and begins to write.
 *
 * @throws UserError when the database refuses, is in use, or holds another network
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  assertInvariant(/^[a-z0-9-]+$/.test(options.network), `'${options.network}' names no network`);
  const opened = options.databaseUrl ? await openReal(options, options.databaseUrl) : await openEmbedded(options);
  const { database, embedded } = opened;
  const pool = openPool(database, options.config.databaseDeadlineMs, (line) => options.log('warn', line));
  try {
    const mode = await prepare(options, database);
    const store = new DatabaseStore({ ...options, ...opened, mode, pool });
    await store.open();
    return store;
  } catch (error) {
    await pool.end();
    await embedded?.close();
    if (error instanceof UserError) throw error;
    throw new UserError('DATABASE_REFUSED', `${database.name} refuses: ${messageOf(error)}`, { cause: error });
  }
}

async function openReal(options: StoreOptions, url: string): Promise<Opened> {
  if (options.again !== true) options.progress('database: connecting to DATABASE_URL');
  return { ...(await openRealDatabase(url)), embedded: null, folder: null };
}

async function openEmbedded(options: StoreOptions): Promise<Opened> {
  options.progress('database: starting the embedded TimescaleDB');
  const folder = join(options.dataDir, options.network, 'pg');
  const { config, log, progress } = options;
  const { databaseDeadlineMs: deadlineMs, embeddedBytesMax: memoryBytesMax } = config;
  const embedded = await EmbeddedDatabase.open({ folder, deadlineMs, memoryBytesMax, log, progress });
  const login = { host: embedded.socketFolder, port: 5432, user: 'postgres', database: 'postgres', password: '' };
  return {
    database: { config: login, embedded: true, name: `the embedded database in ${folder}` },
    version: embedded.version,
    embedded,
    folder,
  };
}

/** The schema, the network it holds, and whose jobs keep it. */
async function prepare(options: StoreOptions, database: Database): Promise<'replay' | 'live'> {
  // No deadline: a migration of a large database takes its time.
  const client = new pg.Client(clientConfig(database, 0));
  client.on('error', heardElsewhere);
  await client.connect();
  try {
    await checkNetwork(client, database, options.network);
    for (const name of await migrate(client, database.embedded)) options.progress(`database: applied sql/${name}`);
    await client.query(`insert into meta (key, value) values ('network', $1) on conflict do nothing`, [
      options.network,
    ]);
    await checkNetwork(client, database, options.network);
    await saveCalendar(client, readCalendar());
    if (options.segments != null) await saveSegments(client, options.segments);
    if (database.embedded) return 'replay';
    const mode = options.mode === 'live' && (await comesAsItHappens(client, options.clock)) ? 'live' : 'replay';
    await setPolicies(client, mode);
    return mode;
  } finally {
    await client.end();
  }
}

/** A network's name for people: `live`, or `sim-` with what makes a simulated city another one. */
function networkName(network: string): string {
  return network === 'live' ? 'a real network' : `the simulated city '${network}'`;
}

async function checkNetwork(client: pg.Client, database: Database, network: string): Promise<void> {
  const { rows: tables } = await client.query<{ there: boolean }>(`select to_regclass('meta') is not null as there`);
  if (!tables[0].there) return;
  const { rows } = await client.query<{ value: string }>(`select value from meta where key = 'network'`);
  const held = rows[0]?.value ?? network;
  if (held === network) return;
  throw new UserError(
    'NETWORK_MISMATCH',
    `${database.name} holds ${networkName(held)}, and this is ${networkName(network)}: use another database or folder`,
  );
}
