import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, expect, test } from 'vitest';
import { hourUs, minuteUs } from '../../server/clock.ts';
import { heardElsewhere } from '../../server/errors.ts';
import { pause } from '../../server/store/pause.ts';
import type { Store } from '../../server/store/types.ts';
import { giveTo } from './tools/give.ts';
import { makeCells, makeEvents, makeGauges, startUs } from './tools/synthetic.ts';
import { type Lines, makeTestDatabase, native, type TestDatabase } from './tools/test-database.ts';

const never = new AbortController().signal;
let base: TestDatabase | undefined;
let open: Store[] = [];

afterEach(async () => {
  for (const store of open) await store.close();
  open = [];
  await base?.remove();
});

async function start(options: Parameters<TestDatabase['open']>[0] = {}): Promise<Store> {
  base ??= await makeTestDatabase();
  const store = await base.open(options);
  open.push(store);
  return store;
}

async function stop(): Promise<void> {
  for (const store of open.splice(0)) await store.close();
}

test('makes a database from nothing, says each step, and finds it again', async () => {
  base = await makeTestDatabase(false);
  const lines: Lines = [];
  const store = await start({ lines });
  expect(store.status).toEqual({ state: 'up', lagMs: 0, queuedRows: 0, droppedRows: 0, error: '' });
  expect(store.version).toMatch(/^PostgreSQL 1\d.* TimescaleDB 2\./);
  expect(lines.filter((line) => line.includes('applied sql/')).length).toBeGreaterThanOrEqual(3);
  await stop();
  const again: Lines = [];
  await start({ lines: again });
  expect(again.filter((line) => line.includes('applied'))).toEqual([]);
});

test('keeps compressed rows and aggregates over a restart, and goes on behind the last row', async () => {
  base = await makeTestDatabase();
  let store = await start();
  await store.saveCells(makeCells(40));
  let give = giveTo(store);
  const old = makeEvents(2_000, startUs, 2 * hourUs);
  give.events(old, 0, old.n);
  give.eventClock(startUs + 30 * hourUs);
  await store.maintain();
  const compressed = 'select count(*) as n from timescaledb_information.chunks where is_compressed';
  expect(await store.sql(compressed)).toEqual([{ n: 1 }]);
  const traffic = 'select * from cell_traffic_1h order by bucket, cell_id';
  const before = await store.sql(traffic);
  await stop();

  store = await start();
  expect(await store.sql('select count(*) as n from event')).toEqual([{ n: 2_000 }]);
  expect(await store.sql(compressed)).toEqual([{ n: 1 }]);
  expect(await store.sql(traffic)).toEqual(before);
  expect(store.ledger).toMatchObject({ journal: 'test', offset: give.to, eventUs: old.timeUs[old.n - 1] });
  expect(store.held.positions).toMatchObject([{ identity: 'test', seq: 2_000, eventUs: old.timeUs[old.n - 1] }]);
  give = giveTo(store);
  const more = makeEvents(100, startUs + 31 * hourUs, minuteUs, 40, 9_000);
  give.events(more, 0, more.n);
  await store.flush();
  expect(await store.sql('select count(*) as n from event')).toEqual([{ n: 2_100 }]);
  expect(await store.loadCells()).toEqual(makeCells(40));
});

test('what one run did not refresh is refreshed by the next', async () => {
  base = await makeTestDatabase();
  let store = await start();
  let give = giveTo(store);
  const events = makeEvents(500, startUs, 10 * minuteUs);
  give.events(events, 0, events.n);
  await store.flush();
  await stop();
  store = await start();
  give = giveTo(store);
  give.eventClock(startUs + 3 * hourUs);
  await store.maintain();
  const [{ name }] = await store.sql<{ name: string }>(
    `select format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name) as name
     from timescaledb_information.continuous_aggregates where view_name = 'event_traffic_1h'`,
  );
  const [sums] = await store.sql(
    `select (select sum(units) from ${name}) as materialised, (select count(*) from event where flags & 4 <> 0) as plain`,
  );
  expect(sums).toEqual({ materialised: (sums as { plain: number }).plain, plain: expect.any(Number) });
});

test('refuses a database that holds another network, and leaves it as it is', async () => {
  base = await makeTestDatabase();
  const store = await start({ network: 'sim' });
  if (!native) {
    // Each network has a folder of its own: the clash is only possible by hand.
    await store.sql(`update meta set value = 'live'`);
  }
  await stop();
  await expect(start({ network: native ? 'live' : 'sim' })).rejects.toMatchObject({
    code: 'NETWORK_MISMATCH',
    message: expect.stringMatching(
      native
        ? /holds the simulated city 'sim', and this is a real network: use another database or folder/
        : /holds a real network, and this is the simulated city 'sim': use another database or folder/,
    ),
  });
});

if (!native) {
  test('refuses a folder in use by this process and by another, naming both', async () => {
    base = await makeTestDatabase();
    await start();
    const folder = join(base.dataDir, 'sim', 'pg');
    await expect(base.open()).rejects.toMatchObject({
      code: 'DATA_IN_USE',
      message: expect.stringContaining(`${folder} is in use by process ${process.pid}`),
    });
    await stop();
    expect(existsSync(`${folder}.lock`)).toBe(false);
  });

  test('takes over the folder of a process that was killed, with its stale files', async () => {
    base = await makeTestDatabase();
    const folder = join(base.dataDir, 'sim', 'pg');
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    writeFileSync(
      `${folder}.lock`,
      JSON.stringify({ pid: gone, host: (await import('node:os')).hostname(), started: '', socketFolder: '' }),
    );
    writeFileSync(join(folder, 'postmaster.pid'), '');
    mkdirSync(`${folder}.new`);
    const store = await start();
    expect(await store.sql('select 1 as n')).toEqual([{ n: 1 }]);
    expect(JSON.parse(readFileSync(`${folder}.lock`, 'utf8')).pid).toBe(process.pid);
  });

  test('a folder that holds something else is left alone, with one line that says so', async () => {
    base = await makeTestDatabase(false);
    const folder = join(base.dataDir, 'sim', 'pg');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'precious.txt'), 'x');
    await expect(base.open()).rejects.toMatchObject({
      code: 'DATABASE_BROKEN',
      message: expect.stringMatching(/can't be opened .*: move .* away/),
    });
    expect(readFileSync(join(folder, 'precious.txt'), 'utf8')).toBe('x');
  });

  test('an instance lost while running is started anew; rows wait, nothing is lost or doubled', async () => {
    base = await makeTestDatabase();
    const lines: Lines = [];
    const store = await start({ lines, config: { databaseDeadlineMs: 2_000 } });
    const give = giveTo(store);
    for (let i = 0; i < 20; i++) {
      const batch = makeEvents(1_000, startUs + i * minuteUs, minuteUs, 40, i * 1_000);
      await store.whenReady();
      give.events(batch, 0, batch.n);
      if (i % 5 === 0) give.gauges(makeGauges(startUs + i * minuteUs, 10, 0));
      // A deep expression overflows the stack of the instance: it traps, or hangs until its deadline.
      if (i === 10) await store.sql(`select ${Array(300).fill('(1 + random())').join(' + ')}`).catch(heardElsewhere);
      await pause(20, never);
    }
    await store.flush();
    expect(await store.sql('select count(*) as n, count(distinct sub) as subs from event')).toEqual([
      { n: 20_000, subs: 20_000 },
    ]);
    expect(await store.sql('select count(*) as n from city_gauge')).toEqual([{ n: 4 }]);
    expect(store.status).toMatchObject({ state: 'up', error: '', droppedRows: 0 });
    expect(lines.some((line) => line.includes('instance was lost'))).toBe(true);
  });
}

test('asks feeds to wait when the queue is long, and lets them go on', async () => {
  base = await makeTestDatabase();
  const store = await start({ config: { storeRowsMax: 10_000 } });
  const give = giveTo(store);
  expect(store.room).toBe(true);
  const batch = makeEvents(11_000, startUs, minuteUs);
  give.events(batch, 0, batch.n);
  expect(store.room).toBe(false);
  expect(store.status.queuedRows).toBe(11_000);
  expect(store.status.lagMs).toBeGreaterThan(0);
  await store.whenRoom();
  expect(store.room).toBe(true);
  await store.flush();
  expect(store.status).toMatchObject({ queuedRows: 0, lagMs: 0, droppedRows: 0 });
});

if (native) {
  test('upkeep goes on while those who ask hold all of their connections', async () => {
    base = await makeTestDatabase();
    const store = await start();
    const asking = Array.from({ length: 6 }, () => store.sql('select pg_sleep(3)'));
    const free = store.saveCells([]).then(() => 'saved');
    expect(await Promise.race([free, ...asking.map((each) => each.then(() => 'asked'))])).toBe('saved');
    await Promise.all(asking);
  });

  test('says what it waits for when another session is at the schema, again and again', async () => {
    base = await makeTestDatabase(false);
    const other = new pg.Client({ connectionString: base.url });
    await other.connect();
    // 'sgwl' and 1, as in migrate.ts.
    await other.query('select pg_advisory_lock($1, $2)', [0x7367776c, 1]);
    const lines: Lines = [];
    const opening = start({ lines });
    while (!lines.some((line) => /another server, or what .* at the schema: waiting for 10 s by now$/.test(line)))
      await pause(50, never);
    await other.end();
    await opening;
    expect(lines.some((line) => line.includes('applied sql/'))).toBe(true);
  });
}
