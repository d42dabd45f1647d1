import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { m3ua } from '../../fixtures/make/wire/carriers/adaptation.ts';
import { dataChunk, ipv4, ipv6, sctp } from '../../fixtures/make/wire/carriers/ip.ts';
import { cooked, ethernet } from '../../fixtures/make/wire/carriers/link.ts';
import { type Octets, u16, u32 } from '../../fixtures/make/wire/carriers/octets.ts';
import { writeSccp } from '../../fixtures/make/wire/carriers/sccp.ts';
import { pcapFile } from '../capture/pcap-write.ts';
import { sharedPresent } from '../tools/shared-inputs.ts';
import { collector } from './collect.ts';
import { interleavedChunk } from './wire.ts';

const from = [10, 0, 0, 1];
const to = [10, 0, 0, 2];
const six = (last: number) => [0x20, 0x01, 0x0d, 0xb8, ...new Array(11).fill(0), last];
const side = { port: 2905, peerPort: 2905, tag: 0x1001, tsn: 0 };
const reset = (cause: number) =>
  m3ua(100, 200, 0, writeSccp({ down: false, type: 'UDT', data: [0, 4, 0x30, 4, 1, cause] }));
const packet = sctp(side, [dataChunk(1, 1, 0, 3, reset(7))]);

/** Pieces of the packet, cut at these places (multiples of eight). */
const pieces = (...cuts: number[]) => {
  const at = [0, ...cuts, packet.length];
  return at.slice(1).map((end, i) => ({ offset: at[i], octets: packet.slice(at[i], end), more: end < packet.length }));
};

const inIpv4 = (identification: number) =>
  pieces(16, 40).map(({ offset, octets, more }) => ipv4(from, to, 132, octets, { identification, offset, more }));

const fragmentHeader = (offset: number, more: boolean) => ({
  header: 44,
  body: [0, ...u16(offset | (more ? 1 : 0)), ...u32(0xabcd_ef01)],
});
/** Hop-by-hop options and routing in front of the fragment header, destination options behind it in the first piece. */
const hopByHop = { header: 0, body: [0, 1, 4, 0, 0, 0, 0] };
const inIpv6 = pieces(16, 40).map(({ offset, octets, more }) =>
  ipv6(six(1), six(2), 132, octets, [hopByHop, fragmentHeader(offset, more)]),
);
const options: Octets = [132, 0, 1, 4, 0, 0, 0, 0];
const behind = [options.concat(packet.slice(0, 16)), packet.slice(16)].map((octets, i) =>
  ipv6(six(1), six(2), 60, octets, [fragmentHeader(i === 0 ? 0 : 24, i === 0)]),
);

const captures: [string, number, number[][]][] = [
  ['IPv4 on Ethernet', 1, inIpv4(7).map((piece) => ethernet(false, piece))],
  [
    'IPv4 behind two VLAN tags',
    1,
    inIpv4(7).map((piece) =>
      ethernet(false, piece, [
        [0x88a8, 1],
        [0x8100, 2],
      ]),
    ),
  ],
  ['IPv4 in Linux cooked', 113, inIpv4(7).map((piece) => cooked(false, piece))],
  ['IPv4 alone', 101, inIpv4(7)],
  ['IPv6 behind hop-by-hop options', 229, inIpv6],
  ['IPv6 with destination options in the first fragment', 101, behind],
];

describe('a packet in fragments', () => {
  test.each(captures)('%s is put together in any order', (_, linkType, frames) => {
    for (const order of [frames, [...frames].reverse(), [frames[1], ...frames, frames[0]]]) {
      const { decoder, messages, give } = collector();
      for (const frame of order) give(frame, 1_000_000, linkType);
      expect(messages.map(({ bssmapCause }) => bssmapCause)).toEqual([7]);
      expect(decoder.stats.faults).toEqual(new Map());
    }
  });

  test.runIf(sharedPresent).each(captures)('%s is read so by tshark too', (_, linkType, frames) => {
    const folder = mkdtempSync(join(tmpdir(), 'signalwall-fragments-'));
    const path = join(folder, 'fragments.pcap');
    writeFileSync(
      path,
      pcapFile(
        frames.map((frame, i) => ({ seconds: 1, fraction: i, bytes: Uint8Array.from(frame) })),
        { linkType },
      ),
    );
    const args = ['-n', '-r', path, '-T', 'fields', '-e', '_ws.malformed', '-e', 'gsm_a.bssmap.cause'];
    const rows = execFileSync('tshark', args, { encoding: 'utf8', stdio: 'pipe' }).trim();
    rmSync(folder, { recursive: true });
    expect(rows).toMatch(/^(0x07|7)$/);
  });
});

describe('DATA', () => {
  const unordered = 4;
  const whole = reset(9);
  const chunk = (tsn: number, start: number, end: number, flags: number, stream = 1) =>
    dataChunk(
      tsn,
      stream,
      0,
      3,
      whole.slice(start, end),
      flags | (start === 0 ? 2 : 0) | (end >= whole.length ? 1 : 0),
    );
  const causes = (...packets: Octets[][]) => {
    const { messages, give } = collector();
    for (const [i, chunks] of packets.entries()) {
      // Every other packet over the other pair of addresses.
      const last = 1 + 10 * (i % 2);
      give(ipv4([10, i % 2, 0, last], [10, i % 2, 0, last + 1], 132, sctp(side, chunks)), 1_000_000, 101);
    }
    return messages.map(({ bssmapCause, link }) => [bssmapCause, link]);
  };

  test('that is unordered is read as it comes, in fragments too', () => {
    expect(causes([chunk(5, 0, 99, unordered)])).toEqual([[9, 1]]);
    expect(causes([chunk(5, 0, 12, unordered), chunk(6, 12, 99, unordered)])).toEqual([[9, 1]]);
  });

  test('in fragments over two paths of an association is put together, its copies left out', () => {
    const parts = [chunk(5, 0, 12, 0), chunk(6, 12, 24, 0), chunk(7, 24, 99, 0)];
    expect(causes([parts[0]], [parts[2]], [parts[0]], [parts[1]], [parts[1]])).toEqual([[9, 1]]);
  });

  test('that is bundled with control chunks and padding on both sides is read', () => {
    const heartbeat = [4, 0, 0, 9, 0, 1, 0, 5, 1, 0, 0, 0];
    expect(causes([heartbeat, chunk(5, 0, 99, 0), heartbeat])).toEqual([[9, 1]]);
  });

  /** I-DATA of a stream's message: octets `start..end` of it, its PPID where it begins, else the number of the fragment. */
  const interleaved = (tsn: number, stream: number, message: number, number: number, start: number, end: number) => {
    const flags = (start === 0 ? 2 : 0) | (end >= whole.length ? 1 : 0);
    return interleavedChunk(tsn, whole.slice(start, end), { flags, stream, message, number });
  };

  test('of the interleaving extension is read, whole and where the fragments of several messages take turns', () => {
    expect(causes([interleaved(1, 1, 0, 0, 0, 99)])).toEqual([[9, 1]]);
    const [a, b] = [3, 4].map((message, i) => [
      interleaved(10 + i, 1, message, 0, 0, 12),
      interleaved(12 + i, 1, message, 1, 12, 24),
      interleaved(14 + i, 1, message, 2, 24, 99),
    ]);
    const other = interleaved(20, 2, 3, 1, 12, 24);
    expect(causes([a[0], b[0]], [a[1], other, b[1]], [b[2]], [a[2]], [a[2]])).toEqual([
      [9, 1],
      [9, 1],
    ]);
    expect(causes([a[0]], [other], [b[2]])).toEqual([]);
  });

  test('of the interleaving extension without an octet of the user is malformed', () => {
    const { decoder, give } = collector();
    const empty = [64, 3, 0, 20, ...u32(1), 0, 1, 0, 0, ...u32(0), ...u32(3)];
    give(ipv4(from, to, 132, sctp(side, [empty, chunk(5, 0, 99, 0)])), 0, 101);
    expect([...decoder.stats.faults]).toEqual([['SCTP_BAD_LENGTH', 1]]);
    expect(decoder.stats.messages).toBe(1);
  });
});
