import { join } from 'node:path';
import pg from 'pg';
import { afterEach, expect, test } from 'vitest';
import { dayUs, hourUs, systemClock } from '../../server/clock.ts';
import { clientConfig, type Database, settleSession, timestampUs } from '../../server/store/connection.ts';
import { EmbeddedDatabase } from '../../server/store/embedded/embedded-database.ts';
import { Maintenance } from '../../server/store/maintenance.ts';
import { migrate, readMigrations } from '../../server/store/migrate.ts';
import { openRealDatabase } from '../../server/store/real-database.ts';
import { makeTestDatabase } from '../store/tools/test-database.ts';

const migrations = readMigrations();
const names = migrations.map(({ name }) => name);
const startUs = Date.UTC(2026, 5, 6) * 1000;
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A database without anything in it, and connections to it. */
async function emptyDatabase(): Promise<{ database: Database; connect: () => Promise<pg.Client> }> {
  const base = await makeTestDatabase(false);
  closing.push(() => base.remove());
  let database: Database;
  if (base.url === undefined) {
    const folder = join(base.dataDir, 'sim', 'pg');
    const quiet = () => undefined;
    const embedded = await EmbeddedDatabase.open({ folder, deadlineMs: 60_000, log: quiet, progress: quiet });
    closing.push(() => embedded.close());
    const config = { host: embedded.socketFolder, port: 5432, user: 'postgres', database: 'postgres', password: '' };
    database = { config, embedded: true, name: 'test' };
  } else database = (await openRealDatabase(base.url)).database;
  const connect = async () => {
    const client = new pg.Client(clientConfig(database));
    await client.connect();
    if (!database.embedded) await settleSession(client, 60_000);
    closing.push(() => client.end());
    return client;
  };
  return { database, connect };
}

test('an empty database gets every migration once, from two servers that start together', async () => {
  const { database, connect } = await emptyDatabase();
  const [one, two] = [await connect(), await connect()];
  const applied = await Promise.all([migrate(one, database.embedded), migrate(two, database.embedded)]);
  expect(applied.flat().sort()).toEqual(names);
  expect(await migrate(one, database.embedded)).toEqual([]);
});

test('a filled database of the first release keeps its rows, and its past is in the new aggregates too', async () => {
  const { database, connect } = await emptyDatabase();
  const client = await connect();
  const first = migrations.filter(({ number }) => number <= 6);
  expect(await migrate(client, database.embedded, first)).toHaveLength(6);
  // Ten days of traffic in its aggregates; the events of the first three have gone.
  await client.query(
    `insert into event (ts, sub, bytes, cell_id, plmn, duration_ms, type_allocation_code, kind, outcome, cause, flags)
     select t, 7, 10, 1, 942080, 1000, 0, 4, case extract(hour from t) when 0 then 3 else 1 end, -1, 5
     from generate_series($1::timestamptz, $1::timestamptz + interval '10 days' - interval '1 second', interval '3 hours') t`,
    [timestampUs(startUs)],
  );
  await client.query(
    `insert into stay (first_out, first_in, last_in, sub, cell_id, plmn, events)
     select t + interval '1 hour', t, t, 7, 1, 942080, 1
     from generate_series($1::timestamptz, $1::timestamptz + interval '1 day', interval '8 hours') t`,
    [timestampUs(startUs)],
  );
  await client.query(
    `insert into cell_gauge select t, 1, 60000, 5, 1, 1, 0, 0, 0, 5
     from generate_series($1::timestamptz, $1::timestamptz + interval '1 day', interval '10 minutes') t`,
    [timestampUs(startUs)],
  );
  await client.query(
    `insert into city_gauge (ts, every_ms, present, events_kept) select t, 60000, 5, true
     from generate_series($1::timestamptz, $1::timestamptz + interval '1 day', interval '10 minutes') t`,
    [timestampUs(startUs)],
  );
  await client.query(
    `insert into cell (cell_id, cgi, name, lon, lat, radio) values (1, '460-00-1-1', 'one', 113, 23, 'gsm')`,
  );
  await client.query(`insert into micro_region (id, name, kind) values ('hall', 'Hall', 'venue')`);
  await client.query(`insert into micro_region_cell (region_id, cell_id) select region_id, 1 from micro_region`);
  await client.query(
    `insert into region_gauge (ts, region_id, every_ms, present, entries, exits, appeared, vanished, visitors, fresh5)
     select t, region_id, 60000, 5, 1, 1, 0, 0, 5, 5
     from micro_region, generate_series($1::timestamptz, $1::timestamptz + interval '1 day', interval '10 minutes') t`,
    [timestampUs(startUs)],
  );
  const span = [timestampUs(startUs), timestampUs(startUs + 10 * dayUs)];
  for (const name of ['cell_traffic_1m', 'cell_traffic_1h', 'cell_gauge_1h']) {
    await client.query(`call refresh_continuous_aggregate('${name}', $1::timestamptz, $2::timestamptz)`, span);
  }
  // As upkeep leaves them: all of the older chunks compressed, the newest not.
  for (const name of ['stay', 'cell_gauge', 'cell_traffic_1m', 'cell_traffic_1h', 'cell_gauge_1h'])
    await client.query(`select compress_chunk(c) from show_chunks('${name}') c`);
  await client.query(`select compress_chunk(c) from show_chunks('event', older_than => $1::timestamptz) c`, [
    timestampUs(startUs + 8 * dayUs),
  ]);
  await client.query(`select drop_chunks('event', older_than => $1::timestamptz)`, [timestampUs(startUs + 3 * dayUs)]);
  await client.query(`insert into meta (key, value) values ('dropped.event', $1)`, [
    `${startUs} ${startUs + 3 * dayUs}`,
  ]);
  const counts = `select (select count(*) from event) as events, (select count(*) from stay) as stays,
    (select count(*) from cell_gauge) as gauges, (select count(*) from city_gauge) as city,
    (select count(*) from region_gauge) as regions, (select count(*) from micro_region_cell) as held`;
  const before = (await client.query(counts)).rows;

  const packed = `select count(*)::int as n from timescaledb_information.chunks where is_compressed`;
  const [{ n: compressed }] = (await client.query<{ n: number }>(packed)).rows;
  expect(compressed).toBeGreaterThan(40);

  // By two servers at once, too.
  const other = await connect();
  const applied = await Promise.all([migrate(client, database.embedded), migrate(other, database.embedded)]);
  expect(applied.flat().sort()).toEqual(names.slice(6));
  expect(await migrate(client, database.embedded)).toEqual([]);
  expect((await client.query(counts)).rows).toEqual(before);
  expect((await client.query(packed)).rows).toEqual([{ n: compressed }]);

  const pool = new pg.Pool({
    ...{ ...clientConfig(database), max: 2 },
    ...(!database.embedded && { onConnect: (client) => settleSession(client, 60_000) }),
  });
  closing.push(() => pool.end());
  const maintenance = new Maintenance({
    pool,
    embedded: database.embedded,
    jobs: 'none',
    timeZone: 'Asia/Shanghai',
    clock: systemClock,
    log: () => undefined,
    onChange: () => undefined,
  });
  await maintenance.resume(startUs + 10 * dayUs);
  await maintenance.runNow();
  for (const [view, perBucket] of [
    ['cell_traffic_15m', 1],
    ['cell_traffic_1h', 1],
    ['cell_traffic_1d', 8],
  ] as const) {
    const { rows } = await client.query(`select sum(units) as units, max(units) as most from ${view}`);
    expect(rows, view).toEqual([{ units: 80, most: perBucket }]);
  }
  // Of the events that are still there, and it is said since when.
  for (const grain of ['1m', '15m', '1h', '1d']) {
    const { rows } = await client.query(`select sum(failed) as n, max(failed) as most from cell_outcome_${grain}`);
    expect(rows, grain).toEqual([{ n: 7, most: 1 }]);
  }
  const { rows: told } = await client.query(`select value from meta where key = 'outcomes_since_us'`);
  expect(told).toEqual([{ value: String(startUs + 3 * dayUs - 2 * hourUs) }]);
  const { rows: gauges } = await client.query('select count(*) as n from cell_gauge_15m');
  expect(gauges[0].n).toBe(97);
  const { rows: minutes } = await client.query(
    'select (select count(*) from cell_gauge_1m) as cells, (select count(*) from region_gauge_1m) as regions',
  );
  expect(minutes).toEqual([{ cells: 145, regions: 145 }]);
  // Days are those of China: the first began at 16:00 UTC the day before.
  const { rows: days } = await client.query('select min(bucket) as first from cell_traffic_1d');
  expect(days[0].first).toBe(startUs - 8 * hourUs);
  // What is kept of a subscriber is counted of what was there before it was kept.
  await maintenance.runNow();
  const { rows: cells } = await client.query('select day::text, half_hours from day_cell order by day');
  expect(cells).toEqual([
    { day: '2026-06-06', half_hours: 2 ** 16 + 2 ** 32 },
    { day: '2026-06-07', half_hours: 2 ** 0 + 2 ** 16 },
  ]);
  const { rows: facts } = await client.query('select count(*)::int as n, min(day)::text as first from subscriber_day');
  expect(facts).toEqual([{ n: 7, first: '2026-06-09' }]);
}, 240_000);
