import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { putDatabase } from '../store/tools/test-database.ts';
import { runCli, serve, temporaryFolder, until } from '../tools/serve.ts';

const folder = temporaryFolder('cli');
const at = (name: string) => join(folder.path, name);
afterAll(() => folder.remove());

const ring = [
  [113.3, 23.1],
  [113.4, 23.1],
  [113.4, 23.2],
  [113.3, 23.2],
];
const regionFile = (properties: object, coordinates: number[][][]) => ({
  type: 'FeatureCollection',
  features: [{ type: 'Feature', properties, geometry: { type: 'Polygon', coordinates } }],
});
writeFileSync(at('text.pcap'), 'this is no capture, but a line of text that goes on for a while');
writeFileSync(at('columns.csv'), 'user,lac\nU1,1\n');
writeFileSync(at('open.geojson'), JSON.stringify(regionFile({ id: 'a', name: 'A', kind: 'venue' }, [ring])));
writeFileSync(
  at('unknown.geojson'),
  JSON.stringify(regionFile({ id: 'a', name: 'A', kind: 'venue', cells: ['460-00-9-9'] }, [[...ring, ring[0]]])),
);
writeFileSync(at('cells.csv'), 'cgi,lon,lat\n460-00-1-1,113.35,23.15\n');
mkdirSync(at('data'));

test.each([
  ['a feed that is no capture', ['--feed', at('text.pcap')], /text\.pcap.*not a pcap/],
  ['records without their columns', ['--feed', at('columns.csv')], /columns\.csv.*lacks the columns ci, imei_prefix/],
  ['an open ring', ['--regions', at('open.geojson')], /open\.geojson.*ring/],
  [
    'a region that names an unlisted cell',
    ['--feed', 'sim:event-day?population=1000', '--regions', at('unknown.geojson')],
    /460-00-9-9/,
  ],
  ['an address that is not this machine’s own', ['--listen', '0.0.0.0:8080'], /0\.0\.0\.0.*loopback|loopback|accounts/],
  ['a wrong option', ['--sped', '60'], /--sped/],
  ['a wrong value', ['--speed', 'fast'], /--speed fast: write a number/],
  ['simulated and real feeds together', ['--feed', 'sim:event-day', '--feed', at('text.pcap')], /do not mix/],
  ['a setting out of its range', ['--set', 'tickMs=1'], /tickMs must be a number from 100/],
])('%s: one clear line before anything is started, no stack trace, no database', async (_, args, message) => {
  const { code, stderr } = await runCli(['serve', '--data', at('data/new'), '--listen', '127.0.0.1:0', ...args]);
  expect(code).not.toBe(0);
  const lines = stderr.trim().split('\n');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^error: /);
  expect(lines[0]).toMatch(message);
  expect(stderr).not.toMatch(/\n\s+at /);
});

test('a database that refuses is one line without the password', async () => {
  const { code, stderr } = await runCli(
    ['serve', '--feed', 'sim:event-day?population=1000', '--data', at('data'), '--listen', '127.0.0.1:0'],
    {
      DATABASE_URL: 'postgres://someone:secret-word@127.0.0.1:9/none',
    },
  );
  expect(code).not.toBe(0);
  const errors = stderr.split('\n').filter((line) => line.startsWith('error: '));
  expect(errors).toHaveLength(1);
  expect(errors[0]).toMatch(/127\.0\.0\.1:9/);
  expect(stderr).not.toContain('secret-word');
});

test('Ctrl-C during the start ends it with the code 0, and the next start works', async () => {
  const args = ['--feed', 'sim:event-day?population=1000', '--data', at('half'), '--listen', '127.0.0.1:0'];
  const interrupted = await runCli(['serve', ...args], {}, { interruptAt: /database: starting/ });
  expect(interrupted.code).toBe(0);
  expect(interrupted.stderr).toMatch(/ending/);
  expect(interrupted.stderr).not.toMatch(/^Wall: /m);
  const again = await serve(['--feed', 'sim:event-day?population=1000'], { dataDir: at('half') });
  const { code, ms } = await again.interrupt();
  expect(code).toBe(0);
  expect(ms).toBeLessThan(10_000);
});

test('a finite feed shorter than one interval has its gauges stored, and is not stored twice', async () => {
  const dataDir = at('short');
  await putDatabase(dataDir, 'live');
  const capture = at('short.pcap');
  const regions = at('all.geojson');
  writeFileSync(
    regions,
    JSON.stringify(regionFile({ id: 'all', name: 'All', kind: 'group', cells: ['460-00-*'] }, [[...ring, ring[0]]])),
  );
  const made = await runCli([
    'simulate',
    '--out',
    capture,
    '--truth',
    at('truth.csv'),
    '--population',
    '1000',
    '--from',
    '18:00',
    '--hours',
    '1',
    '--packets',
    '2000',
  ]);
  expect(made.code).toBe(0);
  const args = ['--feed', capture, '--regions', regions, '--speed', '0'];
  const history = async () => {
    const server = await serve(args, { dataDir });
    const stored = await until('stored gauges', async () => {
      // The clock is asked each time: a feed has ended as soon as it is read, and is counted after that.
      const { eventUs, feeds, journal, store } = await (await fetch(`${server.address}api/health`)).json();
      const isOver = feeds[0].state === 'ended' && journal.unappliedBytes === 0 && store.queuedRows === 0;
      if (!isOver || eventUs <= 0) return false;
      const range = `from=${eventUs - 7_200_000_000}&to=${eventUs + 60_000_000}&bucket=60`;
      const response = await fetch(`${server.address}api/regions/all/history?${range}`);
      expect(response.status).toBe(200);
      const answer = await response.json();
      const known = (values: (number | null)[]) => values.some((value) => value !== null && value > 0);
      return known(answer.present) && known(answer.traffic) && answer;
    });
    await server.interrupt();
    return stored;
  };
  const first = await history();
  const second = await history();
  const sum = (values: (number | null)[]) => values.reduce<number>((total, value) => total + (value ?? 0), 0);
  expect(sum(first.present)).toBeGreaterThan(0);
  expect(second.present).toEqual(first.present);
  expect(sum(second.traffic)).toBe(sum(first.traffic));
});
