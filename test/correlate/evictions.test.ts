import { describe, expect, test } from 'vitest';
import { Handovers } from '../../server/correlate/handovers.ts';
import type { Parts } from '../../server/correlate/parts.ts';
import type { ProcedureTracker } from '../../server/correlate/procedure-tracker.ts';
import { ServingEvidence } from '../../server/correlate/serving-evidence.ts';
import type { Sightings } from '../../server/correlate/sightings.ts';
import { VlrDirectory } from '../../server/correlate/vlr-directory.ts';
import * as c from './core-steps.ts';
import * as s from './steps.ts';

const start = 1_700_000_000_000_000;
function times(n: number, each: (i: number) => void): void {
  for (let i = 0; i < n; i++) each(i);
}

// Those with a setting of their own (connections, dialogues, TMSIs, numbers, handsets, registrations, roamers) are
// counted where their tests are.
describe('what a full table of correlation lets go is counted', () => {
  test('location areas, of a VLR and of their owner', () => {
    const directory = new VlrDirectory(1024, 86_400_000);
    const max = 1 << 20;
    for (let i = 0; i < max + 50_000; i++) directory.learnArea(1 + (i >>> 16), s.plmn + (i >>> 16), i & 0xffff);
    expect(directory.areaEvictions).toBeGreaterThanOrEqual(2 * 50_000);
  });

  test('on which side of a link the core is, and the correlator tells it', () => {
    const bench = s.makeBench();
    times(80_000, (i) => bench.play(s.paging(start, { ...s.bscA, link: i + 1 }, { ...s.imsi(1), tmsi: 7 })));
    expect(bench.correlator.stats.faults.get('LINK_SIDE_EVICTED')).toBeGreaterThanOrEqual(80_000 - 65_536);
  });

  test('which RNC stands at the end of a link', () => {
    const handovers = new Handovers({} as Parts, {} as Sightings, {} as ProcedureTracker);
    times(80_000, (i) => handovers.learnRnc(i + 1, 12));
    expect(handovers.rncEvictions).toBeGreaterThanOrEqual(80_000 - 65_536);
  });

  test('which VLR stands behind a point code, and updates that are not old yet', () => {
    const evidence = new ServingEvidence();
    times(80_000, (scope) => {
      evidence.core(460_000_000_000_001, 9, start);
      evidence.radio(460_000_000_000_001, scope, start);
    });
    expect(evidence.vlrEvictions).toBeGreaterThanOrEqual(80_000 - 65_536);
    expect(evidence.updateEvictions).toBe(0);
    times(80_000, (i) => evidence.radio(460_000_000_000_002 + i, 1, start));
    expect(evidence.updateEvictions).toBeGreaterThanOrEqual(80_000 - 65_536);
    const before = evidence.updateEvictions;
    // A minute later nobody asks for them any more: what takes their place drives nothing out.
    times(100, (i) => evidence.radio(460_000_001_000_002 + i, 1, start + 60_000_000));
    expect(evidence.updateEvictions - before).toBeLessThan(2);
  });

  test('cancels that wait for the update they follow: the oldest waits no longer', () => {
    const bench = s.makeBench();
    const max = 4096;
    times(max + 10, (i) => c.tell(bench, ...c.update(start + i, c.vlrOne, c.hlr, s.imsi(i), {})));
    const later = start + 120_000_000;
    times(max + 10, (i) => c.tell(bench, ...c.cancel(later + i, c.hlr, c.vlrOne, s.imsi(i))));
    expect(bench.correlator.stats.faults.get('CANCEL_SETTLED_EARLY')).toBe(10);
  });
});
