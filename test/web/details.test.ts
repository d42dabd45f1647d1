import { flushSync } from 'svelte';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { CrowdRow } from '../../shared/crowd.ts';
import { hiddenCount } from '../../shared/protocol.ts';
import type { RegionExpected } from '../../shared/region-answers.ts';
import { language } from '../../web/app/i18n.svelte.ts';
import Details from '../../web/screens/wall/Details.svelte';
import Origins from '../../web/screens/wall/Origins.svelte';
import RegionList from '../../web/screens/wall/RegionList.svelte';
import { crowdBeside, crowdLine } from '../../web/state/crowd-line.ts';
import { expectedLine, roleLines, seenLines } from '../../web/state/who-lines.ts';
import { fakeExpected, fakePlaces, fakeTree, fakeTrips } from './tools/fake-areas.ts';
import { makeWall } from './tools/make-wall.ts';
import { fed, mountsComponents, show, text } from './tools/show.ts';

mountsComponents();
afterEach(() => vi.useRealTimers());

const atUs = Date.UTC(2026, 9, 17, 10, 5) * 1000;
const roles = { residents: 310, workers: 70, visitors: 440, passersBy: 90, undetermined: 0 };
const none = { residents: 0, workers: 0, visitors: 0, passersBy: 0, undetermined: 820 };
const row = (changes: Partial<CrowdRow> = {}): CrowdRow => ({ region: 0, atUs, crowd: 2310, roles, ...changes });
const line = (of: CrowdRow | undefined, ageS = 60) => crowdLine(of, 20, atUs + ageS * 1e6, 'Asia/Shanghai');
const texts = (lines: { name: string; figure: { text: string } }[]) => lines.map(({ figure }) => figure.text);

describe('the crowd of a region', () => {
  test('stands with what it leaves out, and with its time once that is not now', () => {
    expect(line(row())).toMatchObject({ figure: { text: '2,310' }, more: 'without residents and workers' });
    expect(line(row(), 600).more).toBe('without residents and workers · at 18:05');
    language.lang = 'zh';
    expect(line(row(), 600).more).toBe('不含常住与上班 · 18:05 统计');
    expect(crowdBeside(row(), 20)).toBe('客流 2,310');
  });

  test('zero, hidden, undetermined, unknown and not counted differ', () => {
    expect(line(row({ crowd: 0 })).figure).toMatchObject({ text: '0', state: 'zero' });
    expect(line(row({ crowd: hiddenCount })).figure).toMatchObject({ text: '<20', state: 'hidden' });
    expect(line(row({ crowd: null, roles: none }))).toMatchObject({
      ...{ figure: { state: 'unknown' }, more: 'roles need 7 days of history' },
    });
    expect(line(row({ crowd: null, roles: null })).more).toBe('unknown: roles need 7 days of history');
    expect(line(undefined).more).toBe('not counted yet');
    const beside = [row({ crowd: hiddenCount }), row({ crowd: null }), undefined].map((of) => crowdBeside(of, 20));
    expect(beside).toEqual(['crowd <20', '', '']);
  });

  test('comes with the frames to the row of its region', () => {
    const { wall, feed } = fed();
    const body = show(RegionList, { wall, kiosk: false });
    expect(text(body)).not.toContain('crowd');
    wall.applyFrame({ ...feed.delta(), crowd: [row({ region: wall.chosenPlace })] });
    flushSync();
    expect(text(body.querySelector('li .below'))).toBe('crowd 2,310 · Venue');
  });
});

describe('who is in a region', () => {
  test('fix ages are shares of those present, and unknown where a part is', () => {
    const of = { present: 200, fresh5: 40, fresh30: hiddenCount, visitors: 230 };
    expect(texts(seenLines(of, 20, 1))).toEqual(['20%', '—', '230']);
    expect(texts(seenLines({ ...of, present: 0 }, 20, 1))).toEqual(['—', '—', '230']);
  });

  test('roles are unknown, not zero, while nobody’s is determined', () => {
    expect(texts(roleLines(row(), 20))).toEqual(['310', '70', '440', '90', '0']);
    expect(texts(roleLines(row({ roles: none }), 20))).toEqual(['—', '—', '—', '—', '820']);
    expect(texts(roleLines(undefined, 20))).toEqual(['—', '—', '—', '—', '—']);
  });

  test('what is usual stands with how far this is from it, told by sign and word', () => {
    const usual: RegionExpected = {
      ...{ id: 'a', atUs, present: 90, band: { median: 90, low: -1, high: 120, days: 6 }, z: 0.1, verdict: 'usual' },
    };
    expect(expectedLine(usual, 20)).toEqual({ band: '<20 – 120', verdict: 'as usual', level: 'normal' });
    expect(expectedLine(fakeExpected('a', true), 0)).toMatchObject({ verdict: '▲ unusual', level: 'unusual' });
    expect(expectedLine(fakeExpected('a', false), 0)).toMatchObject({
      verdict: '▼ check links first',
      level: 'fault',
    });
    const few = { ...usual, band: null, z: null, verdict: null };
    expect(expectedLine(few, 0)).toMatchObject({ band: '—', verdict: 'needs 4 like days' });
    expect(expectedLine(null, 0)).toEqual({ band: '—', verdict: '', level: 'normal' });
  });
});

test('origins name operators, and provinces and cities where segments tell them, a leaf each that turns', () => {
  vi.useFakeTimers();
  const { wall, feed } = fed({ minCount: 20 });
  const body = show(Origins, { wall, kiosk: true });
  expect(body.querySelector('.note .shown')).toBeNull();
  wall.applyFrame({ ...feed.delta(), places: fakePlaces(20) });
  flushSync();
  const leaf = () => text(body.querySelector('.note .shown'));
  expect(leaf()).toBe('Countries');
  const next = () => {
    // Frames come meanwhile.
    for (let s = 0; s < 12; s++) {
      vi.advanceTimersByTime(1000);
      wall.applyFrame(feed.delta());
      flushSync();
    }
    return [...body.querySelectorAll('li.country')].map(text);
  };
  expect(next()).toEqual(['CN China Unicom 9,912', 'CN China Telecom 6,204', 'HK 454-12 3,120', 'JP 440-10 1,507']);
  expect(next()).toEqual([
    ...['0757 广东 佛山 5,114', '010 北京 2,208', '0451 area code 0451 310'],
    '0991 新疆 乌鲁木齐 <20fewer than 20, hidden',
  ]);
  next();
  expect(leaf()).toBe('Countries');
});

describe('the leaves beside the trend', () => {
  const shown = (body: HTMLElement) => text(body.querySelector('header .shown'));

  test('turn by themselves, but not while somebody is at them', async () => {
    vi.useFakeTimers();
    const { wall } = fed();
    const body = show(Details, { wall, kiosk: false });
    const seen = [shown(body)];
    for (let k = 0; k < 3; k++) {
      vi.advanceTimersByTime(12_000);
      flushSync();
      seen.push(shown(body));
    }
    expect(seen).toEqual(['Who', 'Traffic', 'Trips', 'Who']);
    const button = body.querySelectorAll<HTMLButtonElement>('header button')[2]!;
    button.focus();
    button.click();
    await vi.advanceTimersByTimeAsync(0);
    flushSync();
    vi.advanceTimersByTime(60_000);
    flushSync();
    expect(shown(body)).toBe('Trips');
  });

  test('trips name the other regions, most first, in both directions', () => {
    const { wall, feed } = fed();
    const { regions } = feed.layout;
    const [own, first] = [wall.region!, regions.find(({ id }) => id !== wall.chosenId)!];
    wall.trips.answer = fakeTrips(own.id, regions);
    const body = show(Details, { wall, kiosk: false });
    body.querySelectorAll<HTMLButtonElement>('header button')[2]!.click();
    flushSync();
    expect(body.querySelectorAll('li')).toHaveLength(5);
    expect(text(body.querySelector('li'))).toBe(`${first.name} ▲from 12,345 ▼to 812`);
    expect(text(body.querySelector('header small'))).toBe('last 3 h');
    wall.trips.answer = null;
    flushSync();
    expect(text(body)).toContain('Not known at the moment');
  });

  test('a sign says on whichever leaf that the region is not as usual', () => {
    const { wall } = fed();
    const body = show(Details, { wall, kiosk: true });
    expect(body.querySelector('header i')).toBeNull();
    wall.expected.answer = fakeExpected('a', false);
    flushSync();
    expect(body.querySelector('header i')).not.toBeNull();
    expect(text(body.querySelector('p.fault'))).toBe('Usual 3,820 – 4,390 ▼ check links first');
  });

  test('of a node of the tree there is who is there alone, without roles', () => {
    const { wall, feed } = makeWall();
    feed.layout.tree = fakeTree();
    wall.applyLayout({ ...feed.layout });
    wall.applyFrame(feed.snapshot());
    wall.choose(feed.layout.tree[0]!.id);
    const body = show(Details, { wall, kiosk: false });
    expect([...body.querySelectorAll('header button')].map(text)).toEqual(['Who']);
    expect([...body.querySelectorAll('dt')].map(text)).toEqual(['Fix ≤5 min', 'Fix ≤30 min', 'In 1 min']);
  });
});
