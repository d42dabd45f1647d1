import { flushSync } from 'svelte';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { CrowdRow } from '../../shared/crowd.ts';
import { hiddenCount, type RegionPast } from '../../shared/protocol.ts';
import type { RegionExpected, RegionOrigins } from '../../shared/region-answers.ts';
import { type TrafficAnswer, trafficClasses } from '../../shared/traffic.ts';
import { language } from '../../web/app/i18n.svelte.ts';
import Details from '../../web/screens/wall/Details.svelte';
import Origins from '../../web/screens/wall/Origins.svelte';
import RegionList from '../../web/screens/wall/RegionList.svelte';
import { changeLines, changeOf, changePath } from '../../web/state/change.ts';
import { crowdBeside, crowdLine } from '../../web/state/crowd-line.ts';
import { outcomeLines } from '../../web/state/outcome-lines.ts';
import { expectedLine, roleLines, seenLines } from '../../web/state/who-lines.ts';
import { fakeExpected, fakePast, fakePlaces, fakeRegionOrigins, fakeTree, fakeTrips } from './tools/fake-areas.ts';
import { makeWall } from './tools/make-wall.ts';
import { fed, mountsComponents, show, text } from './tools/show.ts';

mountsComponents();
afterEach(() => vi.useRealTimers());

const atUs = Date.UTC(2026, 9, 17, 10, 5) * 1000;
const roles = { residents: 310, workers: 70, visitors: 440, passersBy: 90, undetermined: 0 };
const none = { residents: 0, workers: 0, visitors: 0, passersBy: 0, undetermined: 820 };
const row = (changes: Partial<CrowdRow> = {}): CrowdRow => ({ region: 0, atUs, crowd: 2310, roles, ...changes });
const line = (of: CrowdRow | undefined, ageS = 60) => crowdLine(of, 20, atUs + ageS * 1e6, 'Asia/Shanghai');
const figures = { units: 0, unknown: 0, success: 0, rejected: 0, failed: 0, unanswered: 0, dropped: 0, seconds: 0 };
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
  expect([...body.querySelectorAll('.note .shown, .note .long')].map(text)).toEqual(['Countries', wall.region!.name]);
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
  expect(next()).toEqual([]);
  expect(leaf()).toBe(wall.region!.name);
  next();
  expect(leaf()).toBe('Countries');
});

describe('origins of the chosen region', () => {
  const quarterUs = 900_000_000;
  const toUs = Math.floor(atUs / quarterUs + 1) * quarterUs;
  const origins = (minCount: number) => fakeRegionOrigins('a', toUs, fakePlaces(minCount));
  const ofRegion = (answer: RegionOrigins | null) => {
    const { wall } = fed({ minCount: 20 });
    wall.origins.answer = answer;
    const body = show(Origins, { wall, kiosk: false });
    body.querySelector<HTMLButtonElement>('.note .long')!.click();
    flushSync();
    return body;
  };

  test('are a leaf of the region’s name, of the newest quarter that is stored, guests by whatever they are known by', () => {
    const body = ofRegion(origins(20));
    expect(text(body.querySelector('.area'))).toBe('from 17:45');
    expect([...body.querySelectorAll('li.class')].map(text)).toEqual([
      ...['Local 47,031 80%', 'Other province 2,208 3.8%', 'Other netw. 7,116 12%', 'HK, MO, TW 1,120 1.9%'],
      ...['International 548 0.9%', 'Unknown 760 1.3%'],
    ]);
    expect([...body.querySelectorAll('li.country')].map(text)).toEqual([
      ...['CN China Unicom 9,912', 'CN China Telecom 6,204', '0757 广东 佛山 5,114', '010 北京 2,208'],
      'HK Hong Kong 1,120',
    ]);
  });

  test('zero, hidden and unknown differ', () => {
    const first = (answer: RegionOrigins | null) => text(ofRegion(answer).querySelector('li.class .count'));
    const rows = (present: number) => [{ class: 'local' as const, country: '', mcc: '', present }];
    const quarter = (of: ReturnType<typeof rows> | null) => ({
      id: 'a',
      quarters: [{ timeUs: 1, origins: of, places: null }],
    });
    expect(first(quarter(rows(-1)))).toBe('<20fewer than 20, hidden');
    document.body.replaceChildren();
    expect(first(quarter([]))).toBe('0');
    document.body.replaceChildren();
    expect(first(quarter(null))).toBe('—unknown');
    expect(text(document.body)).toContain('Not known at the moment');
  });
});

describe('the leaves beside the trend', () => {
  const shown = (body: HTMLElement) => text(body.querySelector('header .shown'));

  test('turn by themselves, but not while somebody is at them', async () => {
    vi.useFakeTimers();
    const { wall } = fed();
    const body = show(Details, { wall, kiosk: false });
    const seen = [shown(body)];
    for (let k = 0; k < 5; k++) {
      vi.advanceTimersByTime(12_000);
      flushSync();
      seen.push(shown(body));
    }
    expect(seen).toEqual(['Who', 'Traffic', 'Trips', 'Results', 'Change', 'Who']);
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

  test('outcomes stand by procedure, and every class is in a line', () => {
    const { wall } = fed();
    const one = Object.fromEntries(
      trafficClasses.map((name) => [name, { ...figures, success: 1, dropped: 1, units: 2 }]),
    );
    wall.outcomes.answer = { of: 'a', fromUs: atUs - 900e6, toUs: atUs, window: one, open: null };
    const body = show(Details, { wall, kiosk: false });
    body.querySelectorAll<HTMLButtonElement>('header button')[3]!.click();
    flushSync();
    const cells = (row: Element) => [...row.children].map(text).join(' ');
    expect([...body.querySelectorAll('tr')].map(cells)).toEqual([
      ...['last 15 min done failed no ans. unkn.', 'Calls 3 3 0 0', 'SMS 2 2 0 0', 'Loc. upd. 1 1 0 0'],
      ...['Handovers 1 1 0 0', 'Data etc. 4 4 0 0'],
    ]);
  });

  test('an outcome is a zero, hidden, more than what may be shown, or unknown; one that nobody knows is no success', () => {
    const of = (window: TrafficAnswer['window'], toUs = atUs) =>
      outcomeLines({ of: 'a', fromUs: 0, toUs, window, open: null }, 20)[0]!.figures.map((figure) => figure.text);
    expect(of({})).toEqual(['0', '0', '0', '0']);
    expect(of({ 'mo calls': { ...figures, success: 200, rejected: -1, unanswered: -1, unknown: 40 } })).toEqual([
      ...['200', '<20', '<20', '40'],
    ]);
    expect(of({ 'mo calls': { ...figures, failed: 30 }, 'mt calls': { ...figures, failed: -1 } })[1]).toBe('≥30');
    expect(of({}, 0)).toEqual(['—', '—', '—', '—']);
    expect(outcomeLines(null, 0)[0]!.figures[0]).toMatchObject({ state: 'unknown' });
  });

  test('a change adds up, with what has not held at one of its ends', () => {
    const { wall } = fed();
    const toUs = Math.floor(atUs / 900e6) * 900e6;
    wall.change.answer = fakePast('a', toUs);
    const body = show(Details, { wall, kiosk: false });
    body.querySelectorAll<HTMLButtonElement>('header button')[4]!.click();
    flushSync();
    expect([...body.querySelectorAll('dl > div')].map(text)).toEqual([
      ...['+ Entered 19,862', '− Left 2,607', '+ Appeared 214', '− Vanished 75'],
      ...['At 17:45 41,388', 'At 18:00 58,783', 'Change +17,395', 'Not held +1'],
    ]);
    const behind = fakePast('a', toUs);
    behind.presence!.present = [41_388, null];
    wall.change.answer = behind;
    flushSync();
    expect(text(body)).toContain('Known once the history has caught up');
    wall.change.answer = null;
    flushSync();
    expect(text(body)).toContain('Not known at the moment');
  });

  test('of figures that are rounded nothing is left over, and hidden ones and unknown ones stay so', () => {
    const past = fakePast('a', 1_800_000_000);
    past.flows!.vanished = [0, -1];
    const told = (of: RegionPast) => changeLines(changeOf(of)!, 20, 'UTC').map(({ figure }) => figure.text);
    expect(told(past)).toEqual(['19,862', '2,607', '214', '<20', '41,388', '58,783', '+17,395']);
    past.flows!.entries = [0, null];
    expect(changeOf(past)).toBeNull();
    expect(changeOf({ id: 'a', bucketS: 900, timeUs: [] })).toBeNull();
  });

  test('a change is asked of the newest quarter that is settled, and the one before', () => {
    const startUs = Date.UTC(2026, 9, 17, 10) * 1000;
    const settling = { gaugeEveryMs: 60_000, holdDownMs: 60_000 };
    const path = (minutes: number, of = settling) => changePath('a', startUs + minutes * 60e6, of);
    const from = (minutes: number) => startUs + minutes * 60e6;
    expect(path(18)).toBe(`regions/a/past?of=presence,flows&from=${from(-15)}&to=${from(15)}&bucket=900`);
    expect(path(17)).toBe(`regions/a/past?of=presence,flows&from=${from(-30)}&to=${from(0)}&bucket=900`);
    expect(path(26, { ...settling, holdDownMs: 600_000 })).toBe(path(17));
    expect(path(27, { ...settling, holdDownMs: 600_000 })).toBe(path(18));
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

  test('of a node of the tree there is who is there, without roles, and what became of procedures', () => {
    const { wall, feed } = makeWall();
    feed.layout.tree = fakeTree();
    wall.applyLayout({ ...feed.layout });
    wall.applyFrame(feed.snapshot());
    wall.choose(feed.layout.tree[0]!.id);
    const body = show(Details, { wall, kiosk: false });
    expect([...body.querySelectorAll('header button')].map(text)).toEqual(['Who', 'Results']);
    expect([...body.querySelectorAll('dt')].map(text)).toEqual(['Fix ≤5 min', 'Fix ≤30 min', 'In 1 min']);
  });
});
