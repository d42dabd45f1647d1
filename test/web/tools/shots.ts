import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { plainSchematic } from './fake-city.ts';
import { makeScenario, type ScenarioName } from './scenarios.ts';
import { serveFake } from './serve.ts';

/**
 * Pictures of the built wall in invented situations:
 *   npx vite build && npx rolldown test/web/tools/shots.ts --platform node --external playwright-core -f esm \
 *     -o node_modules/.cache/shots.mjs && node node_modules/.cache/shots.mjs --out /tmp/shots day:1920x1080:zh …
 * A shot is SCENARIO:WIDTHxHEIGHT:LANG[:cut=SECONDS][:wait=SECONDS][:kiosk].
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string', default: '/tmp' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
    web: { type: 'string', default: 'dist/web' },
    schematic: {
      type: 'string',
      default: join(process.env.SIGNALWALL_SHARED ?? '../shared', 'data/guangzhou-schematic.json'),
    },
  },
});
const drawn = existsSync(values.schematic) ? JSON.parse(readFileSync(values.schematic, 'utf8')) : {};
const schematic = { ...plainSchematic, ...drawn, label: drawn.label ?? plainSchematic.label };

const browser = await chromium.launch({
  executablePath: values.chromium,
  args: ['--no-sandbox', '--disable-gpu', '--hide-scrollbars'],
});
for (const shot of positionals) {
  const [scenario, size, lang, ...rest] = shot.split(':');
  const [width, height] = size!.split('x').map(Number);
  const option = (name: string) => rest.find((part) => part.startsWith(`${name}=`))?.split('=')[1];
  const feed = makeScenario(scenario as ScenarioName, schematic);
  const server = await serveFake(resolve(values.web), feed, 1000);
  const page = await browser.newPage({ viewport: { width: width!, height: height! } });
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') console.log(`${shot}: ${message.text()}`);
  });
  page.on('pageerror', (error) => console.log(`${shot}: ${error.stack}`));
  const kiosk = rest.includes('kiosk') ? '&kiosk' : '';
  await page.goto(`http://127.0.0.1:${server.port}/?lang=${lang}${kiosk}`);
  await page.waitForTimeout(Number(option('wait') ?? 4) * 1000);
  if (option('cut') !== undefined) {
    server.cut();
    await page.waitForTimeout(Number(option('cut')) * 1000);
  }
  const file = join(values.out, `wall-${shot.replaceAll(/[:=]/g, '-')}.png`);
  await page.screenshot({ path: file });
  console.log(file);
  await page.close();
  await server.close();
}
await browser.close();
