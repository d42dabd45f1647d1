import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../server/clock.ts';
import { makeConfig } from '../../server/config.ts';
import { openStore } from '../../server/store/open-store.ts';
import { putDatabase } from '../store/tools/test-database.ts';
import { serve, temporaryFolder, until } from '../tools/serve.ts';

const folder = temporaryFolder('restart');
const at = (name: string) => join(folder.path, name);
afterAll(() => folder.remove());

const minutes = 30;
const [feed, regions] = [at('feed.csv'), at('regions.geojson')];
/** 300 users who move among twelve cells in two regions, some four records a second. */
beforeAll(() => {
  const lines = ['user,lac,ci,imei_prefix,start,end,uplink_bytes,downlink_bytes,rat'];
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  const time = (ms: number) => new Date(Date.UTC(2015, 7, 2, 12) + ms).toISOString().slice(0, 23).replace('T', ' ');
  for (let i = 0; i < minutes * 240; i++) {
    const start = random(minutes * 60_000);
    const end = Math.min(start + random(90_000), minutes * 60_000);
    lines.push(`U${random(300)},${1 + random(2)},${random(6)},352021,${time(start)},${time(end)},1,${random(1000)},1`);
  }
  writeFileSync(feed, lines.join('\n'));
  const region = (lac: number) => ({
    type: 'Feature',
    properties: { id: `lac${lac}`, name: `LAC ${lac}`, kind: 'group', cells: [`460-00-${lac}-*`] },
    geometry: null,
  });
  writeFileSync(regions, JSON.stringify({ type: 'FeatureCollection', features: [region(1), region(2)] }));
});

/** What a data folder's database holds, and which rows stand in it twice. */
async function held(dataDir: string, network: string) {
  const lines: string[] = [];
  const store = await openStore({
    dataDir,
    network,
    config: makeConfig(),
    clock: systemClock,
    log: (level, line) => lines.push(`${level} ${line}`),
    progress: () => undefined,
  });
  const column = async (query: string) =>
    (await store.sql<{ line: string }>(`select line from (${query}) as each (line)`)).map(({ line }) => line).sort();
  const figures = (table: string, by: string) =>
    `select concat_ws(' ', extract(epoch from ts)::bigint, every_ms, ${by}, present, fresh5, entries, exits, appeared, vanished, visitors) from ${table}`;
  const tables = {
    events: await column("select concat_ws(' ', ts, sub::text, cell_id, kind, duration_ms, bytes, flags) from event"),
    regions: await column(figures('region_gauge', 'region_id')),
    cells: await column(figures('cell_gauge', '(select cgi from cell where cell.cell_id = cell_gauge.cell_id)')),
    city: await column("select concat_ws(' ', extract(epoch from ts)::bigint, present) from city_gauge"),
    stays: await column("select concat_ws(' ', first_in, last_in, first_out, sub::text, events) from stay"),
    twice: [
      ...(await column('select ts::text from city_gauge group by ts having count(*) > 1')),
      ...(await column('select ts::text from region_gauge group by ts, region_id having count(*) > 1')),
      ...(await column('select ts::text from cell_gauge group by ts, cell_id having count(*) > 1')),
    ],
  };
  await store.close();
  return tables;
}

const health = async (address: string) => (await fetch(`${address}api/health`)).json();

/** Runs until the event clock has passed so many seconds of a minute, then ends: in order, or by force. */
async function runTo(args: string[], dataDir: string, reached: (eventUs: number) => boolean, how: 'Ctrl-C' | 'killed') {
  const server = await serve(args, { dataDir });
  await until('the middle of a minute', async () => reached((await health(server.address)).eventUs), 120_000);
  if (how === 'Ctrl-C') {
    expect((await server.interrupt()).code).toBe(0);
    return;
  }
  const exited = new Promise((resolve) => server.process.once('close', resolve));
  server.kill();
  await exited;
}

test('a feed stopped and killed in the middle of minutes is stored as if it had run through: nothing lost, nothing twice', async () => {
  const args = ['--feed', `xdr:${feed}?plmn=460-00`, '--regions', regions, '--speed'];
  const toEnd = async (dataDir: string) => {
    const server = await serve([...args, '0'], { dataDir });
    await until('the end', async () => {
      const { feeds, journal, store } = await health(server.address);
      const isCounted = journal.uncommittedBytes === 0 && journal.unappliedBytes === 0;
      return feeds[0].state === 'ended' && isCounted && store.storedTo === journal.to;
    });
    await server.interrupt();
  };
  const [through, broken] = [at('through'), at('broken')];
  for (const dataDir of [through, broken]) await putDatabase(dataDir, 'live');
  await toEnd(through);
  // The same users under the same pseudonyms.
  cpSync(join(through, 'keys'), join(broken, 'keys'), { recursive: true });
  const passed = (minute: number) => (eventUs: number) =>
    eventUs > Date.UTC(2015, 7, 2, 12, minute) * 1000 && (eventUs / 1e6) % 60 > 15 && (eventUs / 1e6) % 60 < 50;
  await runTo([...args, '90'], broken, passed(5), 'Ctrl-C');
  await runTo([...args, '90'], broken, passed(12), 'killed');
  await runTo([...args, '90'], broken, passed(18), 'Ctrl-C');
  await toEnd(broken);

  const [want, got] = [await held(through, 'live'), await held(broken, 'live')];
  expect(want.events.length).toBeGreaterThan(minutes * 240);
  // The last records end with the last minute.
  expect(want.city.length).toBeGreaterThanOrEqual(minutes);
  expect(got.twice).toEqual([]);
  for (const table of ['events', 'regions', 'city', 'stays'] as const) expect(got[table]).toEqual(want[table]);
  // After a start every cell is told once, changed or not.
  const cells = new Set(got.cells);
  expect(want.cells.filter((row) => !cells.has(row))).toEqual([]);
});

test('a simulated day stopped in the middle of a minute goes on with that very minute', async () => {
  const [args, dataDir] = [['--feed', 'sim:event-day?population=1500', '--speed', '90'], at('sim')];
  await putDatabase(dataDir, 'sim-1-1500-own');
  const join = Date.UTC(2026, 9, 17, 9, 30) * 1000;
  const middle = (minute: number) => (eventUs: number) =>
    eventUs > join + minute * 60e6 && (eventUs / 1e6) % 60 > 15 && (eventUs / 1e6) % 60 < 50;
  await runTo(args, dataDir, middle(3), 'Ctrl-C');
  await runTo(args, dataDir, middle(7), 'Ctrl-C');
  const { city, twice, events } = await held(dataDir, 'sim-1-1500-own');
  expect(twice).toEqual([]);
  const starts = city.map((line) => Number(line.split(' ')[0]) - join / 1e6);
  expect(starts).toEqual(Array.from({ length: starts.length }, (_, i) => i * 60));
  expect(starts.length).toBeGreaterThanOrEqual(5);
  // Nobody's presence has a hole where the two runs meet.
  const present = city.map((line) => Number(line.split(' ')[1]));
  for (let i = 1; i < present.length; i++) expect(Math.abs(present[i] / present[i - 1] - 1)).toBeLessThan(0.1);
  expect(new Set(events).size).toBeGreaterThan(events.length * 0.99);
});
