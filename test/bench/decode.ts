import { Decoder } from '../../server/decode/decoder.ts';
import {
  bssmapMessage,
  completeLayer3,
  connectionConfirm,
  connectionRequest,
  dataForm1,
  dtapMessage,
  frameOf,
  hex,
  locationUpdatingRequest,
  type Octets,
  releaseComplete,
  released,
  tmsiIdentity,
  unitdata,
} from '../decode/wire.ts';

/** SCCP messages of one location update and one call, [from the BSC?, octets], as a BSC and an MSC exchange them. */
function dialogue(bsc: number, msc: number, tmsi: number): [boolean, Octets][] {
  const lai = hex('64 f0 00 10 01');
  const commonId = bssmapMessage(hex('2f 08 08 09 10 10 00 00 00 00 24'));
  const clearCommand = bssmapMessage(hex('20 04 01 09'));
  const clearComplete = bssmapMessage([0x21]);
  return [
    [true, connectionRequest(bsc, completeLayer3(locationUpdatingRequest(tmsiIdentity(tmsi))))],
    [false, connectionConfirm(bsc, msc)],
    [false, dataForm1(bsc, commonId)],
    [false, dataForm1(bsc, dtapMessage([0x05, 0x02, ...lai, 0x17, ...tmsiIdentity(tmsi + 1)]))],
    [true, dataForm1(msc, dtapMessage([0x05, 0x5b]))],
    [false, dataForm1(bsc, clearCommand)],
    [true, dataForm1(msc, clearComplete)],
    [false, released(bsc, msc, 3)],
    [true, releaseComplete(msc, bsc)],
    [false, unitdata(bssmapMessage(hex('52 08 08 09 10 10 00 00 00 00 24 09 04 00 00 00 07 1a 03 05 10 01')))],
    [true, connectionRequest(bsc + 1, completeLayer3([...hex('05 24 71 03 33 19 81'), ...tmsiIdentity(tmsi + 1)]))],
    [false, connectionConfirm(bsc + 1, msc + 1)],
    [true, dataForm1(msc + 1, dtapMessage(hex('03 45 04 06 60 04 02 00 05 81 5e 06 81 00 00 00 00 01')))],
    [false, dataForm1(bsc + 1, dtapMessage(hex('83 02')))],
    [false, dataForm1(bsc + 1, dtapMessage(hex('83 07')))],
    [true, dataForm1(msc + 1, dtapMessage(hex('03 65 02 e0 90')))],
    [false, dataForm1(bsc + 1, dtapMessage(hex('83 2d 08 02 e0 90')))],
    [true, dataForm1(msc + 1, dtapMessage(hex('03 aa')))],
    [false, dataForm1(bsc + 1, clearCommand)],
    [true, dataForm1(msc + 1, clearComplete)],
  ];
}

/** Frames of many BSCs, one after the other in one buffer as in a capture; `ends[i]` is where frame i ends. */
function synthesise(packets: number): { bytes: Uint8Array; ends: Uint32Array } {
  const frames: Uint8Array[] = [];
  const bscs = 40;
  const nextTsn = new Uint32Array(2 * bscs);
  for (let round = 0; frames.length < packets; round++) {
    const bsc = round % bscs;
    for (const [isUplink, sccp] of dialogue((round * 2) & 0xffffff, (round * 2 + 7) & 0xffffff, 0x1000 + round)) {
      const direction = 2 * bsc + (isUplink ? 0 : 1);
      const tsn = nextTsn[direction]++;
      const [opc, dpc] = isUplink ? [1000 + bsc, 500] : [500, 1000 + bsc];
      const addresses = [
        [10, 0, 0, 10 + bsc],
        [10, 0, 0, 1],
      ];
      const [source, destination] = isUplink ? addresses : addresses.reverse();
      frames.push(frameOf(sccp, { opc, dpc, tsn, tag: 0x5a000000 + direction * 7919, source, destination }));
    }
  }
  frames.length = packets;
  const ends = new Uint32Array(packets);
  const bytes = new Uint8Array(frames.reduce((sum, frame) => sum + frame.length, 0));
  let at = 0;
  for (const [i, frame] of frames.entries()) {
    bytes.set(frame, at);
    at += frame.length;
    ends[i] = at;
  }
  return { bytes, ends };
}

/**
 * Packets per second of decoding alone, on one core: a synthetic A-interface capture in memory, all frames whole and
 * in order, the sink doing next to nothing. Median of several runs after a warm-up.
 */
export function benchDecode(options: { packets: number; runs?: number }): {
  packetsPerSecond: number;
  messages: number;
  bytesPerPacket: number;
} {
  const { packets, runs = 5 } = options;
  const { bytes, ends } = synthesise(packets);
  let messages = 0;
  const run = (): number => {
    let checksum = 0;
    messages = 0;
    const decoder = new Decoder({
      message(message) {
        messages++;
        checksum += message.cellCi + message.dtapType;
      },
    });
    const begun = performance.now();
    let start = 0;
    for (let i = 0; i < packets; i++) {
      decoder.frame(1_700_000_000_000_000 + i * 100, 1, bytes, start, ends[i]);
      start = ends[i];
    }
    const seconds = (performance.now() - begun) / 1000;
    if (!Number.isFinite(checksum)) throw new Error('the sink got no numbers');
    return packets / seconds;
  };
  run();
  run();
  const rates = Array.from({ length: runs }, run).sort((a, b) => a - b);
  return { packetsPerSecond: rates[runs >> 1], messages, bytesPerPacket: bytes.length / packets };
}
