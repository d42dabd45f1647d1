import { describe, expect, test } from 'vitest';
import { FigureExit } from '../../server/access/exit.ts';
import { PeopleExit } from '../../server/access/people.ts';
import { minuteUs } from '../../server/clock.ts';
import { capacityState } from '../../server/estimate/capacity.ts';
import type { RegionEstimate } from '../../server/estimate/region-estimates.ts';
import { hiddenCount } from '../../shared/protocol.ts';
import { FakeView } from '../tools/fake-view.ts';

const minCount = 20;

/** So many devices of a network that 40 % of the people are with, in a region for 10,000 people. */
function estimate(devices: number, changes: Partial<RegionEstimate> = {}): RegionEstimate {
  const people = { people: devices / 0.4, low: devices / 0.42, high: devices / 0.38 };
  return {
    devices,
    people,
    factor: 1,
    inflow: null,
    capacity: capacityState(people, 10_000),
    toFirstAlertUs: null,
    toCapacityUs: null,
    ...changes,
  };
}

describe('people estimates', () => {
  test('pass to the head where nothing is hidden, with their interval, pace and times', () => {
    const exit = new PeopleExit(0);
    const coming = { inflow: 100 / minuteUs, toFirstAlertUs: 34 * minuteUs, toCapacityUs: 54 * minuteUs, factor: 1.1 };
    exit.publish([null, estimate(1_841, coming)], 2);
    expect(exit.rows).toEqual([
      {
        region: 1,
        people: 4_603,
        low: 4_383,
        high: 4_845,
        calibrated: true,
        inflow: 1_500,
        toFirstAlertMs: 34 * 60_000,
        toCapacityMs: 54 * 60_000,
      },
    ]);
  });

  test('are hidden where the devices are, and come back where those do', () => {
    const exit = new PeopleExit(minCount);
    const shown = (devices: number) => {
      exit.publish([estimate(devices, { inflow: 1 / minuteUs })], 1);
      return exit.rows![0];
    };
    const hidden = { people: hiddenCount, low: hiddenCount, high: hiddenCount, inflow: null, toCapacityMs: null };
    expect(shown(0)).toMatchObject({ people: 0, low: 0, high: 0 });
    expect(shown(19)).toMatchObject(hidden);
    expect(shown(27)).toMatchObject(hidden);
    expect(shown(28)).toMatchObject({ people: 50 });
    expect(shown(20)).toMatchObject({ people: 50 });
    expect(shown(1)).toMatchObject(hidden);
  });

  test('move by steps of fifty people, or of ten devices where that is more, and not for one who comes or goes', () => {
    const exit = new PeopleExit(minCount);
    const shown = (devices: number, share = 0.4) => {
      const people = devices / share;
      exit.publish([estimate(devices, { people: { people, low: 0.9 * people, high: 1.1 * people } })], 1);
      return exit.rows![0]!.people;
    };
    expect(shown(1_000)).toBe(2_500);
    expect(shown(1_015)).toBe(2_500);
    expect(shown(1_016)).toBe(2_550);
    exit.clear();
    // Fifty people would be two and a half devices here.
    expect(shown(1_000, 0.05)).toBe(20_000);
    expect(shown(1_007, 0.05)).toBe(20_000);
    expect(shown(1_008, 0.05)).toBe(20_200);
  });

  test('give times that follow from what is shown, not from what is counted', () => {
    const rows = [1_600, 1_604].map((devices) => {
      const exit = new PeopleExit(minCount);
      exit.publish([estimate(devices, { inflow: (99 + devices / 1_600) / minuteUs, toCapacityUs: devices })], 1);
      return exit.rows![0]!;
    });
    expect(rows[0]).toEqual(rows[1]);
    expect(rows[0]).toMatchObject({ people: 4_000, inflow: 1_500, toFirstAlertMs: 40 * 60_000 });
    expect(rows[0]!.toCapacityMs).toBe(60 * 60_000);
  });

  test('stay for a minute of event time, and are gone with their regions', () => {
    const exit = new FigureExit(minCount);
    const view = new FakeView(1, 1);
    view.clockUs = 0;
    exit.update(view, { cells: 1, regions: 1, replaced: false }, [estimate(1_000)]);
    const first = exit.people.rows;
    expect(first).toMatchObject([{ people: 2_500 }]);
    view.clockUs = minuteUs - 1;
    exit.update(view, { cells: 1, regions: 1, replaced: false }, [estimate(2_000)]);
    expect(exit.people.rows).toBe(first);
    exit.update(view, { cells: 1, regions: 1, replaced: true }, null);
    expect(exit.people.rows).toBeNull();
  });
});
