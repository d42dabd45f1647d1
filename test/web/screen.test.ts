import { flushSync } from 'svelte';
import { describe, expect, test } from 'vitest';
import { unknownCount } from '../../shared/protocol.ts';
import { language } from '../../web/app/i18n.svelte.ts';
import CapacityBar from '../../web/parts/CapacityBar.svelte';
import CellList from '../../web/screens/wall/CellList.svelte';
import Header from '../../web/screens/wall/Header.svelte';
import Origins from '../../web/screens/wall/Origins.svelte';
import RegionList from '../../web/screens/wall/RegionList.svelte';
import StatusLine from '../../web/screens/wall/StatusLine.svelte';
import Totals from '../../web/screens/wall/Totals.svelte';
import { kickOffUs } from './tools/fake-feed.ts';
import { makeWall } from './tools/make-wall.ts';
import { fed, mountsComponents, show, text } from './tools/show.ts';

mountsComponents();

describe('the list of micro-regions', () => {
  test('shows the venue first and chosen, with present, flows and share of capacity', () => {
    const { wall, feed } = fed();
    const body = show(RegionList, { wall, kiosk: false });
    const first = body.querySelector('li button')!;
    expect(first.getAttribute('aria-current')).toBe('true');
    expect(text(first.querySelector('.own'))).toBe('琶洲展馆');
    expect(text(first.querySelector('.present'))).toContain(feed.regionPresent(3, feed.timeUs).toLocaleString('en-US'));
    expect(first.querySelectorAll('.flow .value').length).toBe(2);
    expect(text(first.querySelector('.capacity'))).toMatch(/\d+%/);
  });

  test('a click chooses another region, which then stands on top', () => {
    const { wall } = fed();
    const body = show(RegionList, { wall, kiosk: false });
    const second = body.querySelectorAll<HTMLButtonElement>('li button')[1]!;
    const name = text(second.querySelector('.own'));
    second.click();
    flushSync();
    expect(wall.region!.name).toBe(name);
    expect(text(body.querySelector('li button .own'))).toBe(name);
  });

  test('follows the frames', () => {
    const { wall, feed } = fed();
    const body = show(RegionList, { wall, kiosk: false });
    for (let k = 0; k < 5; k++) wall.applyFrame(feed.delta());
    flushSync();
    expect(text(body.querySelector('li .present'))).toContain(
      feed.regionPresent(3, feed.timeUs).toLocaleString('en-US'),
    );
  });

  test('turns pages by button, but has none in kiosk mode', () => {
    const { wall } = fed();
    const body = show(RegionList, { wall, kiosk: false });
    const names = () => [...body.querySelectorAll('li .own')].map(text);
    const before = names();
    body.querySelector<HTMLButtonElement>('[aria-label="Next page"]')!.click();
    flushSync();
    expect(names()[0]).toBe(before[0]);
    expect(names()[1]).not.toBe(before[1]);
    document.body.replaceChildren();
    expect(show(RegionList, { wall, kiosk: true }).querySelector('[aria-label="Next page"]')).toBeNull();
  });

  test('shows figures as unknown while the layout does not fit them', () => {
    const { wall, feed } = fed();
    feed.layout.revision = 2;
    wall.figures.apply(feed.snapshot());
    wall.frame++;
    const body = show(RegionList, { wall, kiosk: false });
    expect(body.querySelector('li .present .unknown')).not.toBeNull();
  });

  test('says how to give regions when there are none', () => {
    const { wall } = fed({ regions: false });
    expect(text(show(RegionList, { wall, kiosk: false }))).toContain('--regions FILE');
  });
});

describe('share of capacity', () => {
  test.each([
    [790, 'normal', ''],
    [800, 'near', 'nearly full'],
    [1000, 'full', 'over capacity'],
  ])('%i of 1000 is %s, told by a sign beside the colour', (present, level, sign) => {
    const body = show(CapacityBar, { present, capacity: 1000, minCount: 0 });
    expect(body.querySelector('.capacity')!.classList.contains(level)).toBe(true);
    expect(body.querySelector('[role=img]')?.getAttribute('aria-label') ?? '').toBe(sign);
  });
});

describe('the line of banners', () => {
  test('announces exact counts', () => {
    const { wall } = fed();
    expect(text(show(StatusLine, { wall }))).toContain('Exact counts · this machine only');
  });

  test('says that the connection is lost, how old the picture is and when the next try is', () => {
    const { wall, clock } = fed();
    clock.ms += 35_000;
    wall.nowMs = clock.ms;
    wall.link = { state: 'lost', retryAtMs: clock.ms + 4200 };
    const body = show(StatusLine, { wall });
    expect(text(body.querySelector('[role=alert]'))).toBe(
      '✕ Connection lost Picture of event time 19:30:00, 35 s old · next try in 5 s',
    );
    expect(wall.freshness.level).toBe(2);
  });

  test('says that the data is stale though the connection stands', () => {
    const { wall } = fed({}, {}, { state: 'stale', dataAgeMs: 95_000 });
    const body = show(StatusLine, { wall });
    expect(text(body.querySelector('[role=alert]'))).toContain('No feed has sent anything for 1 min 35 s');
  });

  test('opens the reasons of bad records', () => {
    const { wall } = fed({}, {}, { faults: { SCCP_TRUNCATED: 17, M3UA_LENGTH: 3 }, faultsTotal: 20 });
    const body = show(StatusLine, { wall });
    expect(text([...body.querySelectorAll('details p')].at(-1)!)).toBe('SCCP_TRUNCATED 17 · M3UA_LENGTH 3');
  });
});

describe('the header', () => {
  test('shows event time in the layout’s zone, which it names, the replay speed and the connection', () => {
    const { wall } = fed();
    wall.link = { state: 'live', retryAtMs: -1 };
    const body = show(Header, { wall });
    expect(text(body.querySelector('.clock'))).toBe('19:30:00');
    expect(text(body.querySelector('.zone'))).toBe('China Standard Time UTC+8');
    expect(text(body.querySelector('.speed'))).toBe('60×');
    expect(text(body.querySelector('.link'))).toContain('Connected');
  });

  test('says calmly that a feed is behind, unless it says why', () => {
    const calm = (note: string) => {
      const { wall } = fed({}, {}, { state: 'behind', note });
      const marked = show(Header, { wall }).querySelectorAll('.calm').length;
      document.body.replaceChildren();
      return marked;
    };
    expect([calm(''), calm('too slow')]).toEqual([2, 0]);
  });

  test('has no speed mark in real time', () => {
    const { wall } = fed({}, {}, { speed: 1 });
    expect(show(Header, { wall }).querySelector('.speed')).toBeNull();
  });

  test('has no clock before the first event', () => {
    const { wall } = fed({}, { eventUs: 0 });
    expect(text(show(Header, { wall }).querySelector('.clock'))).toBe('--:--:--');
  });
});

test('totals are unknown before the first frame, not zero', () => {
  const { wall, feed } = makeWall();
  wall.applyLayout(feed.layout);
  const body = show(Totals, { wall });
  expect(body.querySelector('.big .unknown')).not.toBeNull();
  wall.applyFrame(feed.snapshot());
  flushSync();
  expect(body.querySelector('.big .value')).not.toBeNull();
});

test('totals that count since the server’s start are told from those of now', () => {
  const { wall } = fed();
  const groups = [...show(Totals, { wall }).querySelectorAll('.group')].map(text);
  expect(groups[0]).toMatch(/^Since start Appeared .* Vanished/);
  expect(groups[1]).toMatch(/^Now Events\/s .* Unknown cells/);
});

test('a wall that joins a second start draws sparklines without the warm-up', () => {
  const { wall, feed } = fed({}, { warmingUp: false, wholeFromUs: kickOffUs - 10 * 60_000_000, storedUs: -1 });
  const { values, muted } = wall.sparkLine(0, 60);
  expect(muted).toBe(false);
  expect([...values].filter((value) => value !== unknownCount)).toEqual([...wall.figures.sparkOf(0, 11)]);
  expect(feed.timeUs).toBe(kickOffUs);
});

test('cells without positions become a list of names and bars that says why', () => {
  const { wall } = fed({ positions: false });
  const body = show(CellList, { wall });
  expect(text(body)).toContain('--cells FILE');
  const [place, present] = wall.status!.topCells[0]!;
  expect(text(body.querySelector('li .name'))).toBe(wall.layout!.cells[place]!.cgi);
  expect(text(body.querySelector('li .count'))).toBe(present.toLocaleString('en-US'));
});

test('origins show classes and roamers by country, in the wall’s language', () => {
  const { wall } = fed();
  const body = show(Origins, { wall, kiosk: false });
  expect(text(body)).toContain('Hong Kong');
  language.lang = 'zh';
  flushSync();
  expect(text(body)).toContain('香港');
  expect(text(body)).toContain('港澳台');
});
