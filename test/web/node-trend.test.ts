import { flushSync } from 'svelte';
import { afterEach, expect, test, vi } from 'vitest';
import { hiddenCount, rowSparkPoints } from '../../shared/protocol.ts';
import { scaleOf } from '../../web/draw/palette.ts';
import { formatSpan } from '../../web/parts/format.ts';
import Legend from '../../web/screens/wall/Legend.svelte';
import RegionList from '../../web/screens/wall/RegionList.svelte';
import { fakeTree } from './tools/fake-areas.ts';
import { makeWall } from './tools/make-wall.ts';
import { mountsComponents, show, text } from './tools/show.ts';

mountsComponents();
afterEach(() => vi.unstubAllGlobals());

/** A wall with a region tree and its first frame painted. */
function fedTree() {
  const made = makeWall();
  made.feed.layout.tree = fakeTree();
  made.wall.applyLayout({ ...made.feed.layout });
  made.wall.applyFrame(made.feed.snapshot());
  return made;
}

test('a row of the region tree chooses its node, whose trend goes on with the frames', () => {
  const { wall, feed } = fedTree();
  const body = show(RegionList, { wall, kiosk: false });
  wall.listLevel = 2;
  flushSync();
  const rows = () => [...body.querySelectorAll<HTMLButtonElement>('li button')];
  expect(rows()).toHaveLength(4);
  const name = text(rows()[2]!.querySelector('.below'));
  rows()[2]!.click();
  flushSync();
  expect(text(rows()[0]!.querySelector('.below'))).toBe(name);
  expect(rows()[0]!.getAttribute('aria-current')).toBe('true');
  expect(wall.region).toBeUndefined();
  expect(wall.node!.level).toBe(2);
  expect(wall.trend.points).toHaveLength(rowSparkPoints);
  const place = wall.nodePlace;
  for (let k = 0; k < 3; k++) wall.applyFrame(feed.delta());
  expect(wall.trend.points.at(-1)!.y).toBe(feed.regionPresent(place, feed.timeUs));
  expect(wall.trend.points).toHaveLength(rowSparkPoints + 3);
  expect([...wall.nodeSparkLine(place, rowSparkPoints).values]).toHaveLength(rowSparkPoints);
});

test('of a node the history is read, but not how long people stay, which nobody counts', async () => {
  const { wall } = fedTree();
  const asked: string[] = [];
  vi.stubGlobal('fetch', (url: string) => {
    asked.push(decodeURIComponent(new URL(url).pathname));
    return Promise.resolve(new Response('{}', { status: 404 }));
  });
  wall.choose('tree:天河分公司');
  wall.trend.tick(wall.status!.eventUs, true, 60_000);
  wall.dwell.tick(true);
  await vi.waitFor(() => expect(asked).toEqual(['/api/regions/tree:天河分公司/history']));
  wall.choose(wall.layout!.regions[0]!.id);
  wall.dwell.tick(true);
  expect(asked.at(-1)).toBe(`/api/regions/${wall.layout!.regions[0]!.id}/dwell`);
});

test('a new set of regions is shown from its first page', () => {
  const { wall, feed } = fedTree();
  const body = show(RegionList, { wall, kiosk: false });
  const pageOf = () => text(body.querySelector('.pages'));
  body.querySelector<HTMLButtonElement>('[aria-label="Next page"]')!.click();
  flushSync();
  expect(pageOf()).toContain('page 2');
  wall.applyLayout({ ...feed.layout, revision: 2 });
  flushSync();
  expect(pageOf()).toContain('page 2');
  wall.applyLayout({ ...feed.layout, regions: feed.layout.regions.slice(1), revision: 3 });
  flushSync();
  expect(pageOf()).toContain('page 1');
});

test('a new layout keeps the chosen node while it is there', () => {
  const { wall, feed } = fedTree();
  wall.choose('tree:天河分公司');
  wall.applyLayout({ ...feed.layout, revision: 2 });
  expect(wall.chosenId).toBe('tree:天河分公司');
  wall.applyLayout({ ...feed.layout, tree: [], revision: 3 });
  expect(wall.region!.kind).toBe('venue');
});

test('the legend leaves out classes in which every figure is hidden', () => {
  const classes = () => [...document.querySelectorAll('.legend li')].map(text);
  show(Legend, { scale: scaleOf(1), minCount: 20 });
  expect(classes()).toEqual(['no data', '<20', '0', '20', '50', '100', '200', '500', '1000+']);
  document.body.replaceChildren();
  show(Legend, { scale: scaleOf(1), minCount: 0 });
  expect(classes()).toContain('10');
});

test('bounds of a time that read the same are said once', () => {
  expect(formatSpan(16_000, 250_000)).toBe('16 s – 4 min');
  expect(formatSpan(3_601_000, 3_620_000)).toBe('1 h 00 min');
});

test('what is hidden of a node leaves a gap in its line', () => {
  const { wall } = fedTree();
  wall.figures.state.nodeSpark.fill(hiddenCount);
  wall.choose('tree:海珠分公司');
  expect(wall.trend.points.every(({ y }) => y === null)).toBe(true);
  expect(wall.trend.someHidden).toBe(true);
});
