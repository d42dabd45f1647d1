import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Layout, RegionHistory, RegionPast } from '../../shared/protocol.ts';
import type { NodeTable } from '../../shared/region-tree.ts';
import type { RegionTable } from '../../shared/tables.ts';
import { putDatabase } from '../store/tools/test-database.ts';
import { freePort, type RunningServer, serve, temporaryFolder, until } from '../tools/serve.ts';

/** The built server on the embedded database, whose micro-regions are edited while an event day runs. */
const folder = temporaryFolder('e2e-regions');
let browser: Browser;
let server: RunningServer;

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  const feed = 'sim:event-day?seed=1&population=4000&from=18:30';
  await putDatabase(folder.path, 'sim-1-4000-own');
  server = await serve(['--feed', feed], { dataDir: folder.path, port: await freePort() });
}, 120_000);
afterAll(async () => {
  await browser?.close();
  server?.kill();
  folder.remove();
});

const json = async <T>(path: string, init: RequestInit = {}) => {
  const answer = await fetch(new URL(path, server.address), init);
  return { status: answer.status, body: (await answer.json()) as T };
};

interface Drawn {
  type: string;
  features: { type: string; properties: Record<string, unknown>; geometry: unknown }[];
}

test('a region drawn while the wall runs is on it at once, counts who is there, and has its past from the database', async () => {
  const page = await browser.newPage({ viewport: { width: 1920, height: 1080 }, locale: 'zh-CN' });
  await page.goto(server.address);
  const shown = () => page.innerText('body');
  await until('the feed has warmed up', async () => (await shown()).includes('运行中'), 120_000);

  const before = (await json<Drawn>('/api/regions.geojson')).body;
  const stadium = before.features.find(({ properties }) => properties.kind === 'venue')!;
  const drawn = { ...stadium, properties: { id: 'drawn', name: '新画的区域', kind: 'venue', capacity: 5000 } };
  const put = (regions: object) =>
    json<{ error?: { message: string } }>('/api/regions', {
      method: 'PUT',
      headers: { 'content-type': 'application/geo+json' },
      body: JSON.stringify(regions),
    });
  const wrong = await put({ ...before, features: [...before.features, { ...drawn, geometry: null }] });
  expect([wrong.status, wrong.body.error?.message]).toEqual([400, expect.stringContaining('(drawn): it has neither')]);

  expect((await put({ ...before, features: [drawn, ...before.features] })).status).toBe(200);
  await until('the wall shows the region', async () => (await shown()).includes('新画的区域'), 20_000);
  const layout = (await json<Layout>('/api/layout')).body;
  expect(layout.regions.map(({ id }) => id)).toEqual(['drawn', ...before.features.map((f) => String(f.properties.id))]);
  const present = async () => {
    const { regions } = (await json<RegionTable>('/api/regions')).body;
    const of = (id: unknown) => regions.find((region) => region.id === id)!.present!;
    return { drawn: of('drawn'), twin: of(stadium.properties.id) };
  };
  await until('its count is there', async () => (await present()).drawn > 0, 20_000);
  const now = await present();
  expect(now.drawn).toBe(now.twin);

  // The region was never counted before; its past comes from the stays of its cells.
  const visitors = async () => {
    const { status, body } = await json<RegionPast>('/api/regions/drawn/past?of=presence');
    return status === 200 ? Math.max(...(body.presence!.visitors as number[])) : 0;
  };
  await until('stays of its cells are stored', async () => (await visitors()) > 0, 60_000);
}, 240_000);

test('the region tree of the simulated city is counted, listed by level, and stored under its nodes', async () => {
  const nodes = async (level: number) => (await json<NodeTable>(`/api/regions?level=${level}`)).body.regions;
  const branches = await nodes(1);
  expect(branches.length).toBeGreaterThan(3);
  // Each cell has one parent at each level: every level holds everybody.
  const sums = await Promise.all(
    [1, 2, 3, 4].map(async (level) => (await nodes(level)).reduce((n, r) => n + r.cellCount, 0)),
  );
  expect(new Set(sums).size).toBe(1);
  await until('somebody is there', async () => (await nodes(4)).some(({ present }) => present! > 0), 20_000);
  const path = `/api/regions/${encodeURIComponent(branches[0]!.id)}/history`;
  const stored = async () => {
    const { status, body } = await json<RegionHistory>(path);
    return status === 200 && body.present.some((present) => present !== null && present > 0);
  };
  await until('the gauges of a branch are stored', stored, 120_000);
}, 240_000);
