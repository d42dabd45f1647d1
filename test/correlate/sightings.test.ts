import { describe, expect, it } from 'vitest';
import { parsePlmn } from '../../server/events/plmn.ts';
import * as s from './steps.ts';

const start = 1_000_000_000;

function acceptedUpdate(reference: number, request: object): s.Line {
  return new s.Line(s.bscA, reference, start)
    .open({ ...s.completeLayer3, ...s.cellOne, ...s.locationUpdatingRequest, ...s.lai, ...request })
    .confirm();
}

describe('an accepted location update', () => {
  const line = acceptedUpdate(1, s.imsi(1))
    .down({ ...s.locationUpdatingAccept, ...s.lai, tmsi: 0x1001 })
    .up(s.tmsiReallocationComplete)
    .clear();

  it('gives a sighting at the request, held until the answer, and one at the last uplink message with the procedure', () => {
    const bench = s.makeBench();
    bench.play(...line.steps.slice(0, 2));
    expect(bench.rows).toEqual([]);
    bench.play(...line.steps.slice(2));
    expect(bench.rows).toEqual([
      {
        timeUs: start,
        subscriber: s.subscriber(1),
        cell: '460-00-42285-101',
        plmn: '001-01',
        kind: 'sighting',
        outcome: 'unknown',
        cause: null,
        causeOf: '',
        flags: 'sighting',
        durationMs: 0,
        typeAllocationCode: 0,
        peer: null,
      },
      {
        timeUs: start + 3_000_000,
        subscriber: s.subscriber(1),
        cell: '460-00-42285-101',
        plmn: '001-01',
        kind: 'location update',
        outcome: 'success',
        cause: null,
        causeOf: '',
        flags: 'sighting+traffic',
        durationMs: 3000,
        typeAllocationCode: 0,
        peer: null,
      },
    ]);
  });

  it('works where the BSC has the smaller point code', () => {
    const bench = s.makeBench();
    bench.play(...line.steps.map((step) => ({ ...step, bsc: s.bscC })));
    expect(s.sightings(bench.rows)).toHaveLength(2);
  });

  it.each([
    [0, 'location update'],
    [1, 'periodic update'],
    [2, 'imsi attach'],
  ])('of type %i is a %s', (locationUpdatingType, kind) => {
    const bench = s.makeBench();
    bench.play(
      ...acceptedUpdate(1, { ...s.imsi(1), locationUpdatingType })
        .down(s.locationUpdatingAccept)
        .clear().steps,
    );
    expect(bench.rows.at(-1)).toMatchObject({ kind, outcome: 'success', flags: 'traffic', durationMs: 0 });
  });
});

describe('a refused location update', () => {
  it.each([
    ['LOCATION UPDATING REJECT', s.locationUpdatingReject, 13],
    ['AUTHENTICATION REJECT', s.authenticationReject, null],
  ])('by %s is traffic only', (_, refusal, cause) => {
    const bench = s.makeBench();
    bench.play(
      ...acceptedUpdate(1, s.imsi(1))
        .up(s.authenticationResponse)
        .down({ ...refusal, cause: cause ?? -1 })
        .clear().steps,
    );
    expect(bench.rows).toHaveLength(1);
    expect(bench.rows[0]).toMatchObject({
      timeUs: start + 2_000_000,
      subscriber: s.subscriber(1),
      kind: 'location update',
      outcome: 'rejected',
      cause,
      flags: 'traffic',
    });
  });

  it('stays no sighting when the subscriber shows only afterwards', () => {
    for (const sorted of [true, false]) {
      const bench = s.makeBench({ sorted });
      bench.play(
        ...acceptedUpdate(1, { tmsi: 5 })
          .down({ ...s.locationUpdatingReject, cause: 2 })
          .down({ ...s.commonId, ...s.imsi(1) })
          .clear().steps,
      );
      expect(s.sightings(bench.rows)).toEqual([]);
    }
  });
});

it('takes an unanswered location update for a sighting once it is cleared, whenever SCCP’s release comes', () => {
  const bench = s.makeBench();
  const line = acceptedUpdate(1, s.imsi(1)).down(s.clearCommand);
  bench.play(...line.steps);
  expect(s.sightings(bench.rows)).toEqual([]);
  bench.play(...acceptedUpdate(1, s.imsi(1)).down(s.clearCommand).up(s.clearComplete).steps.slice(line.steps.length));
  expect(s.sightings(bench.rows)).toEqual([`1000 ${s.cgi(s.cellOne)} ${s.subscriber(1)}`]);
  bench.correlator.flush();
  expect(s.sightings(bench.rows)).toHaveLength(1);
});

it('takes an unanswered location update for a sighting when its connection ends', () => {
  const bench = s.makeBench();
  bench.play(...acceptedUpdate(1, s.imsi(1)).clear().steps);
  expect(s.sightings(bench.rows)).toEqual([`1000 ${s.cgi(s.cellOne)} ${s.subscriber(1)}`]);
  expect(bench.rows.at(-1)).toMatchObject({ kind: 'location update', outcome: 'unknown', flags: 'traffic' });
});

describe('a subscriber that shows late', () => {
  const line = new s.Line(s.bscA, 1, start)
    .open({ ...s.completeLayer3, ...s.cellOne, ...s.cmServiceRequest(1), tmsi: 77 })
    .confirm()
    .up({ bssmapType: 0x17, ...s.cellTwo })
    .down({ ...s.commonId, ...s.imsi(1) })
    .up(s.call(s.setup, 0))
    .clear();

  it('resolves the earlier sightings at their own times when sorted', () => {
    const bench = s.makeBench({ sorted: true });
    bench.play(...line.steps);
    expect(s.sightings(bench.rows)).toEqual([
      `1000 ${s.cgi(s.cellOne)} ${s.subscriber(1)}`,
      `1002 ${s.cgi(s.cellTwo)} ${s.subscriber(1)}`,
      `1004 ${s.cgi(s.cellTwo)} ${s.subscriber(1)}`,
    ]);
    expect(bench.rows.filter((row) => row.kind === 'handover').map((row) => row.flags)).toEqual(['sighting+traffic']);
  });

  it('is one sighting at that moment in the cell of then when live', () => {
    const bench = s.makeBench({ sorted: false });
    bench.play(...line.steps);
    expect(s.sightings(bench.rows)).toEqual([
      `1003 ${s.cgi(s.cellTwo)} ${s.subscriber(1)}`,
      `1004 ${s.cgi(s.cellTwo)} ${s.subscriber(1)}`,
    ]);
    expect(bench.rows.filter((row) => row.kind === 'handover')).toMatchObject([{ subscriber: '', flags: 'traffic' }]);
  });

  it('by IDENTITY RESPONSE during a location update is sighted once it is accepted', () => {
    for (const sorted of [true, false]) {
      const bench = s.makeBench({ sorted });
      const update = acceptedUpdate(1, { tmsi: 5 })
        .up({ ...s.identityResponse, ...s.imsi(1) })
        .down(s.locationUpdatingAccept)
        .clear();
      bench.play(...update.steps.slice(0, 3));
      expect(bench.rows).toEqual([]);
      bench.play(...update.steps.slice(3));
      expect(s.sightings(bench.rows)).toEqual(
        (sorted ? ['1000', '1002'] : ['1002']).map((time) => `${time} ${s.cgi(s.cellOne)} ${s.subscriber(1)}`),
      );
    }
  });

  it('or never leaves its connection unresolved: traffic only', () => {
    const bench = s.makeBench();
    bench.play(...line.steps.filter((step) => step.fields.bssmapType !== 0x2f));
    expect(bench.rows.map((row) => [row.kind, row.subscriber, row.flags])).toEqual([
      ['mo call', '', 'traffic'],
      ['handover', '', 'traffic'],
    ]);
    expect(bench.correlator.stats).toMatchObject({ events: 2, resolved: 0, unresolved: 2 });
  });
});

describe('IMSI DETACH INDICATION', () => {
  it('places the subscriber and detaches at its time, and nothing after it is a sighting', () => {
    const bench = s.makeBench();
    bench.play(
      ...new s.Line(s.bscA, 1, start)
        .open({ ...s.completeLayer3, ...s.cellOne, ...s.imsiDetach, ...s.imsi(1) })
        .confirm()
        .up(s.authenticationResponse)
        .clear().steps,
    );
    expect(bench.rows).toHaveLength(1);
    expect(bench.rows[0]).toMatchObject({
      timeUs: start,
      cell: s.cgi(s.cellOne),
      kind: 'detach',
      outcome: 'success',
      flags: 'sighting+detach+traffic',
    });
  });

  it('waits for its subscriber', () => {
    for (const sorted of [true, false]) {
      const bench = s.makeBench({ sorted });
      bench.play(
        ...new s.Line(s.bscA, 1, start)
          .open({ ...s.completeLayer3, ...s.cellOne, ...s.imsiDetach, tmsi: 9 })
          .confirm()
          .down({ ...s.commonId, ...s.imsi(1) })
          .clear().steps,
      );
      expect(bench.rows.map((row) => [row.timeUs, row.flags])).toEqual([
        [sorted ? start : start + 2_000_000, 'sighting+detach+traffic'],
      ]);
    }
  });

  it('during a call ends the presence at its own time', () => {
    const bench = s.makeBench();
    bench.play(
      ...new s.Line(s.bscA, 1, start)
        .open({ ...s.completeLayer3, ...s.cellOne, ...s.cmServiceRequest(1), ...s.imsi(1) })
        .confirm()
        .up(s.call(s.setup, 0))
        .up(s.imsiDetach)
        .clear().steps,
    );
    expect(bench.rows.map((row) => [row.timeUs / 1e6, row.kind, row.flags])).toEqual([
      [1000, 'sighting', 'sighting'],
      [1003, 'detach', 'sighting+detach+traffic'],
      [1002, 'mo call', 'traffic'],
    ]);
  });
});

describe('a cell identifier with parts left out', () => {
  it('takes the PLMN that the area has elsewhere, else the default', () => {
    const bench = s.makeBench({ defaultPlmn: parsePlmn('460-02') });
    const attach = (reference: number, cell: object) =>
      new s.Line(s.bscA, reference, start)
        .open({ ...s.completeLayer3, ...cell, ...s.pagingResponse, ...s.imsi(1) })
        .confirm()
        .clear().steps;
    bench.play(...attach(1, { cellLac: 7, cellCi: 8 }));
    bench.play(...attach(2, { cellPlmn: s.plmn, cellLac: 9, cellCi: 1 }));
    bench.play(...attach(3, { cellLac: 9, cellCi: 2 }));
    expect(bench.rows.filter((row) => row.kind === 'sighting').map((row) => row.cell)).toEqual([
      '460-02-7-8',
      '460-00-9-1',
      '460-00-9-2',
    ]);
  });

  it('takes the location area of LOCATION UPDATING ACCEPT for a CI alone', () => {
    const bench = s.makeBench();
    bench.play(
      ...new s.Line(s.bscA, 1, start)
        .open({
          ...s.completeLayer3,
          cellCi: 5,
          ...s.locationUpdatingRequest,
          laiPlmn: s.plmn,
          laiLac: 1,
          ...s.imsi(1),
        })
        .confirm()
        .down({ ...s.locationUpdatingAccept, ...s.lai })
        .clear().steps,
    );
    expect(bench.rows.map((row) => row.cell)).toEqual(['460-00-42285-5', '460-00-42285-5']);
  });

  it('is no place where that does not help, and is counted', () => {
    const bench = s.makeBench();
    bench.play(
      ...new s.Line(s.bscA, 1, start)
        .open({ ...s.completeLayer3, cellLac: 5, ...s.pagingResponse, ...s.imsi(1) })
        .confirm()
        .up(s.authenticationResponse)
        .clear().steps,
    );
    expect(bench.rows.map((row) => [row.cell, row.flags])).toEqual([['', 'traffic']]);
    expect(bench.correlator.stats.faults.get('CELL_UNKNOWN')).toBe(2);
  });
});

it('takes the handset model from an IMEISV', () => {
  const bench = s.makeBench();
  bench.play(
    ...new s.Line(s.bscA, 1, start)
      .open({ ...s.completeLayer3, ...s.cellOne, ...s.pagingResponse, ...s.imsi(1) })
      .confirm()
      .up({ ...s.identityResponse, imei: 123_456_780_000_00, imeiTail: 12, imeiDigits: 16 })
      .clear().steps,
  );
  expect(bench.rows.at(-1)).toMatchObject({ typeAllocationCode: 12_345_678, flags: 'sighting+traffic' });
});

it('corrects a subscriber whom a stale TMSI gave, and counts that', () => {
  const bench = s.makeBench();
  bench.play(
    s.paging(start - 10, s.bscA, { ...s.imsi(1), tmsi: 33 }),
    ...new s.Line(s.bscA, 1, start)
      .open({ ...s.completeLayer3, ...s.cellOne, ...s.pagingResponse, tmsi: 33 })
      .confirm()
      .down({ ...s.commonId, ...s.imsi(2) })
      .clear().steps,
  );
  expect(s.sightings(bench.rows)).toEqual([
    `1000 ${s.cgi(s.cellOne)} ${s.subscriber(1)}`,
    `1002 ${s.cgi(s.cellOne)} ${s.subscriber(2)}`,
  ]);
  expect(bench.correlator.stats.faults.get('SUBSCRIBER_CHANGED')).toBe(1);
});
