import { expect, test } from 'vitest';
import { formatResolution, measureResolution, shareOf } from './resolution.ts';

/** T3212 of the simulated network, 60 minutes, in steps of ten. */
const t3212Steps = 6;
/** Steps with fewer proofs of place say nothing: the first seconds of one that has just begun. */
const rowsMin = 500;

test.each([1, 2, 3])(
  'seed %i: an observer that starts in the middle of the day knows 90 % in every ten minutes after the first ten, 99 % after one T3212',
  async (seed) => {
    // The network has been up for an hour: what its VLRs have allotted is known to them, not to us.
    const day = { population: 6_000, date: '2026-10-17', from: '12:00', hours: 2.4, startAfterUs: 3_600_000_000 };
    const result = await measureResolution({ ...day, seed });
    console.log(formatResolution(`cold start, seed ${seed}`, result));
    const later = result.truth
      .map((share, step) => ({ ...share, step }))
      .slice(1)
      .filter(({ rows }) => rows >= rowsMin);
    expect(later.length).toBeGreaterThan(t3212Steps);
    for (const share of later) {
      expect([share.step, shareOf(share) >= (share.step >= t3212Steps ? 0.99 : 0.9)]).toEqual([share.step, true]);
    }
    // What is not known stays unknown: nobody is taken for somebody else.
    expect(shareOf(result.sightings)).toBeGreaterThanOrEqual(0.999);
  },
);
