import { expect, test } from 'vitest';
import { formatResolution, measureResolution, shareOf, total } from './resolution.ts';

/** Before a match, when phones move between the VLRs; neither COMMON ID nor MAP says who they are. */
const silent = { population: 6_000, date: '2026-10-17', from: '17:30', hours: 1, map: false, commonId: false };

test('without COMMON ID a TMSI is known across VLRs: 99.9 % of what can be known goes to the right subscriber and cell', async () => {
  const result = await measureResolution(silent);
  console.log(formatResolution('no COMMON ID', result));
  expect(total(result.truth).rows).toBeGreaterThan(5_000);
  expect(shareOf(total(result.truth))).toBeGreaterThanOrEqual(0.999);
  expect(shareOf(result.exact)).toBeGreaterThanOrEqual(0.999);
  // The truth says at each time what can be known then: of a call that HANDOVER REQUEST names only later, what was before
  // has no row there, but a capture is read with what comes after in mind.
  expect(shareOf(result.sightings)).toBeGreaterThanOrEqual(0.998);
});
