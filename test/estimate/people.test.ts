import { describe, expect, test } from 'vitest';
import { Draws } from '../../fixtures/make/city/hash.ts';
import {
  addHeads,
  type DeviceCount,
  estimateOf,
  headsOf,
  noHeads,
  noneSeen,
  shareError,
} from '../../server/estimate/people.ts';
import { parseShares, type Shares } from '../../server/estimate/shares.ts';
import { originClasses } from '../../shared/protocol.ts';

const shares = parseShares('shares.csv', 'origin,share,error\n*,0.4,0.01\ninternational,20%,0.02\n');
const draws = new Draws(4711);

function drawCounts(): DeviceCount[] {
  return originClasses.map((origin) => {
    const present = draws.below(draws.unit() < 0.3 ? 1 : 3_000);
    return { class: origin, present, machines: draws.below(Math.floor(present / 10) + 1) };
  });
}

const one = (present: number, machines = 0): DeviceCount[] => [{ class: 'local', present, machines }];
const estimate = (counts: DeviceCount[], of: Shares = shares) => {
  const heads = headsOf(counts, of);
  return heads && estimateOf(heads);
};

describe('heads', () => {
  test('are devices without machines, divided by the share that carries and hears them', () => {
    expect(headsOf(one(1_000, 30), shares)!.people).toBeCloseTo(970 / 0.4 / 0.97, 6);
    expect(headsOf([...one(1_000), { class: 'international', present: 50, machines: 0 }], shares)!.people).toBeCloseTo(
      1_000 / 0.4 / 0.97 + 50 / 0.2 / 0.97,
      6,
    );
  });

  test('add up over disjoint sets of devices, whichever way they are split', () => {
    for (let round = 0; round < 200; round++) {
      const a = drawCounts();
      const b = drawCounts();
      const together = a.map((count, i) => ({
        class: count.class,
        present: count.present + b[i].present,
        machines: count.machines + b[i].machines,
      }));
      const sum = addHeads(headsOf(a, shares)!, headsOf(b, shares)!);
      const whole = headsOf(together, shares)!;
      expect(sum.people).toBeCloseTo(whole.people, 5);
      expect(sum.sampling).toBeCloseTo(whole.sampling, 3);
      expect(shareError(sum)).toBeCloseTo(shareError(whole), 9);
      expect(addHeads(sum, noHeads)).toEqual(sum);
    }
  });

  test('are unknown where devices are of a class that no share speaks for, and only there', () => {
    const few = parseShares('shares.csv', 'origin,share,error\nlocal,0.4,0.01\n');
    const foreign = (present: number): DeviceCount => ({ class: 'international', present, machines: 0 });
    expect(headsOf([...one(500), foreign(1)], few)).toBeNull();
    expect(headsOf([...one(500), foreign(0)], few)).not.toBeNull();
  });
});

describe('the interval', () => {
  test('holds the estimate, never begins below nobody, and is nothing where nobody is', () => {
    for (let round = 0; round < 500; round++) {
      const { people, low, high } = estimate(drawCounts())!;
      expect(low).toBeGreaterThanOrEqual(0);
      expect(low).toBeLessThanOrEqual(people);
      expect(high).toBeGreaterThanOrEqual(people);
    }
    expect(estimate([])).toEqual({ people: 0, low: 0, high: 0 });
    expect(estimate(one(7, 7))).toEqual({ people: 0, low: 0, high: 0 });
  });

  test('where no device is seen, holds the heads that may go unseen, by the share and its error', () => {
    const plain = { factor: 1, error: 0 };
    const seen = (share: string) => noneSeen(parseShares('shares.csv', `origin,share,error,heard\n${share}\n`), plain);
    const { people, low, high } = seen('*,0.4,0,1');
    expect([people, low]).toEqual([0, 0]);
    expect(0.6 ** high).toBeCloseTo(0.05, 9);
    expect(seen('*,0.4,0.04,1').high).toBeGreaterThan(high);
    expect(seen('*,0.1,0,1').high).toBeGreaterThan(4 * high);
    // Where everybody is heard, whoever is not seen is not there.
    expect(seen('*,1,0,1').high).toBe(0);
    expect(noneSeen(shares, { factor: 2, error: 0.1 }).high).toBeGreaterThan(noneSeen(shares, plain).high);
  });

  test('grows with the devices at both ends', () => {
    let before = noneSeen(shares, { factor: 1, error: 0 });
    for (let present = 1; present < 3_000; present += 1 + Math.floor(present / 20)) {
      const now = estimate(one(present))!;
      expect(now.people, `${present} devices`).toBeGreaterThan(before.people);
      expect(now.low, `${present} devices`).toBeGreaterThan(before.low);
      expect(now.high, `${present} devices`).toBeGreaterThan(before.high);
      before = now;
    }
  });

  test('holds the true number of heads in nine of ten crowds sampled by a share that surveys know roughly', () => {
    let held = 0;
    const rounds = 4_000;
    for (let round = 0; round < rounds; round++) {
      const crowd = 40 + draws.below(2_000);
      let present = 0;
      for (let head = 0; head < crowd; head++) if (draws.unit() < 0.4 * 0.95) present++;
      const share = { share: 0.4 + 0.015 * draws.normal(), error: 0.015, heard: 0.95, heardError: 0 };
      const { low, high } = estimate(one(present), new Map([['*', share]]))!;
      if (low <= crowd && crowd <= high) held++;
    }
    expect(held / rounds).toBeGreaterThan(0.87);
    expect(held / rounds).toBeLessThan(0.93);
  });

  test('widens with a less certain share, with doubt about the silent, and shrinks by the size of the crowd', () => {
    const width = ({ people, low, high }: { people: number; low: number; high: number }) => (high - low) / people;
    const vague = parseShares('shares.csv', 'origin,share,error\n*,0.4,0.04\n');
    expect(width(estimate(one(500), vague)!)).toBeGreaterThan(width(estimate(one(500))!));
    expect(width(estimate(one(5_000))!)).toBeLessThan(width(estimate(one(500))!));
    const doubtful = estimateOf(headsOf(one(500), shares, { change: 0, variance: 2_500 })!);
    expect(width(doubtful)).toBeGreaterThan(width(estimate(one(500))!));
  });
});

test('those who are silent are added or taken off, but no more than are there', () => {
  const people = (change: number) => headsOf(one(100), shares, { change, variance: 10 })!.people;
  expect(people(20)).toBeCloseTo(1.2 * people(0), 6);
  expect(people(-150)).toBe(0);
});
