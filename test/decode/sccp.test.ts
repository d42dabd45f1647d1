import { describe, expect, test } from 'vitest';
import { sccp } from '../../server/decode/sccp-tables.ts';
import { collector } from './collect.ts';
import { sccpVectors } from './vectors.ts';
import {
  bssmapMessage,
  connectionConfirm,
  connectionRefused,
  connectionRequest,
  dataForm1,
  dtapMessage,
  extendedUnitdata,
  frameOf,
  hex,
  type Octets,
  releaseComplete,
  released,
  unitdata,
} from './wire.ts';

const clearCommand = bssmapMessage(hex('20 04 01 09'));
const ranapAddress = [0x42, 142];
const rnsapAddress = [0x42, 143];

/** Messages of SCCP messages that a BSC (100, uplink) and an MSC (200) send. */
function exchange(...sent: ['up' | 'down', Octets][]) {
  const { decoder, messages, give } = collector();
  for (const [i, [direction, sccp]] of sent.entries()) {
    const [opc, dpc] = direction === 'up' ? [100, 200] : [200, 100];
    give(frameOf(sccp, { opc, dpc, tsn: i }));
  }
  return { messages, stats: decoder.stats };
}

const sccpFields = ['sccpType', 'sourceLocalReference', 'destinationLocalReference', 'sccpCause', 'calledSsn'];
const titleFields = ['calledTitle', 'callingSsn', 'callingTitle'];

test.each(sccpVectors)('$name ($clause)', (vector) => {
  const { decoder, messages, give } = collector();
  give(hex(vector.hex), 0, 142);
  const told = messages.map((message) =>
    Object.fromEntries(Object.entries(message).filter(([name]) => [...sccpFields, ...titleFields].includes(name))),
  );
  expect(told).toEqual([vector.decoded]);
  expect(decoder.stats.faults).toEqual(new Map());
});

test('every message type has a vector', () => {
  const types = new Set(sccpVectors.map(({ decoded }) => decoded.sccpType));
  expect(Object.values(sccp).filter((type) => !types.has(type))).toEqual([]);
});

test('follows a connection through its life', () => {
  const { messages } = exchange(
    ['up', connectionRequest(0x010203, [])],
    ['down', connectionConfirm(0x010203, 0x0a0b0c)],
    ['down', released(0x010203, 0x0a0b0c, 3)],
    ['up', releaseComplete(0x0a0b0c, 0x010203)],
    ['down', connectionRefused(0x010204, 5)],
  );
  const kept = messages.map(({ sccpType, sourceLocalReference, destinationLocalReference, sccpCause }) => [
    sccpType,
    sourceLocalReference,
    destinationLocalReference,
    sccpCause,
  ]);
  expect(kept).toEqual([
    [1, 0x010203, undefined, undefined],
    [2, 0x0a0b0c, 0x010203, undefined],
    [4, 0x0a0b0c, 0x010203, 3],
    [5, 0x010203, 0x0a0b0c, undefined],
    [3, undefined, 0x010204, 5],
  ]);
});

test('reads user data in CC', () => {
  const { messages } = exchange(['down', connectionConfirm(1, 2, clearCommand)]);
  expect(messages[0]).toMatchObject({ sccpType: 2, bssmapType: 0x20, bssmapCause: 9 });
});

describe('segments', () => {
  const contents = hex('05 02 64 f0 00 10 01 17 05 f4 00 00 00 2a');
  const user = dtapMessage(contents);

  test('of DT1 are put together, other connections between them undisturbed', () => {
    const { messages } = exchange(
      ['down', dataForm1(1, user.slice(0, 6), true)],
      ['down', dataForm1(2, clearCommand)],
      ['up', dataForm1(1, clearCommand)],
      ['down', dataForm1(1, user.slice(6))],
    );
    expect(messages.map(({ bssmapType, tmsi }) => bssmapType ?? tmsi)).toEqual([0x20, 0x20, 42]);
  });

  test.each<[string, 'up' | 'down', Octets]>([
    ['the end of their connection', 'up', releaseComplete(9, 1)],
    ['its release by the sender', 'down', released(1, 9, 0)],
    ['its release by the receiver', 'up', released(9, 1, 0)],
    ['its refusal', 'down', connectionRefused(1, 0)],
    ['a new request with their reference', 'up', connectionRequest(1, clearCommand)],
    ['a new confirm with their reference', 'up', connectionConfirm(9, 1)],
    ['a confirm to their reference', 'down', connectionConfirm(1, 9)],
  ])('of DT1 are forgotten with %s', (_, direction, step) => {
    const { messages, stats } = exchange(
      ['down', dataForm1(1, user.slice(0, 6), true)],
      [direction, step],
      ['down', dataForm1(1, clearCommand)],
    );
    expect(messages.at(-1)).toMatchObject({ bssmapType: 0x20 });
    expect(stats.faults).toEqual(new Map());
  });

  test('are too old after their time, and a whole message of the same reference is read as it is', () => {
    const segment = [0x80 | 0x40 | 1, 1, 2, 3];
    const lost: Octets[] = [dataForm1(1, user.slice(0, 6), true), extendedUnitdata(clearCommand.slice(0, 3), segment)];
    const { decoder, messages, give } = collector();
    const at = (seconds: number, tsn: number, sccp: Octets) => give(frameOf(sccp, { tsn }), seconds * 1_000_000);
    for (const [i, sccp] of lost.entries()) at(1_000, i, sccp);
    // Behind them in the queue, so that only a look at its own age tells.
    at(975, 2, dataForm1(5, user.slice(0, 6), true));
    at(1_006, 3, dataForm1(5, clearCommand));
    expect([messages.length, decoder.stats.evicted.get('sccp')]).toEqual([1, 1]);
    at(1_031, 6, dataForm1(1, clearCommand));
    at(1_031, 7, extendedUnitdata(clearCommand.slice(3), [0x40, 1, 2, 3]));
    expect(messages.map(({ bssmapType }) => bssmapType)).toEqual([0x20, 0x20]);
    expect(decoder.stats.faults).toEqual(new Map([['SCCP_BAD_FRAGMENT', 1]]));
    expect(decoder.stats.evicted.get('sccp')).toBe(3);
  });

  test('of XUDT are put together by their reference', () => {
    const paging = bssmapMessage(hex('52 08 08 09 10 10 00 00 00 00 24 1a 03 05 10 01'));
    const { messages } = exchange(
      ['down', extendedUnitdata(paging.slice(0, 7), [0x80 | 0x40 | 1, 1, 2, 3])],
      ['down', extendedUnitdata(clearCommand)],
      ['down', extendedUnitdata(paging.slice(7), [0x40, 1, 2, 3])],
    );
    expect(messages.map(({ bssmapType }) => bssmapType)).toEqual([0x20, 0x52]);
  });

  test('of LUDT are put together, with addresses of the last of them', () => {
    const paging = bssmapMessage(hex('52 08 08 09 10 10 00 00 00 00 24 1a 03 05 10 01'));
    const title = hex('12 fe 00 12 04 21 43');
    const segment = (user: Octets, segmentation: Octets) => {
      const values = [title.length, ...title, 2, 0x42, 254, user.length, 0, ...user, 0x10, 4, ...segmentation, 0];
      return [
        0x13,
        1,
        15,
        7,
        0,
        6 + title.length,
        0,
        7 + title.length,
        0,
        7 + title.length + user.length,
        0,
        ...values,
      ];
    };
    const { messages, stats } = exchange(
      ['down', segment(paging.slice(0, 7), [0x80 | 0x40 | 2, 1, 2, 3])],
      ['down', segment(paging.slice(7, 9), [0x40 | 1, 1, 2, 3])],
      ['up', segment(paging.slice(7, 9), [0x40, 1, 2, 3])],
      ['down', segment(paging.slice(9), [0x40, 1, 2, 3])],
    );
    expect([messages.length, stats.faults]).toEqual([1, new Map([['SCCP_BAD_FRAGMENT', 1]])]);
    expect(messages[0]).toMatchObject({ sccpType: 0x13, bssmapType: 0x52, calledTitle: '1234', imsi: 1010000000042 });
  });

  test('of XUDT without their first are counted', () => {
    const { messages, stats } = exchange(['down', extendedUnitdata(clearCommand, [0x40, 1, 2, 3])]);
    expect(messages).toEqual([]);
    expect(stats.faults).toEqual(new Map([['SCCP_BAD_FRAGMENT', 1]]));
  });

  test('of XUDT with one missing between are given up', () => {
    const { messages, stats } = exchange(
      ['down', extendedUnitdata(clearCommand, [0x80 | 0x40 | 2, 1, 2, 3])],
      ['down', extendedUnitdata(clearCommand, [0x40, 1, 2, 3])],
    );
    expect(messages).toEqual([]);
    expect(stats.faults).toEqual(new Map([['SCCP_BAD_FRAGMENT', 1]]));
  });

  test('of XUDT end with their first where it says that none follow', () => {
    const { messages } = exchange(['down', extendedUnitdata(clearCommand, [0x80 | 0x40, 1, 2, 3])]);
    expect(messages.map(({ bssmapType }) => bssmapType)).toEqual([0x20]);
  });
});

describe('other users of SCCP', () => {
  test('are named by their subsystem; the message itself is told', () => {
    const { messages, stats } = exchange(['up', unitdata([1, 2, 3], [0x42, 143])], ['up', unitdata([3, 6], [0x42, 1])]);
    expect(messages.map(({ sccpType, calledSsn }) => [sccpType, calledSsn])).toEqual([
      [9, 143],
      [9, 1],
    ]);
    expect(stats.unhandled).toEqual(
      new Map([
        ['SCCP user RNSAP', 1],
        ['SCCP management SST', 1],
      ]),
    );
  });

  test('read what comes to their subsystem, the calling one where the called address has none', () => {
    const ranapReset = hex('00 09 40 09 00 00 01 00 04 40 02 04 00');
    const title = hex('12 00 11 04 21 43 05');
    const { stats } = exchange(
      ['up', unitdata(ranapReset, ranapAddress)],
      ['up', [9, 0, 3, 3 + title.length, 5 + title.length, title.length, ...title, 2, 0x42, 254, 3, 0, 1, 0x31]],
      ['up', unitdata([0x62, 0], [0x42, 6])],
      ['up', unitdata([0, 1, 0x31], [0x42, 252])],
      ['up', unitdata([0, 1, 0x31], [0x42, 0])],
    );
    expect([stats.layers.ranap, stats.layers.bssap, stats.layers.tcap]).toEqual([1, 2, 1]);
    expect(stats.unhandled.get('SCCP user without subsystem number')).toBe(1);
  });

  test('keep their connections until they end; the reference may then serve BSSAP', () => {
    const { messages, stats } = exchange(
      ['up', connectionRequest(9, [])],
      ['up', connectionRequest(1, [], rnsapAddress)],
      ['down', connectionConfirm(1, 2)],
      ['up', dataForm1(2, clearCommand)],
      ['down', dataForm1(1, clearCommand)],
      ['down', released(1, 2, 3)],
      ['up', releaseComplete(2, 1)],
      ['up', dataForm1(2, clearCommand)],
      ['up', connectionRequest(1, clearCommand)],
    );
    expect(stats.unhandled).toEqual(new Map([['SCCP user RNSAP', 2]]));
    expect(messages.map(({ sccpType, bssmapType }) => [sccpType, bssmapType])).toEqual([
      [1, undefined],
      [1, undefined],
      [2, undefined],
      [6, undefined],
      [6, undefined],
      [4, undefined],
      [5, undefined],
      [6, 0x20],
      [1, 0x20],
    ]);
  });

  test('are known on a link that has spoken of them and never of BSSAP, without the CR', () => {
    const early = exchange(
      ['up', unitdata([0, 1, 0x31], [0x42, 254])],
      ['up', connectionRequest(1, [], rnsapAddress)],
      ['down', dataForm1(7, clearCommand)],
    );
    expect(early.messages.at(-1)).toMatchObject({ bssmapType: 0x20 });
    const only = exchange(['up', connectionRequest(1, [], rnsapAddress)], ['down', dataForm1(7, clearCommand)]);
    expect(only.stats.unhandled).toEqual(new Map([['SCCP user RNSAP', 1]]));
    const unnamed = exchange(
      ['up', connectionRequest(1, [], rnsapAddress)],
      ['up', connectionRequest(2, clearCommand, [0x40])],
    );
    expect(unnamed.stats.unhandled).toEqual(new Map([['SCCP user RNSAP', 1]]));
  });

  test('give RANAP numbers of their own: its first message tells where it fits exactly', () => {
    const initial = hex('00 13 40 03 00 00 00');
    const user = (octets: Octets, ssn = 32) => exchange(['up', connectionRequest(1, octets, [0x42, ssn])]).stats;
    expect(user([...initial, 0]).unhandled.get('SCCP user 32')).toBe(1);
    expect(user(hex('00 13 40 04 00 00 00 00')).layers.ranap).toBe(1);
    expect(user(hex('00 13 40 80 04 00 00 00 00')).layers.ranap).toBe(1);
    for (const wrong of ['00 13 40 05 00 00 00 00', '20 13 40 04 00 00 00 00', '00 14 40 04 00 00 00 00']) {
      expect(user(hex(wrong)).layers.ranap).toBe(0);
    }
    expect(user(hex('00 13 40 04 00 00 00 00'), 143).layers.ranap).toBe(0);
    const alone = (octets: string, ssn: number) => exchange(['up', unitdata(hex(octets), [0x42, ssn])]).stats;
    for (const ssn of [0, 16, 200]) expect(alone('00 0e 40 04 00 00 00 00', ssn).layers.ranap).toBe(1);
    expect(alone('00 0e 40 05 00 00 00 00', 16).layers.ranap).toBe(0);
  });

  test('may be TCAP under any number where its outermost frame fits exactly', () => {
    const user = (octets: string, ssn: number) => exchange(['up', unitdata(hex(octets), [0x42, ssn])]).stats;
    for (const octets of ['67 06 49 04 00 00 00 01', '67 81 06 49 04 00 00 00 01', '61 04 6c 02 a1 00']) {
      for (const ssn of [0, 106, 200]) expect(user(octets, ssn).layers.tcap).toBe(1);
    }
    const wrong = [
      '67 07 49 04 00 00 00 01',
      '67 80 49 04 00 00 00 00',
      '67 06 6b 04 00 00 00 01',
      '60 06 49 04 00 00 00 01',
    ];
    for (const octets of [...wrong, '67 00']) expect(user(octets, 200).layers.tcap).toBe(0);
    expect(user('67 06 49 04 00 00 00 01', 143).layers.tcap).toBe(0);
    expect(user('67 06 49 04 00 00 00 01', 241).layers.tcap).toBe(1);
  });

  test('are found out in the middle of a connection of RANAP, message by message', () => {
    const release = hex('20 01 00 03 00 00 00');
    const found = exchange(['down', dataForm1(7, release)], ['up', dataForm1(9, clearCommand)]);
    expect([found.stats.layers.ranap, found.stats.layers.bssap]).toEqual([1, 1]);
    // A procedure code and a length that would also do for a BSSMAP message; of type BLOCK, which needs no connection.
    const like = hex('00 09 40 07 00 00 00 00 00 00 00');
    expect(exchange(['down', dataForm1(7, like)]).stats.layers.ranap).toBe(1);
    const unnamed = exchange(['up', connectionRequest(1, release, [0x40])], ['down', connectionConfirm(1, 2)]);
    expect(unnamed.stats.layers.ranap).toBe(1);
    for (const wrong of [
      '20 01 00 04 00 00 00',
      '20 01 c0 03 00 00 00',
      '20 ff 00 03 00 00 00',
      '40 01 00 03 00 00 00',
    ]) {
      const { layers } = exchange(['down', dataForm1(7, hex(wrong))]).stats;
      expect([layers.ranap, layers.bssap]).toEqual([0, 1]);
    }
    const a = exchange(['up', connectionRequest(1, clearCommand)], ['down', dataForm1(7, release)]);
    expect([a.stats.layers.ranap, a.stats.layers.bssap]).toEqual([0, 2]);
  });
});

test('what comes back undelivered tells its cause and is not read as if it had been sent', () => {
  const udts = [0x0a, 1, ...unitdata(bssmapMessage(hex('30 04 01 20'))).slice(2)];
  const { messages } = exchange(['down', udts]);
  expect(messages[0]).toMatchObject({ sccpType: 0x0a, sccpCause: 1 });
  expect(messages[0].bssmapType).toBeUndefined();
});

test.each([
  ['AK', '08 03 02 01 02 07', {}],
  ['EA', '0c 03 02 01', {}],
  ['RSR', '0d 03 02 01 06 05 04 09', { sourceLocalReference: 0x040506, sccpCause: 9 }],
  ['RSC', '0e 03 02 01 06 05 04', { sourceLocalReference: 0x040506 }],
  ['ERR', '0f 03 02 01 02', { sccpCause: 2 }],
  ['IT', '10 03 02 01 06 05 04 02 00 00 00', { sourceLocalReference: 0x040506 }],
])('%s has no user data and is a message of its own', (_, octets, expected) => {
  const { messages, stats } = exchange(['up', hex(octets)]);
  expect(messages).toHaveLength(1);
  expect(messages[0]).toMatchObject({ destinationLocalReference: 0x010203, ...expected });
  expect([stats.faults.size, stats.unhandled.size]).toEqual([0, 0]);
});

test('expedited data is named and not read', () => {
  const { messages, stats } = exchange(['up', hex('0b 03 02 01 01 02 00 31')]);
  expect(messages[0]).toMatchObject({ sccpType: 0x0b, destinationLocalReference: 0x010203 });
  expect(stats.unhandled).toEqual(new Map([['SCCP expedited data', 1]]));
});

describe('malformed', () => {
  test.each([
    ['a pointer behind the end', hex('06 01 00 00 00 09 01 00'), 'SCCP_BAD_POINTER'],
    ['a pointer of zero', hex('06 01 00 00 00 00 01 00'), 'SCCP_BAD_POINTER'],
    ['data longer than the message', hex('06 01 00 00 00 01 09 00 01'), 'SCCP_TRUNCATED'],
    ['an end inside the references', hex('02 01 00 00 02'), 'SCCP_TRUNCATED'],
    ['an end inside the first reference', hex('06 01 00'), 'SCCP_TRUNCATED'],
    ['an optional part behind the end', hex('02 01 00 00 02 00 00 02 09 00'), 'SCCP_BAD_POINTER'],
    ['an optional parameter behind the end', hex('02 01 00 00 02 00 00 02 01 0f 05 00'), 'SCCP_TRUNCATED'],
    ['a long pointer behind the end', hex('13 01 0a ff 00 07 00 09 00 00 00 01'), 'SCCP_BAD_POINTER'],
    ['an address of no octet', hex('09 00 03 04 05 00 02 42 fe 01 00'), 'SCCP_BAD_LENGTH'],
    ['an address without its subsystem', hex('09 00 03 05 07 02 43 01 02 42 fe 01 00'), 'SCCP_BAD_LENGTH'],
    ['an address without its title', hex('09 00 03 05 07 02 12 06 02 42 fe 01 00'), 'SCCP_BAD_LENGTH'],
    ['a segmentation parameter of three octets', [...extendedUnitdata(clearCommand, [0xc0, 1, 2])], 'SCCP_BAD_LENGTH'],
  ])('%s is counted', (_, octets, code) => {
    const { messages, stats } = exchange(['up', octets]);
    expect(messages).toEqual([]);
    expect(stats.faults).toEqual(new Map([[code, 1]]));
  });

  test('user data leaves the connection message and the elements in front of the flaw', () => {
    const cut = bssmapMessage(hex('57 05 08 00 64 f0 00 10 01 02 01 17 20 05'));
    const { messages, stats } = exchange(['up', connectionRequest(1, cut)]);
    expect(messages[0]).toMatchObject({ sccpType: 1, sourceLocalReference: 1, cellLac: 4097, cellCi: 513 });
    expect(messages[0].dtapType).toBeUndefined();
    expect(stats.faults).toEqual(new Map([['BSSMAP_TRUNCATED', 1]]));
  });

  test('types are counted by number', () => {
    const { stats } = exchange(['up', [0x77, 0, 0, 0]]);
    expect(stats.unhandled).toEqual(new Map([['SCCP type 119', 1]]));
  });
});
