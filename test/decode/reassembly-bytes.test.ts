import { expect, test } from 'vitest';
import { ipaSccp } from '../../fixtures/make/wire/carriers/adaptation.ts';
import { dataChunk, ipv4, sctp, tcp } from '../../fixtures/make/wire/carriers/ip.ts';
import { type Octets, u16 } from '../../fixtures/make/wire/carriers/octets.ts';
import type { Layer } from '../../server/decode/decode-error.ts';
import { OrderedSegments, SequenceFragments } from '../../server/decode/fragments.ts';
import { IpFragments } from '../../server/decode/ip-fragments.ts';
import { defaultDecodeLimits } from '../../server/decode/state.ts';
import { collector } from './collect.ts';
import { bssmapMessage, dataForm1, m3uaData, unitdata } from './wire.ts';

const bytesMax = 262_144;
const limits = { reassemblyBytesMax: bytesMax, reassemblyMax: 100_000, tcpWaitBytesMax: 65_536 };
const reset = unitdata(bssmapMessage([0x30, 4, 1, 9]));
const host = (i: number): Octets => [10, 1, i >> 8, i & 255];
const peer: Octets = [10, 2, 0, 1];

/** Sends what never becomes whole from 200 hosts or in 200 messages, 1000 octets and more each. */
const floods: [Layer, (i: number) => number[]][] = [
  ['ip', (i) => ipv4(host(i), peer, 132, new Array(1400).fill(0), { identification: i, offset: 0, more: true })],
  ['sctp', (i) => ipv4(peer, host(1), 132, sctp(side, [dataChunk(2 * i, 1, 0, 3, new Array(1400).fill(0), 2)]))],
  [
    'sccp',
    (i) =>
      ipv4(peer, host(1), 132, sctp(side, [dataChunk(2 * i, 1, 0, 3, m3uaData(1, 2, dataForm1(i, filler, true)))])),
  ],
  ['tcp', (i) => ipv4(host(i), peer, 6, tcp(host(i), peer, segment(5000), new Array(1400).fill(0)))],
];
const side = { port: 2905, peerPort: 2905, tag: 7, tsn: 0 };
const filler = new Array(200).fill(0);
const segment = (sequence: number) => ({ port: 40_000, peerPort: 5000, sequence, acknowledged: 0, flags: 0x18 });

test.each(floods)(
  '%s: a flood of unfinished messages keeps to its octets, and what gives way is counted',
  (layer, frame) => {
    const { decoder, give } = collector(limits);
    for (let i = 0; i < 1000; i++) {
      // Where a stream stands must be known before anything of it can be missing.
      if (layer === 'tcp')
        give(ipv4(host(i), peer, 6, tcp(host(i), peer, segment(1000), ipaSccp(reset))), 1_000_000, 101);
      give(frame(i), 1_000_000, 101);
    }
    const evicted = decoder.stats.evicted.get(layer) ?? 0;
    expect(evicted).toBeGreaterThan(1000 - bytesMax / 1024 - 10);
    expect(evicted).toBeLessThan(1000);
  },
);

test('one message may be as long as its layer allows, whatever waits beside it', () => {
  let evicted = 0;
  const count = (n: number) => {
    evicted += n;
  };
  const small = { ...defaultDecodeLimits, reassemblyBytesMax: bytesMax };
  const octets = Uint8Array.from({ length: 1400 }, (_, i) => i & 255);
  const segments = new OrderedSegments(small, 65_536, count);
  for (let key = 1; key <= 300; key++) segments.append(key, 0, octets, 0, 100);
  for (let i = 0; i < 46; i++) segments.append(1000, 0, octets, 0, 1400);
  expect(segments.take(1000)?.length).toBe(46 * 1400);
  expect(segments.take(300)?.length).toBe(100);
  expect(segments.has(1, 0)).toBe(false);

  const datagrams = new IpFragments(small, count);
  const header = Uint8Array.from([...host(1), ...peer, ...u16(7), ...octets]);
  const add = (identification: number, i: number, more: boolean) =>
    datagrams.add(header, 0, 4, 132, identification, i * 1400, more, 0, 10, 1410);
  for (let i = 0; i < 200; i++) add(100 + i, 0, true);
  for (let i = 0; i < 45; i++) expect(add(1, i, true)).toBe('waiting');
  expect(add(1, 45, false)).toMatchObject({ end: 8 + 46 * 1400 });
  expect(add(299, 1, false)).toMatchObject({ end: 8 + 2 * 1400 });

  const fragments = new SequenceFragments(small, count);
  for (let i = 0; i < 250; i++) fragments.add(1, 2 * i, 2, 0, octets, 0, 1400);
  for (let i = 0; i < 45; i++) expect(fragments.add(2, i, i === 0 ? 2 : 0, 0, octets, 0, 1400)).toBeNull();
  expect(fragments.add(2, 45, 1, 0, octets, 0, 1400)?.length).toBe(46 * 1400);
  expect(evicted).toBeGreaterThan(100);
});

test('a TCP connection that lost what waited goes on at the next message that can be seen to begin', () => {
  const { messages, give } = collector(limits);
  const from = (i: number, sequence: number, payload: Octets, timeUs = 1_000_000) =>
    give(ipv4(host(i), peer, 6, tcp(host(i), peer, segment(sequence), payload)), timeUs, 101);
  const message = ipaSccp(reset);
  for (let i = 0; i < 400; i++) {
    from(i, 1000, message);
    from(i, 1000 + 2 * message.length, new Array(1400).fill(0));
  }
  messages.length = 0;
  // What waited of host 0 is gone; the hole in front of it is filled late.
  from(0, 1000 + message.length, message);
  from(0, 1000 + 2 * message.length + 1400, [...message, ...message], 2_000_000);
  from(0, 1000 + 4 * message.length + 1400, [...message, ...message], 40_000_000);
  expect(messages.length).toBe(5);
});

test('a long message that is not whole counts too', () => {
  const { decoder, give } = collector(limits);
  for (let i = 0; i < 40; i++) {
    give(ipv4(host(i), peer, 6, tcp(host(i), peer, segment(1000), ipaSccp(reset))), 1_000_000, 101);
    let sequence = 1000 + ipaSccp(reset).length;
    for (let part = 0; part < 10; part++) {
      const payload = part === 0 ? [...u16(60_000), 0xfd, ...new Array(1397).fill(0)] : new Array(1400).fill(0);
      give(ipv4(host(i), peer, 6, tcp(host(i), peer, segment(sequence), payload)), 1_000_000, 101);
      sequence += 1400;
    }
  }
  const evicted = decoder.stats.evicted.get('tcp') ?? 0;
  expect(evicted).toBeGreaterThan(40 - bytesMax / 14_000);
  expect(evicted).toBeLessThan(40);
});
