import { describe, expect, test } from 'vitest';
import { hourUs, minuteUs, secondUs } from '../../server/clock.ts';
import { capacityState, firstAlertShare, InflowTrend, timeTo } from '../../server/estimate/capacity.ts';

const estimate = (people: number) => ({ people, low: people * 0.9, high: people * 1.1 });

describe('capacity', () => {
  test('gives its first alert at 80 % and its second when it is reached', () => {
    expect(firstAlertShare).toBe(0.8);
    expect([79_999, 80_000, 99_999, 100_000].map((people) => capacityState(estimate(people), 100_000)?.level)).toEqual([
      0, 1, 1, 2,
    ]);
    const state = capacityState(estimate(40_000), 50_000)!;
    expect(state.share).toBeCloseTo(0.8, 9);
    expect(state.low).toBeCloseTo(0.72, 9);
    expect(state.high).toBeCloseTo(0.88, 9);
  });

  test('is unknown where there is none, or nobody knows how many are there', () => {
    expect(capacityState(estimate(5), null)).toBeNull();
    expect(capacityState(null, 100)).toBeNull();
  });
});

describe('time to capacity', () => {
  const perMinute = (people: number) => people / minuteUs;

  test('follows from the present net inflow', () => {
    expect(timeTo(50_000, 44_000, perMinute(200))).toBeCloseTo(30 * minuteUs, 0);
    expect(timeTo(50_000, 50_000, perMinute(-5))).toBe(0);
  });

  test('is none where people leave, where the inflow is unknown, and beyond half a day', () => {
    expect(timeTo(50_000, 44_000, perMinute(-1))).toBeNull();
    expect(timeTo(50_000, 44_000, 0)).toBeNull();
    expect(timeTo(50_000, 44_000, null)).toBeNull();
    expect(timeTo(50_000, 44_000, 6_000 / (13 * hourUs))).toBeNull();
  });
});

describe('the net inflow', () => {
  test('is the slope of the last ten minutes, known after five', () => {
    const trend = new InflowTrend();
    let flutter = 0;
    for (let s = 0; s <= 3_600; s += 30) {
      // Until eleven minutes before it was emptying.
      flutter = (flutter * 7 + 11) % 41;
      const now = { timeUs: s * secondUs, people: (s < 2_940 ? -5 : 3) * s + flutter - 20 };
      if (s < 300) expect(trend.inflowTo(now)).toBeNull();
      trend.add(now.timeUs, now.people);
    }
    const inflow = trend.inflowTo({ timeUs: 3_600 * secondUs, people: 3 * 3_600 });
    expect(inflow! * secondUs).toBeGreaterThan(2.9);
    expect(inflow! * secondUs).toBeLessThan(3.1);
  });
});
