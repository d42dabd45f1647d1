import { describe, expect, it } from 'vitest';
import * as s from './steps.ts';
import { allocation, start, whoIs } from './tmsi-steps.ts';

/** An area that nothing has been heard of. */
const unheard = { laiPlmn: s.plmn, laiLac: 9999 };

it('does not look up a TMSI that another VLR allocated in its own area', () => {
  const bench = s.makeBench();
  bench.play(s.paging(start - 1, s.bscA, { ...s.imsi(1), tmsi: 55 }));
  const foreign = allocation(s.bscA, 56, { tmsi: 55, ...unheard });
  bench.play(...foreign.clear().steps);
  expect(bench.rows.map((row) => row.subscriber)).toEqual(['']);
  expect(bench.correlator.stats.faults.get('TMSI_FOREIGN_AREA')).toBe(1);
  expect(whoIs(bench, s.bscA, 55)).toBe(s.subscriber(1));
});

describe('a TMSI that comes with another VLR’s area', () => {
  const there = { laiPlmn: s.plmn, laiLac: s.cellThree.cellLac };
  const update = (bench: s.Bench) => {
    bench.rows.length = 0;
    bench.play(
      ...new s.Line(s.bscC, 1, start)
        .open({ ...s.completeLayer3, ...s.cellThree, ...s.locationUpdatingRequest, tmsi: 77, ...s.lai })
        .confirm()
        .down({ ...s.locationUpdatingAccept, ...there, tmsi: 78 })
        .clear().steps,
    );
    return bench.rows.map(({ subscriber }) => subscriber);
  };

  it('is looked up there', () => {
    const bench = s.makeBench();
    bench.play(...allocation(s.bscA, 77, s.imsi(1)).clear().steps);
    expect(new Set(update(bench))).toEqual(new Set([s.subscriber(1)]));
    expect(whoIs(bench, s.bscC, 78)).toBe(s.subscriber(1));
    // It is none of the new VLR's.
    expect(whoIs(bench, s.bscC, 77)).toBe('');
    expect(bench.correlator.stats.faults.get('TMSI_FOREIGN_AREA')).toBeUndefined();
  });

  it('is not looked up where two VLRs serve that area', () => {
    const bench = s.makeBench();
    const otherMsc = { link: 4, pointCode: 101, msc: 190 };
    bench.play(...allocation(otherMsc, 5, s.imsi(8)).clear().steps);
    bench.play(...allocation(s.bscA, 77, s.imsi(1)).clear().steps);
    expect(new Set(update(bench))).toEqual(new Set(['']));
    expect(bench.correlator.stats.faults.get('TMSI_FOREIGN_AREA')).toBe(1);
  });
});

it('does not learn a foreign TMSI as one of its own', () => {
  const bench = s.makeBench();
  bench.play(
    ...allocation(s.bscA, 56, { tmsi: 55, ...unheard })
      .down({ ...s.commonId, ...s.imsi(1) })
      .clear().steps,
  );
  expect(whoIs(bench, s.bscA, 55)).toBe('');
  expect(whoIs(bench, s.bscA, 56)).toBe(s.subscriber(1));
});

describe('a TMSI of an area that nothing has been heard of', () => {
  const update = (bench: s.Bench, accept: object) =>
    bench.play(
      ...new s.Line(s.bscA, 1, start)
        .open({ ...s.completeLayer3, ...s.cellOne, ...s.locationUpdatingRequest, tmsi: 55, ...unheard })
        .confirm()
        .down({ ...s.commonId, ...s.imsi(1) })
        .down({ ...s.locationUpdatingAccept, ...s.lai, ...accept })
        .clear().steps,
    );

  it('is this VLR’s where the phone may keep it', () => {
    const bench = s.makeBench();
    update(bench, {});
    expect(whoIs(bench, s.bscA, 55)).toBe(s.subscriber(1));
  });

  it('tells who the phone is, where it may keep it', () => {
    const bench = s.makeBench();
    bench.play(s.paging(start - 1, s.bscA, { ...s.imsi(1), tmsi: 55 }));
    bench.play(
      ...new s.Line(s.bscA, 1, start)
        .open({ ...s.completeLayer3, ...s.cellOne, ...s.locationUpdatingRequest, tmsi: 55, ...unheard })
        .confirm()
        .down({ ...s.locationUpdatingAccept, ...s.lai })
        .clear().steps,
    );
    expect(new Set(bench.rows.map(({ subscriber }) => subscriber))).toEqual(new Set([s.subscriber(1)]));
  });

  it('is not, where the phone gets another or goes by its IMSI', () => {
    for (const accept of [{ tmsi: 56 }, s.imsi(1)]) {
      const bench = s.makeBench();
      update(bench, accept);
      expect(whoIs(bench, s.bscA, 55)).toBe('');
    }
  });

  it('is not, where the phone is told another before the answer', () => {
    const bench = s.makeBench();
    bench.play(s.paging(start - 1, s.bscA, { ...s.imsi(1), tmsi: 55 }));
    bench.play(
      ...new s.Line(s.bscA, 1, start)
        .open({ ...s.completeLayer3, ...s.cellOne, ...s.locationUpdatingRequest, tmsi: 55, ...unheard })
        .confirm()
        .down({ ...s.tmsiReallocationCommand, ...s.lai, tmsi: 56 })
        .up(s.tmsiReallocationComplete)
        .down({ ...s.locationUpdatingAccept, ...s.lai })
        .clear().steps,
    );
    expect(new Set(bench.rows.map(({ subscriber }) => subscriber))).toEqual(new Set(['']));
    expect(whoIs(bench, s.bscA, 56)).toBe('');
    expect(whoIs(bench, s.bscA, 55)).toBe(s.subscriber(1));
  });

  it('is not, where the area is another VLR’s', () => {
    const bench = s.makeBench();
    bench.play(
      ...new s.Line(s.bscC, 1, start - 1000)
        .open({ ...s.completeLayer3, cellPlmn: s.plmn, cellLac: 9999, cellCi: 1, ...s.cmServiceRequest(1), tmsi: 9 })
        .confirm()
        .clear().steps,
    );
    update(bench, {});
    expect(whoIs(bench, s.bscA, 55)).toBe('');
  });
});
