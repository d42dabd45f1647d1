/** How `pg` talks to either database. */
import { Socket } from 'node:net';
import pg from 'pg';
import { minuteUs, secondUs } from '../clock.ts';
import { heardElsewhere } from '../errors.ts';

export interface Database {
  /** Of its connections that are open: see {@link cutConnections}. Absent: nobody cuts them. */
  readonly sockets?: Set<Socket>;
  readonly config: pg.ClientConfig;
  readonly embedded: boolean;
  /** For people, without anything secret: `the embedded database in …`, `sw@db.example:5432/wall`. */
  readonly name: string;
}

const timestampText = /^(\d{4,})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([+-])(\d\d)(?::?(\d\d))?$/;

/** The newest one read: rows of one answer often share theirs. */
let newest = { text: '', us: 0 };

/** A timestamptz as PostgreSQL writes it (ISO style) → µs; `infinity` → Infinity. */
export function parseTimestampUs(text: string): number {
  if (text !== newest.text) newest = { text, us: readTimestamp(text) };
  return newest.us;
}

function readTimestamp(text: string): number {
  if (text === 'infinity') return Infinity;
  if (text === '-infinity') return -Infinity;
  const match = timestampText.exec(text);
  if (match === null) throw new RangeError(`not a timestamp: '${text}'`);
  const [, year, month, day, hour, minute, second, fraction = '', sign, zoneHours, zoneMinutes = '0'] = match;
  const utcMs = Date.UTC(+year, +month - 1, +day, +hour, +minute, +second);
  const zoneUs = (Number(zoneHours) * 60 + Number(zoneMinutes)) * minuteUs;
  return utcMs * 1000 + Number(fraction.padEnd(6, '0')) - (sign === '-' ? -zoneUs : zoneUs);
}

/** µs → text that PostgreSQL reads as timestamptz, with all six digits. */
export function timestampUs(us: number): string {
  if (us === Infinity) return 'infinity';
  if (us === -Infinity) return '-infinity';
  const seconds = Math.floor(us / secondUs);
  const micros = String(us - seconds * secondUs).padStart(6, '0');
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${micros}Z`;
}

const oid = { int8: 20, timestamptz: 1184, numeric: 1700 };
const own: Record<number, (text: string) => unknown> = {
  [oid.int8]: Number,
  [oid.numeric]: Number,
  [oid.timestamptz]: parseTimestampUs,
};
const types = {
  getTypeParser(type: number, format?: 'text' | 'binary') {
    return (format !== 'binary' && own[type]) || pg.types.getTypeParser(type, format as 'text');
  },
} as pg.CustomTypesConfig;

export const connectMsMax = 10_000;
/** A network that drops everything shows in a probe of the connection: sent when it has been quiet for so long, ms. */
const quietMsMax = 15_000;
/** A database gives up a statement at its deadline; one that does not even say so by then is not waited for, ms. */
const deadlineMarginMs = 5_000;
const goodbyeMsMax = 1_500;

/** The database says nothing any more: who waits for it, even for the end of a connection, would wait for ever. */
export function cutConnections({ sockets }: Database): void {
  for (const socket of sockets ?? []) socket.destroy();
}

/** Ends a connection; one whose goodbye is not heard is cut. */
export async function goodbye(client: pg.Client, database: Database): Promise<void> {
  const cut = setTimeout(() => cutConnections(database), goodbyeMsMax);
  await client.end();
  clearTimeout(cut);
}

function openSocket(sockets: Set<Socket>): Socket {
  const socket = new Socket();
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
  return socket;
}

/** A connection's configuration. Whoever asks a real database settles the session first ({@link settleSession}). */
export function clientConfig(database: Database): pg.ClientConfig {
  const { sockets } = database;
  return {
    ...database.config,
    types,
    application_name: 'signalwall',
    connectionTimeoutMillis: connectMsMax,
    keepAlive: true,
    keepAliveInitialDelayMillis: quietMsMax,
    ...(sockets && { stream: () => openSocket(sockets) }),
  };
}

/**
 * Settings of a session on a real database, before anything else is asked there. A client that goes without a goodbye (its
 * machine has lost its power, the network drops everything) is missed within 30 s and not only after two hours, as systems
 * have it: until then its locks stay, that of the one server that writes among them. And a commit is one that a crash
 * does not undo: the journal is cut by it. Machine code for a query over a thousand chunks takes a hundred times as long to
 * make as the query to run. As statements, because poolers refuse startup options that they do not know.
 *
 * @param deadlineMs ends a statement, and a transaction in which nothing is asked for so long; 0: they may take any time
 */
export async function settleSession(client: pg.ClientBase, deadlineMs: number): Promise<void> {
  await client.query(
    `set tcp_keepalives_idle = 15; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3;
     set tcp_user_timeout = 30000; set idle_in_transaction_session_timeout = ${deadlineMs};
     set statement_timeout = ${deadlineMs}; set timezone = 'UTC'; set jit = off;
     select set_config('synchronous_commit', 'on', false)
     where current_setting('synchronous_commit') <> 'remote_apply'`,
  );
}

/** Of a connection that reads or does upkeep: nobody else waits for its answers. */
export function answerMsMax(deadlineMs: number): number {
  return deadlineMs + deadlineMarginMs;
}

/** Connections for reading and for upkeep; the writer has one of its own. */
export function openPool(database: Database, deadlineMs: number, log: (line: string) => void): pg.Pool {
  const pool = new pg.Pool({
    ...clientConfig(database),
    query_timeout: answerMsMax(deadlineMs),
    max: 4,
    idleTimeoutMillis: 30_000,
    ...(!database.embedded && { onConnect: (client) => settleSession(client, deadlineMs) }),
  });
  // An idle connection broke: the pool has dropped it, and whoever asks next sees the database's state.
  pool.on('error', (error) => log(`database: an idle connection ended (${error.message})`));
  // One that breaks in a transaction tells whose query it was, and the next query; it says it to nobody else beside, and
  // an error event without a listener would end the process.
  pool.on('connect', (client) => client.on('error', heardElsewhere));
  return pool;
}

/** Runs `work` in a transaction; whatever it throws rolls it back. */
export async function transaction<T>(pool: pg.Pool, work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    try {
      await client.query('rollback');
    } catch (rollbackError) {
      broken = rollbackError as Error;
    }
    throw error;
  } finally {
    client.release(broken);
  }
}
