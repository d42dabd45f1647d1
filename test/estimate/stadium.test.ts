import { expect, test } from 'vitest';
import { scoreOf, stadiumMinutes } from '../bench/estimate.ts';

/** Few phones: of 6,000 people some 650 of the network's are at the match, so sampling alone errs by 3 %. */
test('tells the heads in the stadium through an event day at 40 % market share, and how well it knows them', {
  timeout: 120_000,
}, async () => {
  const courses = [{ seed: 5, on: 0.97, minutes: await stadiumMinutes(5, 6_000, 'own') }];
  const { mapePercent, emptyingPercent, coveredPercent } = scoreOf(courses, 100);
  expect(mapePercent).toBeLessThan(10);
  expect(emptyingPercent).toBeLessThan(16);
  expect(coveredPercent).toBeGreaterThan(75);
  const gated = scoreOf(courses, 100, [-60, -20, 10]);
  expect(gated.mapePercent).toBeLessThan(mapePercent + 1);
});

/** Of 6,000 phones 300 are machines, 100 of them in the stadium: of the network's there a seventh. */
test('machines in the stadium are no heads: the estimate is as good as without them, and errs where they are not known', {
  timeout: 120_000,
}, async () => {
  const minutes = await stadiumMinutes(5, 6_000, 'own', 0.05);
  const unknown = minutes.map((minute) => ({
    ...minute,
    counts: minute.counts.map((row) => ({ ...row, machines: 0 })),
  }));
  const score = (of: typeof minutes) => scoreOf([{ seed: 5, on: 0.97, minutes: of }], 100);
  const most = Math.max(...minutes.map(({ counts }) => counts.reduce((sum, row) => sum + row.machines, 0)));
  expect(most).toBeGreaterThan(20);
  expect(score(minutes).mapePercent).toBeLessThan(11);
  expect(score(unknown).mapePercent).toBeGreaterThan(score(minutes).mapePercent + 3);
});
