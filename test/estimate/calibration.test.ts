import { describe, expect, test } from 'vitest';
import { minuteUs } from '../../server/clock.ts';
import { calibrate, type GateReading } from '../../server/estimate/calibration.ts';
import { estimateOf, headsOf, noHeads } from '../../server/estimate/people.ts';
import { parseShares } from '../../server/estimate/shares.ts';

const shares = parseShares('s.csv', 'origin,share,error,heard,heardError\n*,0.4,0.02,1,0\n');
const heads = (present: number) => headsOf([{ class: 'local', present, machines: 0 }], shares)!;
const reading = (minute: number, present: number, people: number, error = 0.02): GateReading => ({
  gate: { timeUs: minute * minuteUs, region: 'r', people, error },
  heads: heads(present),
});

describe('gate counts', () => {
  test('change nothing while there are none, nor where nobody is', () => {
    const { factor, error } = calibrate([], heads(4_000), 0);
    expect(factor).toBe(1);
    expect(estimateOf(heads(4_000), { factor, error })).toEqual(estimateOf(heads(4_000)));
    expect(calibrate([reading(0, 0, 0)], heads(4_000), 0).factor).toBe(1);
    expect(estimateOf(noHeads, calibrate([reading(0, 4_000, 11_000)], noHeads, 0)).people).toBe(0);
  });

  test('draw the estimate towards them the more, the more they are and the less shares are known', () => {
    const readings = [0, 10, 20, 30].map((minute) => reading(minute, 4_000, 11_000));
    let before = 1;
    for (let n = 1; n <= readings.length; n++) {
      const { factor } = calibrate(readings.slice(0, n), heads(4_000), 40 * minuteUs);
      expect(factor).toBeGreaterThan(before);
      expect(factor).toBeLessThan(1.1);
      before = factor;
    }
    expect(before).toBeGreaterThan(1.08);
    const sure = parseShares('s.csv', 'origin,share,error,heard,heardError\n*,0.4,0.0001,1,0\n');
    const known = headsOf([{ class: 'local', present: 400_000, machines: 0 }], sure)!;
    const kept = calibrate([{ gate: { ...readings[0].gate, people: 1_100_000 }, heads: known }], known, 0);
    expect(kept.factor).toBeGreaterThan(1);
    expect(kept.factor).toBeLessThan(1.002);
  });

  test('narrow the interval, exact gates to next to nothing for the same crowd', () => {
    const crowd = heads(4_000);
    const none = calibrate([], crowd, 0);
    const rough = calibrate([reading(0, 4_000, 10_500, 0.05)], crowd, 0);
    const exact = calibrate([reading(0, 4_000, 10_500, 0)], crowd, 0);
    expect(rough.error).toBeLessThan(none.error);
    expect(exact.error).toBeLessThan(0.002);
    expect(estimateOf(crowd, exact).people).toBeCloseTo(10_500, 0);
    // Another crowd hours later shares the error of the market shares, not that of sampling.
    expect(calibrate([reading(0, 4_000, 10_500, 0)], heads(4_000), 600 * minuteUs).error).toBeGreaterThan(exact.error);
  });

  test('tell of the same crowd for as long as an event goes on, and of the next day’s by the shares alone', () => {
    const errorAfter = (hours: number) =>
      calibrate([reading(0, 4_000, 10_500, 0)], heads(4_000), hours * 60 * minuteUs).error;
    expect(errorAfter(1)).toBeLessThan(0.2 * errorAfter(24));
    expect(errorAfter(24)).toBeGreaterThan(0.999 * errorAfter(240));
    expect(errorAfter(240)).toBeLessThan(calibrate([], heads(4_000), 0).error);
  });

  test('without end stay bounded: the newest are taken, and the factor never passes the ratio', () => {
    const once = calibrate([reading(0, 4_000, 11_000)], heads(4_000), 0);
    const many = calibrate(
      Array.from({ length: 100 }, (_, i) => reading(i, 4_000, 11_000)),
      heads(4_000),
      100 * minuteUs,
    );
    expect(many.factor).toBeGreaterThan(once.factor);
    expect(many.factor).toBeLessThanOrEqual(1.1);
  });
});
