import { describe, expect, it } from 'vitest';
import * as s from './steps.ts';

const start = 1_000_000_000;
const connected = { answered: 1 };

function service(type: number): s.Line {
  return new s.Line(s.bscA, 1, start)
    .open({ ...s.completeLayer3, ...s.cellOne, ...s.cmServiceRequest(type), ...s.imsi(1) })
    .confirm();
}

function paged(): s.Line {
  return new s.Line(s.bscA, 1, start)
    .open({ ...s.completeLayer3, ...s.cellOne, ...s.pagingResponse, ...s.imsi(1) })
    .confirm();
}

/** Rows of traffic: kind, outcome, cause, start and end in seconds. */
function traffic(line: s.Line, sorted = true): unknown[][] {
  const bench = s.makeBench({ sorted });
  bench.play(...line.steps);
  return bench.rows
    .filter((row) => row.flags.includes('traffic'))
    .map((row) => {
      const end = row.timeUs / 1e6 - 1000;
      return [row.kind, row.outcome, row.cause, end - row.durationMs / 1000, end];
    });
}

/** A mobile-originated call: the phone's transaction 0, the network answers with the flag set. */
function call(line: s.Line, options: { answered?: number; cause: number }): s.Line {
  line.up(s.call(s.setup, 0));
  if (options.answered) line.down(s.call(s.connect, 8)).up(s.call(s.connectAcknowledge, 0)).wait(60_000_000);
  return line
    .down({ ...s.call(s.disconnect, 8), cause: options.cause })
    .up(s.call(0x2d, 0))
    .down(s.call(s.releaseComplete, 8));
}

describe('a call', () => {
  it('from the phone lasts from the service request to the last uplink message', () => {
    expect(traffic(call(service(1), { ...connected, cause: 16 }).clear())).toEqual([['mo call', 'success', 16, 0, 66]]);
  });

  it('to the phone is told by PAGING RESPONSE and the SETUP that follows', () => {
    const line = paged()
      .down(s.call(s.setup, 0))
      .up(s.call(s.connect, 8))
      .up({ ...s.call(s.disconnect, 8), cause: 16 })
      .down(s.call(0x2d, 0))
      .up(s.call(s.releaseComplete, 8));
    expect(traffic(line.clear())).toEqual([['mt call', 'success', 16, 0, 6]]);
  });

  it.each([
    [17, 'unanswered'],
    [19, 'unanswered'],
    [16, 'unanswered'],
    [34, 'failed'],
    [1, 'failed'],
  ])('that is not answered and ends with cause %i is %s', (cause, outcome) => {
    expect(traffic(call(service(1), { cause }).clear())).toEqual([['mo call', outcome, cause, 0, 4]]);
  });

  it('that the radio side loses before it is answered has failed, with its cause', () => {
    const line = service(1)
      .up(s.call(s.setup, 0))
      .up({ ...s.clearRequest, bssmapCause: 0 });
    expect(traffic(line.clear())).toEqual([['mo call', 'failed', 0, 0, 2]]);
  });

  describe('that is answered and that nobody hangs up', () => {
    const answered = () =>
      service(1)
        .up(s.call(s.setup, 0))
        .down(s.call(s.connect, 8))
        .up(s.call(s.connectAcknowledge, 0))
        .wait(600_000_000);

    it.each([
      [
        'CLEAR REQUEST, though CLEAR COMMAND tells another cause',
        answered()
          .up({ ...s.clearRequest, bssmapCause: 0 })
          .clear(),
        0,
      ],
      [
        'CLEAR COMMAND',
        answered()
          .down({ ...s.clearCommand, bssmapCause: 1 })
          .up(s.clearComplete)
          .release(),
        1,
      ],
      ['RLSD', answered().release(), null],
    ])('is dropped, and lasts until %s', (_, line, cause) => {
      expect(traffic(line)).toEqual([['mo call', 'dropped', cause, 0, 605]]);
    });

    it('proves the place where the phone was last heard, and not that where it dropped', () => {
      const bench = s.makeBench();
      bench.play(...answered().up(s.clearRequest).clear().steps);
      expect(bench.rows.map((row) => [row.timeUs / 1e6 - 1000, row.kind, row.flags])).toEqual([
        [0, 'sighting', 'sighting'],
        [4, 'sighting', 'sighting'],
        [605, 'mo call', 'traffic'],
      ]);
    });

    it('and whose capture ends is not dropped', () => {
      const bench = s.makeBench();
      bench.play(...answered().steps);
      bench.correlator.flush();
      expect(bench.rows.at(-1)).toMatchObject({ kind: 'mo call', outcome: 'success', flags: 'sighting+traffic' });
    });
  });

  it('for help is an emergency call', () => {
    expect(traffic(service(2).up(s.call(0x0e, 0)).clear())).toEqual([['emergency call', 'unknown', null, 0, 2]]);
  });

  it('that the network refuses is rejected', () => {
    const line = service(1).down({ ...s.cmServiceReject, cause: 32 });
    expect(traffic(line.clear())).toEqual([['mo call', 'rejected', 32, 0, 0]]);
  });
});

describe('a short message', () => {
  it('from the phone succeeds with the acknowledgement of its relay', () => {
    const line = service(4)
      .up(s.sms(s.cpData, 0, 0))
      .down(s.sms(s.cpAck, 8))
      .down(s.sms(s.cpData, 8, 3))
      .up(s.sms(s.cpAck, 0));
    expect(traffic(line.clear())).toEqual([['mo sms', 'success', null, 0, 5]]);
  });

  it('to the phone is told by PAGING RESPONSE and the CP-DATA that follows', () => {
    const line = paged()
      .down(s.sms(s.cpData, 0, 1))
      .up(s.sms(s.cpAck, 8))
      .up(s.sms(s.cpData, 8, 2))
      .down(s.sms(s.cpAck, 0));
    expect(traffic(line.clear())).toEqual([['mt sms', 'success', null, 0, 4]]);
  });

  it.each([
    [
      'mo sms',
      service(4)
        .down(s.sms(s.cpData, 8, 3))
        .up(s.sms(s.cpAck, 0)),
    ],
    [
      'mt sms',
      paged()
        .up(s.sms(s.cpData, 8, 2))
        .down(s.sms(s.cpAck, 0)),
    ],
  ])('whose beginning was lost is one event, told by its answer: %s', (kind, line) => {
    expect(traffic(line.clear()).map((row) => row.slice(0, 2))).toEqual([[kind, 'success']]);
  });

  it('that the relay refuses has failed with its cause', () => {
    const line = paged()
      .down(s.sms(s.cpData, 0, 1))
      .up({ ...s.sms(s.cpData, 8, 4), cause: 22 })
      .down(s.sms(s.cpAck, 0));
    expect(traffic(line.clear())).toEqual([['mt sms', 'failed', 22, 0, 3]]);
  });
});

it('takes a supplementary service from REGISTER to RELEASE COMPLETE', () => {
  const ss = (dtapType: number, transactionId: number) => ({ protocolDiscriminator: 11, dtapType, transactionId });
  expect(traffic(service(8).up(ss(0x3b, 0)).down(ss(0x2a, 8)).clear())).toEqual([
    ['supplementary service', 'success', null, 0, 2],
  ]);
});

it('calls an answered page that nothing follows other', () => {
  expect(traffic(paged().clear())).toEqual([['other', 'unknown', null, 0, 0]]);
});

describe('several procedures on one connection', () => {
  it('are a row each: a short message during a call, which has its own start and end', () => {
    const line = service(1).up(s.call(s.setup, 0)).down(s.call(s.connect, 8)).up(s.call(s.connectAcknowledge, 0));
    line
      .down(s.sms(s.cpData, 0, 1))
      .up(s.sms(s.cpData, 8, 2))
      .down(s.sms(s.cpAck, 0))
      .wait(50_000_000)
      .up({ ...s.call(s.disconnect, 0), cause: 16 })
      .down(s.call(0x2d, 8))
      .up(s.call(s.releaseComplete, 0));
    const bench = s.makeBench();
    bench.play(...line.clear().steps);
    expect(bench.rows.map((row) => [row.timeUs / 1e6 - 1000, row.kind, row.outcome, row.flags])).toEqual([
      [0, 'sighting', 'unknown', 'sighting'],
      [6, 'mt sms', 'success', 'traffic'],
      [60, 'mo call', 'success', 'sighting+traffic'],
    ]);
  });

  it('give the last sighting a row of its own where its procedure has been written', () => {
    const line = service(1)
      .up(s.call(s.setup, 0))
      .down(s.sms(s.cpData, 0, 1))
      .up(s.sms(s.cpData, 8, 2));
    const bench = s.makeBench();
    bench.play(...line.down(s.sms(s.cpAck, 0)).clear().steps);
    expect(bench.rows.map((row) => [row.timeUs / 1e6 - 1000, row.kind, row.flags])).toEqual([
      [0, 'sighting', 'sighting'],
      [4, 'mt sms', 'traffic'],
      [4, 'sighting', 'sighting'],
      [2, 'mo call', 'traffic'],
    ]);
  });

  it('come one after the other: a follow-on call on the connection of a location update', () => {
    const line = new s.Line(s.bscA, 1, start)
      .open({ ...s.completeLayer3, ...s.cellOne, ...s.locationUpdatingRequest, ...s.lai, ...s.imsi(1) })
      .confirm()
      .down({ ...s.locationUpdatingAccept, ...s.lai })
      .up(s.cmServiceRequest(1));
    expect(traffic(call(line, { cause: 17 }).clear())).toEqual([
      ['location update', 'success', null, 0, 0],
      ['mo call', 'unanswered', 17, 3, 6],
    ]);
  });

  it('settle the oldest early where there are too many', () => {
    const line = service(4);
    for (let transaction = 0; transaction < 12; transaction++) line.up(s.sms(s.cpData, transaction, 0));
    const bench = s.makeBench();
    bench.play(...line.steps);
    expect(bench.rows.filter((row) => row.kind === 'mo sms')).toHaveLength(4);
    bench.play(...line.clear().steps.slice(-4));
    const rows = bench.rows.filter((row) => row.kind === 'mo sms');
    expect(rows.length).toBe(12);
    expect(rows.filter((row) => row.flags === 'sighting+traffic')).toHaveLength(1);
  });
});

describe('calls out of the ordinary', () => {
  const rest = (line: s.Line, id: number, cause = 16) =>
    line
      .down({ ...s.call(s.disconnect, id ^ 8), cause })
      .up(s.call(0x2d, id))
      .down(s.call(s.releaseComplete, id ^ 8));

  it('are the phone’s own where the network only prompts it', () => {
    const line = paged()
      .down({ protocolDiscriminator: 5, dtapType: 0x25 })
      .up(s.call(0x09, 0))
      .down(s.call(0x04, 8))
      .up(s.call(0x06, 0))
      .down(s.call(0x0b, 8))
      .up(s.call(s.setup, 0))
      .down(s.call(s.connect, 8))
      .up(s.call(s.connectAcknowledge, 0));
    expect(traffic(rest(line, 0).clear())).toEqual([['mo call', 'success', 16, 0, 11]]);
  });

  it('that wait are rows of their own beside the one that goes on', () => {
    const line = service(1)
      .up(s.call(s.setup, 0))
      .down(s.call(s.connect, 8))
      .up(s.call(s.connectAcknowledge, 0))
      .down(s.call(s.setup, 0))
      .up(s.call(0x08, 8))
      .up({ ...s.call(s.releaseComplete, 8), cause: 17 });
    expect(traffic(rest(line, 0).clear())).toEqual([
      ['mt call', 'unanswered', 17, 5, 7],
      ['mo call', 'success', 16, 0, 9],
    ]);
  });

  it('are emergencies by EMERGENCY SETUP whatever service was asked for', () => {
    const line = service(1).up(s.call(0x0e, 0)).down(s.call(s.connect, 8)).up(s.call(s.connectAcknowledge, 0));
    expect(traffic(rest(line, 0).clear())).toEqual([['emergency call', 'success', 16, 0, 6]]);
  });

  it('that the phone gives up before they are set up are unanswered', () => {
    const abort = { protocolDiscriminator: 5, dtapType: 0x23 };
    expect(traffic(service(1).up(abort).clear())).toEqual([['mo call', 'unanswered', null, 0, 2]]);
  });

  it('that come back after the radio side lost them have an end and no second beginning', () => {
    const line = new s.Line(s.bscA, 1, start)
      .open({ ...s.completeLayer3, ...s.cellTwo, protocolDiscriminator: 5, dtapType: 0x28, ...s.imsi(1) })
      .confirm();
    expect(traffic(rest(line, 8).clear())).toEqual([['other', 'success', 16, 0, 3]]);
    const lost = new s.Line(s.bscA, 1, start)
      .open({ ...s.completeLayer3, ...s.cellTwo, protocolDiscriminator: 5, dtapType: 0x28, ...s.imsi(1) })
      .confirm()
      .up(s.call(0x1d, 8))
      .up(s.clearRequest);
    expect(traffic(lost.clear())).toEqual([['other', 'dropped', 1, 0, 3]]);
  });
});

describe('supplementary services', () => {
  const ss = (dtapType: number, transactionId: number, cause = -1) => ({
    protocolDiscriminator: 11,
    dtapType,
    transactionId,
    cause,
  });

  it('may come from the network, after a page', () => {
    const line = paged().down(ss(0x3b, 0)).up(ss(0x3a, 8)).down(ss(0x2a, 0));
    expect(traffic(line.clear())).toEqual([['supplementary service', 'success', null, 0, 3]]);
  });

  it.each([
    [16, 'success'],
    [31, 'success'],
    [41, 'failed'],
  ])('released with cause %i are a %s', (cause, outcome) => {
    const line = service(8)
      .up(ss(0x3b, 0))
      .down(ss(0x2a, 8, cause));
    expect(traffic(line.clear())).toEqual([['supplementary service', outcome, cause, 0, 2]]);
  });
});

it('does not count as a short message that the phone has room for one again', () => {
  const line = service(4)
    .up(s.sms(s.cpData, 0, 6))
    .down(s.sms(s.cpData, 8, 3))
    .up(s.sms(s.cpAck, 0));
  expect(traffic(line.clear())).toEqual([['other', 'success', null, 0, 4]]);
});

it('tells short messages to and from the phone apart on one connection', () => {
  const line = service(4)
    .down(s.sms(s.cpData, 0, 1))
    .up(s.sms(s.cpData, 8, 2))
    .down(s.sms(s.cpAck, 0))
    .up(s.sms(s.cpData, 0, 0))
    .down(s.sms(s.cpData, 8, 3))
    .up(s.sms(s.cpAck, 0));
  expect(traffic(line.clear())).toEqual([
    ['mt sms', 'success', null, 2, 3],
    ['mo sms', 'success', null, 0, 7],
  ]);
});
