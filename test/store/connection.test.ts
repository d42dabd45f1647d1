import { type AddressInfo, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { cutConnections, openPool, parseTimestampUs, timestampUs, transaction } from '../../server/store/connection.ts';

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
    // It greets, answers one query and stands still.
    socket.once('data', () => socket.write(welcome));
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
