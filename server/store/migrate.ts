/**
 * Numbered SQL files, applied in order, once each. Every file runs in one transaction with its row in the table
 * `migration`; one whose first line is `-- no transaction` runs statement by statement (what refuses a transaction
 * block, such as refreshing an aggregate), and each of its statements must bear being run again.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { heardElsewhere, messageOf, UserError } from '../errors.ts';
import { projectRoot } from '../root.ts';
import { splitStatements } from './sql-text.ts';

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
  readonly transactional: boolean;
}

const migrationFolder = join(projectRoot, 'sql');
const fileName = /^(\d{3})-[a-z0-9-]+\.sql$/;
const noTransaction = /^-- no transaction\r?\n/;

/** Key of the advisory lock that servers take turns by on a real database: 'sgwl' and a number. */
const advisoryKey = [0x7367776c, 1] as const;

export function readMigrations(folder = migrationFolder): Migration[] {
  const names = readdirSync(folder)
    .filter((name) => fileName.test(name))
    .sort();
  return names.map((name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    return {
      number: Number(fileName.exec(name)![1]),
      name,
      text,
      checksum: createHash('sha256').update(text).digest('hex'),
      transactional: !noTransaction.test(text),
    };
  });
}

const createLedger = `create table if not exists migration (
  number integer primary key,
  name text not null,
  checksum text not null,
  applied_at timestamptz not null default now()
)`;

/**
 * Applies what is missing. Servers that come at the same time take turns: by an advisory lock on a real database
 * (the embedded one has a single session), and within each transaction by the lock on the table.
 *
 * @param onStep is told what is waited for from now on
 * @returns the names of the files that this call applied
 * @throws UserError MIGRATION_CHANGED, DATABASE_NEWER, MIGRATION_FAILED
 */
export async function migrate(
  client: pg.ClientBase,
  embedded: boolean,
  migrations = readMigrations(),
  onStep: (what: string) => void = () => undefined,
): Promise<string[]> {
  onStep('another server, or what a power cut has left of one, is at the schema: waiting');
  if (!embedded) await client.query('select pg_advisory_lock($1, $2)', [...advisoryKey]);
  try {
    await client.query(createLedger);
    const applied: string[] = [];
    for (const migration of migrations) {
      onStep(`at sql/${migration.name}, or waiting for another program to let go of the table migration,`);
      if (await apply(client, migration, migrations)) applied.push(migration.name);
    }
    return applied;
  } finally {
    if (!embedded) await client.query('select pg_advisory_unlock($1, $2)', [...advisoryKey]);
  }
}

async function apply(client: pg.ClientBase, migration: Migration, all: readonly Migration[]): Promise<boolean> {
  await client.query('begin');
  try {
    await client.query('lock table migration in access exclusive mode');
    const { rows } = await client.query<{ number: number; name: string; checksum: string }>(
      'select number, name, checksum from migration order by number',
    );
    checkLedger(rows, all);
    if (rows.some((row) => row.number === migration.number)) {
      await client.query('commit');
      return false;
    }
    if (migration.transactional) {
      await client.query(migration.text);
      await note(client, migration);
      await client.query('commit');
      return true;
    }
    await client.query('commit');
    for (const statement of splitStatements(migration.text)) await client.query(statement);
    await note(client, migration);
    return true;
  } catch (error) {
    await rollback(client);
    if (error instanceof UserError) throw error;
    throw new UserError('MIGRATION_FAILED', `sql/${migration.name} failed: ${messageOf(error)}`, { cause: error });
  }
}

/** A connection that is lost can't roll back, and need not: the database does. */
async function rollback(client: pg.ClientBase): Promise<void> {
  await client.query('rollback').catch(heardElsewhere);
}

async function note(client: pg.ClientBase, migration: Migration): Promise<void> {
  await client.query('insert into migration (number, name, checksum) values ($1, $2, $3) on conflict do nothing', [
    migration.number,
    migration.name,
    migration.checksum,
  ]);
}

function checkLedger(rows: { number: number; name: string; checksum: string }[], all: readonly Migration[]): void {
  for (const row of rows) {
    const migration = all.find((each) => each.number === row.number);
    if (migration === undefined) {
      throw new UserError(
        'DATABASE_NEWER',
        `the database has ${row.name}, which this version lacks: update Signalwall`,
      );
    }
    if (migration.checksum !== row.checksum) {
      throw new UserError(
        'MIGRATION_CHANGED',
        `sql/${migration.name} differs from what this database was made with: restore the file, and put changes into a new one`,
      );
    }
  }
}
