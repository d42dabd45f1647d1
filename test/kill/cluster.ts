import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import pg from 'pg';
import { heardElsewhere } from '../../server/errors.ts';
import { freePort, until } from '../tools/serve.ts';

/** A PostgreSQL server whose postmaster may be killed: its own folder and port, nobody else's. */
export interface Cluster {
  readonly url: string;
  /** kill -9 of the postmaster; then another one on the same folder. */
  killPostmaster(): Promise<void>;
  stop(): Promise<void>;
}

const settings = [
  "listen_addresses = '127.0.0.1'",
  "shared_preload_libraries = 'timescaledb'",
  'max_worker_processes = 30',
  'timescaledb.max_background_workers = 16',
  'timescaledb.telemetry_level = off',
  'max_locks_per_transaction = 1024',
  'max_wal_size = 8GB',
  "synchronous_commit = 'on'",
].join('\n');

/** @param programs folder of `initdb` and `postgres`, with TimescaleDB among its libraries */
export async function startCluster(programs: string, folder: string): Promise<Cluster> {
  const data = `${folder}/cluster`;
  mkdirSync(data, { recursive: true });
  // PostgreSQL refuses to run as root.
  const login = process.getuid?.() === 0 ? idsOf('postgres') : null;
  if (login !== null) {
    chmodSync(folder, 0o711);
    chownSync(data, login.uid, login.gid);
  }
  execFileSync(`${programs}/initdb`, ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8'], {
    ...login,
    cwd: data,
    stdio: 'ignore',
  });
  const port = await freePort();
  writeFileSync(`${data}/postgresql.auto.conf`, `${settings}\nport = ${port}\nunix_socket_directories = '${data}'\n`);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  let postmaster: ChildProcess;
  const start = () =>
    until(
      'the database',
      async () => {
        // While processes of the killed one are about, another one refuses to start.
        if (postmaster === undefined || postmaster.exitCode !== null || postmaster.signalCode !== null)
          postmaster = spawn(`${programs}/postgres`, ['-D', data], { ...login, cwd: data, stdio: 'ignore' });
        return answers(url);
      },
      60_000,
      200,
    );
  await start();
  return {
    url,
    killPostmaster: async () => {
      await ended(postmaster, 'SIGKILL');
      await start();
    },
    stop: () => ended(postmaster, 'SIGQUIT'),
  };
}

function idsOf(user: string): { uid: number; gid: number } {
  const id = (what: string) => Number(execFileSync('id', [what, user], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', heardElsewhere);
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return false;
  } finally {
    await client.end().catch(heardElsewhere);
  }
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    child.once('exit', () => resolve());
    child.kill(signal);
  });
}

/** A new, empty database on a server. */
export async function createDatabase(server: string, name: string): Promise<{ url: string; drop(): Promise<void> }> {
  const onServer = async (statement: string) => {
    const client = new pg.Client({ connectionString: server });
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  };
  const drop = () => onServer(`drop database if exists ${name} with (force)`);
  await drop();
  await onServer(`create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop };
}
