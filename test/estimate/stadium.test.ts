import { beforeAll, describe, expect, test } from 'vitest';
import { capacityErrorMin, phases, scoresOf } from '../bench/estimate.ts';
import { type StadiumDay, stadiumDay } from '../bench/stadium-day.ts';
import { expectNineOfTen } from './nine-of-ten.ts';

/**
 * The limits, in a city of 4,000 people and 400 machines: some 1,100 come to the match, 430 of them with phones of
 * this network, so that sampling alone errs by 4 %. All minutes of a day share its sampling, so it takes many days to tell
 * how much of the truth the interval holds. `npm run bench -- --only estimate` has it for larger cities and shared location
 * areas, too.
 */
describe('heads in the stadium at 40 % market share, as the wall is told them', () => {
  const days: StadiumDay[] = [];
  beforeAll(async () => {
    for (let seed = 1; seed <= 14; seed++) {
      days.push(await stadiumDay({ seed, population: 4_400, venueLac: 'own', surveys: 20 }));
    }
  }, 600_000);

  test('are right within 8 %, 15 % while it empties', () => {
    const scores = scoresOf(days);
    expect(scores.all.mapePercent).toBeLessThan(8);
    expect(scores.emptying.mapePercent).toBeLessThan(15);
  });

  test('have an interval that holds the truth in nine cases of ten, and would not if it were 1.3 times as wide or narrow', () => {
    expectNineOfTen(days);
  });

  test('have it while it fills, is full and empties, as far as so few days can tell', () => {
    const scores = scoresOf(days);
    for (const phase of phases) {
      const { coveredPercent, coveredError } = scores[phase];
      expect(coveredError, phase).toBeLessThan(5);
      expect(coveredPercent, phase).toBeGreaterThan(87 - coveredError);
      expect(coveredPercent, phase).toBeLessThan(93 + coveredError);
    }
  });

  test('foretell when the capacity is reached: to some minutes a quarter of an hour before, to two or three at the end', () => {
    const [at15, at5] = [15, 5].map((before) => capacityErrorMin(days, before));
    expect(at15).toBeLessThan(5);
    expect(at5).toBeLessThan(3.5);
  });
});

/**
 * Turnstiles that err by 1.5 %, read three times, on days that the calibration's constants were not chosen by. The interval
 * is still somewhat wide: of 24 such days (seeds 21 … 32, 41 … 52) it holds 93.7 %, standard error 1.0. So few can't tell
 * this from 93 %, and the limit has their error in it.
 */
describe('heads in the stadium with gate counts', () => {
  const days: StadiumDay[] = [];
  beforeAll(async () => {
    for (let seed = 21; seed <= 32; seed++) {
      days.push(await stadiumDay({ seed, population: 4_400, venueLac: 'own', surveys: 20, gates: [-60, -20, 10] }));
    }
  }, 600_000);

  test('are right within 5 %, and have an interval that holds the truth in 87–93 %, as far as so few days can tell', () => {
    const { mapePercent, coveredPercent, coveredError } = scoresOf(days).all;
    expect(mapePercent).toBeLessThan(5);
    expect(coveredPercent).toBeGreaterThan(87);
    expect(coveredError).toBeLessThan(2);
    expect(coveredPercent).toBeLessThan(93 + coveredError);
    // One 1.3 times as wide would be told from it.
    expect(scoresOf(days, 1.3).all.coveredPercent).toBeGreaterThan(93 + coveredError);
  });
});

/** Of 8,000 phones 3,200 are machines, 160 of them tills in the stadium: of the network's there a tenth, at the match. */
test('machines in the stadium are no heads: the estimate is as good as without them, and errs where they are not known', {
  timeout: 240_000,
}, async () => {
  const day = { seed: 5, population: 8_000, venueLac: 'own', surveys: 20, machines: 0.4 } as const;
  const known = await stadiumDay(day);
  const unknown = await stadiumDay({ ...day, machinesKnown: false });
  const gated = await stadiumDay({ ...day, gates: [-60, -20, 10] });
  const [mape, mapeUnknown, mapeGated] = [known, unknown, gated].map((each) => scoresOf([each]).all.mapePercent);
  expect(Math.max(...known.minutes.map(({ machines }) => machines))).toBeGreaterThan(20);
  expect(mape).toBeLessThan(11);
  expect(mapeGated).toBeLessThan(mape + 1);
  expect(mapeUnknown).toBeGreaterThan(mape + 3);
});
