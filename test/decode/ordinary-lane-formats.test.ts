import { describe, expect, test } from 'vitest';
import { RecordRun } from '../../server/capture/record-run.ts';
import { RecordWindow } from '../../server/capture/record-window.ts';
import { expectSame, flipped, type LaneOptions, wholeMessages } from './lane-and-strict.ts';
import { sccpOf, vectors } from './vectors.ts';
import { dataChunk, ethernet, ipv4, m3uaData, type Octets, sctp, u16 } from './wire.ts';

let nextTsn = 0;
const packetWith = (sccp: Octets) => ipv4(sctp([dataChunk(nextTsn++, m3uaData(100, 200, sccp))]));

type Carry = (packet: Octets) => number[];
const cooked: Carry = (packet) => [...new Array(14).fill(0), ...u16(0x8100), 0, 7, ...u16(0x0800), ...packet];
const carriers: [string, Carry, LaneOptions][] = [
  ['one VLAN tag', (packet) => ethernet(packet, { vlans: [[0x8100, 7]] }), {}],
  ['two VLAN tags', (packet) => ethernet(packet, { vlans: [[0x88a8, 7], [0x8100, 0xffff]] }), {}], // biome-ignore format: a stack
  ['three VLAN tags', (packet) => ethernet(packet, { vlans: [[0x9100, 1], [0x9100, 2], [0x8100, 3]] }), {}], // biome-ignore format: a stack
  ['a VLAN tag behind a cooked header', cooked, { linkType: 113 }],
  ['pcap of the other byte order', ethernet, { bigEndian: true }],
  ['pcap of the other byte order, in nanoseconds', ethernet, { bigEndian: true, nanoseconds: true }],
  ['pcapng', ethernet, { format: 'pcapng' }],
  [
    'pcapng of the other byte order, in nanoseconds',
    ethernet,
    { format: 'pcapng', bigEndian: true, nanoseconds: true },
  ],
];

describe.each(carriers)(
  'ordinary packets in %s are taken at once, and say what each says alone',
  (_, carry, options) => {
    const frames = () => vectors.map((vector) => carry(packetWith(sccpOf(vector))));

    test('every vector of fixtures/wire', () => {
      expect(expectSame(frames(), { ...options, perSecond: 50 })).toBeGreaterThan(50);
    });

    test('whole, cut anywhere and with any bit turned over', () => {
      const [, message] = wholeMessages[0];
      const whole = () => carry(packetWith(message));
      expect(expectSame([whole()], options)).toBe(1);
      const { length } = whole();
      const damaged: Octets[] = [];
      for (let end = 0; end < length; end++) damaged.push(whole().slice(0, end));
      for (let bit = 12 * 8; bit < length * 8; bit++) damaged.push(flipped(whole(), bit));
      let taken = 0;
      for (let from = 0; from < damaged.length; from += 64) {
        taken += expectSame(
          damaged.slice(from, from + 64).flatMap((each) => [each, whole()]),
          options,
        );
      }
      expect(taken).toBeGreaterThan(damaged.length / 2);
    });
  },
);

describe('frames that a parser has read ahead', () => {
  const frame = Uint8Array.from([1, 2, 3]);
  const source = () => {
    const window = new RecordWindow(new Uint8Array(1000));
    window.end = 1000;
    window.left = Number.POSITIVE_INFINITY;
    return window;
  };
  const given = () => {
    const list: [number, number, string][] = [];
    const sink = {
      frame: (timeUs: number, linkType: number, bytes: Uint8Array, start: number, end: number) =>
        void list.push([timeUs, linkType, bytes.subarray(start, end).join()]),
    };
    return { list, sink };
  };

  test('come out as they went in, as far as they are wanted, and move their source behind them', () => {
    const run = new RecordRun();
    const { list, sink } = given();
    const window = source();
    run.begin();
    run.skip(8);
    for (const timeUs of [0, 1_700_000_000_123_456, 5]) run.add(timeUs, 113, frame, 0, 3, 40);
    run.skip(12);
    window.left = 1;
    expect(run.deliver(window, sink)).toBe(true);
    expect([window.start, window.frames, window.heldUs]).toEqual([48, 1, 1_700_000_000_123_456]);
    window.left = 9;
    window.untilUs = 7;
    expect(run.deliver(window, sink)).toBe(true);
    window.untilUs = Number.POSITIVE_INFINITY;
    expect(run.deliver(window, sink)).toBe(false);
    expect([window.start, window.frames, run.isEmpty, run.ahead]).toEqual([8 + 3 * 40 + 12, 3, true, 140]);
    expect(list.map(([timeUs]) => timeUs)).toEqual([0, 1_700_000_000_123_456, 5]);
    expect(new Set(list.map(([, ...rest]) => rest.join(' ')))).toEqual(new Set(['113 1,2,3']));
  });

  test('are of one link type, and only those whose time and length a record can tell', () => {
    const run = new RecordRun();
    run.begin();
    expect(run.add(-1, 1, frame, 0, 3, 40)).toBe(false);
    expect(run.add(2 ** 32 * 1e6, 1, frame, 0, 3, 40)).toBe(false);
    expect(run.add(0, 1, new Uint8Array(1 << 16), 0, 1 << 16, 40)).toBe(false);
    expect(run.add(2 ** 32 * 1e6 - 1, 1, frame, 0, 3, 40)).toBe(true);
    expect(run.add(0, 113, frame, 0, 3, 40)).toBe(false);
    expect(run.add(0, 1, frame, 0, 0, 40)).toBe(true);
  });
});
