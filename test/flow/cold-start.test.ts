import { expect, test } from 'vitest';
import { formatResolution, measureResolution, shareOf, total } from './resolution.ts';

/** T3212 of the simulated network, 60 minutes, in steps of ten. */
const t3212Steps = 6;

test('an observer that starts in the middle of the day knows 90 % after ten minutes, 99 % after one T3212', async () => {
  // The network has been up for an hour: what its VLRs have allotted is known to them, not to us.
  const options = { population: 10_000, date: '2026-10-17', from: '12:00', hours: 2.4, startAfterUs: 3_600_000_000 };
  const result = await measureResolution(options);
  console.log(formatResolution('cold start', result));
  const after = (steps: number) => shareOf(total(result.truth.slice(steps)));
  expect(result.truth.length).toBeGreaterThan(t3212Steps + 1);
  expect(after(1)).toBeGreaterThanOrEqual(0.9);
  expect(after(t3212Steps)).toBeGreaterThanOrEqual(0.99);
  // What is not known stays unknown: nobody is taken for somebody else.
  expect(shareOf(result.sightings)).toBeGreaterThanOrEqual(0.999);
});
