import { describe, expect, test } from 'vitest';
import { collector } from './collect.ts';
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

/** Messages of SCCP messages that a BSC (100, uplink) and an MSC (200) send. */
function exchange(...sent: ['up' | 'down', Octets][]) {
  const { decoder, messages, give } = collector();
  for (const [i, [direction, sccp]] of sent.entries()) {
    const [opc, dpc] = direction === 'up' ? [100, 200] : [200, 100];
    give(frameOf(sccp, { opc, dpc, tsn: i }));
  }
  return { messages, stats: decoder.stats };
}

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

  test('of DT1 are forgotten with their connection', () => {
    const { messages, stats } = exchange(
      ['down', dataForm1(1, user.slice(0, 6), true)],
      ['up', releaseComplete(9, 1)],
      ['down', dataForm1(1, clearCommand)],
    );
    expect(messages.at(-1)).toMatchObject({ bssmapType: 0x20 });
    expect(stats.faults).toEqual(new Map());
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

  test('of XUDT without their first are counted', () => {
    const { messages, stats } = exchange(['down', extendedUnitdata(clearCommand, [0x40, 1, 2, 3])]);
    expect(messages).toEqual([]);
    expect(stats.faults).toEqual(new Map([['SCCP_BAD_FRAGMENT', 1]]));
  });
});

describe('other users of SCCP', () => {
  test('are counted by their subsystem', () => {
    const { messages, stats } = exchange(['up', unitdata([1, 2, 3], [0x42, 6])]);
    expect(messages).toEqual([]);
    expect(stats.unhandled).toEqual(new Map([['SCCP user HLR', 1]]));
  });

  test('keep their connections until they end; the reference may then serve BSSAP', () => {
    const { messages, stats } = exchange(
      ['up', connectionRequest(1, [0, 0x13, 0x40, 1, 0], ranapAddress)],
      ['down', connectionConfirm(1, 2)],
      ['up', dataForm1(2, clearCommand)],
      ['down', dataForm1(1, clearCommand)],
      ['down', released(1, 2, 3)],
      ['up', releaseComplete(2, 1)],
      ['up', dataForm1(2, clearCommand)],
      ['up', connectionRequest(1, [])],
    );
    expect(stats.unhandled).toEqual(new Map([['SCCP user RANAP', 6]]));
    expect(messages.map(({ sccpType }) => sccpType)).toEqual([6, 1]);
  });
});

test('what comes back undelivered tells its cause and is not read as if it had been sent', () => {
  const udts = [0x0a, 1, ...unitdata(bssmapMessage(hex('30 04 01 20'))).slice(2)];
  const { messages } = exchange(['down', udts]);
  expect(messages[0]).toMatchObject({ sccpType: 0x0a, sccpCause: 1 });
  expect(messages[0].bssmapType).toBeUndefined();
});

test('inactivity tests keep a connection alive and are named', () => {
  const { messages, stats } = exchange(['up', hex('10 03 02 01 06 05 04 02 00 00 00')]);
  expect(messages[0]).toMatchObject({
    sccpType: 0x10,
    destinationLocalReference: 0x010203,
    sourceLocalReference: 0x040506,
  });
  expect(stats.unhandled).toEqual(new Map([['SCCP IT', 1]]));
});

describe('malformed', () => {
  test.each([
    ['a pointer behind the end', hex('06 01 00 00 00 09 01 00'), 'SCCP_BAD_POINTER'],
    ['a pointer of zero', hex('06 01 00 00 00 00 01 00'), 'SCCP_BAD_POINTER'],
    ['data longer than the message', hex('06 01 00 00 00 01 09 00 01'), 'SCCP_TRUNCATED'],
    ['an end inside the references', hex('02 01 00 00 02'), 'SCCP_TRUNCATED'],
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
