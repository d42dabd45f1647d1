import { describe, expect, test, vi } from 'vitest';
import { hiddenCount, type RegionHistory, unknownCount } from '../../shared/protocol.ts';
import { clockTicks, editLines, worthALine } from '../../web/draw/trend-chart.ts';
import { CityTrend } from '../../web/state/city-trend.svelte.ts';
import { rereadMs, retryMs, TrendModel } from '../../web/state/trend.svelte.ts';
import { summarise } from '../../web/state/trend-summary.ts';
import { sparkLineOf, type Warmth } from '../../web/state/warmth.ts';
import { ManualClock } from './tools/make-wall.ts';

const minuteUs = 60_000_000;
const startUs = Math.floor((Date.UTC(2026, 10, 21, 11, 30) * 1000) / minuteUs) * minuteUs;

const warm: Warmth = { warming: false, wholeFromUs: 0, storedUs: -1, ahead: false };

function history(minutes: number, values: (number | null)[]): Response {
  const timeUs = values.map((_, k) => startUs + (minutes - values.length + k) * minuteUs);
  const none = values.map(() => null);
  const body: RegionHistory = {
    id: 'r',
    bucketS: 60,
    timeUs,
    present: values,
    entries: none,
    exits: none,
    traffic: none,
  };
  return Response.json(body);
}

function setUp(answer: () => Response) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const trend = new TrendModel({
    clock,
    url: (id, fromUs, toUs, bucketS) => `${id} ${(toUs - fromUs) / minuteUs} ${bucketS}`,
    fetch: async (url) => {
      asked.push(String(url));
      return answer();
    },
  });
  return { clock, asked, trend };
}

const settled = (check: () => void) => vi.waitFor(check, { interval: 1 });

describe('the trend', () => {
  test('joins the history with the intervals that frames bring', async () => {
    const { asked, trend } = setUp(() => history(0, [5, null, 7, 9]));
    trend.choose('r');
    expect(trend.state).toBe('loading');
    trend.extend(startUs, 60_000, Uint32Array.of(9));
    trend.tick(startUs, true, 60_000);
    await settled(() => expect(trend.state).toBe('ready'));
    trend.extend(startUs + 2 * minuteUs, 60_000, Uint32Array.of(10, 11));
    expect(asked).toEqual(['r 360 60']);
    expect(trend.points).toEqual([
      { x: startUs - 3 * minuteUs, y: 5 },
      { x: startUs - 2 * minuteUs, y: null },
      { x: startUs - minuteUs, y: 7 },
      { x: startUs, y: 9 },
      { x: startUs + minuteUs, y: 10 },
      { x: startUs + 2 * minuteUs, y: 11 },
    ]);
  });

  test('says whether the hours have been read: before, and of another region, nobody knows their peak', async () => {
    let answers = false;
    const { clock, trend } = setUp(() => (answers ? history(0, [500, 7]) : new Response('', { status: 500 })));
    trend.choose('r');
    trend.extend(startUs, 60_000, Uint32Array.of(9));
    expect(trend.read).toBe(false);
    trend.tick(startUs, true, 60_000);
    await settled(() => expect(trend.state).toBe('failed'));
    expect(trend.read).toBe(false);
    answers = true;
    clock.ms += retryMs;
    trend.tick(startUs, true, 60_000);
    await settled(() => expect(trend.read).toBe(true));
    trend.choose('other');
    expect(trend.read).toBe(false);
  });

  test('leaves gaps where a figure is hidden or unknown, and says that some are hidden', () => {
    const { trend } = setUp(() => history(0, []));
    trend.choose('r');
    trend.extend(startUs, 60_000, Uint32Array.of(30, hiddenCount, unknownCount));
    expect(trend.points.map(({ y }) => y)).toEqual([30, null, null]);
    expect(trend.someHidden).toBe(true);
  });

  test('says that the database is away, keeps the live part and reads when it is back', async () => {
    const { asked, trend } = setUp(() => history(0, [5]));
    trend.choose('r');
    trend.extend(startUs, 60_000, Uint32Array.of(9));
    trend.tick(startUs, false, 60_000);
    expect(trend.state).toBe('away');
    expect(asked).toEqual([]);
    expect(trend.points.length).toBe(1);
    trend.tick(startUs, true, 60_000);
    await settled(() => expect(trend.state).toBe('ready'));
  });

  test('tells refusals apart and asks again later', async () => {
    const answers = [
      Response.json({ error: { code: 'DATABASE_AWAY', message: '' } }, { status: 503 }),
      Response.json({ error: { code: 'BUSY', message: '' } }, { status: 503 }),
      history(0, []),
    ];
    const { asked, clock, trend } = setUp(() => answers.shift()!);
    trend.choose('r');
    for (const state of ['away', 'failed', 'empty']) {
      trend.tick(startUs, true, 60_000);
      await settled(() => expect(trend.state).toBe(state));
      trend.tick(startUs, true, 60_000);
      clock.ms += retryMs;
    }
    expect(asked.length).toBe(3);
  });

  test('reads anew from time to time, with buckets of whole gauge intervals', async () => {
    const { asked, clock, trend } = setUp(() => history(0, [5]));
    trend.choose('r');
    trend.tick(startUs, true, 45_000);
    await settled(() => expect(trend.state).toBe('ready'));
    clock.ms += rereadMs;
    trend.tick(startUs, true, 300_000);
    expect(asked.map((url) => url.split(' ')[2])).toEqual(['90', '300']);
  });

  test('starts over when a replay begins anew, and stays bounded', () => {
    const { trend } = setUp(() => history(0, []));
    trend.choose('r');
    for (let k = 0; k < 2000; k++) trend.extend(startUs + k * minuteUs, 60_000, Uint32Array.of(k));
    expect(trend.points.length).toBeLessThanOrEqual(361);
    expect(trend.points.at(-1)!.y).toBe(1999);
    trend.extend(startUs, 60_000, Uint32Array.of(1, 2));
    expect(trend.points.map(({ y }) => y)).toEqual([1, 2]);
  });
});

describe('the trend while presence warms up', () => {
  /** A second start: two hours before what is stored, the clock runs through them again. */
  const again: Warmth = { warming: true, wholeFromUs: startUs, storedUs: startUs, ahead: true };
  const good = Array.from({ length: 120 }, (_, k) => 1_333 + k);

  test('a second start shows no collapse: what is stored stands, whatever is counted anew', async () => {
    const { asked, trend } = setUp(() => history(0, good));
    trend.choose('r');
    trend.seeWarmth(again);
    trend.extend(startUs - 119 * minuteUs, 60_000, Uint32Array.of(0));
    trend.tick(startUs - 119 * minuteUs, true, 60_000);
    await settled(() => expect(trend.state).toBe('ready'));
    trend.extend(
      startUs - 60 * minuteUs,
      60_000,
      Uint32Array.from({ length: 59 }, (_, k) => 10 * k),
    );
    expect(trend.points.map(({ y }) => y)).toEqual(good);
    expect(trend.muted).toBe(false);
    expect(asked.length).toBe(1);
    trend.seeWarmth({ ...again, warming: false, ahead: false });
    trend.extend(startUs + 2 * minuteUs, 60_000, Uint32Array.of(1_460, 1_461, 1_462));
    expect(trend.points.map(({ y }) => y)).toEqual([...good, 1_461, 1_462]);
    expect(trend.points.at(-1)).toEqual({ x: startUs + 2 * minuteUs, y: 1_462 });
    expect(summarise(trend.points)).toMatchObject({ hourChange: 1_462 - (1_333 + 61) });
  });

  test('reads anew when presence is warm, and a hole in between stays a gap', async () => {
    const { asked, trend } = setUp(() => history(-30, [7, 8]));
    trend.choose('r');
    trend.seeWarmth(again);
    trend.tick(startUs - minuteUs, true, 60_000);
    await settled(() => expect(trend.state).toBe('ready'));
    trend.seeWarmth({ ...again, warming: false });
    trend.tick(startUs + minuteUs, true, 60_000);
    expect(asked.length).toBe(2);
    await settled(() => expect(trend.points.length).toBe(2));
    trend.extend(startUs + minuteUs, 60_000, Uint32Array.of(3, 9));
    expect(trend.points.map(({ y }) => y)).toEqual([7, 8, null, 3, 9]);
  });

  test('a page that sleeps through a second start keeps what the first run brought, and reads anew', async () => {
    const { asked, trend } = setUp(() => history(-3, [6, 7]));
    trend.choose('r');
    trend.seeWarmth({ ...again, warming: false, ahead: false, wholeFromUs: startUs - 100 * minuteUs });
    trend.extend(startUs - minuteUs, 60_000, Uint32Array.of(8, 9));
    trend.tick(startUs, true, 60_000);
    await settled(() => expect(trend.state).toBe('ready'));
    trend.seeWarmth({ ...again, warming: false, ahead: false });
    trend.extend(startUs + minuteUs, 60_000, Uint32Array.of(3, 10, 11));
    expect(trend.points.map(({ y }) => y)).toEqual([6, 7, 8, 9, 10, 11]);
    trend.tick(startUs + minuteUs, true, 60_000);
    expect(asked.length).toBe(2);
  });

  test('a first start leaves its climb out, stored or not, as soon as there is better', async () => {
    const first: Warmth = { warming: true, wholeFromUs: startUs, storedUs: -1, ahead: false };
    const { trend } = setUp(() => history(0, [1, 2, 3]));
    trend.choose('r');
    trend.seeWarmth(first);
    trend.extend(startUs - minuteUs, 60_000, Uint32Array.of(1, 2));
    expect([trend.muted, trend.points.map(({ y }) => y)]).toEqual([true, [1, 2]]);
    trend.seeWarmth({ ...first, ahead: true });
    expect([trend.muted, trend.points]).toEqual([false, []]);
    trend.seeWarmth({ ...first, warming: false });
    trend.tick(startUs, true, 60_000);
    await settled(() => expect(trend.state).toBe('ready'));
    trend.extend(startUs + minuteUs, 60_000, Uint32Array.of(3, 40));
    expect([trend.muted, trend.points.map(({ y }) => y)]).toEqual([false, [3, 40]]);
  });

  test('the city’s trend does the same', () => {
    const city = new CityTrend();
    const first: Warmth = { warming: true, wholeFromUs: startUs, storedUs: -1, ahead: false };
    city.add(startUs - 2 * minuteUs, 3, 60_000, { ...first, ahead: true });
    expect([city.muted, city.points]).toEqual([false, []]);
    city.add(startUs - minuteUs, 5, 60_000, first);
    expect([city.muted, city.points.map(({ y }) => y)]).toEqual([true, [3, 5]]);
    city.add(startUs, 50, 60_000, { ...first, warming: false });
    expect([city.muted, city.points.map(({ y }) => y)]).toEqual([false, [50]]);
    const second = { ...again, wholeFromUs: startUs + 2 * minuteUs };
    city.add(startUs - 90 * minuteUs, 4, 60_000, second);
    city.add(startUs + 2 * minuteUs, 52, 60_000, second);
    expect([city.muted, city.points.map(({ y }) => y)]).toEqual([false, [50, 52]]);
  });

  test('sparklines show provisional intervals as unknown, or muted while there are no others', () => {
    const values = Uint32Array.of(0, 5, 9, 12);
    const line = (minutes: number, ahead: boolean) => {
      const made = sparkLineOf(values, startUs + minutes * minuteUs, 60_000, { ...again, ahead });
      return [[...made.values], made.muted];
    };
    expect(line(1, false)).toEqual([[unknownCount, unknownCount, 9, 12], false]);
    expect(line(-1, true)).toEqual([[unknownCount, unknownCount, unknownCount, unknownCount], false]);
    expect(line(-1, false)).toEqual([[0, 5, 9, 12], true]);
    expect(line(9, false)).toEqual([[0, 5, 9, 12], false]);
  });
});

test('the trend of the whole city takes one point an interval', () => {
  const city = new CityTrend();
  city.add(0, 5, 60_000, warm);
  for (let s = 0; s <= 180; s += 30) city.add(startUs + s * 1_000_000, s, 60_000, warm);
  expect(city.points.map(({ y }) => y)).toEqual([0, 60, 120, 180]);
  city.add(startUs, unknownCount, 60_000, warm);
  expect(city.points).toEqual([{ x: startUs, y: null }]);
});

test('the summary knows peak and change within the hour', () => {
  const points = Array.from({ length: 70 }, (_, k) => ({ x: startUs + k * minuteUs, y: k === 50 ? 500 : k }));
  expect(summarise(points)).toEqual({ known: 70, peak: 500, hourChange: 60 });
  expect(summarise(points.slice(0, 30)).hourChange).toBeNaN();
  expect(summarise([]).peak).toBeNaN();
});

test('the axis has whole hours, or quarters while there is little', () => {
  const hour = 60 * minuteUs;
  const from = Math.ceil(startUs / hour) * hour + 19 * minuteUs;
  expect(clockTicks(from, from + 6 * hour, 10).map((tick) => (tick % hour) / minuteUs)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(clockTicks(from, from + hour, 10).map((tick) => (tick % hour) / minuteUs)).toEqual([30, 45, 0, 15]);
  // Where the chart is narrow, they would run together.
  expect(clockTicks(from, from + hour, 3).map((tick) => (tick % hour) / minuteUs)).toEqual([30, 0]);
  expect(clockTicks(from, from + 6 * hour, 4)).toHaveLength(3);
});

test('the capacity is drawn once the figures come near it', () => {
  const points = [1000, null, 23_000].map((y, k) => ({ x: k, y }));
  expect(worthALine(points, 60_000)).toBe(false);
  expect(worthALine([...points, { x: 9, y: 24_000 }], 60_000)).toBe(true);
});

test('edits of the region stand upright in the chart, as far as they lie in it', async () => {
  expect(editLines([1, 5, 9], 2, 9, 40)).toEqual([
    { x: 5, y: 0 },
    { x: 5, y: 40 },
    { x: 5, y: null },
  ]);
  const body = (await history(0, [5, 6]).json()) as RegionHistory;
  const { trend } = setUp(() => Response.json({ ...body, edits: [{ timeUs: startUs, came: 1, went: 0 }] }));
  trend.choose('r');
  trend.tick(startUs, true, 60_000);
  await settled(() => expect(trend.edits).toEqual([startUs]));
  trend.choose('s');
  expect(trend.edits).toEqual([]);
});
