import { describe, expect, test } from 'vitest';
import { m2pa, m2ua, m3ua } from '../../fixtures/make/wire/carriers/adaptation.ts';
import { dataChunk, ipv4, sctp } from '../../fixtures/make/wire/carriers/ip.ts';
import { mtp3 } from '../../fixtures/make/wire/carriers/mtp.ts';
import { adaptationMessage, type Octets, parameter, u32 } from '../../fixtures/make/wire/carriers/octets.ts';
import { writeSccp } from '../../fixtures/make/wire/carriers/sccp.ts';
import { collector } from './collect.ts';

const reset = writeSccp({ down: false, type: 'UDT', data: [0, 4, 0x30, 4, 1, 0x20] });
const msu = mtp3(100, 200, 0, reset);

/** Chunks of one packet; what came of them. */
function decode(users: readonly (readonly [protocol: number, user: Octets])[], port = 2905) {
  const { decoder, messages, give } = collector();
  const chunks = users.map(([protocol, user], i) => dataChunk(i, 1, i, protocol, user));
  give(ipv4([10, 0, 0, 1], [10, 0, 0, 2], 132, sctp({ port, peerPort: port, tag: 1, tsn: 0 }, chunks)), 0, 101);
  const { faults, unhandled } = decoder.stats;
  return { resets: messages.filter(({ bssmapType }) => bssmapType === 0x30), faults, unhandled };
}

const one = {
  resets: [expect.objectContaining({ opc: 100, dpc: 200, fromLower: true })],
  faults: new Map(),
  unhandled: new Map(),
};

describe('M2UA', () => {
  test('carries an MSU in either Protocol Data', () => {
    expect(decode([[2, m2ua(msu)]])).toEqual(one);
    const behindLength = adaptationMessage(6, 1, parameter(0x0301, [msu.length, ...msu]));
    expect(decode([[2, behindLength]])).toEqual(one);
  });

  test('of several links in one packet are read, each as its own', () => {
    const other = m2ua(mtp3(7, 9, 0, reset));
    const { resets, faults } = decode([
      [2, m2ua(msu)],
      [2, other],
      [2, [9, 9]],
      [2, m2ua(msu)],
    ]);
    expect(resets.map(({ opc, link }) => [opc, link])).toEqual([
      [100, 1],
      [7, 2],
      [100, 1],
    ]);
    expect(faults).toEqual(new Map([['M2UA_TRUNCATED', 1]]));
  });

  test('names what carries no MSU, and counts what contradicts itself', () => {
    const of = (group: number, type: number, body: Octets = []) => decode([[2, adaptationMessage(group, type, body)]]);
    expect(of(6, 2).unhandled).toEqual(new Map([['M2UA ESTABLISH REQUEST', 1]]));
    expect(of(6, 14).unhandled).toEqual(new Map([['M2UA CONGESTION INDICATION', 1]]));
    expect(of(10, 4).unhandled).toEqual(new Map([['M2UA DEREG RSP', 1]]));
    expect(of(6, 1, parameter(1, u32(5))).faults).toEqual(new Map([['M2UA_MISSING_ELEMENT', 1]]));
    expect(of(6, 1, [3, 0, 0, 2]).faults).toEqual(new Map([['M2UA_BAD_LENGTH', 1]]));
    expect(decode([[2, [2, ...m2ua(msu).slice(1)]]]).faults).toEqual(new Map([['M2UA_BAD_VERSION', 1]]));
  });
});

describe('M2PA', () => {
  test('carries an MSU behind sequence numbers and priority', () => {
    expect(decode([[5, m2pa(3, msu)]])).toEqual(one);
  });

  test('names what carries none', () => {
    const status = (state: number) => adaptationMessage(11, 2, [0, 0, 0, 0, 0, 0, 0, 0, ...u32(state)]);
    const { unhandled } = decode([
      [5, adaptationMessage(11, 1, [0, 0, 0, 0, 0, 0, 0, 0])],
      [5, status(4)],
      [5, status(9)],
      [5, status(77)],
      [5, adaptationMessage(3, 1, [])],
    ]);
    expect([...unhandled.keys()]).toEqual([
      'M2PA USER DATA without data',
      'M2PA LINK STATUS READY',
      'M2PA LINK STATUS OUT OF SERVICE',
      'M2PA LINK STATUS of no known state',
      'M2PA message of another class',
    ]);
  });

  test('counts what is cut', () => {
    expect(decode([[5, m2pa(3, msu).slice(0, 30)]]).faults).toEqual(new Map([['M2PA_BAD_LENGTH', 1]]));
    expect(decode([[5, adaptationMessage(11, 2, [0, 0, 0, 0, 0, 0, 0, 0])]]).faults).toEqual(
      new Map([['M2PA_TRUNCATED', 1]]),
    );
  });
});

describe('the payload identifier', () => {
  const carried: [string, number, number, Octets][] = [
    ['M2UA', 2, 2904, m2ua(msu)],
    ['M3UA', 3, 2905, m3ua(100, 200, 0, reset)],
    ['M2PA', 5, 3565, m2pa(0, msu)],
  ];

  test.each(carried)(
    'of %s may stand in the wrong byte order, or be 0 on its registered port',
    (_, protocol, port, user) => {
      expect(decode([[protocol * 0x100_0000, user]])).toEqual(one);
      expect(decode([[0, user]], port)).toEqual(one);
      expect(decode([[0, user]], 4000).unhandled).toEqual(new Map([['SCTP payload unspecified', 1]]));
    },
  );
});

describe('M3UA', () => {
  test('with several Protocol Data has each of them read, and what stands behind them passed over', () => {
    const [first, second] = [m3ua(100, 200, 0, reset), m3ua(300, 200, 0, reset)];
    const behind = (...rest: Octets[]) => adaptationMessage(1, 1, [...first.slice(8), ...rest.flat()]);
    const codes = (user: Octets) => decode([[3, user]]).resets.map(({ opc, dpc }) => [opc, dpc]);
    const correlation = parameter(0x13, [0, 0, 0, 7]);
    expect(codes(behind(second.slice(8)))).toEqual([
      [100, 200],
      [300, 200],
    ]);
    expect(codes(behind(correlation))).toEqual([[100, 200]]);
    expect(decode([[3, behind(correlation)]])).toEqual(one);
  });
});
