import { expect } from 'vitest';
import type { FrameSink, RecordsTaken } from '../../server/capture/frame.ts';
import { PcapParser } from '../../server/capture/pcap-parser.ts';
import { PcapngParser } from '../../server/capture/pcapng-parser.ts';
import { RecordWindow } from '../../server/capture/record-window.ts';
import { FrameCoverage } from '../../server/cli/decode-coverage.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import { MapMessage } from '../../server/decode/map-message.ts';
import { SignalMessage } from '../../server/decode/message.ts';
import { MessageBatchReader } from '../../server/decode/message-batch-reader.ts';
import { MessageBatchWriter } from '../../server/decode/message-batch-writer.ts';
import { defaultDecodeLimits } from '../../server/decode/state.ts';
import {
  block,
  enhancedPacket,
  interfaceBlock,
  type PcapOptions,
  pack,
  pcapFile,
  sectionHeader,
  type TestFrame,
} from '../capture/pcap-write.ts';
import { type Plain, plain } from './collect.ts';
import { completeLayer3, connectionRequest, hex, locationUpdatingRequest, type Octets, tmsiIdentity } from './wire.ts';

/** The same as pcapng: with another interface that nobody uses, blocks that are no packets, and a packet's options. */
function pcapngFile(
  frames: TestFrame[],
  { bigEndian = false, nanoseconds = false, linkType = 1 }: PcapOptions,
): Buffer {
  const order = bigEndian ? 'BE' : 'LE';
  const resolution: [number, Uint8Array][] = [[9, Uint8Array.of(nanoseconds ? 9 : 6)]];
  const perSecond = BigInt(nanoseconds ? 1e9 : 1e6);
  const statistics = block(order, 5, pack(order, [4, 0], [4, 1], [4, 2]));
  const unknown = block(order, 0x1234_5678, new Uint8Array(0));
  return Buffer.concat([
    sectionHeader(order),
    interfaceBlock(order, 147),
    interfaceBlock(order, linkType, 0, resolution),
    ...frames.flatMap(({ seconds, fraction, bytes }, i) => [
      ...(i % 5 === 4 ? [statistics, unknown] : []),
      enhancedPacket(order, 1, BigInt(seconds) * perSecond + BigInt(fraction), bytes),
    ]),
    statistics,
  ]);
}

export interface Told {
  /** Frames that the lane took. */
  taken: number;
  messages: Plain[];
  account: unknown;
}

export interface LaneOptions extends PcapOptions {
  /** The file's format; classic pcap where none is named. */
  format?: 'pcap' | 'pcapng';
  linksMax?: number;
  recordMax?: number;
  /** Frames of each second. */
  perSecond?: number;
}

/** What comes of the frames of a capture, with the lane for ordinary packets or without it. */
export function decoded(frames: readonly Octets[], lane: boolean, options: LaneOptions = {}): Told {
  const writer = new MessageBatchWriter();
  const coverage = new FrameCoverage();
  const decoder = new Decoder(
    {
      message: (message) => {
        coverage.understood();
        writer.message(message);
      },
      map: (message, component) => {
        coverage.understood();
        writer.map(message, component);
      },
      fault: () => coverage.malformed(),
    },
    { ...defaultDecodeLimits, linksMax: options.linksMax ?? 64, sctpDirectionsMax: 64 },
    lane ? writer : null,
  );
  let taken = 0;
  let newestUs = -1;
  let octets = 0;
  const sink: FrameSink = {
    frame(timeUs, linkType, bytes, start, end) {
      newestUs = Math.max(newestUs, timeUs);
      octets += end - start;
      decoder.frame(timeUs, linkType, bytes, start, end);
      coverage.frame(decoder.stats);
    },
  };
  // Who takes no frames at once is given each, and nothing is read ahead for it.
  if (lane) {
    sink.records = (window, linkType, nanoseconds): RecordsTaken => {
      const more = decoder.records(window, linkType, nanoseconds);
      newestUs = Math.max(newestUs, more.newestUs);
      octets += more.bytes;
      taken += more.frames;
      coverage.frames(more.frames, decoder.stats);
      return more;
    };
  }
  const isNg = options.format === 'pcapng';
  const timed = frames.map((frame, i) => ({
    seconds: 1_700_000_000 + Math.floor(i / (options.perSecond ?? 1)),
    fraction: (options.nanoseconds ? 1000 : 1) * (i % 1000),
    bytes: Uint8Array.from(frame),
  }));
  const bytes = isNg ? pcapngFile(timed, options) : pcapFile(timed, options);
  const window = new RecordWindow(new Uint8Array(bytes));
  window.end = bytes.length;
  window.left = Number.POSITIVE_INFINITY;
  const recordMax = options.recordMax ?? 65_536;
  (isNg ? new PcapngParser(recordMax) : new PcapParser(recordMax)).deliver(window, sink);
  const { stats } = decoder;
  return {
    taken,
    messages: readAll(writer),
    account: {
      window: { start: window.start, frames: window.frames },
      newestUs,
      octets,
      coverage: coverage.counts,
      stats: { ...stats, sccp: counted(stats.sccp), bssmap: counted(stats.bssmap), dtap: counted(stats.dtap) },
    },
  };
}

/** What was counted, by its code. */
const counted = (counts: Uint32Array) => [...counts.entries()].filter(([, count]) => count > 0);

function readAll(writer: MessageBatchWriter): Plain[] {
  const reader = new MessageBatchReader();
  const message = new SignalMessage();
  const component = new MapMessage();
  const out: Plain[] = [];
  while (writer.waitingBytes > 0) {
    reader.open(writer.take());
    while (reader.nextTimeUs >= 0) {
      const isMap = reader.read(message, component);
      const { bytes: _, addressBytes: __, ...rest } = plain(message) as Plain & { bytes?: never; addressBytes?: never };
      out.push(isMap ? { ...rest, ...plain(component as unknown as SignalMessage) } : rest);
    }
  }
  return out;
}

/** @returns frames that the lane took */
export function expectSame(frames: readonly Octets[], options: LaneOptions = {}): number {
  const fast = decoded(frames, true, options);
  const slow = decoded(frames, false, options);
  expect(fast.messages).toEqual(slow.messages);
  expect(fast.account).toEqual(slow.account);
  return fast.taken;
}

/** A frame with one bit turned over. */
export const flipped = (frame: Octets, bit: number) =>
  frame.map((octet, i) => (i === bit >> 3 ? octet ^ (1 << (bit & 7)) : octet));

/** SCCP messages that are each an ordinary one. */
export const wholeMessages: [string, Octets][] = [
  ['DT1 with CLEAR COMMAND', [6, 1, 2, 3, 0, 1, 6, 0, 4, 0x20, 4, 1, 9]],
  ['DT1 with COMMON ID', [6, 1, 2, 3, 0, 1, 13, 0, 11, ...hex('2f 08 08 09 10 10 00 00 00 00 24')]],
  [
    'DT1 with CIPHER MODE COMPLETE and its IMEISV',
    [6, 1, 2, 3, 0, 1, 18, 0, 16, ...hex('55 20 0d 06 32 17 09 33 58 22 60 00 00 00 10 f2')],
  ],
  ['DT1 with RELEASE', [6, 1, 2, 3, 0, 1, 9, 1, 0, 6, 3, 0x6d, 8, 2, 0xe0, 0x90]],
  [
    'DT1 with LOCATION UPDATING ACCEPT',
    [6, 1, 2, 3, 0, 1, 17, 1, 0, 14, ...hex('05 02 64 f0 00 10 01 17 05 f4 00 00 00 07')],
  ],
  [
    'CR with LOCATION UPDATING REQUEST',
    connectionRequest(0x010203, completeLayer3(locationUpdatingRequest(tmsiIdentity(0x1234)))),
  ],
  ['CC', [2, 1, 2, 3, 4, 5, 6, 2, 0]],
  ['RLSD', [4, 1, 2, 3, 4, 5, 6, 3, 0]],
  ['RLC', [5, 1, 2, 3, 4, 5, 6]],
];
