import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { minuteUs, systemClock } from '../../server/clock.ts';
import type { Database } from '../../server/store/connection.ts';
import { EmbeddedDatabase } from '../../server/store/embedded/embedded-database.ts';
import { batchRowsMax, Intake } from '../../server/store/intake.ts';
import { emptyLedger, type LedgerRow, readLedger } from '../../server/store/ledger.ts';
import { pause } from '../../server/store/pause.ts';
import { Writer } from '../../server/store/writer.ts';
import { CuttingProxy } from './tools/cutting-proxy.ts';
import { makeEvents, makeGauges, makeStays, startUs } from './tools/synthetic.ts';
import { logTo, makeTestDatabase, native, type TestDatabase, testConfig } from './tools/test-database.ts';

const never = new AbortController().signal;

let base: TestDatabase;
let embedded: EmbeddedDatabase | null = null;
let target: pg.ClientConfig;
let proxy: CuttingProxy;
let pool: pg.Pool;
let lines: string[];
const writers: Writer[] = [];

beforeAll(async () => {
  base = await makeTestDatabase();
  if (native) {
    await (await base.open()).close();
    const { hostname, port, username, password, pathname } = new URL(base.url!);
    target = { host: hostname, port: Number(port), user: username, password, database: pathname.slice(1) };
  } else {
    embedded = await EmbeddedDatabase.open({
      folder: join(base.dataDir, 'sim', 'pg'),
      deadlineMs: 60_000,
      log: () => undefined,
      progress: () => undefined,
    });
    target = { host: embedded.socketFolder, port: 5432, user: 'postgres', database: 'postgres' };
  }
  pool = new pg.Pool(target);
  proxy = await CuttingProxy.open(target);
});
beforeEach(async () => {
  lines = [];
  proxy.cut = 'none';
  await pool.query('truncate event, cell_gauge, region_gauge, city_gauge, stay, ledger');
});
afterEach(async () => {
  for (const writer of writers.splice(0)) await writer.close(1_000);
});
afterAll(async () => {
  await proxy.close();
  await pool.end();
  await embedded?.close();
  await base.remove();
});

/** A server's intake and writer, as they are after a start on the database as it stands. */
async function start(
  settings: Record<string, unknown> = {},
  onStored: () => void = () => undefined,
): Promise<{ intake: Intake; writer: Writer }> {
  const config = testConfig(settings);
  const ledgers = await readLedger(pool);
  for (const [stream, row] of ledgers) ledgers.set(stream, numbers(row));
  const intake = new Intake(config, systemClock);
  const database: Database = { config: proxy.config, embedded: !native, name: 'proxy' };
  const writer = new Writer({
    database,
    intake,
    ledgers,
    deadlineMs: config.databaseDeadlineMs,
    clock: systemClock,
    log: logTo(lines),
    onStored,
    onChange: () => undefined,
  });
  await writer.open();
  writers.push(writer);
  intake.begin('s', ledgers.get('s') ?? emptyLedger);
  return { intake, writer };
}

/** This pool reads bigint as text, unlike the store's. */
const numbers = (row: LedgerRow) =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)])) as unknown as LedgerRow;

async function drained({ intake, writer }: { intake: Intake; writer: Writer }): Promise<void> {
  intake.seal();
  writer.wake();
  while (intake.rows > 0) await pause(10, never);
}

const count = async (table: string) => Number((await pool.query(`select count(*) as n from ${table}`)).rows[0].n);

for (const cut of ['before commit', 'after commit'] as const) {
  test(`nothing is lost or doubled when the connection breaks just ${cut}`, async () => {
    const running = await start();
    for (let i = 0; i < 6; i++) {
      const batch = makeEvents(1_000, startUs + i * minuteUs, minuteUs);
      proxy.cut = cut;
      running.intake.events(batch, 0, batch.n);
      running.intake.gauges(makeGauges(startUs + i * minuteUs, 20, 0));
      running.intake.stays(makeStays(10, startUs + i * 40 * minuteUs));
      await drained(running);
    }
    expect(proxy.cuts).toBeGreaterThanOrEqual(6);
    expect(await count('event')).toBe(6_000);
    expect(await count('(select distinct ts, sub from event) e')).toBe(6_000);
    expect(await count('cell_gauge')).toBe(120);
    expect(await count('stay')).toBe(60);
    expect(numbers((await pool.query('select batch from ledger')).rows[0]).batch).toBe(6);
    expect(lines.filter((line) => line.startsWith('warn database: away'))).toHaveLength(6);
    expect(lines.filter((line) => line.startsWith('info database: back'))).toHaveLength(6);
  });
}

test('rows wait while the database is away, are dropped and counted beyond the limit, and are caught up with', async () => {
  const running = await start({ storeRowsMax: 10_000 });
  proxy.cut = 'refuse';
  proxy.drop();
  const give = (i: number) => running.intake.events(makeEvents(5_000, startUs + i * minuteUs, minuteUs), 0, 5_000);
  give(0);
  running.intake.seal();
  running.writer.wake();
  while (running.writer.state !== 'away') await pause(10, never);
  give(1);
  give(2);
  expect(running.writer.error).not.toBe('');
  expect(running.intake.rows).toBe(10_000);
  expect(running.intake.droppedRows).toBe(5_000);
  proxy.cut = 'none';
  await drained(running);
  expect(running.writer.state).toBe('up');
  expect(running.writer.error).toBe('');
  const more = makeEvents(500, startUs + 3 * minuteUs, minuteUs);
  running.intake.events(more, 0, more.n);
  await drained(running);
  expect(await count('event')).toBe(10_500);
  expect(running.intake.droppedRows).toBe(5_000);
  expect(lines.filter((line) => line.startsWith('warn database: away'))).toHaveLength(1);
  expect(lines.filter((line) => line.includes('5000 rows had no place'))).toHaveLength(1);
});

test('while the database is up nothing is dropped, whatever is under way when the feeds are asked to wait', async () => {
  const running = await start({ storeRowsMax: 10_000 });
  for (let i = 0; i < 5; i++) {
    running.intake.gauges(makeGauges(startUs + i * minuteUs, 6_000, 0));
    running.intake.events(makeEvents(4_000, startUs + i * minuteUs, minuteUs), 0, 4_000);
  }
  await drained(running);
  expect(running.intake.droppedRows).toBe(0);
  expect(await count('city_gauge')).toBe(5);
  expect(await count('cell_gauge')).toBe(30_000);
  expect(await count('event')).toBe(20_000);
});

test('gauges of a time that is none are counted, not passed over', async () => {
  const { intake } = await start();
  intake.gauges(makeGauges(0, 3, 0));
  expect(intake.droppedRows).toBe(3);
});

test('a second start skips what is stored and stores the rest, rows of the same microsecond told apart by number', async () => {
  const batch = makeEvents(4_000, startUs, minuteUs);
  // Ten rows share each time, and the first run ends among them.
  for (let i = 0; i < batch.n; i++) batch.timeUs[i] = startUs + Math.floor(i / 10) * 1_000;
  const first = await start();
  first.intake.events(batch, 0, 1_234);
  for (const minute of [0, 1]) first.intake.gauges(makeGauges(startUs + minute * minuteUs, 5, 0));
  first.intake.stays(makeStays(10, startUs));
  await drained(first);
  await writers.pop()!.close(1_000);
  expect(await count('event')).toBe(1_234);

  const second = await start();
  second.intake.events(batch, 0, batch.n);
  for (const minute of [0, 1, 2]) second.intake.gauges(makeGauges(startUs + minute * minuteUs, 5, 0));
  second.intake.stays(makeStays(12, startUs));
  await drained(second);
  expect(await count('event')).toBe(4_000);
  expect(await count('(select distinct sub from event) e')).toBe(4_000);
  expect(await count('city_gauge')).toBe(3);
  expect(await count('stay')).toBe(12);
});

test('late rows after the place where the first run ended are stored', async () => {
  const first = await start();
  first.intake.events(makeEvents(100, startUs, minuteUs), 0, 100);
  await drained(first);
  await writers.pop()!.close(1_000);
  const second = await start();
  second.intake.events(makeEvents(100, startUs, minuteUs), 0, 100);
  second.intake.events(makeEvents(10, startUs + 2 * minuteUs, minuteUs), 0, 10);
  second.intake.events(makeEvents(5, startUs, minuteUs, 40, 777), 0, 5);
  await drained(second);
  expect(await count('event')).toBe(115);
});

test('with keepEvents off no event is stored, and the position moves all the same', async () => {
  const running = await start({ keepEvents: 'off' });
  running.intake.events(makeEvents(100, startUs, minuteUs), 0, 100);
  running.intake.gauges(makeGauges(startUs, 1, 0));
  await drained(running);
  expect(await count('event')).toBe(0);
  const { event_us } = (await pool.query('select event_us from ledger')).rows[0];
  expect(Number(event_us)).toBe(startUs + Math.floor((99 * minuteUs) / 100));
});

test('rows that the database refuses are given up after some attempts, and those behind them are stored', async () => {
  await pool.query('alter table stay add constraint refused check (events <> 4)');
  try {
    const running = await start();
    running.intake.stays(makeStays(10, startUs));
    await drained(running);
    running.intake.events(makeEvents(50, startUs, minuteUs), 0, 50);
    await drained(running);
    expect(await count('stay')).toBe(0);
    expect(await count('event')).toBe(50);
    expect(running.intake.droppedRows).toBe(10);
    expect(lines.some((line) => line.startsWith('error') && line.includes('10 rows are refused'))).toBe(true);
  } finally {
    await pool.query('alter table stay drop constraint refused');
  }
});

test('batches are closed at their size, and by their age when little comes', async () => {
  const running = await start();
  running.intake.events(makeEvents(batchRowsMax + 10, startUs, minuteUs), 0, batchRowsMax + 10);
  while ((await count('event')) < batchRowsMax) await pause(20, never);
  while (running.intake.rows > 0) await pause(20, never);
  expect(await count('event')).toBe(batchRowsMax + 10);
});

if (native) {
  test('only one server writes to a real database at a time', async () => {
    await start();
    await expect(start()).rejects.toMatchObject({ code: 'DATABASE_IN_USE' });
  });
}

test('a batch is stored once, even if what comes behind its commit fails', async () => {
  let failures = 2;
  const running = await start({}, () => {
    if (failures-- > 0) throw new TypeError('planted');
  });
  running.intake.events(makeEvents(100, startUs, minuteUs), 0, 100);
  await drained(running);
  expect(failures).toBeLessThan(0);
  expect(await count('event')).toBe(100);
  expect(numbers((await pool.query('select batch from ledger')).rows[0]).batch).toBe(1);
});
