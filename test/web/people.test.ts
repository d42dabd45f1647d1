import { describe, expect, test } from 'vitest';
import { hiddenCount, type PeopleRow } from '../../shared/protocol.ts';
import { language } from '../../web/app/i18n.svelte.ts';
import { formatEstimate } from '../../web/parts/format.ts';
import RegionRow from '../../web/screens/wall/RegionRow.svelte';
import { peopleLine } from '../../web/state/people-line.ts';
import { makeWall } from './tools/make-wall.ts';
import { mountsComponents, show, text } from './tools/show.ts';

const row = (changes: Partial<PeopleRow> = {}): PeopleRow => ({
  ...{ region: 0, people: 41_187, low: 38_912, high: 43_551, calibrated: false },
  ...{ inflow: null, toFirstAlertMs: null, toCapacityMs: null },
  ...changes,
});

mountsComponents();

describe('the line about people', () => {
  test('gives the estimate with its interval, and says that it is one, in both languages', () => {
    expect(peopleLine(row(), null, 0, 0)).toEqual({
      text: '≈ 41,200 people (38,900–43,600), estimate',
      more: '',
      level: 'normal',
    });
    language.lang = 'zh';
    expect(peopleLine(row(), null, 0, 0).text).toBe('≈ 41,200 人（38,900–43,600），估计值');
  });

  test('says how many devices are left out because they are in machines, where some are or may be', () => {
    const more = (machines: number) => peopleLine(row({ calibrated: true }), null, 20, machines).more;
    expect(more(1_320)).toBe('less 1,320 machines');
    expect(more(hiddenCount)).toBe('less <20 machines');
    expect([0, Number.NaN].map(more)).toEqual(['', '']);
  });

  test('tells zero, hidden and unknown apart', () => {
    const hidden = row({ people: hiddenCount, low: hiddenCount, high: hiddenCount });
    const texts = [row({ people: 0, low: 0, high: 0 }), hidden, undefined].map(
      (each) => peopleLine(each, 9, 20, 0).text,
    );
    expect(texts).toEqual([
      '≈ 0 people, estimate',
      'People: hidden, fewer than 20 devices',
      'People: unknown, a market share is missing',
    ]);
  });

  test('says how full it is, when it will be, and that gates have counted', () => {
    const coming = row({ toFirstAlertMs: 34 * 60_000, toCapacityMs: 75 * 60_000, calibrated: true });
    expect(peopleLine(coming, 60_000, 0, 0)).toMatchObject({
      text: '≈ 41,200 people (38,900–43,600), estimate · calibrated by gates',
      more: '69% of capacity · 80% in ≈34 min · full in ≈1 h 15 min',
      level: 'normal',
    });
    const near = row({ toFirstAlertMs: 0, toCapacityMs: 5 * 60_000 });
    expect(peopleLine(near, 50_000, 0, 0)).toMatchObject({
      more: '82% of capacity · full in ≈5 min',
      level: 'near',
    });
    const full = row({ toFirstAlertMs: 0, toCapacityMs: 0 });
    expect(peopleLine(full, 40_000, 0, 0)).toMatchObject({ more: '103% of capacity', level: 'full' });
  });

  test('shows no more digits than an estimate has', () => {
    expect([0, 7, 994, 1_234, 98_765, 123_456].map(formatEstimate)).toEqual([
      '0',
      '7',
      '994',
      '1,230',
      '98,800',
      '123,000',
    ]);
  });
});

describe('the share of capacity in the list', () => {
  function shown(people: boolean, place: number): string {
    const { wall, feed } = makeWall({}, {}, {}, people);
    wall.applyLayout({ ...feed.layout });
    const frame = feed.snapshot();
    const rows = frame.people?.map((each) => (each.region === 0 ? { ...each, people: 30_000 } : each));
    wall.applyFrame({ ...frame, ...(rows && { people: rows }) });
    const region = { ...feed.layout.regions[place]!, capacity: 60_000 };
    return text(show(RegionRow, { wall, place, region, minutes: 15 }).querySelector('.capacity'));
  }

  test('is that of the people where they are estimated', () => {
    expect(shown(true, 0)).toBe('50%');
  });

  test('is that of the devices where no people are estimated', () => {
    expect(shown(false, 0)).not.toBe('50%');
  });

  test('is unknown where people are estimated, but not these', () => {
    expect(shown(true, 5)).toContain('unknown');
  });
});
