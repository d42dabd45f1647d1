import { describe, expect, it } from 'vitest';
import { makeConfig } from '../../server/config.ts';
import { LinkTable } from '../../server/decode/links.ts';
import * as s from './steps.ts';
import { allocation, start, whoIs } from './tmsi-steps.ts';

/** Equal codes do not tell the side: the transport does. */
const fromBss = (step: s.Step): s.Step => ({ ...step, fields: { fromLower: step.up, ...step.fields } });

describe('a TMSI is learnt from', () => {
  it('LOCATION UPDATING ACCEPT, before the phone confirms it', () => {
    const bench = s.makeBench();
    bench.play(...allocation(s.bscA, 0x2001, s.imsi(1)).clear().steps);
    expect(whoIs(bench, s.bscA, 0x2001)).toBe(s.subscriber(1));
  });

  it('LOCATION UPDATING ACCEPT of a subscriber who shows only afterwards', () => {
    const bench = s.makeBench();
    const update = allocation(s.bscA, 0x2001, { tmsi: 5 }).down({ ...s.commonId, ...s.imsi(1) });
    bench.play(...update.clear().steps);
    expect(whoIs(bench, s.bscA, 0x2001)).toBe(s.subscriber(1));
  });

  it('TMSI REALLOCATION COMMAND', () => {
    const bench = s.makeBench();
    bench.play(
      ...new s.Line(s.bscA, 1, start)
        .open({ ...s.completeLayer3, ...s.cellOne, ...s.pagingResponse, ...s.imsi(1) })
        .confirm()
        .down({ ...s.tmsiReallocationCommand, tmsi: 0x2002, ...s.lai })
        .clear().steps,
    );
    expect(whoIs(bench, s.bscA, 0x2002)).toBe(s.subscriber(1));
  });

  it.each([
    ['COMMON ID', false, s.commonId],
    ['IDENTITY RESPONSE', true, s.identityResponse],
  ])('%s after a TMSI', (_, up, carrier) => {
    const bench = s.makeBench();
    const line = new s.Line(s.bscA, 1, start)
      .open({ ...s.completeLayer3, ...s.cellOne, ...s.pagingResponse, tmsi: 0x2003 })
      .confirm();
    bench.play(...line[up ? 'up' : 'down']({ ...carrier, ...s.imsi(1) }).clear().steps);
    expect(whoIs(bench, s.bscA, 0x2003)).toBe(s.subscriber(1));
  });

  it('PAGING that names both, which is no event', () => {
    const bench = s.makeBench();
    bench.play(s.paging(start, s.bscA, { ...s.imsi(1), tmsi: 0x2004 }));
    expect(bench.rows).toEqual([]);
    expect(whoIs(bench, s.bscA, 0x2004)).toBe(s.subscriber(1));
  });
});

it('keeps the TMSIs of two VLRs apart', () => {
  const bench = s.makeBench();
  bench.play(s.paging(start, s.bscA, { ...s.imsi(1), tmsi: 7 }), s.paging(start, s.bscC, { ...s.imsi(2), tmsi: 7 }));
  expect(whoIs(bench, s.bscA, 7)).toBe(s.subscriber(1));
  expect(whoIs(bench, s.bscC, 7)).toBe(s.subscriber(2));
});

it('keeps the TMSIs of two networks apart that have an MSC of the same point code each', () => {
  const links = new LinkTable(16, () => undefined);
  const own = { ...s.bscA, link: links.symbolOf(s.msc, s.bscA.pointCode, 7) };
  const foreign = { ...s.bscB, link: links.symbolOf(s.msc, s.bscB.pointCode, 8) };
  const further = { ...s.bscB, pointCode: 189, link: links.symbolOf(s.msc, 189, 8) };
  const bench = s.makeBench();
  bench.play(s.paging(start, own, { ...s.imsi(1), tmsi: 7 }), s.paging(start, foreign, { ...s.imsi(2), tmsi: 7 }));
  expect([own, foreign, further].map((bsc) => whoIs(bench, bsc, 7))).toEqual([1, 2, 2].map(s.subscriber));
});

it('keeps the TMSIs of two links apart whose ends have equal point codes', () => {
  const [one, other] = [1, 2].map((link) => ({ link, pointCode: 5, msc: 5 }));
  const bench = s.makeBench();
  bench.play(...allocation(one, 7, s.imsi(1)).clear().steps.map(fromBss));
  expect(bench.correlator.stats.knownTmsis).toBe(1);
  const [request] = new s.Line(other, 9, start + 60_000_000)
    .open({ ...s.completeLayer3, ...s.cellOne, ...s.cmServiceRequest(1), tmsi: 7 })
    .steps.map(fromBss);
  bench.play(request);
  expect(s.sightings(bench.rows).filter((row) => row.startsWith('1060 '))).toEqual([]);
});

it('knows a TMSI behind every BSC of the VLR that allocated it', () => {
  const bench = s.makeBench();
  bench.play(s.paging(start, s.bscA, { ...s.imsi(1), tmsi: 7 }));
  expect(whoIs(bench, s.bscB, 7)).toBe(s.subscriber(1));
});

it('replaces what a TMSI meant when it is given to another', () => {
  const bench = s.makeBench();
  bench.play(...allocation(s.bscA, 8, s.imsi(1)).clear().steps, ...allocation(s.bscA, 8, s.imsi(2)).clear().steps);
  expect(whoIs(bench, s.bscA, 8)).toBe(s.subscriber(2));
  expect(bench.correlator.stats.knownTmsis).toBe(1);
});

it('forgets whose a TMSI was when it is given to somebody who is not known', () => {
  const bench = s.makeBench();
  bench.play(...allocation(s.bscA, 0x2001, s.imsi(1)).clear().steps);
  bench.play(...allocation(s.bscA, 0x2001, { tmsi: 5 }, start + 60_000_000).clear().steps);
  expect(whoIs(bench, s.bscA, 0x2001)).toBe('');
});

describe('an old TMSI is nobody’s once', () => {
  it('its subscriber gets a new one, confirmed or not', () => {
    const bench = s.makeBench();
    const update = allocation(s.bscA, 22, { tmsi: 21, ...s.lai });
    bench.play(s.paging(start - 1, s.bscA, { ...s.imsi(1), tmsi: 21 }), ...update.clear().steps);
    // The area became known with this connection's own cell, so the old TMSI counts.
    expect(bench.rows.map((row) => row.subscriber)).toEqual([s.subscriber(1), s.subscriber(1)]);
    expect(whoIs(bench, s.bscA, 22)).toBe(s.subscriber(1));
    expect(whoIs(bench, s.bscA, 21)).toBe('');
  });

  it('its subscriber registers again by IMSI and gets a new one', () => {
    const bench = s.makeBench();
    bench.play(...allocation(s.bscA, 31, s.imsi(1)).clear().steps, ...allocation(s.bscA, 32, s.imsi(1)).clear().steps);
    expect(whoIs(bench, s.bscA, 31)).toBe('');
    expect(whoIs(bench, s.bscA, 32)).toBe(s.subscriber(1));
    expect(bench.correlator.stats.knownTmsis).toBe(1);
  });

  it('PAGING names its subscriber by another', () => {
    const bench = s.makeBench();
    for (const tmsi of [41, 42]) bench.play(s.paging(start, s.bscA, { ...s.imsi(1), tmsi }));
    expect(whoIs(bench, s.bscA, 41)).toBe('');
    expect(whoIs(bench, s.bscA, 42)).toBe(s.subscriber(1));
  });

  it('LOCATION UPDATING ACCEPT names the subscriber by IMSI, at which a phone deletes its TMSI', () => {
    const bench = s.makeBench();
    bench.play(...allocation(s.bscA, 51, s.imsi(1)).clear().steps);
    const update = new s.Line(s.bscA, 1, start)
      .open({ ...s.completeLayer3, ...s.cellOne, ...s.locationUpdatingRequest, ...s.lai, tmsi: 51 })
      .confirm()
      .down({ ...s.locationUpdatingAccept, ...s.lai, ...s.imsi(1) });
    bench.play(...update.clear().steps);
    expect(whoIs(bench, s.bscA, 51)).toBe('');
    expect(bench.correlator.stats.knownTmsis).toBe(0);
  });

  it('it was silent for tmsiIdleMs, two days unless set; each use keeps it', () => {
    const hour = 3_600_000_000;
    const bench = s.makeBench();
    bench.play(...allocation(s.bscA, 61, s.imsi(1)).clear().steps, ...allocation(s.bscA, 62, s.imsi(2)).clear().steps);
    bench.play(...openAndClose(61, start + 47 * hour), ...openAndClose(61, start + 94 * hour));
    bench.rows.length = 0;
    bench.play(...openAndClose(62, start + 94 * hour), ...openAndClose(61, start + 141 * hour));
    expect(new Set(bench.rows.map(({ subscriber }) => subscriber))).toEqual(new Set(['', s.subscriber(1)]));
    expect(bench.correlator.stats.knownTmsis).toBe(1);
  });

  it.each([60, 42.6, 8, 3])('everybody was silent for %d days', (days) => {
    const bench = s.makeBench();
    bench.play(...allocation(s.bscA, 71, s.imsi(1)).clear().steps);
    bench.rows.length = 0;
    bench.play(...openAndClose(71, start + days * 86_400_000_000));
    expect(bench.rows.map(({ subscriber }) => subscriber)).toEqual(['']);
    expect(bench.correlator.stats.knownTmsis).toBe(0);
  });

  it('it expired a short while ago, and the table has not been gone through since', () => {
    const config = makeConfig({ where: 'test', settings: { connectionsMax: 1000, tmsiIdleMs: 60_000 } });
    const bench = s.makeBench({ config });
    bench.play(
      s.paging(start, s.bscA, { ...s.imsi(1), tmsi: 81 }),
      s.paging(start, s.bscA, { ...s.imsi(2), tmsi: 82 }),
    );
    bench.correlator.tick(start + 30_000_000);
    bench.play(...openAndClose(82, start + 59_000_000), ...openAndClose(81, start + 61_000_000));
    bench.play(...openAndClose(82, start + 118_000_000));
    expect(bench.rows.map(({ subscriber }) => subscriber)).toEqual([
      s.subscriber(2),
      s.subscriber(2),
      '',
      s.subscriber(2),
      s.subscriber(2),
    ]);
  });
});

it('keeps the TMSI that a subscriber has at another VLR', () => {
  const bench = s.makeBench();
  bench.play(...allocation(s.bscA, 91, s.imsi(1)).clear().steps, ...allocation(s.bscC, 92, s.imsi(1)).clear().steps);
  expect(whoIs(bench, s.bscA, 91)).toBe(s.subscriber(1));
  expect(whoIs(bench, s.bscC, 92)).toBe(s.subscriber(1));
});

it('keeps no more TMSIs than it may, drops the longest unused and counts them', () => {
  const tmsiMax = 1024;
  const bench = s.makeBench({
    config: makeConfig({ where: 'test', settings: { tmsiMax, connectionsMax: 1000 } }),
  });
  for (let tmsi = 1; tmsi <= 5000; tmsi++) {
    bench.play(s.paging(start, s.bscA, { ...s.imsi(tmsi), tmsi }));
    if (tmsi % 4 === 0) bench.play(...openAndClose(1));
  }
  const { knownTmsis, evictedTmsis } = bench.correlator.stats;
  expect(knownTmsis).toBeLessThanOrEqual(tmsiMax);
  expect(knownTmsis + evictedTmsis).toBe(5000);
  expect(bench.correlator.stats.faults.get('TMSI_EVICTED')).toBe(evictedTmsis);
  // Used again and again, the first one outlived thousands of younger ones.
  expect(whoIs(bench, s.bscA, 1)).toBe(s.subscriber(1));
});

function openAndClose(tmsi: number, timeUs = start): s.Step[] {
  return new s.Line(s.bscA, 3, timeUs)
    .open({ ...s.completeLayer3, ...s.cellOne, ...s.pagingResponse, tmsi })
    .confirm()
    .clear().steps;
}
