import { PassThrough, Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { AheadApart } from '../../server/capture/ahead-apart.ts';
import { nothingTaken } from '../../server/capture/frame.ts';
import { ReadableSource } from '../../server/capture/readable-source.ts';
import type { RecordWindow } from '../../server/capture/record-window.ts';
import { DeferredCapture } from '../../server/capture/stdin-source.ts';
import { pcapFile, type TestFrame } from './pcap-write.ts';

const frame = (text: string, seconds: number): TestFrame => ({ seconds, fraction: 0, bytes: Buffer.from(text) });
const three = pcapFile([frame('a', 1_700_000_000), frame('b', 1_700_000_001), frame('c', 1_700_000_002)]);
const forever = Number.POSITIVE_INFINITY;

function over(readable: Readable) {
  const texts: string[] = [];
  const reader = new DeferredCapture(() => new ReadableSource(readable), 4096);
  const sink = {
    frame: (_: number, __: number, bytes: Uint8Array, start: number, end: number) => {
      texts.push(Buffer.from(bytes.subarray(start, end)).toString());
    },
  };
  return { reader, texts, sink };
}

test.each([
  ['a capture', three],
  ['a capture in gzip', gzipSync(three)],
])('reads %s, however it is cut', async (_, octets) => {
  for (const size of [1, 7, 1000]) {
    const parts = Array.from({ length: Math.ceil(octets.length / size) }, (__, i) =>
      octets.subarray(i * size, (i + 1) * size),
    );
    const { reader, texts, sink } = over(Readable.from(parts, { objectMode: false }));
    expect(reader.nextTimeUs).toBe(-1);
    expect(await reader.read(sink, forever, forever)).toBe('end');
    expect(texts).toEqual(['a', 'b', 'c']);
    expect([reader.faults.size, reader.endedEarly]).toEqual([0, null]);
    await reader.close();
  }
});

test('tells frames that are far ahead of the clock apart, one by one or many at once, and counts them', async () => {
  const at = [0, 119, 121, 3_000, 5, 400];
  const octets = pcapFile(at.map((s) => frame(`${s}`, 1_700_000_000 + s)));
  for (const together of [false, true]) {
    const { reader: inner, texts, sink } = over(Readable.from([octets], { objectMode: false }));
    const clock = { nowUs: () => 1_700_000_000_000_000, monotonicMs: () => 0 };
    const reader = new AheadApart(inner, { clock, aheadMsMax: 120_000 });
    const apart: string[] = [];
    const ahead = (_: number, __: number, bytes: Uint8Array, start: number, end: number) =>
      void apart.push(Buffer.from(bytes.subarray(start, end)).toString());
    const records = (window: RecordWindow) => {
      // Whatever the limits let through, one record.
      const { bytes, start, end } = window;
      if (start + 16 > end) return nothingTaken;
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      const us = view.getUint32(start, true) * 1e6 + view.getUint32(start + 4, true);
      if (us > window.untilUs) return nothingTaken;
      const length = view.getUint32(start + 8, true);
      texts.push(Buffer.from(bytes.subarray(start + 16, start + 16 + length)).toString());
      Object.assign(window, { start: start + 16 + length, left: window.left - 1, frames: window.frames + 1 });
      return { frames: 1, bytes: length, newestUs: us };
    };
    const whole = { ...sink, ahead, ...(together && { records }) };
    expect(await reader.read(whole, forever, forever)).toBe('end');
    expect([texts, apart]).toEqual([
      ['0', '119', '5'],
      ['121', '3000', '400'],
    ]);
    expect([...reader.faults]).toEqual([['TIME_AHEAD', 3]]);
    await reader.close();
  }
});

test('names standard input where it is cut, or no capture at all', async () => {
  const cut = over(Readable.from([three.subarray(0, three.length - 1)], { objectMode: false }));
  expect(await cut.reader.read(cut.sink, forever, forever)).toBe('end');
  expect(cut.reader.endedEarly?.message).toMatch(/^standard input ends inside packet 3/);
  const text = over(Readable.from([Buffer.from('hello, this is no capture')], { objectMode: false }));
  await expect(text.reader.read(text.sink, forever, 1)).rejects.toMatchObject({ code: 'FEED_NOT_PCAP' });
  const nothing = over(Readable.from([], { objectMode: false }));
  await expect(nothing.reader.read(nothing.sink, forever, 1)).rejects.toMatchObject({
    code: 'FEED_EMPTY',
    message: 'standard input: is empty; give a capture in pcap or pcapng format',
  });
});

test('ends when it is closed while it waits, before its header or behind a frame', async () => {
  for (const before of [Buffer.alloc(0), three]) {
    const pipe = new PassThrough();
    const { reader, sink } = over(pipe);
    pipe.write(before);
    const reading = reader.read(sink, forever, forever);
    await new Promise(setImmediate);
    await reader.close();
    expect(await reading).toBe('end');
    expect(await reader.read(sink, forever, 1)).toBe('end');
  }
});
