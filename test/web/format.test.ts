import { beforeEach, describe, expect, test } from 'vitest';
import { hiddenCount, unknownCount } from '../../shared/protocol.ts';
import { chooseLanguage, language, t } from '../../web/app/i18n.svelte.ts';
import {
  formatAge,
  formatAxis,
  formatChange,
  formatCount,
  formatRate,
  formatShare,
  formatSpeed,
} from '../../web/parts/format.ts';
import { formatClock, formatDay, formatZone, usableZone } from '../../web/parts/time.ts';

beforeEach(() => {
  language.lang = 'en';
});

describe('counts', () => {
  test('zero, unknown and hidden never look alike', () => {
    const figures = [0, unknownCount, hiddenCount].map((value) => formatCount(value, 20));
    expect(figures.map(({ text }) => text)).toEqual(['0', '—', '<20']);
    expect(figures.map(({ state }) => state)).toEqual(['zero', 'unknown', 'hidden']);
    expect(figures.map(({ spoken }) => spoken)).toEqual(['', 'unknown', 'fewer than 20, hidden']);
  });

  test('groups thousands in both languages', () => {
    expect(formatCount(1_234_567, 0).text).toBe('1,234,567');
    language.lang = 'zh';
    expect(formatCount(1_234_567, 0).text).toBe('1,234,567');
  });

  test('takes a missing figure for unknown, not for zero', () => {
    expect(formatCount(Number.NaN, 0).state).toBe('unknown');
    expect(formatCount(-1, 0).state).toBe('unknown');
  });
});

describe('shares', () => {
  test('shows a small share as more than nothing', () => {
    expect(formatShare(0.0035, true).text).toBe('0.4%');
    expect(formatShare(0, true)).toMatchObject({ text: '0%', state: 'zero' });
  });

  test('does not round up to all', () => {
    expect(formatShare(0.9999).text).toBe('99.9%');
    expect(formatShare(1).text).toBe('100%');
  });

  test('is unknown below zero', () => {
    expect(formatShare(-1).text).toBe('—');
  });
});

test('writes changes with their sign', () => {
  expect([1204, -35, 0, Number.NaN].map((value) => formatChange(value).text)).toEqual(['+1,204', '−35', '±0', '—']);
});

test('writes rates, speeds and axis values short', () => {
  expect([0, 3.25, 3180].map((value) => formatRate(value).text)).toEqual(['0', '3.3', '3,180']);
  expect([0, 1, 38.2, 4.26].map(formatSpeed)).toEqual(['max', '1×', '38×', '4.3×']);
  expect([800, 9500, 12_000, 1_500_000].map(formatAxis)).toEqual(['800', '9,500', '12k', '1.5M']);
});

test('writes ages in the language of the wall', () => {
  expect([-1, 8_000, 125_000, 7_800_000].map((ms) => formatAge(ms))).toEqual(['—', '8 s', '2 min 05 s', '2 h 10 min']);
  expect(formatAge(540_000, true)).toBe('9 min');
  language.lang = 'zh';
  expect(formatAge(125_000)).toBe('2 分 05 秒');
});

describe('times', () => {
  const us = Date.UTC(2026, 10, 21, 12, 15, 8) * 1000;

  test('are shown in the zone of the layout, which is named', () => {
    expect(formatClock(us, 'Asia/Shanghai')).toBe('20:15:08');
    expect(formatZone(us, 'Asia/Shanghai')).toBe('China Standard Time UTC+8');
    expect(formatDay(us, 'Asia/Shanghai')).toBe('Sat, 21 Nov 2026');
    language.lang = 'zh';
    expect(formatZone(us, 'Asia/Shanghai')).toBe('中国标准时间 UTC+8');
    expect(formatDay(us, 'Asia/Shanghai')).toBe('2026年11月21日 周六');
  });

  test('are dashes before the first event', () => {
    expect(formatClock(0, 'UTC')).toBe('--:--:--');
  });

  test('fall back to UTC for a zone that this browser does not know', () => {
    expect(usableZone('Asia/Shanghai')).toBe('Asia/Shanghai');
    expect(usableZone('Mars/Olympus')).toBe('UTC');
  });
});

test('takes the language asked for, then the browser’s, then Chinese', () => {
  expect(chooseLanguage('?kiosk&lang=en', ['zh-CN'])).toBe('en');
  expect(chooseLanguage('?lang=fr', ['de-DE', 'en-US'])).toBe('en');
  expect(chooseLanguage('', ['zh-HK'])).toBe('zh');
  expect(chooseLanguage('', ['de'])).toBe('zh');
});

test('fills values into texts', () => {
  expect(t('notice.hidden', { n: 20 })).toBe('Counts below 20 are shown as <20, others rounded to 10, once a minute');
});
