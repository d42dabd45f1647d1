import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { putDatabase } from '../store/tools/test-database.ts';
import { freePort, type RunningServer, serve, temporaryFolder, until } from '../tools/serve.ts';

/** The built server on the embedded database, fed by a small simulated day, looked at in Chromium. */
const folder = temporaryFolder('e2e');
const feed = 'sim:event-day?seed=1&population=4000&from=18:30';
let browser: Browser;
let page: Page;
let server: RunningServer;
const complaints: string[] = [];
const requested: string[] = [];

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  await putDatabase(folder.path, 'sim-1-4000-own');
  // A fixed port, as a user's: sockets of a listener on port 0 keep their port busy for a minute.
  server = await serve(['--feed', feed], { dataDir: folder.path, port: await freePort() });
  page = await browser.newPage({ viewport: { width: 1920, height: 1080 }, locale: 'zh-CN' });
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => requested.push(request.url()));
  await page.goto(server.address);
}, 120_000);

afterAll(async () => {
  await browser?.close();
  server?.kill();
  folder.remove();
});

const text = () => page.innerText('body');
/** Cell pixels on the map: how many are lit in one of the palette's colours (neither dark nor grey). */
const litPixels = () =>
  page.evaluate(() => {
    let lit = 0;
    for (const canvas of document.querySelectorAll<HTMLCanvasElement>('.leaflet-container canvas')) {
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      for (let i = 0; i < data.length; i += 4)
        if (data[i + 3] > 60 && data[i + 1] > 60 && data[i + 1] > data[i + 2]) lit++;
    }
    return lit;
  });
const presentOf = async (name: string) => {
  const rows = (await text()).split('\n');
  const at = rows.indexOf(name);
  return at < 0
    ? Number.NaN
    : Number(
        rows
          .slice(at + 1)
          .find((row) => /^[\d,]+$/.test(row))
          ?.replaceAll(',', ''),
      );
};

test('shows the stadium, the totals and a lit map within seconds of the warm-up', async () => {
  await until('the feed has warmed up', async () => (await text()).includes('运行中'), 120_000);
  const shown = await text();
  expect(shown).toContain('天河体育中心');
  expect(shown).toContain('精确计数');
  expect(await litPixels()).toBeGreaterThan(1_500);
});

test('the stadium fills up before kick-off', async () => {
  const first = await until('a first count', async () => (await presentOf('天河体育中心')) || false);
  await until('a fuller stadium', async () => (await presentOf('天河体育中心')) > first, 60_000);
});

test('answers the read API from the same figures and the database', async () => {
  const health = await (await fetch(`${server.address}api/health`)).json();
  expect(health).toMatchObject({ status: 'ok', feeds: [{ uri: feed, faultsTotal: 0 }], store: { state: 'up' } });
  expect(health.resolvedShare).toBeGreaterThan(0.99);
  const regions = (await (await fetch(`${server.address}api/regions`)).json()) as {
    regions: { id: string; name: string }[];
  };
  const stadium = regions.regions.find(({ name }) => name === '天河体育中心')!;
  const history = await until('stored history of the stadium', async () => {
    const { eventUs } = await (await fetch(`${server.address}api/health`)).json();
    const query = `from=${eventUs - 3_600_000_000}&to=${eventUs}&bucket=60`;
    const answer = await (await fetch(`${server.address}api/regions/${stadium.id}/history?${query}`)).json();
    return answer.present?.filter((present: number | null) => present !== null).length > 3 && answer;
  });
  expect(Math.max(...history.present)).toBeGreaterThan(0);
});

test('asks nothing of the internet and complains about nothing', () => {
  expect(
    requested.filter((url) => !url.startsWith(server.address) && !url.startsWith('data:') && !url.startsWith('blob:')),
  ).toEqual([]);
  expect(complaints).toEqual([]);
});

test('keeps the last figures readable when the server goes, says so, and comes back by itself', async () => {
  const port = Number(new URL(server.address).port);
  const { code, ms } = await server.interrupt();
  expect(code).toBe(0);
  expect(ms).toBeLessThan(10_000);
  await until('the wall says that it is cut off', async () => /连接中断[\s\S]*画面停在事件时间/.test(await text()));
  expect(await presentOf('天河体育中心')).toBeGreaterThanOrEqual(0);
  complaints.length = 0;

  server = await serve(['--feed', feed], { dataDir: folder.path, port });
  expect(server.output()).toContain('goes on after');
  expect(server.output()).not.toContain('making a new one');
  await until('the wall is connected again', async () => /已连接/.test(await text()), 60_000);
});

test('a folder in use and a port in use are each one clear line', async () => {
  const address = new URL(server.address);
  await expect(serve(['--feed', feed], { dataDir: folder.path })).rejects.toThrow(/error: .*in use.*\d+/);
  const other = temporaryFolder('e2e-port');
  await expect(serve(['--feed', feed], { dataDir: other.path, port: Number(address.port) })).rejects.toThrow(
    new RegExp(`error: .*${address.port}.*in use`),
  );
  other.remove();
});
