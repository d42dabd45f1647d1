import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { EmbeddedDatabase } from '../../server/store/embedded/embedded-database.ts';
import { migrate, readMigrations } from '../../server/store/migrate.ts';
import { makeTestDatabase, native, type TestDatabase } from '../store/tools/test-database.ts';

let base: TestDatabase;
let embedded: EmbeddedDatabase | null = null;
let folder: string;
const clients: pg.Client[] = [];

async function client(): Promise<pg.Client> {
  const made = new pg.Client(
    embedded === null
      ? { connectionString: base.url }
      : { host: embedded.socketFolder, port: 5432, user: 'postgres', database: 'postgres' },
  );
  await made.connect();
  clients.push(made);
  return made;
}

const apply = async (of: pg.Client, from: string) => migrate(of, !native, readMigrations(from));
const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const tables = async (of: pg.Client, ...names: string[]) => {
  const { rows } = await of.query('select to_regclass(name) is not null as there from unnest($1::text[]) as name', [
    names,
  ]);
  return rows.map((row) => row.there);
};

beforeAll(async () => {
  base = await makeTestDatabase();
  if (!native) {
    embedded = await EmbeddedDatabase.open({
      folder: join(base.dataDir, 'sim', 'pg'),
      deadlineMs: 60_000,
      log: () => undefined,
      progress: () => undefined,
    });
  }
  const setup = await client();
  await setup.query('create extension if not exists timescaledb');
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sw-sql-'));
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  const cleaner = await client();
  await cleaner.query('drop table if exists one, two, ten');
  await cleaner.query('drop table if exists migration');
  await Promise.all(clients.splice(0).map((each) => each.end()));
});
afterAll(async () => {
  await embedded?.close();
  await base.remove();
});

test('every migration opens with grain, unit and time basis, and the numbers have no gap', () => {
  const migrations = readMigrations();
  expect(migrations.map(({ number }) => number)).toEqual(migrations.map((_, i) => i + 1));
  for (const { name, text } of migrations) {
    expect(text.slice(0, 40), name).toMatch(/^(-- no transaction\n)?-- Grain: /);
    expect(text, name).toMatch(/^-- Unit: /m);
    expect(text, name).toMatch(/^-- Time: /m);
  }
});

test('applies in order what is missing, once', async () => {
  write('001-one.sql', 'create table one (a integer);');
  write('010-ten.sql', 'insert into two values (10); create table ten (a integer);');
  write('002-two.sql', 'create table two (a integer);');
  write('readme.md', 'no migration');
  const one = await client();
  await one.query('drop table if exists migration');
  expect(await apply(one, folder)).toEqual(['001-one.sql', '002-two.sql', '010-ten.sql']);
  expect(await apply(one, folder)).toEqual([]);
  expect((await one.query('select count(*)::integer as n from two')).rows).toEqual([{ n: 1 }]);
});

test('applies each file once when two servers start at the same time', async () => {
  const one = await client();
  await one.query('drop table if exists migration');
  write('001-one.sql', 'create table one (a integer);');
  write('002-two.sql', 'create table two (a integer); insert into two values (1);');
  const [a, b] = await Promise.all([apply(await client(), folder), apply(await client(), folder)]);
  expect([...a, ...b].sort()).toEqual(['001-one.sql', '002-two.sql']);
  expect((await one.query('select count(*)::integer as n from two')).rows).toEqual([{ n: 1 }]);
});

test('undoes a file that fails as a whole, and says which one and why', async () => {
  const one = await client();
  await one.query('drop table if exists migration');
  write('001-one.sql', 'create table one (a integer);');
  write('002-two.sql', 'create table two (a integer); insert into nowhere values (1);');
  await expect(apply(one, folder)).rejects.toMatchObject({
    code: 'MIGRATION_FAILED',
    message: expect.stringMatching(/002-two\.sql.*nowhere/),
  });
  expect(await tables(one, 'one', 'two')).toEqual([true, false]);
  write('002-two.sql', 'create table two (a integer);');
  expect(await apply(one, folder)).toEqual(['002-two.sql']);
});

test('runs statements that refuse a transaction block one by one', async () => {
  const one = await client();
  await one.query('drop table if exists migration');
  const refusing = `create table if not exists one (a integer);\n-- a; comment\nvacuum one;`;
  write('001-one.sql', refusing);
  await expect(apply(one, folder)).rejects.toMatchObject({ code: 'MIGRATION_FAILED' });
  write('001-one.sql', `-- no transaction\n${refusing}`);
  expect(await apply(one, folder)).toEqual(['001-one.sql']);
  expect(await apply(one, folder)).toEqual([]);
});

test('refuses a file that was changed after it was applied, and a database from a newer version', async () => {
  const one = await client();
  await one.query('drop table if exists migration');
  write('001-one.sql', 'create table one (a integer);');
  await apply(one, folder);
  write('001-one.sql', 'create table one (a bigint);');
  await expect(apply(one, folder)).rejects.toMatchObject({ code: 'MIGRATION_CHANGED' });
  rmSync(join(folder, '001-one.sql'));
  write('002-two.sql', 'create table two (a integer);');
  await expect(apply(one, folder)).rejects.toMatchObject({ code: 'DATABASE_NEWER' });
});
