import { describe, expect, test } from 'vitest';
import { SequenceFragments } from '../../server/decode/fragments.ts';
import { fingerprint } from '../../server/decode/sctp.ts';
import { defaultDecodeLimits } from '../../server/decode/state.ts';
import { collector } from './collect.ts';
import { bssmapMessage, dataChunk, ethernet, hex, ipv4, m3uaData, type Octets, sctp, u32, unitdata } from './wire.ts';

/** An M3UA message that can be told from others: RESET with the cause `n`. */
function reset(n: number): number[] {
  return m3uaData(100, 200, unitdata(bssmapMessage([0x30, 0x04, 0x01, n])));
}

function feed() {
  const { decoder, messages, give } = collector();
  return {
    decoder,
    packet(chunks: Octets[], options: { tag?: number; timeUs?: number; source?: Octets; destination?: Octets } = {}) {
      give(ethernet(ipv4(sctp(chunks, { tag: options.tag }), options)), options.timeUs ?? 1_000_000);
    },
    causes: () => messages.map((message) => message.bssmapCause),
  };
}

describe('bundled chunks', () => {
  test('are all read, control chunks between them passed over', () => {
    const { decoder, packet, causes } = feed();
    const sack = [3, 0, 0, 16, ...u32(1), ...u32(1000), 0, 0, 0, 0];
    packet([sack, dataChunk(1, reset(1)), dataChunk(2, reset(2)), [4, 0, 0, 6, 9, 9, 0, 0], dataChunk(3, reset(3))]);
    expect(causes()).toEqual([1, 2, 3]);
    expect(decoder.stats.faults).toEqual(new Map());
  });

  test('go on after one whose contents are malformed', () => {
    const { decoder, packet, causes } = feed();
    packet([
      dataChunk(1, reset(1)),
      dataChunk(2, [9, 9, 9, 9]),
      dataChunk(3, hex('01 00 01 01 00 00')),
      dataChunk(4, reset(4)),
    ]);
    expect(causes()).toEqual([1, 4]);
    expect(decoder.stats.faults).toEqual(new Map([['M3UA_TRUNCATED', 2]]));
  });

  test('end where a length leads nowhere', () => {
    const { decoder, packet, causes } = feed();
    packet([dataChunk(1, reset(1)), [0, 3, 0, 2, 0, 0, 0, 0]]);
    packet([dataChunk(2, reset(2)), [0, 3, 0, 99, 0, 0, 0, 0]]);
    expect(causes()).toEqual([1, 2]);
    expect(decoder.stats.faults).toEqual(
      new Map([
        ['SCTP_BAD_LENGTH', 1],
        ['SCTP_TRUNCATED', 1],
      ]),
    );
  });
});

describe('copies', () => {
  test('of a chunk are left out and counted', () => {
    const { decoder, packet, causes } = feed();
    packet([dataChunk(1, reset(1))]);
    packet([dataChunk(1, reset(1)), dataChunk(2, reset(2))]);
    expect(causes()).toEqual([1, 2]);
    expect(decoder.stats.duplicates).toBe(1);
  });

  test('are known over another path of a multi-homed association', () => {
    const { packet, causes } = feed();
    packet([dataChunk(1, reset(1))], { tag: 7, source: [10, 1, 0, 1], destination: [10, 1, 0, 2] });
    packet([dataChunk(1, reset(1))], { tag: 7, source: [10, 2, 0, 1], destination: [10, 2, 0, 2] });
    expect(causes()).toEqual([1]);
  });

  test('under another verification tag belong to a new association', () => {
    const { packet, causes } = feed();
    packet([dataChunk(1, reset(1))], { tag: 7 });
    packet([dataChunk(1, reset(1))], { tag: 8 });
    expect(causes()).toEqual([1, 1]);
  });

  test('after the retransmission time are news', () => {
    const { packet, causes } = feed();
    packet([dataChunk(1, reset(1))], { timeUs: 0 });
    packet([dataChunk(1, reset(1))], { timeUs: 59_000_000 });
    packet([dataChunk(1, reset(1))], { timeUs: 61_000_000 });
    expect(causes()).toEqual([1, 1]);
  });

  test('with another content under the same TSN are news, so that an unseen restart loses nothing', () => {
    const { packet, causes } = feed();
    for (let tsn = 1; tsn <= 5; tsn++) packet([dataChunk(tsn, reset(tsn))]);
    for (let tsn = 1; tsn <= 5; tsn++) packet([dataChunk(tsn, reset(100 + tsn))]);
    expect(causes()).toEqual([1, 2, 3, 4, 5, 101, 102, 103, 104, 105]);
  });

  test('of a long chunk are those that have every octet in common', () => {
    const { decoder, packet, causes } = feed();
    const long = (n: number) => m3uaData(100, 200, unitdata([0, 4, 0x30, 4, 1, n, ...new Array(150).fill(0)]));
    packet([dataChunk(1, long(1))]);
    packet([dataChunk(1, long(2))]);
    packet([dataChunk(1, long(1))]);
    packet([dataChunk(1, long(1))]);
    expect(causes()).toEqual([1, 2, 1]);
    expect(decoder.stats.duplicates).toBe(1);
  });

  test('have a fingerprint that any octet behind the TSN changes, and any two of them, whatever the length', () => {
    for (const length of [17, 18, 23, 24, 25, 39, 40, 41, 55, 56, 57, 72, 90, 123]) {
      const chunk = Uint8Array.from({ length: length + 4 }, (_, i) => (i * 37) & 0xff);
      const view = new DataView(chunk.buffer);
      const own = fingerprint(view, 2, length);
      const prints = new Set<number>();
      let changes = 0;
      for (let one = 2 + 8; one < 2 + length; one++) {
        for (let other = one; other < 2 + length; other++) {
          chunk[one] ^= 0x10;
          if (other !== one) chunk[other] ^= 0x80;
          prints.add(fingerprint(view, 2, length));
          changes++;
          if (other !== one) chunk[other] ^= 0x80;
          chunk[one] ^= 0x10;
        }
      }
      expect(prints.has(own)).toBe(false);
      expect(prints.size).toBe(changes);
      chunk[2 + length] ^= 0x10;
      expect(fingerprint(view, 2, length)).toBe(own);
    }
  });

  test('after an INIT that announces the tag again are news', () => {
    const { packet, causes } = feed();
    packet([dataChunk(1, reset(1))], { tag: 7 });
    packet([[1, 0, 0, 20, ...u32(7), ...u32(1000), 0, 1, 0, 1, ...u32(1)]], { tag: 0 });
    packet([dataChunk(1, reset(1))], { tag: 7 });
    expect(causes()).toEqual([1, 1]);
  });

  test('in an endless row are a feed that was started again: it does not starve', () => {
    const { packet, causes } = feed();
    for (let round = 0; round < 3; round++) {
      for (let tsn = 0; tsn < 400; tsn++) packet([dataChunk(tsn, reset(tsn & 0xff))]);
    }
    expect(causes().length).toBeGreaterThan(600);
  });
});

test('TSNs may jump, wrap and come out of order', () => {
  const { packet, causes } = feed();
  const tsns = [0xfffffffe, 0xffffffff, 0, 1, 3, 2, 900_000, 5, 0x80000000];
  for (const [i, tsn] of tsns.entries()) packet([dataChunk(tsn, reset(i))]);
  expect(causes()).toEqual(tsns.map((_, i) => i));
});

test('more associations than are remembered displace the least recently used ones', () => {
  const { decoder, messages, give } = collector({
    reassemblyMax: 16,
    reassemblyMs: 1000,
    sctpDirectionsMax: 8,
    linksMax: 16,
  });
  const from = (tag: number) => give(ethernet(ipv4(sctp([dataChunk(1, reset(1))], { tag }))));
  for (let tag = 1; tag <= 8; tag++) from(tag);
  from(1);
  expect(decoder.stats.duplicates).toBe(1);
  from(9);
  from(1);
  from(2);
  expect(decoder.stats.duplicates).toBe(2);
  expect(messages.length).toBe(10);
});

describe('fragmented messages', () => {
  const message = reset(42);
  const cut = (tsn: number, start: number, end: number) =>
    dataChunk(tsn, message.slice(start, end), { flags: (start === 0 ? 2 : 0) | (end >= message.length ? 1 : 0) });
  const parts = (first: number) => [cut(first, 0, 8), cut((first + 1) >>> 0, 8, 20), cut((first + 2) >>> 0, 20, 99)];

  test.each([
    ['in order', [0, 1, 2], 10],
    ['backwards', [2, 1, 0], 10],
    ['over the wrap of the TSN', [1, 0, 2], 0xffffffff],
  ] as const)('are put together %s', (_, order, first) => {
    const { packet, causes } = feed();
    for (const i of order) packet([parts(first)[i]]);
    expect(causes()).toEqual([42]);
  });

  test('of two associations are not mixed', () => {
    const { packet, causes } = feed();
    packet([parts(10)[0], parts(10)[1]], { tag: 1 });
    packet([parts(10)[2]], { tag: 2 });
    expect(causes()).toEqual([]);
    packet([parts(10)[2]], { tag: 1 });
    expect(causes()).toEqual([42]);
  });

  test('give way to newer ones when too many are unfinished', () => {
    let evicted = 0;
    const fragments = new SequenceFragments({ ...defaultDecodeLimits, reassemblyMax: 4 }, (n) => {
      evicted += n;
    });
    for (let tsn = 0; tsn < 12; tsn += 2) fragments.add(1, tsn, 2, 0, Uint8Array.of(tsn), 0, 1);
    expect(evicted).toBe(2);
    expect(fragments.add(1, 1, 1, 0, Uint8Array.of(1), 0, 1)).toBeNull();
    expect(fragments.add(1, 11, 1, 0, Uint8Array.of(99), 0, 1)).toEqual(Uint8Array.of(10, 99));
  });
});
