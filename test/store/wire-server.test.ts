import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { heardElsewhere } from '../../server/errors.ts';
import { EmbeddedDatabase } from '../../server/store/embedded/embedded-database.ts';
import { pause } from '../../server/store/pause.ts';
import { templateFolder } from './tools/test-database.ts';

const never = new AbortController().signal;
const ownerIdleMs = 1_500;

let base: string;
let database: EmbeddedDatabase;
const clients: pg.Client[] = [];
const lines: string[] = [];

async function client(): Promise<pg.Client> {
  const made = new pg.Client({ host: database.socketFolder, port: 5432, user: 'anyone', database: 'any' });
  made.on('error', () => undefined);
  await made.connect();
  clients.push(made);
  return made;
}

const numberOf = async (of: pg.Client, sql: string) => Number((await of.query(sql)).rows[0].n);

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'sw-wire-'));
  cpSync(join(await templateFolder(), 'sim', 'pg'), join(base, 'pg'), { recursive: true });
  database = await EmbeddedDatabase.open({
    folder: join(base, 'pg'),
    deadlineMs: ownerIdleMs,
    log: (level, line) => lines.push(`${level} ${line}`),
    progress: () => undefined,
  });
  const setup = await client();
  await setup.query('create table t (a integer, b text)');
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((each) => each.end()));
  const cleaner = await client();
  await cleaner.query('truncate t');
});
afterAll(async () => {
  await Promise.all(clients.splice(0).map((each) => each.end()));
  await database.close();
  rmSync(base, { recursive: true, force: true });
});

test('gives each of many clients its own answers', async () => {
  const many = await Promise.all(Array.from({ length: 12 }, client));
  await Promise.all(
    many.map(async (each, i) => {
      for (let n = 0; n < 15; n++) {
        const simple = await each.query(`select ${i} as i, ${n} as n`);
        expect(simple.rows).toEqual([{ i, n }]);
        const extended = await each.query('select $1::integer as i, repeat($2, 3) as x', [i, `${n}`]);
        expect(extended.rows).toEqual([{ i, x: `${n}${n}${n}` }]);
      }
    }),
  );
});

test('keeps the prepared statements of two clients apart, and lets go of them with their client', async () => {
  const [a, b] = [await client(), await client()];
  for (let round = 0; round < 3; round++) {
    expect((await a.query({ name: 'same', text: 'select $1::integer + 1 as n', values: [round] })).rows[0].n).toBe(
      round + 1,
    );
    expect((await b.query({ name: 'same', text: 'select $1::text as n', values: ['b'] })).rows[0].n).toBe('b');
  }
  expect(await numberOf(b, 'select count(*) as n from pg_prepared_statements')).toBe(2);
  await a.end();
  await pause(50, never);
  expect(await numberOf(b, 'select count(*) as n from pg_prepared_statements')).toBe(1);
});

test('lets a transaction own the session until it ends', async () => {
  const [a, b] = [await client(), await client()];
  await a.query('begin');
  await a.query('insert into t values (1)');
  let seen = -1;
  const other = numberOf(b, 'select count(*) as n from t').then((n) => {
    seen = n;
  });
  await pause(50, never);
  expect(seen).toBe(-1);
  await a.query('insert into t values (2)');
  await a.query('commit');
  await other;
  expect(seen).toBe(2);
});

test('reports an error inside a transaction, refuses more until its end, and serves others after it', async () => {
  const [a, b] = [await client(), await client()];
  await a.query('begin');
  await a.query('insert into t values (1)');
  await expect(a.query('select 1 / $1::integer', [0])).rejects.toMatchObject({ code: '22012' });
  await expect(a.query('select 1')).rejects.toMatchObject({ code: '25P02' });
  const other = numberOf(b, 'select count(*) as n from t');
  await a.query('rollback');
  expect(await other).toBe(0);
  await expect(a.query('select no_such_column from t where a = $1', [1])).rejects.toMatchObject({ code: '42703' });
  expect(await numberOf(a, 'select 7 as n')).toBe(7);
});

test('rolls back what a client leaves open when it vanishes', async () => {
  const [a, b] = [await client(), await client()];
  await a.query('begin');
  await a.query('insert into t values (1)');
  const other = numberOf(b, 'select count(*) as n from t');
  (a as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  expect(await other).toBe(0);
});

test('cuts off a client that leaves a transaction open without a statement', async () => {
  const [a, b] = [await client(), await client()];
  await a.query('begin');
  await a.query('insert into t values (1)');
  expect(await numberOf(b, 'select count(*) as n from t')).toBe(0);
  await expect(a.query('commit')).rejects.toThrow();
});

test('takes COPY FROM STDIN from two clients at once, in pieces of any size', async () => {
  const copy = async (from: pg.Client, first: number) => {
    const stream = from.query(copyFrom('copy t (a, b) from stdin'));
    for (let i = 0; i < 3_000; i++) {
      const line = `${first + i}\t${'x'.repeat(i % 90)}\n`;
      stream.write(line.slice(0, 2));
      stream.write(line.slice(2));
    }
    stream.end();
    await finished(stream);
  };
  const [a, b] = [await client(), await client()];
  await Promise.all([copy(a, 0), copy(b, 10_000), numberOf(await client(), 'select count(*) as n from t')]);
  let bytes = 0;
  for (let i = 0; i < 3_000; i++) bytes += 2 * (i % 90);
  const sums = await a.query(
    'select count(*)::integer as n, sum(a)::integer as s, sum(length(b))::integer as bytes from t',
  );
  expect(sums.rows).toEqual([{ n: 6_000, s: 2_999 * 3_000 + 3_000 * 10_000, bytes }]);
});

test('survives a COPY with bad data, one into a missing table, and one given up by the client', async () => {
  const a = await client();
  const attempt = async (sql: string, data: string) => {
    const stream = a.query(copyFrom(sql));
    stream.end(data);
    await finished(stream);
  };
  await expect(attempt('copy t (a, b) from stdin', '1\tx\nnot a number\ty\n')).rejects.toMatchObject({ code: '22P02' });
  await expect(attempt('copy missing from stdin', '1\n'.repeat(50_000))).rejects.toMatchObject({ code: '42P01' });
  const given = a.query(copyFrom('copy t (a, b) from stdin'));
  given.write('1\tx\n');
  given.destroy();
  await finished(given).catch(heardElsewhere);
  expect(await numberOf(await client(), 'select count(*) as n from t')).toBe(0);
  expect(database.restarts).toBe(0);
});

test('gives COPY TO STDOUT', async () => {
  const a = await client();
  await a.query(`insert into t select i, 'x' from generate_series(1, 5) i`);
  let text = '';
  for await (const piece of a.query(copyTo('copy t (a) to stdout'))) text += String(piece);
  expect(text).toBe('1\n2\n3\n4\n5\n');
});

test('refuses what would change the shared session, and COPY where it would end the instance', async () => {
  const a = await client();
  await expect(a.query("set timezone = 'PRC'")).rejects.toMatchObject({ code: '0A000' });
  await expect(a.query('begin; copy t from stdin')).rejects.toMatchObject({ code: '0A000' });
  await expect(a.query('select pg_advisory_lock($1)', [1])).rejects.toMatchObject({ code: '0A000' });
  expect((await a.query('show timezone')).rows).toEqual([{ TimeZone: 'UTC' }]);
});

test('answers a refused statement at once, in and outside of a transaction, and the connection goes on', async () => {
  const a = await client();
  for (const refused of [
    'set statement_timeout = 0',
    'SET search_path TO public',
    `select set_config('a.b', '1', false)`,
  ])
    for (const values of [undefined, []])
      await expect(a.query(refused, values)).rejects.toMatchObject({ code: '0A000' });
  await a.query('begin');
  await expect(a.query('set enable_sort = off', [])).rejects.toMatchObject({ code: '0A000' });
  await a.query('rollback');
  const other = await client();
  expect(await numberOf(other, 'select 7 as n')).toBe(7);
  expect(await numberOf(a, 'select 8 as n')).toBe(8);
});

test('understands messages that come byte by byte, and refuses what is none', async () => {
  const path = join(database.socketFolder, '.s.PGSQL.5432');
  const body = Buffer.from('user\0x\0\0');
  const startup = Buffer.alloc(8);
  startup.writeInt32BE(8 + body.length, 0);
  startup.writeInt32BE(196_608, 4);
  const query = Buffer.from('Q\0\0\0\x12select 40 + 2\0', 'latin1');
  const slow = connect(path);
  let answer = '';
  slow.on('data', (piece) => {
    answer += piece.toString('latin1');
  });
  for (const byte of Buffer.concat([startup, body, query])) slow.write(Buffer.from([byte]));
  while (!answer.includes('SELECT 1')) await pause(5, never);
  expect(answer).toContain('42');
  slow.destroy();

  const http = connect(path);
  const closed = new Promise((resolve) => http.on('close', resolve));
  http.on('data', () => undefined);
  http.write('GET / HTTP/1.1\r\nHost: here\r\n\r\n');
  await closed;
  expect(await numberOf(await client(), 'select 1 as n')).toBe(1);
});

test('ends an instance whose statement passes the deadline, and starts it anew', async () => {
  const a = await client();
  await a.query(`insert into t values (1, 'kept')`);
  await expect(a.query('select count(*) from generate_series(1, 100000000000)')).rejects.toThrow();
  expect(lines.some((line) => line.includes('took more than'))).toBe(true);
  let b: pg.Client | undefined;
  while (b === undefined) b = await client().catch(() => pause(50, never).then(() => undefined));
  expect(await numberOf(b, 'select count(*) as n from t')).toBe(1);
  expect(database.restarts).toBe(1);
});
