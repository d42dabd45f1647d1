import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Sorter } from '../../server/events/sorter.ts';
import { CountersBySql, type Lines } from '../tools/counters-sql.ts';
import { fixAges, freshness, type Moments, setMoments, visitors, windows } from '../tools/live-sql.ts';
import { expectSameLines, type Given, given, rawOf, settingsOfCity } from './disordered-city.ts';
import { secondUs } from './scenario.ts';
import { SmallCity } from './small-city.ts';

const cityCount = 500;
const seed = 7;
const minuteUs = 60 * secondUs;
/** 1, 5 and 15 min, an hour; one whose sixtieth is no whole second. */
const windowsS = [60, 90, 300, 900, 3600];
const intervalsS = [30, 60, 300, 900, 3600];

/** What was shown, by the names that SQL gives it. */
interface Shown extends Moments {
  atUs: number[];
  fixAges: Lines;
  freshness: Lines;
  windows: Lines;
  visitors: Lines;
}

/** Plays a city, and looks at each whole minute. */
function play(one: Given, windowUs: number): Shown & Pick<ReturnType<typeof rawOf>, 'raw'> {
  const { raw, regions } = rawOf(one);
  const city = new SmallCity({
    ...{ regions, everyUs: raw.everyUs },
    settings: { ...settingsOfCity(one), flowWindowMs: windowUs / 1000 },
  });
  const sorter = new Sorter({
    latenessUs: 600 * secondUs,
    rowsMax: 10_000,
    onRows: (batch, from, to) => city.engine.apply(batch, from, to),
    onLate: (batch, from, to) => city.engine.applyLate(batch, from, to),
    onTooLate: () => undefined,
  });
  const { view } = city.engine;
  const shown: Shown = {
    ...{ windowUs, atUs: [], fixAges: new Map(), freshness: new Map() },
    ...{ windows: new Map(), visitors: new Map() },
  };
  const look = (atUs: number): void => {
    if (view.clockUs !== atUs) return;
    shown.atUs.push(atUs);
    const put = (into: Lines, name: string, figures: number[]) => figures.some((n) => n > 0) && into.set(name, figures);
    put(shown.fixAges, `${atUs}`, [view.present, view.fixAgeMedianMs, view.fixAgeP90Ms]);
    regions.forEach(({ id }, i) => {
      const name = `${atUs}|${id}`;
      put(shown.freshness, name, [view.regionPresent[i], view.regionFresh5[i], view.regionFresh30[i]]);
      put(shown.windows, name, [view.regionInflow[i], view.regionOutflow[i]]);
      if (view.intervals > 0) put(shown.visitors, name, [view.regionVisitors[i]]);
    });
  };
  let minute = Math.floor(raw.events[0].timeUs / minuteUs) * minuteUs;
  const release = (toUs: number): void => {
    for (; minute <= toUs; minute += minuteUs) {
      sorter.release(minute);
      city.engine.advance(minute);
      look(minute);
    }
    sorter.release(toUs);
    city.engine.advance(toUs);
  };
  let newestUs = 0;
  for (const event of raw.events) {
    sorter.push(city.batch([event], { plmn: event.plmn }));
    newestUs = Math.max(newestUs, event.timeUs);
    release(newestUs - one.reorderS * secondUs);
  }
  // Beyond the window, until all have left it.
  release(Math.ceil((newestUs + windowUs) / minuteUs + 3) * minuteUs);
  return { ...shown, raw };
}

const anyCity = fc.record({
  one: given,
  everyS: fc.constantFrom(...intervalsS),
  windowS: fc.constantFrom(...windowsS),
});
const cities = fc.sample(anyCity, { numRuns: cityCount, seed }).map(({ everyS, one, windowS }) => {
  return play({ ...one, base: { ...one.base, everyS } }, windowS * secondUs);
});

let sql: CountersBySql;
beforeAll(async () => {
  sql = await CountersBySql.open(cities.map(({ raw }) => raw));
  await setMoments(sql, cities);
}, 120_000);
afterAll(() => sql?.close());

const same = (expected: Lines[], of: 'fixAges' | 'freshness' | 'windows' | 'visitors', least: number) =>
  expectSameLines(
    expected,
    cities.map((city) => city[of]),
    least,
  );

test('fix ages of those who are present: median and p90 to the half minute', async () => {
  const expected = await fixAges(sql);
  same(expected, 'fixAges', 500);
  const p90s = new Set(expected.flatMap((lines) => [...lines.values()].map(([, , p90]) => p90)));
  expect(p90s.size).toBeGreaterThan(10);
});

test('who is present in each region at any minute, and seen within 5 and 30 min', async () => {
  same(await freshness(sql), 'freshness', 500);
});

test.each(windowsS)('inflow and outflow over the last %i s', async (windowS) => {
  const expected = await windows(sql);
  const ofWindow = <T>(values: readonly T[]) => values.filter((_, i) => cities[i].windowUs === windowS * secondUs);
  const all = cities.map((_, i) => expected[i] ?? new Map());
  expectSameLines(ofWindow(all), ofWindow(cities.map((city) => city.windows)), 30);
});

test('visitors of the newest interval, from half a minute to an hour', async () => {
  same(await visitors(sql), 'visitors', 500);
});
