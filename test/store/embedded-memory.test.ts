import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, expect, test } from 'vitest';
import { EmbeddedDatabase } from '../../server/store/embedded/embedded-database.ts';
import { templateFolder } from './tools/test-database.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  while (closing.length > 0) await closing.pop()!();
});

test('a statement that wants more memory than the embedded database may have fails, and the instance goes on', async () => {
  const base = mkdtempSync(join(tmpdir(), 'sw-memory-'));
  closing.push(() => rmSync(base, { recursive: true, force: true }));
  cpSync(join(await templateFolder(), 'sim', 'pg'), join(base, 'pg'), { recursive: true });
  const database = await EmbeddedDatabase.open({
    ...{ folder: join(base, 'pg'), deadlineMs: 120_000, memoryBytesMax: 2 ** 28 },
    ...{ log: () => undefined, progress: () => undefined },
  });
  closing.push(() => database.close());
  const client = new pg.Client({ host: database.socketFolder, port: 5432, user: 'anyone', database: 'any' });
  await client.connect();
  closing.push(() => client.end());
  const gather = (mebibytes: number) =>
    client.query(`select length(string_agg(repeat('x', 1024), '')) as n from generate_series(1, ${mebibytes} * 1024)`);
  expect((await gather(8)).rows).toEqual([{ n: 8 * 2 ** 20 }]);
  await expect(gather(200)).rejects.toMatchObject({ code: '53200' });
  expect((await client.query('select 6 * 7 as n')).rows).toEqual([{ n: 42 }]);
  expect(database.restarts).toBe(0);
}, 120_000);
