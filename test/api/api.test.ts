import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { HistorySource } from '../../server/api/history.ts';
import { UserError } from '../../server/errors.ts';
import type { Layout, RegionHistory } from '../../shared/protocol.ts';
import type { CellRow, RegionRow, RegionTable } from '../../shared/tables.ts';
import { fakeLayout } from '../tools/fake-view.ts';
import { jsonOf, request, startTestServer, type TestServer } from '../tools/push-server.ts';

let folder = '';
let webRoot = '';
let pmtilesFile = '';
const open: TestServer[] = [];
const tileBytes = Buffer.concat([Buffer.from('PMTiles'), Buffer.alloc(3_000_000, 'abcdefg')]);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalwall-api-'));
  webRoot = join(folder, 'web');
  await mkdir(join(webRoot, 'assets'), { recursive: true });
  await writeFile(join(webRoot, 'index.html'), '<!doctype html><title>wall</title>');
  await writeFile(join(webRoot, 'icon.svg'), '<svg/>');
  await writeFile(join(webRoot, 'assets', 'index-Dx81_aZ0.js'), `// ${'x'.repeat(5_000)}`);
  await writeFile(join(folder, 'secret.txt'), 'secret');
  await symlink(join(folder, 'secret.txt'), join(webRoot, 'linked.txt'));
  pmtilesFile = join(folder, 'base.pmtiles');
  await writeFile(pmtilesFile, tileBytes);
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  for (const it of open.splice(0)) await it.server.close();
});

async function start(options: Parameters<typeof startTestServer>[0] = {}): Promise<TestServer> {
  const it = await startTestServer({ webRoot, ...options });
  open.push(it);
  return it;
}

const codeOf = (answer: { body: Buffer }) =>
  (JSON.parse(answer.body.toString()) as { error: { code: string } }).error.code;

test('serves the application with types, tags and lasting caches for hashed names', async () => {
  const { port } = (await start()).server;
  const page = await request(port, '/');
  expect(page.status).toBe(200);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('cache-control')).toBe('no-cache');
  const again = await request(port, '/', { 'if-none-match': page.headers.get('etag')! });
  expect([again.status, again.body.length]).toEqual([304, 0]);
  const script = await request(port, '/assets/index-Dx81_aZ0.js', { 'accept-encoding': 'gzip, br' });
  expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(script.headers.get('content-encoding')).toBe('gzip');
  expect(gunzipSync(script.body).length).toBe(5_003);
  expect((await request(port, '/assets/index-Dx81_aZ0.js', { 'accept-encoding': 'gzip;q=0' })).body.length).toBe(5_003);
});

test('a path without an ending is a page of the application, a missing file is 404', async () => {
  const { port } = (await start()).server;
  expect((await request(port, '/regions/tianhe')).body.toString()).toContain('<title>wall');
  expect((await request(port, '/missing.js')).status).toBe(404);
  expect(codeOf(await request(port, '/api/missing'))).toBe('NOT_FOUND');
});

test.each([
  '/../secret.txt',
  '/%2e%2e/secret.txt',
  '/..%2fsecret.txt',
  '/assets/../../secret.txt',
  '/assets/..%5c..%5csecret.txt',
  '//secret.txt',
  '/linked.txt',
  '/%00secret.txt',
])('no path leads out of the folder: %s', async (path) => {
  const answer = await request((await start()).server.port, path);
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.body.toString()).not.toContain('secret\n');
  expect(answer.body.toString()).not.toBe('secret');
});

test('broken percent-encoding is refused in JSON', async () => {
  const { port } = (await start()).server;
  expect(codeOf(await request(port, '/%zz.js'))).toBe('BAD_PATH');
  expect(codeOf(await request(port, '/api/regions/%zz/history'))).toBe('BAD_PATH');
});

test('every answer carries the security headers, with the tile server allowed where one is configured', async () => {
  const it = await start({ settings: { tileUrl: 'https://{s}.tile.example/{z}/{x}/{y}.png' } });
  for (const path of ['/', '/api/health', '/missing.js']) {
    const { headers } = await request(it.server.port, path);
    const policy = headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("img-src 'self' data: blob: https://*.tile.example;");
    expect(policy).not.toContain('unsafe-eval');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('access-control-allow-origin')).toBeUndefined();
  }
});

test('other methods than GET and HEAD are refused', async () => {
  const { port } = (await start()).server;
  const answer = await request(port, '/api/health', {}, 'POST');
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  const head = await request(port, '/', {}, 'HEAD');
  expect([head.status, head.headers.get('content-length'), head.body.length]).toEqual([200, '34', 0]);
});

test('says what to do when the application is not built', async () => {
  const it = await start({ webRoot: join(folder, 'absent') });
  const answer = await request(it.server.port, '/');
  expect([answer.status, codeOf(answer)]).toEqual([503, 'WEB_NOT_BUILT']);
  expect(it.log.join()).toContain('npm run build');
});

test('health names the state of the push and the versions beside what it is given', async () => {
  const it = await start();
  it.server.publish();
  const health = jsonOf<{ status: string; push: Record<string, unknown>; versions: Record<string, string> }>(
    await request(it.server.port, '/api/health'),
  );
  expect(health.status).toBe('ok');
  expect(health.push).toMatchObject({ screens: 0, behind: 0, seq: 1, badMessages: 0, framesSkipped: 0 });
  expect(health.versions).toMatchObject({
    signalwall: '0.0.0',
    build: 'test',
    protocol: 1,
    node: process.versions.node,
  });
  expect(health.versions.uws).toContain('20.');
});

test('the layout is zipped, and sent again only when its revision has changed', async () => {
  const it = await start({ cells: 300 });
  const first = await request(it.server.port, '/api/layout', { 'accept-encoding': 'gzip' });
  expect((JSON.parse(gunzipSync(first.body).toString()) as Layout).cells.length).toBe(300);
  const tag = { 'if-none-match': first.headers.get('etag')! };
  expect((await request(it.server.port, '/api/layout', tag)).status).toBe(304);
  it.layout = fakeLayout(301, 3, 2);
  const changed = await request(it.server.port, '/api/layout', tag);
  expect(changed.status).toBe(200);
  expect(jsonOf<Layout>(changed).cells.length).toBe(301);
});

test('cells and regions come with the figures of the last frame', async () => {
  const it = await start({ cells: 2, regions: 1 });
  it.view.cellPresent.set([4, 5]);
  it.view.regionOutflow[0] = 6;
  const before = jsonOf<{ cells: CellRow[] }>(await request(it.server.port, '/api/cells'));
  expect(before.cells.map((cell) => cell.present)).toEqual([null, null]);
  it.server.publish();
  const { cells } = jsonOf<{ cells: CellRow[] }>(await request(it.server.port, '/api/cells'));
  expect(cells.map(({ cgi, present }) => [cgi, present])).toEqual([
    ['001-01-1-0', 4],
    ['001-01-1-1', 5],
  ]);
  const { regions } = jsonOf<{ regions: RegionRow[] }>(await request(it.server.port, '/api/regions'));
  expect(regions[0]).toMatchObject({ id: 'r0', outflow: 6, inflow: 0 });
});

test('the window that visitors are of is named', async () => {
  const it = await start({ cells: 2, regions: 1 });
  it.server.publish();
  expect(jsonOf<RegionTable>(await request(it.server.port, '/api/regions')).visitorsWindow).toBeNull();
  it.view.closeInterval();
  it.view.regionVisitors[0] = 165;
  it.view.regionPresent[0] = 167;
  const toUs = it.view.intervalEndUs;
  it.view.nextMinute();
  it.server.publish();
  expect(jsonOf<RegionTable>(await request(it.server.port, '/api/regions'))).toMatchObject({
    visitorsWindow: { fromUs: toUs - 60_000_000, toUs },
    regions: [{ visitors: 165, present: 167 }],
  });
});

type Query = [id: string, fromUs: number, toUs: number, bucketS: number];

function recordingStore(queries: Query[], answer?: () => Promise<RegionHistory>): HistorySource {
  return {
    regionHistory: (...query: Query) => {
      queries.push(query);
      const [id, fromUs, , bucketS] = query;
      const row = { id, bucketS, timeUs: [fromUs], present: [5], entries: [0], exits: [100], traffic: [null] };
      return answer?.() ?? Promise.resolve(row);
    },
    regionPast: () => Promise.reject(new Error('not asked for here')),
    dayFigures: () => Promise.reject(new Error('not asked for here')),
    sql: () => Promise.reject(new Error('not asked for here')),
  };
}

test('asks the database for whole buckets, and hides what is below the threshold', async () => {
  const queries: Query[] = [];
  const it = await start({ store: recordingStore(queries), settings: { minCount: 20 } });
  const path = '/api/regions/r1/history?from=2026-11-21T19:30:30%2B08:00&to=1795261000000000&bucket=300';
  const answer = await request(it.server.port, path);
  expect(answer.status).toBe(200);
  const from = Date.UTC(2026, 10, 21, 11, 30) * 1000;
  expect(queries).toEqual([['r1', from, Math.ceil(1795261000 / 300) * 300_000_000, 300]]);
  expect(jsonOf<RegionHistory>(answer)).toEqual({
    id: 'r1',
    bucketS: 300,
    timeUs: [from],
    present: [-1],
    entries: [0],
    exits: [100],
    traffic: [null],
  });
});

test('without a range it answers the last three hours of event time', async () => {
  const queries: Query[] = [];
  const it = await start({ store: recordingStore(queries) });
  it.view.clockUs = 1_700_000_040_000_000;
  await request(it.server.port, '/api/regions/r0/history');
  expect(queries).toEqual([['r0', 1_700_000_040_000_000 - 3 * 3_600_000_000, 1_700_000_040_000_000, 60]]);
});

test.each([
  ['from=yesterday', 'BAD_TIME'],
  ['from=2026-11-21T19:30:00', 'BAD_TIME'],
  ['from=-5', 'BAD_TIME'],
  ['to=99999999999999999', 'BAD_TIME'],
  ['from=2026-02-30T99:00:00Z', 'BAD_TIME'],
  ['from=2026-02-30T10:00:00Z', 'BAD_TIME'],
  ['from=2026-02-28T24:00:00Z', 'BAD_TIME'],
  ['from=2000&to=1000', 'BAD_RANGE'],
  ['bucket=0', 'BAD_BUCKET'],
  ['bucket=61', 'BAD_BUCKET'],
  ['bucket=90', 'BAD_BUCKET'],
  ['bucket=86460', 'BAD_BUCKET'],
  ['bucket=60;drop', 'BAD_BUCKET'],
  ['from=0&bucket=60', 'RANGE_TOO_LONG'],
])('refuses a history of %s with 400 and %s', async (query, code) => {
  const queries: Query[] = [];
  const it = await start({ store: recordingStore(queries) });
  const answer = await request(it.server.port, `/api/regions/r0/history?${query}`);
  expect([answer.status, codeOf(answer)]).toEqual([400, code]);
  expect(queries).toEqual([]);
});

test('an unknown region is 404', async () => {
  const store = recordingStore([], () => Promise.reject(new UserError('REGION_UNKNOWN', 'none')));
  const answer = await request((await start({ store })).server.port, '/api/regions/r9/history');
  expect([answer.status, codeOf(answer)]).toEqual([404, 'UNKNOWN_REGION']);
});

test('a statement that its deadline has ended is told as slow, not as a database that is away', async () => {
  const cancelled = Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' });
  for (const error of [cancelled, new Error('Query read timeout')]) {
    const it = await start({ store: recordingStore([], () => Promise.reject(error)) });
    const answer = await request(it.server.port, '/api/regions/r0/history');
    expect([answer.status, codeOf(answer)]).toEqual([503, 'DATABASE_SLOW']);
  }
});

test('who finds all connections taken by others is told to ask again', async () => {
  const taken = new Error('timeout exceeded when trying to connect');
  const it = await start({ store: recordingStore([], () => Promise.reject(taken)) });
  const answer = await request(it.server.port, '/api/regions/r0/history');
  expect([answer.status, codeOf(answer)]).toEqual([503, 'BUSY']);
});

test('a database that is away or refuses is 503, without its words', async () => {
  const it = await start({ store: recordingStore([], () => Promise.reject(new Error('password=geheim refused'))) });
  const failed = await request(it.server.port, '/api/regions/r0/history');
  expect([failed.status, codeOf(failed)]).toEqual([503, 'DATABASE_AWAY']);
  expect(failed.body.toString()).not.toContain('geheim');
  const unstored = () => Promise.reject(new UserError('REGION_UNKNOWN', 'not stored'));
  const other = await start({ store: recordingStore([], unstored) });
  expect((await request(other.server.port, '/api/regions/r0/history')).status).toBe(404);
  it.status.store.state = 'away';
  expect((await request(it.server.port, '/api/regions/r0/history')).status).toBe(503);
});

test('only so many histories run at once, and clients that leave harm nothing', async () => {
  const waiting: (() => void)[] = [];
  const slow = recordingStore([], () => new Promise((resolve) => waiting.push(() => resolve(empty))));
  const it = await start({ store: slow, settings: { historyQueriesMax: 2 } });
  const path = '/api/regions/r0/history';
  for (let i = 0; i < 2; i++) {
    const socket = connect({ host: '127.0.0.1', port: it.server.port });
    socket.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`);
    while (waiting.length <= i) await new Promise((resolve) => setTimeout(resolve, 5));
    socket.destroy();
  }
  const busy = await request(it.server.port, path);
  expect([busy.status, codeOf(busy), busy.headers.get('retry-after')]).toEqual([503, 'BUSY', '5']);
  for (const finish of waiting) finish();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const next = request(it.server.port, path);
  while (waiting.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  waiting[2]!();
  expect((await next).status).toBe(200);
});

const empty: RegionHistory = { id: 'r0', bucketS: 60, timeUs: [], present: [], entries: [], exits: [], traffic: [] };

test('answers ranges of the base map with 206 and the whole with 200', async () => {
  const { port } = (await start({ settings: { pmtilesFile } })).server;
  const path = '/api/base.pmtiles';
  const size = tileBytes.length;
  const head = await request(port, path, { range: 'bytes=0-6' });
  expect([head.status, head.body.toString()]).toEqual([206, 'PMTiles']);
  expect(head.headers.get('content-range')).toBe(`bytes 0-6/${size}`);
  expect(head.headers.get('content-length')).toBe('7');
  const large = await request(port, path, { range: 'bytes=100-2000099' });
  expect(large.body.equals(tileBytes.subarray(100, 2_000_100))).toBe(true);
  const tail = await request(port, path, { range: 'bytes=-5' });
  expect(tail.body.equals(tileBytes.subarray(size - 5))).toBe(true);
  const whole = await request(port, path);
  expect([whole.status, whole.body.equals(tileBytes)]).toEqual([200, true]);
  expect((await request(port, path, { range: `bytes=${size}-` })).status).toBe(416);
  expect((await request(port, path, { range: 'bytes=0-6' }, 'HEAD')).headers.get('content-length')).toBe('7');
});

test('a client that leaves in the middle of the base map harms nothing', async () => {
  const it = await start({ settings: { pmtilesFile } });
  const socket = connect({ host: '127.0.0.1', port: it.server.port });
  socket.write('GET /api/base.pmtiles HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
  await new Promise((resolve) => socket.once('data', resolve));
  socket.pause();
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.destroy();
  expect((await request(it.server.port, '/api/health')).status).toBe(200);
});

test('a base map that is missing or no PMTiles file is one line at the start', async () => {
  const noTiles = join(webRoot, 'icon.svg');
  await expect(startTestServer({ settings: { pmtilesFile: noTiles } })).rejects.toMatchObject({
    code: 'PMTILES_BROKEN',
  });
  const missing = join(folder, 'nowhere.pmtiles');
  const failure = startTestServer({ settings: { pmtilesFile: missing } });
  await expect(failure).rejects.toMatchObject({ code: 'PMTILES_UNREADABLE' });
});
