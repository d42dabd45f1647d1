import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { CopyBuffer } from '../../server/store/copy-buffer.ts';
import { type Copy, copyIn } from '../../server/store/copy-in.ts';
import { openPlainDatabase, type PlainDatabase } from './tools/plain-database.ts';
import { native } from './tools/test-database.ts';

let database: PlainDatabase;
let client: pg.PoolClient;

beforeAll(async () => {
  database = await openPlainDatabase();
  client = await database.pool.connect();
  await client.query('create table one (n integer check (n < 1000000))');
  await client.query('create table two (n integer)');
});
beforeEach(() => client.query('truncate one, two'));
afterAll(async () => {
  client.release();
  await database.remove();
});

function numbers(table: string, from: number, to: number): Copy {
  const rows = new CopyBuffer();
  for (let n = from; n < to; n++) {
    rows.row(1, 8);
    rows.int4(n);
  }
  return { table, columns: 'n', rows: rows.finished() };
}

const copy = (...copies: Copy[]) => copyIn(client as unknown as pg.Client, copies);
const held = async (table: string) =>
  (await client.query(`select count(*) as n, coalesce(sum(n), 0) as sum from ${table}`)).rows[0];

test('rows go out with their statement, more of them than a socket takes at once', async () => {
  await copy(numbers('one', 0, 300_000));
  expect(await held('one')).toEqual({ n: 300_000, sum: (300_000 * 299_999) / 2 });
});

test('a table that refuses a row rejects the copy, and the connection goes on', async () => {
  await expect(copy(numbers('one', 900_000, 1_000_010))).rejects.toMatchObject({ code: '23514' });
  await expect(copy(numbers('nowhere', 0, 100_000))).rejects.toMatchObject({ code: '42P01' });
  await copy(numbers('one', 7, 8));
  expect(await held('one')).toEqual({ n: 1, sum: 7 });
});

test('in a transaction that has failed, nothing of a copy is stored', async () => {
  await client.query('begin');
  await expect(client.query('select 1 / 0')).rejects.toMatchObject({ code: '22012' });
  await expect(copy(numbers('one', 0, 100_000))).rejects.toMatchObject({ code: '25P02' });
  expect((await client.query('commit')).command).toBe('ROLLBACK');
  expect(await held('one')).toEqual({ n: 0, sum: 0 });
});

if (native) {
  // The embedded database takes one COPY a query.
  test('several tables are one query: all of it is stored, or nothing', async () => {
    await copy(numbers('one', 0, 50_000), numbers('two', 0, 50_000), numbers('one', 50_000, 50_001));
    expect(await held('one')).toEqual({ n: 50_001, sum: (50_001 * 50_000) / 2 });
    expect(await held('two')).toEqual({ n: 50_000, sum: (50_000 * 49_999) / 2 });
    await expect(
      copy(numbers('two', 1, 2), numbers('one', 900_000, 1_000_010), numbers('two', 0, 90_000)),
    ).rejects.toMatchObject({ code: '23514' });
    expect(await held('one')).toMatchObject({ n: 50_001 });
    expect(await held('two')).toMatchObject({ n: 50_000 });
  });
}
