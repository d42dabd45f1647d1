import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { hourUs, minuteUs, systemClock } from '../../server/clock.ts';
import { eventFlag } from '../../server/events/kinds.ts';
import { clientConfig, type Database, settleSession } from '../../server/store/connection.ts';
import { EmbeddedDatabase } from '../../server/store/embedded/embedded-database.ts';
import { Intake } from '../../server/store/intake.ts';
import { readLedger } from '../../server/store/ledger.ts';
import { pause } from '../../server/store/pause.ts';
import { Writer } from '../../server/store/writer.ts';
import { CuttingProxy } from './tools/cutting-proxy.ts';
import { Giver } from './tools/give.ts';
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
  pool = new pg.Pool({
    ...clientConfig({ config: target, embedded: !native, name: 'target' }),
    ...(native && { onConnect: (client) => settleSession(client, 0) }),
  });
  proxy = await CuttingProxy.open(target);
});
beforeEach(async () => {
  lines = [];
  proxy.cut = 'none';
  await pool.query(
    'truncate event, activity, fact_dirty, stay_queue, cell_gauge, region_gauge, city_gauge, stay, ledger, feed_position',
  );
});
afterEach(async () => {
  for (const writer of writers.splice(0)) await writer.close();
});
afterAll(async () => {
  await proxy.close();
  await pool.end();
  await embedded?.close();
  await base.remove();
});

interface Running {
  intake: Intake;
  writer: Writer;
  give: Giver;
}

/** A server's intake and writer, as they are after a start on the database as it stands. */
async function start(settings: Record<string, unknown> = {}, onStored: () => void = () => undefined): Promise<Running> {
  const config = testConfig(settings);
  const { row } = await readLedger(pool);
  const intake = new Intake(config, systemClock);
  const database: Database = { config: proxy.config, embedded: !native, name: 'proxy' };
  const writer = new Writer({
    database,
    intake,
    ledger: row,
    deadlineMs: config.databaseDeadlineMs,
    clock: systemClock,
    log: logTo(lines),
    onStored,
    beforeRegions: () => Promise.resolve(),
    onChange: () => undefined,
    onBehind: (why) => lines.push(`behind ${why.message}`),
    onLost: () => undefined,
  });
  await writer.open();
  writers.push(writer);
  intake.begin({ ...row, journal: 'test' });
  return { intake, writer, give: new Giver(intake, [], row.offset) };
}

async function drained({ intake, writer }: Running): Promise<void> {
  while (intake.waits) {
    intake.hurry();
    writer.wake();
    await pause(5, never);
  }
}

async function until(met: () => boolean): Promise<void> {
  while (!met()) await pause(5, never);
}

const count = async (table: string) => Number((await pool.query(`select count(*) as n from ${table}`)).rows[0].n);

for (const cut of ['before commit', 'after commit'] as const) {
  test(`nothing is lost or doubled when the connection breaks just ${cut}`, async () => {
    const running = await start();
    for (let i = 0; i < 6; i++) {
      const batch = makeEvents(1_000, startUs + i * minuteUs, minuteUs);
      proxy.cut = cut;
      running.give.events(batch, 0, batch.n);
      running.give.gauges(makeGauges(startUs + i * minuteUs, 20, 0));
      running.give.stays(makeStays(10, startUs + i * 40 * minuteUs));
      await drained(running);
    }
    expect(proxy.cuts).toBeGreaterThanOrEqual(6);
    expect(await count('event')).toBe(6_000);
    expect(await count('(select distinct ts, sub from event) e')).toBe(6_000);
    expect(await count('cell_gauge')).toBe(120);
    expect(await count('stay')).toBe(60);
    expect((await pool.query('select batch from ledger')).rows[0].batch).toBe(6);
    expect(lines.filter((line) => line.startsWith('warn database: away'))).toHaveLength(6);
    expect(lines.filter((line) => line.startsWith('info database: back'))).toHaveLength(6);
  });
}

test('while the database is away nothing is dropped: what is full takes no more, and all is stored when it is back', async () => {
  const running = await start();
  proxy.cut = 'refuse';
  proxy.drop();
  let given = 0;
  for (; running.intake.ready; given += 5_000)
    running.give.events(makeEvents(5_000, startUs + given * 1_000, minuteUs, 40, given));
  running.writer.wake();
  while (running.writer.state !== 'away') await pause(10, never);
  for (; running.intake.ready; given += 5_000)
    running.give.events(makeEvents(5_000, startUs + given * 1_000, minuteUs, 40, given));
  expect(running.writer.error).not.toBe('');
  expect(running.intake.rows).toBe(given);
  expect(given).toBeLessThan(70_000);
  proxy.cut = 'none';
  await drained(running);
  expect(running.writer.state).toBe('up');
  expect(running.writer.error).toBe('');
  expect(await count('event')).toBe(given);
  expect(running.intake.droppedRows).toBe(0);
  expect(running.writer.ledger).toMatchObject({ journal: 'test', offset: running.give.to });
  expect(lines.filter((line) => line.startsWith('warn database: away'))).toHaveLength(1);
});

test('how long a database has been at a transaction is told while it hangs, and the writer ends all the same', async () => {
  const running = await start();
  expect(running.writer.busyMs).toBeLessThan(0);
  proxy.cut = 'hang';
  const batch = makeEvents(10, startUs, minuteUs);
  running.give.events(batch, 0, batch.n);
  running.intake.hurry();
  running.writer.wake();
  await until(() => running.writer.busyMs > 50);
  expect(running.writer.state).toBe('up');
  await running.writer.close();
});

test('the ledger row of a batch stands in its transaction, and so do the positions of its feeds', async () => {
  const first = await start();
  first.give.events(makeEvents(1_234, startUs, minuteUs));
  await drained(first);
  const stored = await readLedger(pool);
  expect(stored.row).toMatchObject({ batch: 1, journal: 'test', offset: first.give.to });
  expect(stored.positions).toMatchObject([{ identity: 'test', seq: 1_234, eventUs: stored.row.eventUs }]);
  await writers.pop()!.close();
  const second = await start();
  second.give.stays(makeStays(12, startUs));
  await drained(second);
  expect((await readLedger(pool)).row).toMatchObject({ batch: 2, offset: second.give.to });
  expect(await count('event')).toBe(1_234);
  expect(await count('stay')).toBe(12);
});

test.each([
  ['that somebody else has moved', 'batch = 7'],
  ['of the same number that somebody else has written', 'journal_offset = journal_offset + 1'],
])('a ledger row %s is not moved on, and nothing is stored twice', async (_, otherwise) => {
  const running = await start();
  running.give.events(makeEvents(100, startUs, minuteUs));
  await drained(running);
  await pool.query(`update ledger set ${otherwise}`);
  running.give.events(makeEvents(100, startUs, minuteUs));
  running.intake.hurry();
  running.writer.wake();
  while (running.writer.state !== 'away') await pause(10, never);
  expect(running.writer.error).toMatch(/ledger has been moved/);
  expect(await count('event')).toBe(100);
});

test('a database that comes back as it was before is told of once, and gets nothing more', async () => {
  const running = await start();
  for (let i = 0; i < 2; i++) {
    running.give.events(makeEvents(100, startUs, minuteUs));
    await drained(running);
  }
  expect(running.writer.isSure).toBe(true);
  await pool.query('update ledger set batch = 1, journal_offset = journal_offset - 1');
  proxy.drop();
  await until(() => !running.writer.isSure);
  running.give.events(makeEvents(100, startUs, minuteUs));
  running.intake.hurry();
  running.writer.wake();
  const behind = () => lines.filter((line) => line.startsWith('behind'));
  await until(() => behind().length > 0);
  expect(behind()).toEqual([expect.stringMatching(/holds 1 transactions and had confirmed 2: a backup was put back/)]);
  expect([running.writer.isSure, running.writer.state]).toEqual([false, 'away']);
  expect(await count('event')).toBe(200);
  await running.writer.close();
});

test('a connection that is lost while nothing waits has the database that is there then asked whether it is the same', async () => {
  const running = await start();
  running.give.events(makeEvents(100, startUs, minuteUs));
  await drained(running);
  proxy.drop();
  await until(() => !running.writer.isSure);
  await until(() => running.writer.isSure);
  expect(lines).toEqual([]);
  await running.writer.close();
});

test('with keepEvents off no event is stored, its traffic is counted, and the position moves all the same', async () => {
  const running = await start({ keepEvents: 'off' });
  const events = makeEvents(100, startUs, minuteUs);
  running.give.events(events, 0, 100);
  running.give.gauges(makeGauges(startUs, 1, 0));
  await drained(running);
  expect(await count('event')).toBe(0);
  const traffic = events.flags.subarray(0, 100).filter((flags) => (flags & eventFlag.traffic) !== 0).length;
  const { units } = (await pool.query('select sum(units) as units from activity')).rows[0];
  expect(Number(units)).toBe(traffic);
  const { event_us } = (await pool.query('select event_us from ledger')).rows[0];
  expect(Number(event_us)).toBe(startUs + Math.floor((99 * minuteUs) / 100));
});

test('of a sample the events of whole subscribers are stored, marked as counted elsewhere, and their hours are told', async () => {
  const running = await start({ keepEvents: '1/4' });
  const events = makeEvents(400, startUs, 2 * hourUs);
  running.give.events(events, 0, 400);
  running.give.stays(makeStays(3, startUs));
  await drained(running);
  const kept = events.subLo.subarray(0, 400).filter((lo) => lo % 4 === 0).length;
  expect(await count('event')).toBe(kept);
  expect((await pool.query('select from event where flags & 4 <> 0')).rowCount).toBe(0);
  expect(await count(`fact_dirty where grain = 'hour'`)).toBe(2);
  expect(await count('stay_queue')).toBe(3);
  expect(await count('stay')).toBe(3);
});

test('a row that its table refuses is set aside by itself; those around and behind it are stored', async () => {
  await pool.query('alter table stay add constraint refused check (events <> 4)');
  try {
    const running = await start();
    const stays = makeStays(10, startUs);
    const refused = stays.events.subarray(0, 10).filter((events) => events === 4).length;
    expect(refused).toBeGreaterThan(0);
    running.give.stays(stays);
    await drained(running);
    running.give.events(makeEvents(50, startUs, minuteUs), 0, 50);
    await drained(running);
    expect(await count('stay')).toBe(10 - refused);
    expect(await count('event')).toBe(50);
    expect(running.intake.droppedRows).toBe(refused);
    const aside = await pool.query('select table_name, sqlstate, length(copied) as bytes from refused_row');
    expect(aside.rows).toEqual(Array(refused).fill({ table_name: 'stay', sqlstate: '23514', bytes: 82 }));
    expect(lines.some((line) => line.startsWith('error') && line.includes(`${refused} rows were refused`))).toBe(true);
  } finally {
    await pool.query('alter table stay drop constraint refused');
    await pool.query('truncate refused_row');
  }
});

test('a table that refuses everything, or is not as it was, keeps the rows waiting until it is mended', async () => {
  await pool.query('alter table event add constraint refused check (bytes < 0)');
  await pool.query('alter table event rename column duration_ms to other');
  const running = await start();
  running.give.events(makeEvents(3_000, startUs, minuteUs), 0, 3_000);
  await until(() => lines.some((line) => line.includes('other') || line.includes('duration_ms')));
  await pool.query('alter table event rename column other to duration_ms');
  await until(() => running.writer.error.includes('refused'));
  expect(await count('event')).toBe(0);
  await pool.query('alter table event drop constraint refused');
  await drained(running);
  expect(await count('event')).toBe(3_000);
  expect(running.intake.droppedRows).toBe(0);
  expect(await count('refused_row')).toBe(0);
});

test('micro-regions get their surrogates before gauges that name them are written', async () => {
  const running = await start();
  const region = { id: 'new', name: 'new', kind: 'venue', capacity: null, polygons: null, cells: ['460-00-1-*'] };
  running.give.record({ k: 'regions', regions: [region] });
  await drained(running);
  expect(running.intake.regionIds.get('new')).toBeGreaterThan(0);
  new Giver(running.intake, ['new'], running.give.to).gauges(makeGauges(startUs, 2, 1));
  await drained(running);
  expect(await count('region_gauge')).toBe(1);
});

if (native) {
  test('only one server writes to a real database at a time', async () => {
    await start();
    await expect(start()).rejects.toMatchObject({ code: 'DATABASE_IN_USE' });
  });

  test('its own session of before a dead network does not keep a writer out', async () => {
    const running = await start({ databaseDeadlineMs: 1000 });
    running.give.events(makeEvents(10, startUs, minuteUs));
    await drained(running);
    // Whoever stands between goes on answering for the client that has been given up.
    proxy.deafen();
    running.give.events(makeEvents(10, startUs + minuteUs, minuteUs));
    await drained(running);
    expect(await count('event')).toBe(20);
    expect(lines.filter((line) => line.startsWith('info database: back'))).toHaveLength(1);
  });
}

test('a batch is stored once, even if what comes behind its commit fails', async () => {
  let failures = 2;
  const running = await start({}, () => {
    if (failures-- > 0) throw new TypeError('planted');
  });
  running.give.events(makeEvents(100, startUs, minuteUs), 0, 100);
  await drained(running);
  expect(failures).toBeLessThan(0);
  expect(await count('event')).toBe(100);
  expect((await pool.query('select batch from ledger')).rows[0].batch).toBe(1);
});
