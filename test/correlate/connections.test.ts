import { describe, expect, it } from 'vitest';
import { makeConfig } from '../../server/config.ts';
import * as s from './steps.ts';

const start = 1_000_000_000;

function service(reference: number, subscriber: number, timeUs = start): s.Line {
  return new s.Line(s.bscA, reference, timeUs)
    .open({ ...s.completeLayer3, ...s.cellOne, ...s.cmServiceRequest(1), ...s.imsi(subscriber) })
    .confirm();
}

it('counts messages of connections whose beginning it missed, and makes no event of them', () => {
  const bench = s.makeBench();
  bench.play(...service(1, 1).up(s.call(s.setup, 0)).clear().steps.slice(2));
  expect(bench.rows).toEqual([]);
  // SETUP, CLEAR COMMAND, CLEAR COMPLETE, RLSD; the RLC that answers is none.
  expect(bench.correlator.stats.faults.get('CONNECTION_UNKNOWN')).toBe(4);
});

describe('connections without an event', () => {
  const eventless = (...steps: readonly s.Step[]) => {
    const bench = s.makeBench();
    bench.play(...steps);
    bench.correlator.flush();
    return bench.correlator.stats.eventless;
  };
  const whole = (reference: number, subscriber: number) => service(reference, subscriber).clear().steps;
  const released = whole(1, 1).slice(-2);
  const twice = (steps: readonly s.Step[]) => steps.flatMap((step) => [step, { ...step, timeUs: step.timeUs + 1 }]);

  it('counts one whose beginning was missed once, with its release, however often that is said', () => {
    expect(eventless(...whole(1, 1).slice(2))).toBe(1);
    expect(eventless(...twice(released))).toBe(1);
    expect(eventless(...released, ...whole(2, 2).slice(-2))).toBe(2);
  });

  it('takes the release of a connection that it knew, said again, for no other', () => {
    expect(eventless(...whole(1, 1), ...twice(released))).toBe(0);
  });

  it('counts one that was followed without its request and made no event, and no other', () => {
    const [, confirm, ...rest] = whole(1, 1);
    expect(eventless(confirm, ...rest)).toBe(1);
    expect(eventless(confirm)).toBe(1);
    const call = service(1, 1)
      .down({ ...s.commonId, ...s.imsi(1) })
      .up(s.call(s.setup, 0))
      .clear().steps;
    expect(eventless(...call.slice(1))).toBe(0);
  });
});

describe('without CONNECTION REQUEST', () => {
  const call = () =>
    service(1, 1)
      .down({ ...s.commonId, ...s.imsi(1) })
      .up(s.call(s.setup, 0))
      .down(s.call(s.connect, 8))
      .up({ bssmapType: 0x17, ...s.cellTwo })
      .up(s.call(s.connectAcknowledge, 0))
      .up({ ...s.call(s.disconnect, 0), cause: 16 })
      .down({ ...s.call(s.releaseComplete, 8), cause: 16 })
      .clear()
      .steps.slice(1);

  it.each([s.bscA, s.bscC])('follows what CONNECTION CONFIRM names by both references: link $link', (bsc) => {
    const bench = s.makeBench();
    bench.play(...call().map((step) => ({ ...step, bsc })));
    expect(
      bench.rows.map(({ kind, subscriber, cell, outcome, flags }) => [kind, subscriber, cell, outcome, flags]),
    ).toEqual([
      ['handover', s.subscriber(1), s.cgi(s.cellTwo), 'success', 'sighting+traffic'],
      ['mo call', s.subscriber(1), s.cgi(s.cellTwo), 'success', 'sighting+traffic'],
    ]);
    const { faults, openConnections } = bench.correlator.stats;
    expect(openConnections).toBe(0);
    expect([faults.get('CONNECTION_UNKNOWN'), faults.get('CONNECTION_WITHOUT_REQUEST')]).toEqual([1, 1]);
  });

  it('tells of a call in no cell where no message names one, and proves no place by it', () => {
    const bench = s.makeBench();
    bench.play(...call().filter(({ fields }) => fields.bssmapType !== 0x17));
    expect(bench.rows.map(({ kind, subscriber, cell, flags }) => [kind, subscriber, cell, flags])).toEqual([
      ['mo call', s.subscriber(1), '', 'traffic'],
    ]);
  });

  const update = (answer: object) =>
    new s.Line(s.bscA, 1, start)
      .open({ ...s.completeLayer3, ...s.cellOne, ...s.locationUpdatingRequest, ...s.lai, tmsi: 5 })
      .confirm()
      .down({ ...s.commonId, ...s.imsi(1) })
      .down(answer)
      .up(s.tmsiReallocationComplete)
      .clear().steps;
  const accept = { ...s.locationUpdatingAccept, ...s.lai, tmsi: 0x2001 };

  it.each([
    ['ACCEPT', accept, 'success', null],
    ['REJECT', { ...s.locationUpdatingReject, cause: 12 }, 'rejected', 12],
  ])('tells of a location update by its %s, in no cell, and proves no place by it', (_, answer, outcome, cause) => {
    const bench = s.makeBench();
    bench.play(...update(answer).slice(1));
    expect(bench.rows.map((row) => [row.kind, row.outcome, row.cause, row.subscriber, row.cell, row.flags])).toEqual([
      ['location update', outcome, cause, s.subscriber(1), '', 'traffic'],
    ]);
    const { events, resolved, eventless } = bench.correlator.stats;
    expect([events, resolved, eventless]).toEqual([1, 1, 0]);
  });

  it('tells of a location update by its ACCEPT without knowing whose, and of one that is said twice once', () => {
    const bench = s.makeBench();
    const [confirm, , answer, ...rest] = update(accept).slice(1);
    const side = { ...confirm, fields: { sccpType: 9, bssmapType: 0x52 }, up: false };
    bench.play(side, confirm, answer, { ...answer, timeUs: answer.timeUs + 1 }, ...rest);
    expect(bench.rows.map((row) => [row.kind, row.outcome, row.subscriber, row.cell])).toEqual([
      ['location update', 'success', '', ''],
    ]);
    expect(bench.correlator.stats).toMatchObject({ events: 1, resolved: 0, unresolved: 1 });
  });

  it('takes a request that comes behind its ACCEPT for that update’s', () => {
    const bench = s.makeBench();
    const [request, confirm, commonId, answer, ...rest] = update(accept);
    const side = { ...confirm, fields: { sccpType: 9, bssmapType: 0x52 }, up: false };
    const early = [confirm, answer].map((step, k) => ({ ...step, timeUs: start - 2 + k }));
    bench.play(side, ...early, request, commonId, ...rest);
    expect(bench.rows.map((row) => [row.kind, row.outcome, row.subscriber, row.cell, row.flags])).toEqual([
      ['sighting', 'unknown', s.subscriber(1), s.cgi(s.cellOne), 'sighting'],
      ['location update', 'success', s.subscriber(1), s.cgi(s.cellOne), 'sighting+traffic'],
    ]);
    expect(bench.correlator.stats.faults.get('CONNECTION_REFERENCE_REUSED')).toBeUndefined();
  });

  it('takes no ACCEPT behind another first message for a location update', () => {
    const bench = s.makeBench();
    bench.play(...service(1, 1).down(accept).clear().steps);
    expect(bench.rows.filter((row) => row.kind === 'location update')).toEqual([]);
  });

  it('waits for a message that tells which side is the core, and takes none for the other way before', () => {
    const bench = s.makeBench();
    const [confirm, commonId, ...rest] = call();
    bench.play(confirm, rest[0], commonId, ...rest.slice(1));
    // SETUP came too early to tell whose call it is; the phone's next message proves where it is.
    expect(bench.rows.map(({ kind }) => kind)).toEqual(['handover', 'sighting']);
    expect(bench.correlator.stats.faults.get('CONNECTION_UNKNOWN')).toBe(2);
  });

  it('begins with INACTIVITY TEST, too', () => {
    const bench = s.makeBench();
    const [confirm, ...rest] = call();
    bench.play({ ...confirm, fields: { ...confirm.fields, sccpType: 0x10 } }, ...rest);
    expect(bench.rows.map(({ kind }) => kind)).toEqual(['handover', 'mo call']);
  });

  it('takes a CONNECTION REQUEST that comes behind its CONNECTION CONFIRM for its own', () => {
    const bench = s.makeBench();
    const [request, confirm, ...rest] = service(1, 1).up(s.call(s.setup, 0)).clear().steps;
    bench.play({ ...confirm, timeUs: start - 1000 }, request, ...rest);
    expect(bench.rows.map(({ kind, cell, flags }) => [kind, cell, flags])).toEqual([
      ['sighting', s.cgi(s.cellOne), 'sighting'],
      ['mo call', s.cgi(s.cellOne), 'sighting+traffic'],
    ]);
    expect(bench.correlator.stats.faults.get('CONNECTION_REFERENCE_REUSED')).toBeUndefined();
  });

  it('is not begun by a CONNECTION CONFIRM one of whose references is another connection’s', () => {
    const bench = s.makeBench();
    const [, late] = service(2, 2).steps;
    bench.play(...service(1, 1).steps, { ...late, fields: { ...late.fields, sourceLocalReference: 0x8001 } });
    expect(bench.correlator.stats.openConnections).toBe(1);
    expect(bench.correlator.stats.faults.get('CONNECTION_WITHOUT_REQUEST')).toBeUndefined();
  });
});

it('keeps equal references of two links and of the two sides of one link apart', () => {
  const bench = s.makeBench();
  const a = service(1, 1);
  const b = new s.Line(s.bscB, 1, start)
    .open({ ...s.completeLayer3, ...s.cellTwo, ...s.cmServiceRequest(4), ...s.imsi(2) })
    .confirm();
  // The BSC's reference of one equals the MSC's reference of the other.
  const c = new s.Line(s.bscA, 0x8001, start)
    .open({ ...s.completeLayer3, ...s.cellThree, ...s.cmServiceRequest(8), ...s.imsi(3) })
    .confirm();
  bench.play(...a.steps, ...b.steps, ...c.steps, ...c.clear().steps.slice(2), ...b.clear().steps.slice(2));
  bench.play(...a.clear().steps.slice(2));
  expect(bench.rows.filter((row) => row.flags === 'traffic').map((row) => [row.kind, row.subscriber])).toEqual([
    ['supplementary service', s.subscriber(3)],
    ['mo sms', s.subscriber(2)],
    ['mo call', s.subscriber(1)],
  ]);
});

it('follows a connection again under a reference that was used before', () => {
  const bench = s.makeBench();
  bench.play(...service(1, 1).clear().steps, ...service(1, 2, start + 60_000_000).clear().steps);
  expect(bench.rows.map((row) => row.subscriber)).toEqual([1, 1, 2, 2].map((n) => s.subscriber(n)));
  expect(bench.correlator.stats.faults.size).toBe(0);
});

it('ends a connection whose reference is given anew, whose release it missed', () => {
  const bench = s.makeBench();
  bench.play(...service(1, 1).steps, ...service(1, 2, start + 60_000_000).clear().steps);
  expect(bench.rows.filter((row) => row.kind === 'mo call').map((row) => row.subscriber)).toEqual([
    s.subscriber(1),
    s.subscriber(2),
  ]);
  expect(bench.correlator.stats.faults.get('CONNECTION_REFERENCE_REUSED')).toBe(1);
  expect(bench.correlator.stats.openConnections).toBe(0);
});

it.each([
  ['confirmed', 2],
  ['not confirmed', 1],
])('lets a RELEASE COMPLETE that comes late or twice alone end no new connection: %s', (_name, messages) => {
  const bench = s.makeBench();
  const old = service(1, 1).clear().steps;
  const late = { ...old.at(-1)!, timeUs: start + 60_500_000 };
  const next = service(1, 2, start + 60_000_000).steps.slice(0, messages);
  for (const step of next) {
    // The BSC gives its reference anew, the MSC another one.
    if (step.fields.sccpType === 2) step.fields = { ...step.fields, sourceLocalReference: 0x9001 };
  }
  bench.play(...old, ...next, late, late);
  expect(bench.correlator.stats.openConnections).toBe(1);
  expect(bench.rows.filter(({ subscriber }) => subscriber === s.subscriber(2))).toMatchObject([{ kind: 'sighting' }]);
});

it('ends a connection with RELEASE COMPLETE where RELEASED was not seen', () => {
  const bench = s.makeBench();
  bench.play(...service(1, 1).steps, service(1, 1).clear().steps.at(-1)!);
  expect(bench.correlator.stats.openConnections).toBe(0);
});

it('ends a connection whose responder gives its reference anew', () => {
  const bench = s.makeBench();
  const second = service(2, 2, start + 60_000_000).steps.map((step) =>
    step.fields.sccpType === 2 ? { ...step, fields: { ...step.fields, sourceLocalReference: 0x8001 } } : step,
  );
  bench.play(...service(1, 1).steps, ...second);
  expect(bench.rows.filter((row) => row.kind === 'mo call').map((row) => row.subscriber)).toEqual([s.subscriber(1)]);
});

describe('without CONNECTION CONFIRM', () => {
  const line = service(1, 1)
    .down({ ...s.commonId, ...s.imsi(1) })
    .up(s.call(s.setup, 0));

  it('hears the MSC, misses the phone and ends with RELEASED', () => {
    const bench = s.makeBench();
    bench.play(
      ...[...line.steps, ...service(1, 1).clear().steps.slice(2)].filter((step) => step.fields.sccpType !== 2),
    );
    expect(bench.rows.map((row) => [row.kind, row.flags])).toEqual([
      ['sighting', 'sighting'],
      ['mo call', 'traffic'],
    ]);
    expect(bench.correlator.stats.openConnections).toBe(0);
  });

  it('learns the reference from a later message that carries both', () => {
    const bench = s.makeBench();
    const [open, confirm, ...rest] = line.steps;
    const test = { ...confirm, fields: { ...confirm.fields, sccpType: 0x10 } };
    bench.play(open, test, ...rest, ...service(1, 1).clear().steps.slice(2));
    expect(bench.rows.at(-1)).toMatchObject({ kind: 'mo call', flags: 'sighting+traffic' });
  });
});

it('ends a refused connection as a failed procedure', () => {
  const bench = s.makeBench();
  const [open, confirm] = service(1, 1).steps;
  bench.play(open, {
    ...confirm,
    fields: { sccpType: 3, destinationLocalReference: 1, sccpCause: 5 },
  });
  expect(bench.rows.at(-1)).toMatchObject({ kind: 'mo call', outcome: 'failed', cause: 5, flags: 'traffic' });
  expect(bench.correlator.stats.openConnections).toBe(0);
});

it('takes the initial message from DT1 where CONNECTION REQUEST came without data', () => {
  const bench = s.makeBench();
  const [open, confirm] = service(1, 1).steps;
  const { sccpType, sourceLocalReference, ...layer3 } = open.fields;
  bench.play(
    { ...open, fields: { sccpType, sourceLocalReference } },
    confirm,
    ...new s.Line(s.bscA, 1, start).up(layer3).clear().steps,
  );
  expect(s.sightings(bench.rows)).toEqual([`1000 ${s.cgi(s.cellOne)} ${s.subscriber(1)}`]);
});

it('ends connections that are silent for longer than connectionIdleMs of event time, with messages or without', () => {
  const config = makeConfig({ where: 'test', settings: { connectionsMax: 1000, connectionIdleMs: 60_000 } });
  const bench = s.makeBench({ config });
  for (let n = 1; n <= 100; n++) bench.play(...service(n, n).steps);
  bench.correlator.tick(start + 59_000_000);
  expect(bench.correlator.stats.openConnections).toBe(100);
  bench.correlator.tick(start + 62_000_000);
  expect(bench.correlator.stats.openConnections).toBeGreaterThan(0);
  for (let second = 63; second <= 130; second++) bench.correlator.tick(start + second * 1_000_000);
  expect(bench.correlator.stats.openConnections).toBe(0);
  expect(bench.correlator.stats.faults.get('CONNECTION_IDLE')).toBe(100);
  expect(bench.rows.filter((row) => row.kind === 'mo call')).toHaveLength(100);
});

it('holds no more connections than it may and gives up the longest silent of those it looks at', () => {
  const config = makeConfig({ where: 'test', settings: { connectionsMax: 1000 } });
  const bench = s.makeBench({ config });
  for (let n = 1; n <= 3000; n++) bench.play(...service(n, n, start + n).steps);
  expect(bench.correlator.stats).toMatchObject({ openConnections: 1000, evictedConnections: 2000 });
  expect(bench.rows.filter((row) => row.kind === 'mo call')).toHaveLength(2000);
  bench.correlator.flush();
  expect(bench.correlator.stats.openConnections).toBe(0);
  expect(new Set(bench.rows.map((row) => row.subscriber)).size).toBe(3000);
});

it('says what a connection and a TMSI cost in memory', () => {
  const bench = s.makeBench();
  for (let n = 1; n <= 10_000; n++) {
    bench.play(s.paging(start, s.bscA, { ...s.imsi(n), tmsi: n }), ...service(n, n).steps);
  }
  const { bytesPerConnection, bytesPerTmsi } = bench.correlator.memory();
  expect(bytesPerConnection).toBeLessThan(300);
  expect(bytesPerTmsi).toBeLessThan(50);
});
