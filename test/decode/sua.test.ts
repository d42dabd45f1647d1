import { describe, expect, test } from 'vitest';
import { dataChunk, ipv4, sctp } from '../../fixtures/make/wire/carriers/ip.ts';
import { adaptationMessage, type Octets, parameter, u32 } from '../../fixtures/make/wire/carriers/octets.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import { collector } from './collect.ts';

const bsc = [10, 0, 0, 1];
const msc = [10, 0, 0, 2];
const reference = (tag: number, value: number) => parameter(tag, u32(value));
const source = (value: number) => reference(0x0104, value);
const destination = (value: number) => reference(0x0105, value);
const data = (octets: Octets) => parameter(0x010b, octets);
const cause = (value: number) => parameter(0x0106, [0, 0, 3, value]);
const reset: Octets = [0, 4, 0x30, 4, 1, 0x20];

/** Addresses, RFC 3868 §3.10.2: routing and address indicator, then parts. */
const bySubsystem = (ssn: number): Octets => [0, 2, 0, 1, ...parameter(0x8003, [0, 0, 0, ssn])];
const byTitle = (digits: string, ssn: number): Octets => {
  const packed = (digits.length % 2 === 0 ? digits : `${digits}0`).match(/../g)!.map((pair) => {
    const [low, high] = [...pair].map(Number);
    return low | (high << 4);
  });
  const title = [0, 0, 0, 4, digits.length, 0, 1, 4, ...packed];
  return [0, 1, 0, 5, ...parameter(0x8001, title), ...parameter(0x8003, [0, 0, 0, ssn])];
};

function feed() {
  const { decoder, messages, give } = collector();
  let tsn = 0;
  const packet = (chunks: Octets[], up = true) => {
    const side = { port: 14_001, peerPort: 14_001, tag: up ? 1 : 2, tsn: 0 };
    give(ipv4(up ? bsc : msc, up ? msc : bsc, 132, sctp(side, chunks)), 1_000_000, 101);
  };
  return {
    decoder,
    messages,
    packet,
    send: (group: number, type: number, body: Octets, up = true) =>
      packet([dataChunk(tsn++, 1, 0, 4, adaptationMessage(group, type, body))], up),
  };
}

describe('the SCCP message that a SUA message stands for', () => {
  const connected = [...destination(0x040506), ...source(0x010203)];

  test.each<[string, number, number, Octets, object]>([
    ['CLDT', 7, 1, [...parameter(0x0103, bySubsystem(254)), ...data(reset)], { sccpType: 9, bssmapType: 0x30 }],
    [
      'CLDR',
      7,
      2,
      [...parameter(0x0103, bySubsystem(254)), ...cause(7), ...data(reset)],
      { sccpType: 10, sccpCause: 7 },
    ],
    [
      'CORE',
      8,
      1,
      [...source(0x010203), ...parameter(0x0103, bySubsystem(254)), ...data(reset)],
      { sccpType: 1, sourceLocalReference: 0x010203, bssmapType: 0x30 },
    ],
    [
      'COAK',
      8,
      2,
      [...connected, ...data(reset)],
      { sccpType: 2, destinationLocalReference: 0x040506, sourceLocalReference: 0x010203, bssmapType: 0x30 },
    ],
    ['COREF', 8, 3, [...destination(5), ...cause(3)], { sccpType: 3, destinationLocalReference: 5, sccpCause: 3 }],
    [
      'RELRE',
      8,
      4,
      [...connected, ...cause(15)],
      { sccpType: 4, destinationLocalReference: 0x040506, sourceLocalReference: 0x010203, sccpCause: 15 },
    ],
    ['RELCO', 8, 5, connected, { sccpType: 5, destinationLocalReference: 0x040506, sourceLocalReference: 0x010203 }],
    ['RESCO', 8, 6, connected, { sccpType: 14, sourceLocalReference: 0x010203 }],
    ['RESRE', 8, 7, [...connected, ...cause(1)], { sccpType: 13, sourceLocalReference: 0x010203 }],
    [
      'CODT',
      8,
      8,
      [...destination(5), ...data(reset)],
      { sccpType: 6, destinationLocalReference: 5, bssmapType: 0x30 },
    ],
    ['CODA', 8, 9, destination(5), { sccpType: 8, destinationLocalReference: 5 }],
    ['COERR', 8, 10, [...destination(5), ...cause(2)], { sccpType: 15, destinationLocalReference: 5 }],
    ['COIT', 8, 11, connected, { sccpType: 16, destinationLocalReference: 0x040506, sourceLocalReference: 0x010203 }],
  ])('%s', (_, group, type, body, expected) => {
    const { send, messages, decoder } = feed();
    send(group, type, body);
    expect(decoder.stats.faults).toEqual(new Map());
    expect(messages).toEqual([expect.objectContaining(expected)]);
    expect(messages[0]).not.toHaveProperty('opc');
  });
});

test.each<[string, Octets, object]>([
  [
    'a title of an odd number of digits, subsystem 254',
    byTitle('8613900', 254),
    { calledSsn: 254, calledTitleDigits: 7, title: '68310900' },
  ],
  ['one of an even number', byTitle('86139000', 254), { calledSsn: 254, calledTitleDigits: 8, title: '68310900' }],
  ['a subsystem alone', bySubsystem(254), { calledSsn: 254 }],
  [
    'a subsystem, a point code and an IP address',
    [
      0,
      2,
      0,
      3,
      ...parameter(0x8002, u32(200)),
      ...parameter(0x8004, [10, 0, 0, 1]),
      ...parameter(0x8003, [0, 0, 0, 254]),
    ],
    { calledSsn: 254 },
  ],
])('an address is that of SCCP: %s', (_, address, expected) => {
  let seen = {};
  const decoder = new Decoder({
    message: (m) => {
      const { calledSsn, calledTitleDigits, calledTitleOffset: at, addressBytes } = m;
      const title = Buffer.from(addressBytes.subarray(at, at + 4)).toString('hex');
      seen = at < 0 ? { calledSsn } : { calledSsn, calledTitleDigits, title };
    },
  });
  const side = { port: 14_001, peerPort: 14_001, tag: 1, tsn: 0 };
  const user = adaptationMessage(7, 1, [...parameter(0x0103, address), ...data(reset)]);
  const frame = Uint8Array.from(ipv4(bsc, msc, 132, sctp(side, [dataChunk(0, 1, 0, 4, user)])));
  decoder.frame(0, 101, frame, 0, frame.length);
  expect(decoder.stats.faults).toEqual(new Map());
  expect(seen).toEqual(expected);
});

describe('data', () => {
  /** BSSMAP CONNECTION ORIENTED INFORMATION-like filler: RESET with an unknown element of `n` octets behind its cause. */
  const long = (n: number): Octets => [0, 4 + 2 + n, 0x30, 4, 1, 0x20, 0x7b, n, ...new Array(n).fill(0)];

  test('longer than UDT carries goes as LUDT', () => {
    const { send, messages } = feed();
    send(7, 1, [...parameter(0x0103, bySubsystem(254)), ...data([...long(240), ...new Array(200).fill(0)])]);
    expect(messages).toEqual([expect.objectContaining({ sccpType: 0x13, bssmapType: 0x30 })]);
  });

  test('longer than any SCCP message is left out and said', () => {
    const { send, messages, decoder } = feed();
    send(7, 1, [...parameter(0x0103, bySubsystem(254)), ...data(new Array(4000).fill(0))]);
    expect(messages).toEqual([]);
    expect(decoder.stats.unhandled).toEqual(new Map([['SUA CLDT with more data than SCCP carries', 1]]));
  });

  test('of a long CODT is one message of several DT1', () => {
    const { send, messages, decoder } = feed();
    send(8, 8, [...destination(5), ...data([...long(240), ...new Array(300).fill(0)])]);
    expect(messages).toEqual([expect.objectContaining({ sccpType: 6, bssmapType: 0x30 })]);
    expect(decoder.stats.layers.sccp).toBe(3);
  });

  test('of several CODT with more-data is put together', () => {
    const { send, messages } = feed();
    const more = parameter(0x0107, [0, 0, 1, 0]);
    send(8, 8, [...destination(5), ...more, ...data(reset.slice(0, 3))]);
    expect(messages).toEqual([]);
    send(8, 8, [...destination(5), ...data(reset.slice(3))]);
    expect(messages).toEqual([expect.objectContaining({ bssmapType: 0x30 })]);
  });

  test('of a segmented CLDT is put together as of XUDT', () => {
    const { send, messages } = feed();
    const segment = (first: number) => parameter(0x0117, [first, 9, 8, 7]);
    const head = parameter(0x0103, bySubsystem(254));
    send(7, 1, [...head, ...segment(0x81), ...data(reset.slice(0, 3))]);
    expect(messages).toEqual([]);
    send(7, 1, [...head, ...segment(0x00), ...data(reset.slice(3))]);
    expect(messages).toEqual([expect.objectContaining({ sccpType: 0x11, bssmapType: 0x30 })]);
  });

  /** Both addresses with a title of the most digits: what stands in front of the data is as long as it gets. */
  const longest = [
    ...parameter(0x0102, byTitle('12345678901234567890123456789012', 254)),
    ...parameter(0x0103, byTitle('12345678901234567890123456789012', 254)),
  ];

  test.each([100, 200, 205, 206, 230, 248, 249, 252, 255, 256, 1000, 3952])(
    'of a CLDT in segments of %d octets is put together',
    (octets) => {
      for (const head of [parameter(0x0103, bySubsystem(254)), longest]) {
        const { send, messages, decoder } = feed();
        const segment = (first: number) => parameter(0x0117, [first, 9, 8, 7]);
        // All of the first segment behind the six octets of RESET lies behind the BSSMAP message.
        send(7, 1, [...head, ...segment(0x82), ...data([...reset.slice(0, 3)])]);
        send(7, 1, [...head, ...segment(0x01), ...data([...reset.slice(3), ...new Array(octets - 3).fill(0)])]);
        expect(messages).toEqual([]);
        send(7, 1, [...head, ...segment(0x00), ...data(new Array(octets).fill(0))]);
        expect(messages).toEqual([expect.objectContaining({ bssmapType: 0x30, bssmapCause: 0x20 })]);
        expect(decoder.stats.faults).toEqual(new Map());
        expect(decoder.stats.unhandled).toEqual(new Map());
      }
    },
  );

  test.each([249, 300])('of a CLDT that is its only segment, of %d octets, is read', (octets) => {
    const { send, messages } = feed();
    const only = parameter(0x0117, [0x80, 9, 8, 7]);
    const filled = [...reset, ...new Array(octets - reset.length).fill(0)];
    send(7, 1, [...longest, ...only, ...data(filled)]);
    expect(messages).toEqual([expect.objectContaining({ bssmapType: 0x30 })]);
  });

  test.each([100, 249, 300])('of a segment that came back undelivered, %d octets, stays alone', (octets) => {
    const { send, messages, decoder } = feed();
    const first = parameter(0x0117, [0x81, 9, 8, 7]);
    send(7, 2, [...longest, ...cause(7), ...first, ...data(new Array(octets).fill(0))]);
    expect(messages).toEqual([expect.objectContaining({ sccpCause: 7 })]);
    expect(messages[0]).not.toHaveProperty('bssmapType');
    expect(decoder.stats.faults).toEqual(new Map());
  });
});

test('references of 32 bits become the same 24 bits in each message', () => {
  const { send, messages } = feed();
  send(8, 1, [...source(0xdead_beef), ...parameter(0x0103, bySubsystem(254)), ...data(reset)]);
  send(8, 8, [...destination(0xdead_beef), ...data(reset)], false);
  const { sourceLocalReference } = messages[0];
  expect(sourceLocalReference).toBeLessThan(2 ** 24);
  expect(messages[1].destinationLocalReference).toBe(sourceLocalReference);
});

describe('malformed messages are counted', () => {
  test.each<[string, number, number, Octets, string]>([
    ['without a reference', 8, 8, data(reset), 'SUA_MISSING_ELEMENT'],
    ['without data', 8, 8, destination(5), 'SUA_MISSING_ELEMENT'],
    ['without a destination', 7, 1, data(reset), 'SUA_MISSING_ELEMENT'],
    ['with a parameter beyond the end', 8, 8, [1, 5, 0, 99, 0, 0, 0, 5], 'SUA_TRUNCATED'],
    ['with a parameter shorter than its header', 8, 8, [1, 5, 0, 3, 0, 0, 0, 5], 'SUA_BAD_LENGTH'],
    [
      'with a title longer than itself',
      7,
      1,
      parameter(0x0103, [0, 1, 0, 4, ...parameter(0x8001, [0, 0, 0, 4, 30, 0, 1, 4])]),
      'SUA_TRUNCATED',
    ],
  ])('%s', (_, group, type, body, code) => {
    const { send, messages, decoder } = feed();
    send(group, type, body);
    expect(messages).toEqual([]);
    expect([...decoder.stats.faults]).toEqual([[code, 1]]);
  });

  test('and the chunks behind them are read', () => {
    const { packet, messages } = feed();
    const chunk = (tsn: number, body: Octets) => dataChunk(tsn, 1, 0, 4, adaptationMessage(8, 8, body));
    packet([chunk(1, destination(5)), chunk(2, [...destination(5), ...data(reset)])]);
    expect(messages.length).toBe(1);
  });
});

test('management is named', () => {
  const { send, decoder } = feed();
  for (const [group, type] of [
    [3, 1],
    [4, 3],
    [2, 1],
    [0, 1],
    [9, 1],
    [12, 3],
    [200, 1],
  ])
    send(group, type, []);
  expect([...decoder.stats.unhandled.keys()]).toEqual([
    'SUA ASPUP',
    'SUA ASPAC ACK',
    'SUA DUNA',
    'SUA NTFY',
    'SUA REG REQ',
    'SUA message class 12 type 3',
    'SUA message',
  ]);
});
