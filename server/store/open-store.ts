/** Puts the store together: which database, its schema, whose network it holds, the writer, upkeep, the queries. */
import { join } from 'node:path';
import pg from 'pg';
import { assertInvariant, heardElsewhere, messageOf, UserError } from '../errors.ts';
import {
  answerMsMax,
  clientConfig,
  cutConnections,
  type Database,
  goodbye,
  openPool,
  settleSession,
} from './connection.ts';
import { DatabaseStore } from './database-store.ts';
import { EmbeddedDatabase } from './embedded/embedded-database.ts';
import { readCalendar, saveCalendar } from './facts-calendar.ts';
import { migrate, readMigrations } from './migrate.ts';
import { comesAsItHappens, type Jobs, jobsStand, setPolicies } from './policies.ts';
import { openRealDatabase } from './real-database.ts';
import { saveSegments } from './segments.ts';
import type { Store, StoreOptions } from './types.ts';

/** A step of a migration that lasts is told of so often, ms. */
const tellEveryMs = 10_000;

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
  const { signal } = options;
  const cut = () => cutConnections(database);
  signal?.addEventListener('abort', cut);
  const open = () => openPool(database, options.config.databaseDeadlineMs, (line) => options.log('warn', line));
  const [pool, readers] = [open(), open()];
  try {
    const jobs = await prepare(options, database);
    const store = new DatabaseStore({ ...options, ...opened, jobs, pool, readers });
    await store.open();
    return store;
  } catch (error) {
    const ended = Promise.all([pool.end(), readers.end()]);
    // Whoever does not answer does not hear a goodbye.
    cut();
    await ended;
    await embedded?.close();
    if (error instanceof UserError) throw error;
    throw new UserError('DATABASE_REFUSED', `${database.name} refuses: ${messageOf(error)}`, { cause: error });
  } finally {
    signal?.removeEventListener('abort', cut);
  }
}

async function openReal(options: StoreOptions, url: string): Promise<Opened> {
  if (options.again !== true) options.progress('database: connecting to DATABASE_URL');
  return { ...(await openRealDatabase(url, options.signal)), embedded: null, folder: null };
}

async function openEmbedded(options: StoreOptions): Promise<Opened> {
  options.progress('database: starting the embedded TimescaleDB');
  const folder = join(options.dataDir, options.network, 'pg');
  const { config, log, progress, signal } = options;
  const { databaseDeadlineMs: deadlineMs, embeddedBytesMax: memoryBytesMax } = config;
  const embedded = await EmbeddedDatabase.open({
    ...{ folder, deadlineMs, memoryBytesMax, log, progress },
    ...(signal && { signal }),
  });
  const login = { host: embedded.socketFolder, port: 5432, user: 'postgres', database: 'postgres', password: '' };
  return {
    database: { config: login, embedded: true, name: `the embedded database in ${folder}` },
    version: embedded.version,
    embedded,
    folder,
  };
}

/** The schema, the network it holds, and whose jobs keep it. */
async function prepare(options: StoreOptions, database: Database): Promise<Jobs> {
  const { databaseDeadlineMs: deadlineMs } = options.config;
  return await connected(database, deadlineMs, async (client) => {
    await checkNetwork(client, database, options.network);
    await bringUpToDate(options, database);
    await client.query(`insert into meta (key, value) values ('network', $1) on conflict do nothing`, [
      options.network,
    ]);
    await checkNetwork(client, database, options.network);
    await saveCalendar(client, readCalendar());
    if (options.segments != null) await saveSegments(client, options.segments);
    if (database.embedded) return 'none';
    const isLive = options.mode === 'live';
    // A backlog that has reached today in the run before may not be refreshed yet: then upkeep hands it over.
    const asItHappens = isLive && (await jobsStand(client)) && (await comesAsItHappens(client, options.clock));
    await setPolicies(client, asItHappens ? 'live' : 'replay');
    return asItHappens ? 'set' : isLive ? 'later' : 'none';
  });
}

/** No deadline: a migration of a large database takes its time, and so may others that must end before. */
async function bringUpToDate({ progress }: StoreOptions, database: Database): Promise<void> {
  let step = '';
  let tellings = 0;
  const telling = setInterval(() => {
    tellings++;
    progress(`database: ${step} for ${(tellings * tellEveryMs) / 1000} s by now`);
  }, tellEveryMs);
  const noteStep = (what: string) => {
    step = what;
    tellings = 0;
    telling.refresh();
  };
  try {
    await connected(database, 0, async (client) => {
      for (const name of await migrate(client, database.embedded, readMigrations(), noteStep))
        progress(`database: applied sql/${name}`);
    });
  } finally {
    clearInterval(telling);
  }
}

/** Over a connection of its own, which ends with the work. @param deadlineMs 0: there is none */
async function connected<T>(
  database: Database,
  deadlineMs: number,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const timeout = deadlineMs === 0 ? {} : { query_timeout: answerMsMax(deadlineMs) };
  const client = new pg.Client({ ...clientConfig(database), ...timeout });
  client.on('error', heardElsewhere);
  await client.connect();
  try {
    if (!database.embedded) await settleSession(client, deadlineMs);
    return await work(client);
  } finally {
    await goodbye(client, database);
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
