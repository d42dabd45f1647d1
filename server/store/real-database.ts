/** A TimescaleDB given by DATABASE_URL: reached, and checked for what Signalwall needs of it. */
import pg from 'pg';
import { parse } from 'pg-connection-string';
import { heardElsewhere, messageOf, UserError } from '../errors.ts';
import { clientConfig, connectMsMax, cutConnections, type Database, goodbye } from './connection.ts';
import { pause } from './pause.ts';

const versionMin = [2, 17] as const;
const startingUpTries = 20;
const startingUpWaitMs = 500;
const checkMsMax = 60_000;

const remedies: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there: start the database or correct DATABASE_URL',
  ENOTFOUND: 'no such host: correct DATABASE_URL',
  EAI_AGAIN: 'the host name does not resolve now: correct DATABASE_URL or try again',
  ETIMEDOUT: 'no answer: correct DATABASE_URL or open the way to it',
  ENOENT: 'no such socket: start the database or correct DATABASE_URL',
  '28P01': 'the password is refused: correct DATABASE_URL',
  '28000': 'the login is refused: correct DATABASE_URL or pg_hba.conf',
  '3D000': 'no such database: create it or correct DATABASE_URL',
  '53300': 'it has no connection left: raise max_connections or end others',
};

/**
 * @param signal gives it up, whatever it waits for
 * @throws UserError DATABASE_URL, DATABASE_REFUSED, NO_TIMESCALEDB, TIMESCALEDB_LICENCE, TIMESCALEDB_OLD
 */
export async function openRealDatabase(
  url: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<{ database: Database; version: string }> {
  const database = readUrl(url);
  const cut = () => cutConnections(database);
  signal.addEventListener('abort', cut);
  try {
    return await look(database, signal);
  } finally {
    signal.removeEventListener('abort', cut);
  }
}

async function look(database: Database, signal: AbortSignal): Promise<{ database: Database; version: string }> {
  const client = await connect(database, signal);
  try {
    return { database, version: await check(client, database.name) };
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw refused(database, error, client);
  } finally {
    await goodbye(client, database);
  }
}

function readUrl(url: string): Database {
  const wrong = 'DATABASE_URL is no PostgreSQL address: write postgres://USER:PASSWORD@HOST:PORT/DATABASE';
  if (!/^postgres(?:ql)?:\/\//.test(url)) throw new UserError('DATABASE_URL', wrong);
  let parts: ReturnType<typeof parse>;
  try {
    parts = parse(url);
  } catch {
    // The parser's own message may quote the address with its password.
    throw new UserError('DATABASE_URL', wrong);
  }
  const user = parts.user ? `${parts.user}@` : '';
  const name = `${user}${parts.host ?? 'localhost'}:${parts.port || 5432}/${parts.database ?? ''}`;
  return { config: { connectionString: url }, embedded: false, name, sockets: new Set() };
}

async function connect(database: Database, signal: AbortSignal): Promise<pg.Client> {
  for (let attempt = 1; ; attempt++) {
    const client = new pg.Client({ ...clientConfig(database), query_timeout: checkMsMax });
    // Between two statements a lost connection shows in the next one.
    client.on('error', heardElsewhere);
    try {
      await client.connect();
      return client;
    } catch (error) {
      const code = (error as { code?: string }).code ?? '';
      if (code === '57P03' && attempt < startingUpTries && !signal.aborted) {
        await pause(startingUpWaitMs, signal);
        continue;
      }
      throw refused(database, error, client);
    }
  }
}

function refused(database: Database, error: unknown, client: pg.Client): UserError {
  // The error itself may hold the address with its password.
  const cause = isAway(error) ? new AwayError(messageOf(error)) : undefined;
  return new UserError('DATABASE_REFUSED', `the database ${database.name} ${explain(error, client)}`, { cause });
}

/** The database could not be reached, or was just going or coming: nothing that somebody has written wrongly. */
class AwayError extends Error {}

const awayCodes = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'ENOENT'],
  // The name of a container that is down resolves to nothing; going, crashed, coming; full.
  ...['EAI_AGAIN', 'ENOTFOUND', '57P01', '57P02', '57P03', '53300'],
  // By what a power cut has left of this server, as like as not: the database ends that connection soon.
  'DATABASE_IN_USE',
]);

function isAway(error: unknown): boolean {
  const { code = '' } = error as { code?: string };
  return awayCodes.has(code) || /^(?:timeout expired|Query read timeout)$|Connection terminated/.test(messageOf(error));
}

/** Whether this error of an opening says that the database is away: later it may be there. */
export function saysAway(error: unknown): boolean {
  return (
    error instanceof UserError &&
    (isAway(error) || error.cause instanceof AwayError || (error.cause != null && isAway(error.cause)))
  );
}

/** What is wrong and what to do, in one line; never with the password. */
function explain(error: unknown, client: pg.Client): string {
  const code = (error as { code?: string }).code ?? '';
  const message = messageOf(error).replaceAll(/\s+/g, ' ').trim();
  // pg hashes the password that the server asks for, and stumbles when there is none.
  if (!client.password && (code === '28P01' || /SASL|password|must be of type string/.test(message))) {
    return 'asks for a password and none was given: write postgres://USER:PASSWORD@HOST:PORT/DATABASE in DATABASE_URL, or set PGPASSWORD';
  }
  if (message === 'timeout expired' || message === 'Query read timeout') {
    const seconds = (message === 'timeout expired' ? connectMsMax : checkMsMax) / 1000;
    return `does not answer within ${seconds} s: see whether it is well and whether DATABASE_URL names it`;
  }
  return `refuses: ${remedies[code] ?? `${message || code}: correct DATABASE_URL or mend the database`}`;
}

/** The extension is there (made if it may be), new enough, and with the community features. */
async function check(client: pg.Client, name: string): Promise<string> {
  const found = await client.query<{ available: string; installed: string | null }>(
    `select default_version as available, installed_version as installed
     from pg_available_extensions where name = 'timescaledb'`,
  );
  if (found.rows.length === 0) {
    throw new UserError(
      'NO_TIMESCALEDB',
      `${name} has no TimescaleDB: install it on that server (image timescale/timescaledb)`,
    );
  }
  if (found.rows[0].installed === null) await createExtension(client, name);
  const { rows } = await client.query<{ version: string; server: string; licence: string | null }>(
    `select extversion as version, current_setting('server_version') as server,
            current_setting('timescaledb.license', true) as licence
     from pg_extension where extname = 'timescaledb'`,
  );
  const { version, server, licence } = rows[0];
  const [major, minor] = version.split('.').map(Number);
  if (major < versionMin[0] || (major === versionMin[0] && minor < versionMin[1])) {
    throw new UserError(
      'TIMESCALEDB_OLD',
      `${name} has TimescaleDB ${version}: update it to ${versionMin.join('.')} or newer`,
    );
  }
  if (licence !== 'timescale') {
    throw new UserError(
      'TIMESCALEDB_LICENCE',
      `${name} has TimescaleDB without its community features (licence '${licence}'): use an image without -oss, or set timescaledb.license = 'timescale'`,
    );
  }
  return `PostgreSQL ${server}, TimescaleDB ${version}`;
}

async function createExtension(client: pg.Client, name: string): Promise<void> {
  try {
    await client.query('create extension if not exists timescaledb');
  } catch (error) {
    const preload = /preload/.test(messageOf(error));
    throw new UserError(
      'NO_TIMESCALEDB',
      preload
        ? `${name} does not load TimescaleDB: add timescaledb to shared_preload_libraries and restart it`
        : `${name} has no extension timescaledb and it can't be created (${messageOf(error)}): create it as a superuser`,
    );
  }
}
