import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blurNext, blurOnce } from '../../server/access/blur.ts';
import { FigureExit, hideBelow, publishHistory } from '../../server/access/exit.ts';
import { OriginExit, originRowsMax, PlaceExit } from '../../server/access/origins.ts';
import { formatPlmn, packPlmn } from '../../server/events/plmn.ts';
import type { OriginCount } from '../../server/occupancy/view.ts';
import { hiddenCount, type OriginClass, regionColumns, unknownCount } from '../../shared/protocol.ts';
import { FakeView } from '../tools/fake-view.ts';

const minCount = 20;

test('passes exact figures when nothing is to be hidden', () => {
  const view = new FakeView(3, 2);
  view.cellPresent.set([0, 1, 19]);
  view.regionInflow.set([7, 12_345]);
  view.present = 20;
  const exit = new FigureExit(0);
  exit.update(view, { cells: 3, regions: 2, replaced: false });
  expect([...exit.cellPresent]).toEqual([0, 1, 19]);
  expect([...exit.regions.inflow]).toEqual([7, 12_345]);
  expect(exit.totals.present).toBe(20);
});

test('hides 1 … minCount−1, keeps 0 and rounds the rest to ten', () => {
  const view = new FakeView(6, 1);
  view.cellPresent.set([0, 1, 19, 20, 26, 1_234]);
  const exit = new FigureExit(minCount);
  exit.update(view, { cells: 6, regions: 1, replaced: false });
  expect([...exit.cellPresent]).toEqual([0, hiddenCount, hiddenCount, 20, 30, 1_230]);
});

test('no figure moves within a minute of event time', () => {
  const view = new FakeView(2, 2);
  view.clockUs = 0;
  const exit = new FigureExit(minCount);
  const everything = () =>
    JSON.stringify([[...exit.cellPresent], regionColumns.map((c) => [...exit.regions[c]]), exit.origins, exit.totals]);
  exit.update(view, { cells: 2, regions: 2, replaced: false });
  const before = everything();
  view.cellPresent.set([500, 600]);
  for (const column of [view.regionPresent, view.regionInflow, view.regionVisitors]) column.set([300, 400]);
  Object.assign(view, { present: 1_100, appeared: 1_100, fixAgeMedianMs: 5 });
  view.origins = [{ class: 'local', country: 'CN', mcc: '460', present: 1_100 }];
  view.traffic[1] = 1_100;
  view.clockUs = 59_999_999;
  exit.update(view, { cells: 2, regions: 2, replaced: false });
  expect(everything()).toBe(before);
  view.clockUs = 60_000_000;
  exit.update(view, { cells: 2, regions: 2, replaced: false });
  expect([...exit.cellPresent]).toEqual([500, 600]);
  expect(exit.totals.traffic).toEqual({ 'location update': 1_100 });
});

test('a published figure is never below minCount, never shows a hidden one, and is off by less than the hysteresis', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.array(fc.integer({ min: 0, max: 120 })), (least, values) => {
      let published = unknownCount;
      for (const value of values) {
        published = blurNext(published, value, least);
        if (value === 0) expect(published).toBe(0);
        else if (value < least) expect(published).toBe(hiddenCount);
        else if (published === hiddenCount) expect(value).toBeLessThan(least + 8);
        else {
          expect(published % 10).toBe(0);
          expect(published).toBeGreaterThanOrEqual(least);
          expect(Math.abs(published - value)).toBeLessThan(10);
        }
      }
    }),
  );
});

test('one person more or less never moves a figure there and back', () => {
  for (let value = 20; value < 200; value++) {
    let published = blurNext(unknownCount, value, minCount);
    published = blurNext(published, value + 1, minCount);
    const before = published;
    const seen = new Set([1, 0, 1, 0].map((more) => (published = blurNext(published, value + more, minCount))));
    expect([...seen], `around ${value}`).toEqual([before]);
  }
});

test('the order of the top cells and origins tells nothing that the figures hide', () => {
  const rows = (french: number, german: number): OriginCount[] => [
    { class: 'local', country: 'CN', mcc: '460', present: 5_000 },
    { class: 'international', country: 'FR', mcc: '208', present: french },
    { class: 'international', country: 'DE', mcc: '262', present: german },
  ];
  expect(new OriginExit(minCount).publish(rows(19, 3))).toEqual(new OriginExit(minCount).publish(rows(3, 19)));
});

const originClassesTried: OriginClass[] = ['local', 'international', '港澳台'];
const origins = fc.array(
  fc.record({
    class: fc.constantFrom(...originClassesTried),
    country: fc.constantFrom('CN', 'FR', 'DE', 'HK', 'JP'),
    mcc: fc.constantFrom('460', '208', '262', '454', '440'),
    present: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 9_999 })),
  }),
  { maxLength: 20 },
);

test('origins without a figure hold together nobody or at least minCount, so the total does not give one away', () => {
  fc.assert(
    fc.property(origins, (drawn) => {
      const rows = [...new Map(drawn.map((row) => [`${row.class}${row.country}${row.mcc}`, row])).values()];
      const total = rows.reduce((sum, row) => sum + row.present, 0);
      const shown = new OriginExit(minCount).publish(rows);
      const exactOf = (row: (typeof shown)[number]) =>
        rows.find((r) => r.class === row.class && r.country === row.country && r.mcc === row.mcc)!.present;
      let dark = 0;
      for (const row of shown) {
        const exact = exactOf(row);
        if (row.present === hiddenCount) expect(exact).toBeLessThan(minCount);
        if (row.present === hiddenCount || row.present === unknownCount) dark += exact;
        else expect(row.present % 10).toBe(0);
      }
      // Where everybody together is below minCount, the total is hidden itself.
      if (total >= minCount) expect(dark === 0 || dark >= minCount, `${dark} of ${total}`).toBe(true);
    }),
  );
});

test('so many origins are summed up by class that a frame stays small, and nobody gets lost', () => {
  const rows: OriginCount[] = Array.from({ length: 300 }, (_, i) => ({
    class: 'international',
    country: `${i}`,
    mcc: `${i}`,
    present: i + 1,
  }));
  const shown = new OriginExit(0).publish(rows);
  expect(shown.length).toBeLessThanOrEqual(originRowsMax);
  expect(shown.reduce((sum, row) => sum + row.present, 0)).toBe((300 * 301) / 2);
});

test('operators and areas hide as origins do, and are many at most', () => {
  const us = { class: 'international', country: 'US', mcc: '310' } as const;
  const rows = Array.from({ length: 300 }, (_, i) => ({ ...us, plmn: packPlmn(310, i, 3), area: 0, present: 40 }));
  const exact = new PlaceExit(0, new Map()).publish(rows);
  expect(exact.length).toBeLessThanOrEqual(originRowsMax);
  expect(exact.reduce((sum, row) => sum + row.present, 0)).toBe(12_000);
  const few = [300, 4].map((present, i) => ({ ...us, plmn: packPlmn(310, i, 3), area: 0, present }));
  const shown = new PlaceExit(20, new Map()).publish(few);
  expect(shown.map(({ operator, present }) => [operator, present]).sort()).toEqual([
    ['310-000', unknownCount],
    ['310-001', hiddenCount],
  ]);
});

const places = fc.array(
  fc.record({
    mcc: fc.constantFrom(310, 440, 208),
    operator: fc.integer({ min: 0, max: 40 }),
    present: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 999 })),
  }),
  { maxLength: 100 },
);

test('operators without a figure of their own hold minCount in each origin, which is shown beside them', () => {
  fc.assert(
    fc.property(places, (drawn) => {
      const rows = drawn.map(({ mcc, operator, present }) => {
        const of = { class: 'international', country: `${mcc}`, mcc: `${mcc}` } as const;
        return { ...of, plmn: packPlmn(mcc, operator, 3), area: 0, present };
      });
      const distinct = [...new Map(rows.map((row) => [row.plmn, row])).values()];
      const shown = new PlaceExit(minCount, new Map()).publish(distinct);
      for (const mcc of ['310', '440', '208']) {
        const ofOrigin = distinct.filter((row) => row.mcc === mcc);
        const total = ofOrigin.reduce((sum, row) => sum + row.present, 0);
        const figures = new Set(
          shown
            .filter((row) => row.mcc === mcc && row.present > 0 && row.present < hiddenCount)
            .map((row) => row.operator),
        );
        const dark = ofOrigin.filter((row) => !figures.has(formatPlmn(row.plmn)));
        const left = dark.reduce((sum, row) => sum + row.present, 0);
        if (total >= minCount) expect(left === 0 || left >= minCount, `${left} of ${total}`).toBe(true);
      }
    }),
  );
});

test('the sparkline hides as the live figure does', () => {
  const view = new FakeView(1, 2);
  const exit = new FigureExit(minCount);
  for (const [a, b] of [
    [5, 100],
    [0, 104],
    [25, 109],
  ] as const) {
    view.regionPresent.set([a, b]);
    view.nextMinute();
    view.closeInterval();
  }
  exit.update(view, { cells: 1, regions: 2, replaced: false });
  expect([...exit.spark.newest(3)]).toEqual([hiddenCount, 0, hiddenCount, 100, 100, 110]);
});

test('the fix age of a handful of people is not shown', () => {
  const view = new FakeView(1, 1);
  Object.assign(view, { present: 3, fixAgeMedianMs: 1_000, fixAgeP90Ms: 2_000 });
  const exit = new FigureExit(minCount);
  exit.update(view, { cells: 1, regions: 1, replaced: false });
  expect(exit.totals).toMatchObject({ present: hiddenCount, fixAgeMedianMs: -1, fixAgeP90Ms: -1 });
});

test('figures on the command line below the threshold read <20, and 0 stays 0', () => {
  expect([0, 1, 19, 20, 1_000].map((value) => hideBelow(value, 20))).toEqual(['0', '<20', '<20', '20', '1000']);
  expect([0, 1].map((value) => hideBelow(value, 0))).toEqual(['0', '1']);
});

test('a history hides with -1 and keeps what is not known', () => {
  const history = {
    id: 'r0',
    bucketS: 60,
    timeUs: [0, 60_000_000],
    present: [null, 19],
    entries: [0, 24],
    exits: [1, 20],
    traffic: [1_004, null],
  };
  expect(publishHistory(history, minCount)).toEqual({
    ...history,
    present: [null, -1],
    entries: [0, 20],
    exits: [-1, 20],
    traffic: [1_000, null],
  });
  expect(publishHistory(history, 0)).toEqual(history);
  expect(blurOnce(15, 12)).toBe(20);
});
