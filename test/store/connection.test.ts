import { type AddressInfo, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../server/clock.ts';
import { cutConnections, openPool, parseTimestampUs, timestampUs, transaction } from '../../server/store/connection.ts';
import { Intake } from '../../server/store/intake.ts';
import { emptyLedger } from '../../server/store/ledger.ts';
import { openRealDatabase, saysAway } from '../../server/store/real-database.ts';
import { Writer } from '../../server/store/writer.ts';
import { makeTestDatabase, native, testConfig } from './tools/test-database.ts';

test('reads timestamps as PostgreSQL writes them, to the microsecond', () => {
  expect(parseTimestampUs('1970-01-01 00:00:00+00')).toBe(0);
  expect(parseTimestampUs('2015-08-02 12:21:00.000001+00')).toBe(Date.UTC(2015, 7, 2, 12, 21) * 1000 + 1);
  expect(parseTimestampUs('2015-08-02 20:21:00.5+08')).toBe(Date.UTC(2015, 7, 2, 12, 21) * 1000 + 500_000);
  expect(parseTimestampUs('2015-08-02 08:51:00-03:30')).toBe(Date.UTC(2015, 7, 2, 12, 21) * 1000);
  expect(parseTimestampUs('-infinity')).toBe(-Infinity);
  expect(() => parseTimestampUs('yesterday')).toThrow(RangeError);
});

test('writes each microsecond so that it reads back the same', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5_680_281_600_000_000 }), (us) => {
      const text = timestampUs(us).replace('T', ' ').replace('Z', '+00');
      expect(parseTimestampUs(text)).toBe(us);
    }),
  );
  expect(timestampUs(Infinity)).toBe('infinity');
});

/** PostgreSQL's AuthenticationOk and ReadyForQuery (protocol 3, §55.7). */
const welcome = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]);
const uncaught: unknown[] = [];
const note = (error: unknown) => uncaught.push(error);
afterEach(() => {
  process.off('uncaughtException', note);
  uncaught.length = 0;
});

test('a database that goes in the middle of a transaction fails that one, and ends nothing else', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    let greeted = false;
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', () => {
      // The first query gets no answer: the process has been killed.
      if (greeted) socket.destroy();
      else socket.write(welcome);
      greeted = true;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const config = { host: '127.0.0.1', port, user: 'sw', database: 'sw' };
  const pool = openPool({ config, embedded: true, name: 'test' }, 1000, () => undefined);
  process.on('uncaughtException', note);
  await expect(transaction(pool, () => Promise.resolve())).rejects.toThrow(/terminated unexpectedly/);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(uncaught).toEqual([]);
  await pool.end();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

test('a goodbye to a database that hangs does not wait for its answer', async () => {
  const held: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    held.push(socket);
    // It greets, takes the session's settings and stands still.
    let answers = 2;
    socket.on('data', () => answers-- > 0 && socket.write(welcome));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const database = {
    ...{ config: { host: '127.0.0.1', port, user: 'sw', database: 'sw' }, embedded: false, name: 'test' },
    sockets: new Set<Socket>(),
  };
  const pool = openPool(database, 60_000, () => undefined);
  const client = await pool.connect();
  expect(database.sockets.size).toBe(1);
  const query = client.query('select 1').catch(() => 'cut');
  const goodbye = pool.end();
  cutConnections(database);
  expect(await query).toBe('cut');
  client.release(true);
  await goodbye;
  expect(database.sockets.size).toBe(0);
  for (const socket of held) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

test('a query for reading or upkeep that gets no answer at all is given up, whoever else waits', async () => {
  const held: Socket[] = [];
  const server = createServer((socket) => {
    held.push(socket);
    socket.once('data', () => socket.write(welcome));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const config = { host: '127.0.0.1', port, user: 'sw', database: 'sw' };
  const database = { config, embedded: true, name: 'test', sockets: new Set<Socket>() };
  const pool = openPool(database, 1, () => undefined);
  await expect(pool.query('select 1')).rejects.toThrow('Query read timeout');
  const goodbye = pool.end();
  cutConnections(database);
  await goodbye;
  for (const socket of held) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

if (native) {
  const asked = `select current_setting('tcp_keepalives_idle') as idle, current_setting('tcp_keepalives_interval') as "every",
    current_setting('tcp_keepalives_count') as probes, current_setting('tcp_user_timeout') as unheard,
    current_setting('idle_in_transaction_session_timeout') as silent, current_setting('synchronous_commit') as commit,
    current_setting('statement_timeout') as deadline, current_setting('timezone') as zone, current_setting('jit') as jit`;
  const missedSoon = { idle: '15', every: '5', probes: '3', unheard: '30000', silent: '7s', commit: 'on' };
  const ours = { deadline: '7s', zone: 'UTC', jit: 'off' };

  test('a session that a power cut leaves on the server ends soon, and its commits last', async () => {
    const base = await makeTestDatabase();
    const { database } = await openRealDatabase(base.url!);
    const pool = openPool(database, 7000, () => undefined);
    try {
      const name = new URL(base.url!).pathname.slice(1);
      await pool.query(`alter database ${name} set synchronous_commit = off`);
      const other = openPool(database, 7000, () => undefined);
      expect((await other.query(asked)).rows).toEqual([{ ...missedSoon, ...ours }]);
      await other.end();
    } finally {
      await pool.end();
      await base.remove();
    }
  });

  test('a database that another session writes to is away for a while, and who it is is told', async () => {
    const base = await makeTestDatabase();
    const { database } = await openRealDatabase(base.url!);
    const writer = () =>
      new Writer({
        ...{ database, intake: new Intake(testConfig(), systemClock), ledger: { ...emptyLedger }, deadlineMs: 7000 },
        ...{ clock: systemClock, log: () => undefined, onStored: () => undefined, onChange: () => undefined },
        ...{ beforeRegions: () => Promise.resolve(), onBehind: () => undefined, onLost: () => undefined },
      });
    const first = writer();
    const second = writer();
    try {
      await first.open();
      const error = await second.open().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'DATABASE_IN_USE' });
      expect(String(error)).toMatch(
        /another server writes to .* \(from \S+ since \d{4}-.*Z\): end it, or .* ends it within/,
      );
      expect(saysAway(error)).toBe(true);
    } finally {
      await second.close();
      await first.close();
      await base.remove();
    }
  });
}
