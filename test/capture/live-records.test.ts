import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { nothingTaken } from '../../server/capture/frame.ts';
import { LiveReader } from '../../server/capture/live-reader.ts';
import type { RecordWindow } from '../../server/capture/record-window.ts';
import { enhancedPacket, interfaceBlock, pcapFile, sectionHeader, type TestFrame } from './pcap-write.ts';

const seconds = 1_700_000_000;

const frame = (text: string, at = seconds): TestFrame => ({ seconds: at, fraction: 0, bytes: Buffer.from(text) });
const pcapng = (frames: TestFrame[]) =>
  Buffer.concat([
    sectionHeader('BE'),
    interfaceBlock('BE', 1),
    ...frames.map((one) => enhancedPacket('BE', 0, BigInt(one.seconds) * 1_000_000n, one.bytes)),
  ]);
const formats: [string, (frames: TestFrame[]) => Buffer][] = [
  ['pcap', (frames) => pcapFile(frames)],
  ['pcap of the other byte order', (frames) => pcapFile(frames, { bigEndian: true })],
  ['pcapng', pcapng],
];

/** A sink that takes whatever records it may, and the frames that it is given one by one. */
function sinkOf() {
  const all: string[] = [];
  let atOnce = 0;
  const note = (bytes: Uint8Array, start: number, end: number) =>
    void all.push(Buffer.from(bytes.subarray(start, end)).toString());
  const records = (window: RecordWindow) => {
    const taken = { ...nothingTaken };
    const { bytes, view } = window;
    for (; window.left > 0 && window.start + 16 <= window.end; taken.frames++) {
      const { start } = window;
      const timeUs = view.getUint32(start, true) * 1e6 + view.getUint32(start + 4, true);
      const end = start + 16 + view.getUint32(start + 8, true);
      if (timeUs > window.untilUs || end > window.end) break;
      note(bytes, start + 16, end);
      window.start = end;
      window.left--;
      window.frames++;
      atOnce++;
    }
    return taken;
  };
  return {
    all,
    atOnce: () => atOnce,
    sink: { frame: (_: number, __: number, bytes: Uint8Array, a: number, b: number) => note(bytes, a, b), records },
  };
}

test.each(formats)(
  'a live stream of %s gives its frames at once, but for those that are to be left out',
  async (_, file) => {
    const reader = new LiveReader({
      clock: { nowUs: () => seconds * 1e6, monotonicMs: () => 0 },
      recordBytesMax: 4096,
      aheadMsMax: 1000,
    });
    reader.attach({ note: '', ended: () => undefined, close: () => undefined });
    const { all, atOnce, sink } = sinkOf();
    const serve = async (frames: TestFrame[], until: number) => {
      const probe = new PassThrough();
      reader.add(probe, 'probe');
      probe.end(file(frames));
      while (all.length < until || reader.streams.length > 0) await reader.read(sink, Number.POSITIVE_INFINITY, 1000);
    };
    const frames = [frame('a'), frame('b'), frame('ahead', seconds + 3600), frame('c'), frame('d')];
    await serve(frames, 4);
    expect(all).toEqual(['a', 'b', 'c', 'd']);
    // The first one is looked at for whether it was served before.
    expect(atOnce()).toBe(3);
    await serve([...frames, frame('e'), frame('f')], 6);
    expect(all.slice(4)).toEqual(['e', 'f']);
    expect(atOnce()).toBe(5);
    expect([...reader.faults]).toEqual([
      ['TIME_AHEAD', 1],
      ['FRAME_AGAIN', 5],
    ]);
    await reader.close();
  },
);
