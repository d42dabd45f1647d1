import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cstrings, encodeError, encodeMessage, readyIdle } from '../../server/store/embedded/wire-messages.ts';
import { WireServer } from '../../server/store/embedded/wire-server.ts';
import { openRealDatabase } from '../../server/store/real-database.ts';
import { native, serverUrl } from './tools/test-database.ts';

const secret = 'Hush-4711';

/** One row of text columns, as a server answers a simple query. */
function answer(row: Record<string, string | null> | null): Buffer {
  const names = Object.keys(row ?? {});
  const count = Buffer.alloc(2);
  count.writeInt16BE(names.length);
  const field = Buffer.alloc(18);
  field.writeInt32BE(25, 6);
  field.writeInt16BE(-1, 10);
  field.writeInt32BE(-1, 12);
  const described = Buffer.concat([count, ...names.flatMap((name) => [cstrings(name), field])]);
  const values = Object.values(row ?? {}).map((value) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(value === null ? -1 : Buffer.byteLength(value));
    return Buffer.concat([length, Buffer.from(value ?? '')]);
  });
  return Buffer.concat([
    encodeMessage('T', described),
    ...(row === null ? [] : [encodeMessage('D', Buffer.concat([count, ...values]))]),
    encodeMessage('C', cstrings('SELECT 1')),
    readyIdle,
  ]);
}

interface Pretended {
  available: boolean;
  installed: string | null;
  version: string;
  licence: string | null;
  create?: string;
}

/** What openRealDatabase says of a server that answers its questions so. */
async function verdict(server: Pretended): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'sw-fake-'));
  const fake = new WireServer({
    serverVersion: '17.0',
    run: async (messages) => {
      const sql = Buffer.from(messages).toString('utf8', 5);
      if (sql.includes('pg_available_extensions')) {
        return answer(server.available ? { available: '2.99', installed: server.installed } : null);
      }
      if (sql.startsWith('create extension')) {
        if (server.create === undefined) return Buffer.concat([encodeMessage('C', cstrings('CREATE')), readyIdle]);
        return Buffer.concat([encodeError('ERROR', '42501', server.create), readyIdle]);
      }
      return answer({ version: server.version, server: '17.0', licence: server.licence });
    },
    onLost: (error) => {
      throw error;
    },
    connectionsMax: 5,
    groupBytesMax: 100_000,
    ownerIdleMs: 1_000,
  });
  await fake.listen(join(folder, '.s.PGSQL.5432'));
  try {
    return await openRealDatabase(`postgres://me:${secret}@${encodeURIComponent(folder)}/wall`).then(
      ({ version }) => version,
      (error) => error,
    );
  } finally {
    await fake.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const good: Pretended = { available: true, installed: '2.20.1', version: '2.20.1', licence: 'timescale' };

test('accepts TimescaleDB 2.17 and newer with its community features, creating the extension where it may', async () => {
  expect(await verdict(good)).toBe('PostgreSQL 17.0, TimescaleDB 2.20.1');
  expect(await verdict({ ...good, installed: null, version: '2.17.0' })).toBe('PostgreSQL 17.0, TimescaleDB 2.17.0');
  expect(await verdict({ ...good, version: '3.0.0' })).toBe('PostgreSQL 17.0, TimescaleDB 3.0.0');
});

test('names what a database lacks, in one line with a remedy and without the password', async () => {
  const cases: [Partial<Pretended>, string, RegExp][] = [
    [{ available: false }, 'NO_TIMESCALEDB', /has no TimescaleDB: install it/],
    [{ installed: null, create: 'permission denied' }, 'NO_TIMESCALEDB', /permission denied.*superuser/],
    [{ installed: null, create: 'extension must be preloaded' }, 'NO_TIMESCALEDB', /shared_preload_libraries/],
    [{ version: '2.16.1' }, 'TIMESCALEDB_OLD', /2\.16\.1: update it to 2\.17/],
    [{ licence: 'apache' }, 'TIMESCALEDB_LICENCE', /without -oss/],
  ];
  for (const [change, code, text] of cases) {
    const error = await verdict({ ...good, ...change });
    expect(error, code).toMatchObject({ code, message: expect.stringMatching(text) });
    expect(String(error)).not.toContain(secret);
    expect(String(error)).not.toContain('\n');
  }
});

test('says in one line that an address is none, or that nothing answers there', async () => {
  const port = await new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
  const cases: [string, string, RegExp][] = [
    [`mysql://me:${secret}@h/d`, 'DATABASE_URL', /write postgres:\/\/USER/],
    [`postgres://me:${secret}@h:port/d`, 'DATABASE_URL', /write postgres:\/\/USER/],
    [
      `postgres://me:${secret}@127.0.0.1:${port}/d`,
      'DATABASE_REFUSED',
      /me@127\.0\.0\.1:\d+\/d refuses: nothing listens/,
    ],
    [`postgres://me:${secret}@%2Fno%2Fsuch/d`, 'DATABASE_REFUSED', /no such socket/],
  ];
  for (const [url, code, text] of cases) {
    const error = await openRealDatabase(url).catch((thrown: unknown) => thrown);
    expect(error, url).toMatchObject({ code, message: expect.stringMatching(text) });
    expect(String(error)).not.toContain(secret);
  }
});

/** Listens on a port of its own and answers each message of what connects to it with the next reply, or never. */
async function withServer(replies: Buffer[], use: (port: number) => Promise<void>): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    const left = [...replies];
    socket.on('data', () => {
      const reply = left.shift();
      if (reply !== undefined) socket.write(reply);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use((server.address() as AddressInfo).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

test('says that no password was given when the server asks for one, and how to give it', async () => {
  const asked = (method: number, rest = Buffer.alloc(0)) => {
    const code = Buffer.alloc(4);
    code.writeInt32BE(method);
    return encodeMessage('R', Buffer.concat([code, rest]));
  };
  // PostgreSQL documentation, message formats: AuthenticationSASL, AuthenticationSASLContinue, AuthenticationMD5Password.
  const scram = [asked(10, Buffer.from('SCRAM-SHA-256\0\0', 'latin1')), asked(11, Buffer.from('r=x,s=eA==,i=4096'))];
  const md5 = [asked(5, Buffer.alloc(4, 7)), encodeError('FATAL', '28P01', 'password authentication failed')];
  for (const replies of [scram, md5]) {
    await withServer(replies, async (port) => {
      const error = await openRealDatabase(`postgres://me@127.0.0.1:${port}/wall`).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: 'DATABASE_REFUSED',
        message: `the database me@127.0.0.1:${port}/wall asks for a password and none was given: write postgres://USER:PASSWORD@HOST:PORT/DATABASE in DATABASE_URL, or set PGPASSWORD`,
      });
    });
  }
});

test('says that a server which takes connections and stays silent does not answer', async () => {
  await withServer([], async (port) => {
    const url = `postgres://me:${secret}@127.0.0.1:${port}/wall`;
    const error = await openRealDatabase(url).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'DATABASE_REFUSED',
      message: expect.stringMatching(/^the database me@127\.0\.0\.1:\d+\/wall does not answer within 10 s: [^\n]+$/),
    });
    expect(String(error)).not.toContain(secret);
  });
});

if (native) {
  test('a real server refuses a wrong password and a missing database, each named', async () => {
    const url = new URL(serverUrl!);
    url.pathname = '/no_such_database';
    await expect(openRealDatabase(url.href)).rejects.toMatchObject({
      message: expect.stringMatching(/no such database/),
    });
    url.password = secret;
    await expect(openRealDatabase(url.href)).rejects.toMatchObject({
      message: expect.stringMatching(/password is refused/),
    });
    expect(await openRealDatabase(serverUrl!)).toMatchObject({ version: expect.stringMatching(/TimescaleDB 2\./) });
  });
}
