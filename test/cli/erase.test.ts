import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eraseCommand } from '../../server/cli/erase.ts';
import { keptHolders, keptOptOuts } from '../../server/cli/opt-out-file.ts';
import { loadOrCreateKey } from '../../server/privacy/key-file.ts';
import { storedForm } from '../../server/privacy/opt-outs.ts';
import { Pseudonymiser } from '../../server/privacy/pseudonymiser.ts';
import { giveTo } from '../store/tools/give.ts';
import { makeEvents, startUs } from '../store/tools/synthetic.ts';
import { makeTestDatabase, native, type TestDatabase } from '../store/tools/test-database.ts';
import { bundle } from '../tools/bundle.ts';
import { hearCommand } from '../tools/heard-command.ts';
import { root } from '../tools/shared-inputs.ts';

const imsis = ['001010000000001', '001010000000002'];
const heard = hearCommand('erase');

const { DATABASE_URL: given } = process.env;
let base: TestDatabase;
beforeEach(async () => {
  base = await makeTestDatabase();
  process.env.DATABASE_URL = base.url ?? '';
});
afterEach(async () => {
  if (given === undefined) delete process.env.DATABASE_URL;
  else process.env.DATABASE_URL = given;
  await base.remove();
});

const pseudonymiser = (data = base.dataDir) => new Pseudonymiser(loadOrCreateKey(join(data, 'keys')));

function erase(identity: string, data = base.dataDir): Promise<number> {
  const path = join(heard.folder, 'list.csv');
  writeFileSync(path, `${identity}\n`);
  return eraseCommand.run(['--opt-outs', path, '--data', data]);
}

test('removes what is stored of an identity, and of no other, and says how much', async () => {
  const subs = imsis.map((imsi) => storedForm(pseudonymiser().hex('imsi', imsi).slice(0, 16)));
  const store = await base.open();
  await store.sql(
    `insert into stay (first_out, first_in, last_in, sub, cell_id, plmn, events, to_cell)
     select '2026-03-10', '2026-03-09', '2026-03-09', sub, 1, 0, 2, -1 from unnest($1::bigint[]) sub`,
    [subs],
  );
  await store.close();
  expect(await erase(imsis[0])).toBe(0);
  expect(heard.said[0]).toBe('opted out: 1 identity added, 1 identity in all\n');
  expect(heard.said.find((line) => line.startsWith('  stay '))).toMatch(/^ {2}stay +1 row removed\n$/);
  expect(heard.said.join('')).not.toMatch(/\d{7}/);
  const after = await base.open();
  expect(await after.sql('select sub::text as sub from stay')).toEqual([{ sub: subs[1] }]);
  await after.close();
});

test('by a number goes who was told to have it last, but not who was told another one since: that is said', async () => {
  const hexOf = (domain: 'imsi' | 'msisdn', text: string) => storedForm(pseudonymiser().hex(domain, text).slice(0, 16));
  const numbers = ['8613900130001', '8613900130002', '8613900130003'];
  const [lost, kept, other] = numbers.map((number) => hexOf('msisdn', number));
  const [moved, holds] = imsis.map((imsi) => hexOf('imsi', imsi));
  const store = await base.open();
  const told = (sub: string, value: string, day: number) =>
    store.sql(
      'insert into identity_told (ts, sub, value, plmn, type_allocation_code, kind) values ($1, $2, $3, 0, 0, 1)',
      [`2026-03-0${day}`, sub, value],
    );
  await told(moved, lost, 1);
  await told(moved, other, 2);
  await told(holds, kept, 1);
  await store.sql(
    `insert into stay (first_out, first_in, last_in, sub, cell_id, plmn, events, to_cell)
     select '2026-03-10', '2026-03-09', '2026-03-09', sub, 1, 0, 2, -1 from unnest($1::bigint[]) sub`,
    [[moved, holds]],
  );
  await store.close();
  const spared = /^1 subscriber told to have one of the numbers, and another number since, .* not erased: .* the IMSI/;
  const eraseStays = async (list: string) => {
    const from = heard.said.length;
    expect(await erase(list)).toBe(0);
    const said = heard.said.slice(from);
    return [said.find((line) => line.startsWith('  stay '))?.split(/ {2,}/)[2], said.some((line) => spared.test(line))];
  };
  expect(await eraseStays(`${numbers[0]}\n${numbers[1]}`)).toEqual(['1 row removed\n', true]);
  // What told whose the number was is gone by now: the folder's list knows it. It has opted out all the same.
  expect(keptHolders(base.dataDir).map(({ subscriber }) => storedForm(subscriber))).toContain(moved);
  expect(await eraseStays(numbers[0])).toEqual(['0 rows removed\n', true]);
  expect(await eraseStays(`${numbers[0]};${imsis[0]}`)).toEqual(['1 row removed\n', false]);
}, 180_000);

test('a database with a schema of before is left as it is, and what to do is told', async () => {
  const store = await base.open();
  await store.sql('drop table identity_told cascade');
  await store.close();
  pseudonymiser();
  await expect(erase(imsis[0])).rejects.toMatchObject({
    code: 'SCHEMA_OLD',
    message: expect.stringMatching(/lacks the table identity_told: start the server once/),
  });
});

test('a server that stores in a database of its own is not taken for one that stores nothing', async () => {
  process.env.DATABASE_URL = '';
  pseudonymiser(heard.data);
  mkdirSync(join(heard.data, 'live', 'journal'), { recursive: true });
  await expect(erase(imsis[0], heard.data)).rejects.toMatchObject({
    code: 'ERASE_DATABASE',
    message: expect.stringMatching(/data\/live has stored stands in a database of its own: .* DATABASE_URL/),
  });
  expect(keptOptOuts(heard.data, pseudonymiser(heard.data))).toHaveLength(1);
});

test('which databases of a data folder are not reached this time is told', async () => {
  await (await base.open()).close();
  pseudonymiser();
  const other = native ? join(base.dataDir, 'sim', 'pg') : join(base.dataDir, 'live', 'journal');
  mkdirSync(other, { recursive: true });
  expect(existsSync(join(base.dataDir, 'sim', 'pg'))).toBe(true);
  expect(await erase(imsis[0])).toBe(0);
  const told = native ? /sim\/pg is not touched: .* without DATABASE_URL/ : /live has stored .* with its DATABASE_URL/;
  expect(heard.said.filter((line) => told.test(line))).toHaveLength(1);
});

test('comes to its end though nobody reads what it says', async () => {
  pseudonymiser(heard.data);
  const built = join(root, 'node_modules', `.erase-test-${process.pid}.mjs`);
  const list = join(heard.folder, 'list.csv');
  writeFileSync(list, `${imsis[0]}\n`);
  try {
    await bundle(`import './server/cli/index.ts';`, built);
    const argv = [built, 'erase', '--opt-outs', list, '--data', heard.data];
    const child = spawn(process.execPath, argv, {
      env: { ...process.env, DATABASE_URL: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let errors = '';
    child.stderr.on('data', (bytes) => {
      errors += bytes;
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect([code, errors]).toEqual([0, '']);
  } finally {
    rmSync(built, { force: true });
  }
});

if (native) {
  test('a database that was filled from another data folder is told of: under another key nobody is found', async () => {
    const store = await base.open();
    giveTo(store).events(makeEvents(10, startUs, 1e6));
    await store.flush();
    await store.close();
    pseudonymiser();
    expect(await erase(imsis[0])).toBe(0);
    expect(heard.said.join('')).toMatch(
      /was filled from no journal of .*: under another pseudonym key nobody is found/,
    );
  });
}
