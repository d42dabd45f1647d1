import { resolve } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { plainSchematic } from '../web/tools/fake-city.ts';
import { makeScenario } from '../web/tools/scenarios.ts';
import { type FakeServer, serveFake } from '../web/tools/serve.ts';

/** The built wall with the largest figures that it has room for, in Chromium: nothing is cut off. */
let browser: Browser;
const servers = new Map<string, FakeServer>();
/** The most that the row shows in full size, seven digits everywhere, and feeds that have much to tell. */
const scenarios = { busy: '888,888', large: '8,881,132', probes: /312/, live: /10\.20\.30\.41/ } as const;
type Scenario = keyof typeof scenarios;
const names = Object.keys(scenarios) as Scenario[];
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  for (const name of names) {
    servers.set(name, await serveFake(resolve('dist/web'), makeScenario(name, plainSchematic), 1000));
  }
});
afterAll(async () => {
  await browser?.close();
  for (const server of servers.values()) await server.close();
});

/** Where text runs out of the totals' row, the header, a panel or a notice; where a line of text is cut at its foot. */
const cuts = (page: Page) =>
  page.evaluate(() => {
    const found: string[] = [];
    for (const box of document.querySelectorAll<HTMLElement>('.left > section:first-child, header, li .text, .class')) {
      if (box.scrollWidth > box.clientWidth) found.push(`${box.className} is ${box.scrollWidth} of ${box.clientWidth}`);
    }
    const row = document.querySelector('.left > section')!;
    const { right, bottom } = row.getBoundingClientRect();
    const inner = right - Number.parseFloat(getComputedStyle(row).paddingRight);
    for (const part of row.querySelectorAll('h2, dt, dd, p')) {
      const box = part.getBoundingClientRect();
      if (box.right > inner + 1 || box.bottom > bottom) found.push(`${part.textContent} runs out of the totals`);
    }
    const parts = [...row.querySelectorAll(':scope > div')].map((part) => part.getBoundingClientRect());
    parts.forEach((part, k) => {
      // On a narrow window they stand in two rows.
      const before = parts[k - 1];
      if (before && part.left < before.right && part.top < before.bottom) found.push('totals overlap');
    });
    for (const text of document.querySelectorAll<HTMLElement>('.name, .own, .text, summary, h1, .note')) {
      const hides = getComputedStyle(text).overflowY !== 'visible';
      if (hides) found.push(`the descenders of ${text.className} “${text.textContent}” are cut off`);
    }
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const plot = document.querySelector('.chart canvas')!.getBoundingClientRect().height / rem;
    if (plot < 6) found.push(`the chart has ${plot.toFixed(1)} rem`);
    const leaf = document.querySelector<HTMLElement>('.plot + section')!;
    const words = [...leaf.querySelectorAll<HTMLElement>('dt, th, .verdict, small')];
    const figures = [...leaf.querySelectorAll('dd, th, td, .way, p, small')];
    if (figures.length < 2) found.push('nothing beside the chart');
    for (const text of words) {
      if (text.scrollWidth > text.clientWidth) found.push(`“${text.textContent}” beside the chart is shortened`);
    }
    const panel = leaf.getBoundingClientRect();
    for (const part of figures) {
      const box = part.getBoundingClientRect();
      if (box.bottom > panel.bottom + 1 || box.right > panel.right + 1)
        found.push(`“${part.textContent}” runs out of its panel`);
    }
    const crowd = document.querySelector<HTMLElement>('.crowd');
    if (crowd === null || crowd.scrollWidth > crowd.clientWidth) found.push('the crowd is cut, or none');
    for (const text of document.querySelectorAll<HTMLElement>('.wall *')) {
      if (getComputedStyle(text).textOverflow !== 'ellipsis') continue;
      const over = text.getBoundingClientRect().right - text.parentElement!.getBoundingClientRect().right;
      if (over > 1) found.push(`“${text.textContent}” runs out of its place instead of being shortened`);
    }
    return found;
  });

/** Chart and map have taken the size of the window. */
const settled = (page: Page) =>
  page.evaluate(async () => {
    for (let frame = 0; frame < 3; frame++) await new Promise((resolve) => requestAnimationFrame(resolve));
  });

/** {@link cuts} of each leaf beside the chart, in turn. */
async function cutsOfLeaves(page: Page, name: Scenario): Promise<string[]> {
  const found: string[] = [];
  const leaves = page.locator('.plot + section header button');
  // What each has to show once it has been read; a database that is away is not asked.
  for (const [k, what] of ['.verdict:not(:empty)', 'dt', 'li', 'tbody td', 'dt, p'].entries()) {
    await leaves.nth(k).click();
    if (name !== 'probes') await page.locator(`.plot + section ${what}`).first().waitFor();
    found.push(...(await cuts(page)));
  }
  return found;
}

/** Alarms that are shortened while a notice of less weight could be, and a feed's note that is while its address is not. */
const wronglyCut = (page: Page) =>
  page.evaluate(() => {
    const isCut = (text: HTMLElement) => text.scrollWidth > text.clientWidth;
    const least = 3.1 * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const isWide = (box: Element) => box.getBoundingClientRect().width > least;
    const found: string[] = [];
    const lighter = [...document.querySelectorAll('li.info, li.warn:not(.keep)')].filter(isWide);
    for (const alarm of document.querySelectorAll<HTMLElement>('li.bad .text, li.bad summary')) {
      if (isCut(alarm) && lighter.length > 0) found.push(`“${alarm.textContent}” before “${lighter[0]!.textContent}”`);
    }
    const note = document.querySelector<HTMLElement>('header .note');
    const uri = document.querySelector<HTMLElement>('header .uri');
    if (note !== null && isCut(note) && uri!.clientWidth > 1) found.push(`“${note.textContent}” before its address`);
    return found;
  });

test('whoever chooses a row by keyboard goes with it to the top, and nothing complains', async () => {
  const page = await browser.newPage({ viewport: { width: 1920, height: 1080 } });
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.goto(`http://127.0.0.1:${servers.get('busy')!.port}/?lang=en&level=4`);
  const rows = page.locator('.room li button');
  await page.locator('.room li .present .value').first().waitFor();
  await rows.nth(2).focus();
  const third = await page.evaluate(() => document.activeElement!.querySelector('.below')!.textContent);
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelector('.room li button')?.getAttribute('aria-current') === 'true');
  expect(await rows.first().locator('.below').textContent()).toBe(third);
  expect(await rows.first().evaluate((row) => row === document.activeElement)).toBe(true);
  await page.getByText('Service hall · Present over time').waitFor();
  await page.getByRole('button', { name: 'Micro', exact: true }).click();
  await rows.nth(3).click();
  await page.getByText('Venue').first().waitFor();
  await page.waitForTimeout(300);
  expect(complaints).toEqual([]);
  await page.close();
});

const sizes: [number, number][] = [
  [1920, 1080],
  [3840, 2160],
  [1366, 768],
  [1024, 768],
];
const walls = ['zh', 'en'].flatMap((lang) => names.map((name) => [name, lang] as const));
describe.each(walls)('the %s wall in %s', (name, lang) => {
  let page: Page;
  // Loaded at another size than the wall before, then resized: each size is loaded by two walls.
  const first = walls.findIndex((wall) => wall[0] === name && wall[1] === lang) % sizes.length;
  const inTurn = [...sizes.slice(first), ...sizes.slice(0, first)];
  beforeAll(async () => {
    const [width, height] = inTurn[0]!;
    page = await browser.newPage({ viewport: { width, height } });
    await page.goto(`http://127.0.0.1:${servers.get(name)!.port}/?lang=${lang}`);
    await page.getByText(scenarios[name]).first().waitFor();
  });
  afterAll(() => page?.close());

  test.each(inTurn)('fits on %i × %i', async (width, height) => {
    await page.setViewportSize({ width, height });
    await settled(page);
    expect(await cutsOfLeaves(page, name)).toEqual([]);
    expect(await wronglyCut(page)).toEqual([]);
  });
});
