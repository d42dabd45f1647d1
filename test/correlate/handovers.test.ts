import { describe, expect, it } from 'vitest';
import * as s from './steps.ts';

const start = 1_000_000_000;
const handoverRequired = { bssmapType: 0x11, bssmapCause: 12 };
const handoverRequest = { bssmapType: 0x10 };
const handoverComplete = { bssmapType: 0x14 };

/** A call in cell one, up to HANDOVER REQUIRED; its release comes later. */
function leaving(reference: number, identity: object, timeUs = start): s.Line {
  return new s.Line(s.bscA, reference, timeUs)
    .open({ ...s.completeLayer3, ...s.cellOne, ...s.cmServiceRequest(1), ...identity })
    .confirm()
    .up(s.call(s.setup, 0))
    .down(s.call(s.connect, 8))
    .up(s.call(s.connectAcknowledge, 0))
    .up({ ...handoverRequired, ...s.asTarget(s.cellThree) });
}

/** The connection to the other BSC that it goes on with. */
function arriving(reference: number, timeUs: number, fields: object = {}): s.Line {
  return new s.Line(s.bscB, reference, timeUs, { mscOpens: true })
    .open({ ...handoverRequest, ...s.cellOne, ...s.asTarget(s.cellThree), ...fields })
    .confirm()
    .wait(-900_000)
    .up(handoverComplete);
}

function hangUp(line: s.Line): s.Line {
  return line
    .up({ ...s.call(s.disconnect, 0), cause: 16 })
    .down(s.call(0x2d, 8))
    .up(s.call(s.releaseComplete, 0))
    .clear();
}

const at = (row: s.Row) => (row.timeUs - start) / 1e6;

it('takes HANDOVER PERFORMED for a sighting in the new cell and moves the connection there', () => {
  const bench = s.makeBench();
  const line = new s.Line(s.bscA, 1, start)
    .open({ ...s.completeLayer3, ...s.cellOne, ...s.cmServiceRequest(1), ...s.imsi(1) })
    .confirm()
    .up(s.call(s.setup, 0))
    .up({ bssmapType: 0x17, bssmapCause: 12, ...s.cellTwo });
  bench.play(...hangUp(line).steps);
  expect(bench.rows.map((row) => [at(row), row.kind, row.cell, row.outcome, row.cause, row.flags])).toEqual([
    [0, 'sighting', s.cgi(s.cellOne), 'unknown', null, 'sighting'],
    [3, 'handover', s.cgi(s.cellTwo), 'success', 12, 'sighting+traffic'],
    [6, 'mo call', s.cgi(s.cellTwo), 'unanswered', 16, 'sighting+traffic'],
  ]);
});

it('leaves the last uplink message before HANDOVER PERFORMED in the old cell', () => {
  const bench = s.makeBench();
  bench.play(
    ...new s.Line(s.bscA, 1, start)
      .open({ ...s.completeLayer3, ...s.cellOne, ...s.cmServiceRequest(1), ...s.imsi(1) })
      .confirm()
      .up(s.call(s.setup, 0))
      .up({ bssmapType: 0x17, ...s.cellTwo })
      .clear().steps,
  );
  expect(bench.rows.at(-1)).toMatchObject({ kind: 'mo call', cell: s.cgi(s.cellOne), flags: 'sighting+traffic' });
});

describe('a handover whose target is not joined', () => {
  const gone = { ...s.clearCommand, bssmapCause: 11 };
  const old = () => leaving(1, s.imsi(1)).down(gone).up(s.clearComplete).release().steps;
  const kinds = (bench: s.Bench) =>
    bench.rows.filter((row) => row.flags.includes('traffic')).map((row) => [row.kind, row.outcome, row.cell]);
  const one = ['mo call', 'success', s.cgi(s.cellOne)];

  it.each([
    ['whose request was lost', hangUp(arriving(9, start + 5_100_000)).steps.slice(1), []],
    ['whose confirm was lost, too', hangUp(arriving(9, start + 5_100_000)).steps.slice(2), []],
    [
      'that was named otherwise',
      hangUp(arriving(9, start + 5_100_000, s.asTarget(s.cellTwo))).steps,
      [['handover', 'success', s.cgi(s.cellTwo)]],
    ],
  ])('gives one event of the call, whoever clears it: a connection %s', (_, target, more) => {
    const bench = s.makeBench();
    bench.play(...[...old(), ...target].sort((a, b) => a.timeUs - b.timeUs));
    bench.correlator.flush();
    expect(kinds(bench).sort()).toEqual([one, ...more].sort());
  });

  it('loses no call that begins in the target', () => {
    const bench = s.makeBench();
    const second = arriving(9, start + 5_100_000, s.asTarget(s.cellTwo))
      .up({ ...s.call(s.disconnect, 0), cause: 16 })
      .up(s.call(s.releaseComplete, 0))
      .down(s.call(s.setup, 0));
    bench.play(...[...old(), ...second.clear().steps].sort((a, b) => a.timeUs - b.timeUs));
    expect(
      kinds(bench)
        .map(([kind]) => kind)
        .sort(),
    ).toEqual(['handover', 'mo call', 'mt call']);
  });

  it('drops no call that has gone on elsewhere, though the radio side had lost it', () => {
    const bench = s.makeBench();
    bench.play(...leaving(1, s.imsi(1)).up(s.clearRequest).down(gone).up(s.clearComplete).release().steps);
    expect(kinds(bench)).toEqual([one]);
  });

  it('gives one event of a short message whose answer comes in the target', () => {
    const bench = s.makeBench();
    const message = new s.Line(s.bscA, 1, start)
      .open({ ...s.completeLayer3, ...s.cellOne, ...s.cmServiceRequest(4), ...s.imsi(1) })
      .confirm()
      .up(s.sms(s.cpData, 0, 0))
      .down(gone);
    const target = arriving(9, start + 5_100_000, s.imsi(1))
      .down(s.sms(s.cpData, 8, 3))
      .up(s.sms(s.cpAck, 0));
    bench.play(...message.release().steps, ...target.clear().steps);
    expect(kinds(bench).map(([kind]) => kind)).toEqual(['mo sms', 'handover']);
  });
});

describe('a handover between two BSCs', () => {
  const old = leaving(1, s.imsi(1));
  const next = arriving(9, start + 5_100_000);

  it('joins the connections without any identity in HANDOVER REQUEST, and the call goes on', () => {
    const bench = s.makeBench({ sorted: false });
    bench.play(...old.steps, ...next.steps);
    expect(bench.rows.map((row) => [at(row), row.kind, row.cell, row.subscriber, row.flags])).toEqual([
      [0, 'sighting', s.cgi(s.cellOne), s.subscriber(1), 'sighting'],
      [6.2, 'handover', s.cgi(s.cellThree), s.subscriber(1), 'sighting+traffic'],
    ]);
    expect(bench.rows[1].durationMs).toBe(1200);
    bench.play(...leaving(1, s.imsi(1)).wait(2_000_000).clear().steps.slice(6));
    bench.play(...hangUp(arriving(9, start + 5_100_000).wait(60_000_000)).steps.slice(3));
    expect(bench.rows.slice(2).map((row) => [at(row), row.kind, row.cell, row.outcome, row.flags])).toEqual([
      [4, 'sighting', s.cgi(s.cellOne), 'unknown', 'sighting'],
      [69.2, 'mo call', s.cgi(s.cellThree), 'success', 'sighting+traffic'],
    ]);
    expect(bench.rows.at(-1)?.durationMs).toBe(69_200);
    expect(bench.correlator.stats).toMatchObject({ handovers: 1, handoverJoins: 1, openConnections: 0 });
    expect(bench.correlator.stats.faults.size).toBe(0);
  });

  it('tells the old connection whom HANDOVER REQUEST names', () => {
    const bench = s.makeBench();
    bench.play(...leaving(1, { tmsi: 4 }).steps, ...arriving(9, start + 5_100_000, s.imsi(1)).steps);
    expect(s.sightings(bench.rows)).toEqual([
      `1000 ${s.cgi(s.cellOne)} ${s.subscriber(1)}`,
      `1006.2 ${s.cgi(s.cellThree)} ${s.subscriber(1)}`,
    ]);
  });

  it('keeps the sightings of both waiting when nobody is known yet', () => {
    const bench = s.makeBench();
    bench.play(...leaving(1, { tmsi: 4 }).clear().steps.slice(0, 6), ...next.steps);
    expect(bench.rows).toEqual([]);
    const known = arriving(9, start + 5_100_000).down({ ...s.commonId, ...s.imsi(1) });
    bench.play(...known.steps.slice(3));
    expect(s.sightings(bench.rows)).toEqual([
      `1000 ${s.cgi(s.cellOne)} ${s.subscriber(1)}`,
      `1006.2 ${s.cgi(s.cellThree)} ${s.subscriber(1)}`,
    ]);
  });

  it('is told from another one to the same cell by the IMSI', () => {
    const bench = s.makeBench();
    bench.play(...leaving(1, s.imsi(1)).steps, ...leaving(2, s.imsi(2)).steps);
    bench.play(...arriving(8, start + 5_100_000, s.imsi(2)).steps, ...arriving(9, start + 5_100_000, s.imsi(1)).steps);
    bench.play(...hangUp(arriving(8, start + 5_100_000)).steps.slice(3));
    expect(bench.rows.at(-1)).toMatchObject({ kind: 'mo call', subscriber: s.subscriber(2), outcome: 'success' });
    expect(bench.correlator.stats.faults.has('HANDOVER_AMBIGUOUS')).toBe(false);
  });

  it('is told from another one to the same cell by the serving cell', () => {
    const bench = s.makeBench();
    const elsewhere = leaving(2, s.imsi(2)).steps;
    elsewhere[0] = { ...elsewhere[0], fields: { ...elsewhere[0].fields, ...s.cellTwo } };
    bench.play(...elsewhere, ...leaving(1, s.imsi(1)).steps, ...arriving(9, start + 5_100_000).steps);
    expect(bench.rows.at(-1)).toMatchObject({ kind: 'handover', subscriber: s.subscriber(1) });
    expect(bench.correlator.stats.faults.has('HANDOVER_AMBIGUOUS')).toBe(false);
  });

  it('takes the one that asked first, and counts it, where two from one cell to one cell can not be told apart', () => {
    const bench = s.makeBench();
    bench.play(...leaving(1, s.imsi(1)).steps, ...leaving(2, s.imsi(2), start + 1000).steps);
    bench.play(...arriving(8, start + 5_100_000).steps, ...arriving(9, start + 5_110_000).steps);
    expect(bench.rows.slice(2).map((row) => row.subscriber)).toEqual([s.subscriber(1), s.subscriber(2)]);
    expect(bench.correlator.stats.faults.get('HANDOVER_AMBIGUOUS')).toBe(1);
  });

  it.each([
    ['after too long a time', { timeUs: start + 20_000_000 }, {}],
    ['to another cell', {}, { targetCellCi: 999 }],
    ['by another MSC', { msc: 77 }, {}],
  ])('%s is not joined: a handover of nobody, and counted', (_, change, fields) => {
    const bench = s.makeBench();
    const steps = arriving(9, start + 5_100_000, fields).steps.map((step) => ({
      ...step,
      ...('timeUs' in change ? { timeUs: change.timeUs } : {}),
      ...('msc' in change ? { bsc: { ...step.bsc, msc: change.msc } } : {}),
    }));
    bench.play(...old.steps, ...steps);
    bench.correlator.flush();
    expect(bench.rows.find((row) => row.kind === 'handover')).toMatchObject({ subscriber: '', flags: 'traffic' });
    expect(bench.correlator.stats.faults.get('HANDOVER_NOT_JOINED')).toBe(1);
  });

  it('finds a target that the BSC named by its area alone', () => {
    const bench = s.makeBench();
    const steps = leaving(1, s.imsi(1)).steps.map((step) =>
      step.fields.bssmapType === 0x11
        ? { ...step, fields: { ...step.fields, targetCellPlmn: 0, targetCellCi: -1 } }
        : step,
    );
    bench.play(...steps, ...next.steps);
    expect(bench.rows.at(-1)).toMatchObject({ kind: 'handover', subscriber: s.subscriber(1) });
  });

  it('to a cell named by its area alone is traffic, no sighting', () => {
    const bench = s.makeBench();
    const area = { targetCellPlmn: 0, targetCellCi: -1 };
    const steps = leaving(1, s.imsi(1)).steps.map((step) =>
      step.fields.bssmapType === 0x11 ? { ...step, fields: { ...step.fields, ...area } } : step,
    );
    bench.play(...steps, ...hangUp(arriving(9, start + 5_100_000, area)).steps);
    expect(bench.rows.slice(1).map((row) => [row.kind, row.cell, row.subscriber, row.flags])).toEqual([
      ['handover', '', s.subscriber(1), 'traffic'],
      ['mo call', '', s.subscriber(1), 'traffic'],
    ]);
  });

  it('that does not come about leaves the call where it was', () => {
    const bench = s.makeBench();
    const failed = arriving(9, start + 5_100_000).steps.slice(0, 2);
    bench.play(...old.steps, ...failed);
    bench.play(...new s.Line(s.bscB, 9, start + 7_000_000, { mscOpens: true }).clear().steps);
    bench.play(...hangUp(leaving(1, s.imsi(1)).wait(10_000_000)).steps.slice(6));
    expect(bench.rows.map((row) => [row.kind, row.cell])).toEqual([
      ['sighting', s.cgi(s.cellOne)],
      ['handover', s.cgi(s.cellOne)],
      ['mo call', s.cgi(s.cellOne)],
    ]);
    expect(bench.correlator.stats.faults.get('HANDOVER_UNFINISHED')).toBe(1);
  });

  it('goes on to a third one', () => {
    const bench = s.makeBench();
    const second = arriving(9, start + 5_100_000).up({ ...handoverRequired, ...s.asTarget(s.cellTwo) });
    const third = new s.Line(s.bscA, 20, start + 8_000_000, { mscOpens: true })
      .open({ ...handoverRequest, ...s.cellThree, ...s.asTarget(s.cellTwo) })
      .confirm()
      .up(handoverComplete);
    bench.play(...old.steps, ...second.steps, ...hangUp(third).steps);
    expect(bench.rows.map((row) => [row.kind, row.cell, row.subscriber])).toEqual([
      ['sighting', s.cgi(s.cellOne), s.subscriber(1)],
      ['handover', s.cgi(s.cellThree), s.subscriber(1)],
      ['handover', s.cgi(s.cellTwo), s.subscriber(1)],
      ['mo call', s.cgi(s.cellTwo), s.subscriber(1)],
    ]);
  });
});

it('is not led into a circle by HANDOVER REQUEST on a connection that itself waits for a handover', () => {
  const bench = s.makeBench();
  const stray = (reference: number, timeUs: number) =>
    new s.Line(s.bscA, reference, timeUs)
      .open({ ...s.completeLayer3, ...s.cellOne, ...s.cmServiceRequest(1), ...s.imsi(1) })
      .confirm()
      .up({ ...handoverRequired, ...s.asTarget(s.cellThree) })
      .down({ ...handoverRequest, ...s.cellOne, ...s.asTarget(s.cellTwo) })
      .clear();
  bench.play(...stray(1, start).steps, ...leaving(2, s.imsi(2), start + 10_000_000).steps);
  bench.play(...arriving(3, start + 16_000_000).steps);
  expect(bench.correlator.stats.handoverJoins).toBe(1);
});

describe('a handover that fails', () => {
  const cause = (value: number) => ({ bssmapCause: value });
  const handoverFailure = { bssmapType: 0x16 };
  const requiredReject = { bssmapType: 0x1a };
  const request = () => arriving(9, start + 5_100_000).steps.slice(0, 2);
  const onTarget = (fields: object, timeUs = start + 6_000_000) =>
    new s.Line(s.bscB, 9, timeUs, { mscOpens: true }).up(fields).steps;
  const onOld = (fields: object) => leaving(1, s.imsi(1)).wait(1_000_000).up(fields).steps.slice(6);
  const onOldDown = (fields: object) => leaving(1, s.imsi(1)).wait(1_000_000).down(fields).steps.slice(6);
  const attempts = (...steps: s.Step[]) => {
    const bench = s.makeBench();
    bench.play(...leaving(1, s.imsi(1)).steps, ...steps);
    bench.play(...hangUp(leaving(1, s.imsi(1)).wait(10_000_000)).steps.slice(6));
    expect(bench.rows.at(-1)).toMatchObject({ kind: 'mo call', outcome: 'success' });
    return bench.rows
      .filter((row) => row.kind === 'handover')
      .map((row) => [row.subscriber, row.cell, at(row), row.durationMs, row.outcome, row.cause, row.flags]);
  };
  const row = (seconds: number, outcome: string, value: number) => [
    ...[s.subscriber(1), s.cgi(s.cellOne), seconds, (seconds - 5) * 1000, outcome, value, 'traffic'],
  ];

  it('because the phone came back is one event of the serving cell, no proof of place', () => {
    const back = onOld({ ...handoverFailure, ...cause(0) });
    const clear = new s.Line(s.bscB, 9, start + 8_000_000, { mscOpens: true }).clear().steps;
    expect(attempts(...request(), ...back, ...clear)).toEqual([row(7, 'failed', 0)]);
  });

  it('because the target has no channel is told once, though HANDOVER REQUIRED REJECT follows', () => {
    const refused = onTarget({ ...handoverFailure, ...cause(33) });
    const reject = onOldDown({ ...requiredReject, ...cause(33) });
    expect(attempts(...request(), ...refused, ...reject)).toEqual([row(6, 'failed', 33)]);
  });

  it('because the core refuses it is rejected', () => {
    expect(attempts(...onOldDown({ ...requiredReject, ...cause(2) }))).toEqual([row(7, 'rejected', 2)]);
  });

  it('because the new connection is cleared before the phone came has failed with the cause of that', () => {
    const clear = new s.Line(s.bscB, 9, start + 6_000_000, { mscOpens: true })
      .up({ ...s.clearRequest, ...cause(0) })
      .clear().steps;
    expect(attempts(...request(), ...clear)).toEqual([row(7, 'failed', 0)]);
  });

  it('because the old connection is lost has failed with it, and the call is dropped', () => {
    const bench = s.makeBench();
    bench.play(...leaving(1, s.imsi(1)).steps, ...request(), ...onOld({ ...s.clearRequest, ...cause(0) }));
    bench.play(...leaving(1, s.imsi(1)).wait(2_000_000).clear().steps.slice(6));
    bench.play(...new s.Line(s.bscB, 9, start + 10_000_000, { mscOpens: true }).clear().steps);
    const rows = bench.rows.slice(1).map((one) => [one.kind, at(one), one.outcome, one.cause, one.flags]);
    expect(rows).toEqual([
      ['handover', 8, 'failed', 0, 'traffic'],
      ['sighting', 4, 'unknown', null, 'sighting'],
      ['mo call', 7, 'dropped', 0, 'traffic'],
    ]);
  });

  it('of a phone whose old connection is not in sight is an event of nobody in the cell it was to leave', () => {
    const bench = s.makeBench();
    bench.play(...request(), ...onTarget({ ...handoverFailure, ...cause(33) }));
    bench.correlator.flush();
    expect(bench.rows).toMatchObject([{ kind: 'handover', subscriber: '', cell: s.cgi(s.cellOne), cause: 33 }]);
  });

  it('is told again where it is tried again', () => {
    const again = leaving(1, s.imsi(1))
      .wait(2_000_000)
      .up({ ...handoverRequired, ...s.asTarget(s.cellTwo) });
    const reject = leaving(1, s.imsi(1))
      .wait(3_000_000)
      .down({ ...requiredReject, ...cause(2) });
    const steps = [...onOld({ ...handoverFailure, ...cause(1) }), ...again.steps.slice(6), ...reject.steps.slice(6)];
    expect(attempts(...steps).map((one) => [one[2], one[4]])).toEqual([
      [7, 'failed'],
      [9, 'rejected'],
    ]);
  });
});

it('does not join a connection with itself, on which both HANDOVER REQUEST and HANDOVER REQUIRED came', () => {
  const bench = s.makeBench();
  const steps = leaving(1, s.imsi(1)).down({ ...handoverRequest, ...s.asTarget(s.cellThree) });
  steps.up({ ...handoverRequired, ...s.asTarget(s.cellThree) }).up(handoverComplete);
  bench.play(...hangUp(steps).steps);
  expect(bench.correlator.stats.handoverJoins).toBe(0);
  expect(bench.rows.filter(({ kind }) => kind === 'mo call')).toHaveLength(1);
});

it('does not take a call for dropped that goes on in a network out of sight', () => {
  const bench = s.makeBench();
  const away = leaving(1, s.imsi(1)).down({ bssmapType: 0x20, bssmapCause: 11 }).up(s.clearComplete).release();
  bench.play(...away.steps);
  expect(bench.rows.slice(1).map((row) => [row.kind, row.outcome])).toEqual([['mo call', 'success']]);
});

it('lets a call go on that the old cell had given up for lost when the phone came to the new one', () => {
  const bench = s.makeBench();
  const lost = leaving(1, s.imsi(1)).up(s.clearRequest).steps.slice(6);
  bench.play(...leaving(1, s.imsi(1)).steps, ...arriving(9, start + 5_100_000).steps.slice(0, 2), ...lost);
  bench.play(...hangUp(arriving(9, start + 5_100_000)).steps.slice(2));
  expect(bench.rows.at(-1)).toMatchObject({ kind: 'mo call', outcome: 'success', cause: 16, cell: s.cgi(s.cellThree) });
});
