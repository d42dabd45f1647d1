import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openCapture } from '../../server/capture/open-capture.ts';
import { pcapFile, type TestFrame } from './pcap-write.ts';

const folder = mkdtempSync(join(tmpdir(), 'signalwall-ahead-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function file(content: Uint8Array): string {
  const path = join(folder, `${++files}.pcap`);
  writeFileSync(path, content);
  return path;
}

const frame = (seconds: number, fraction: number, text: string): TestFrame => ({
  seconds,
  fraction,
  bytes: Buffer.from(text),
});

describe('a capture file, whose next part is read while one is given,', () => {
  test('comes through whole with records of all lengths across the parts that it is read in', async () => {
    const lengths = [70_000, 3, 262_144, 0, 65_500, 65_560, 200_000, 1, 131_072, 262_144, 40];
    const frames = Array.from({ length: 33 }, (_, i) =>
      frame(1 + i, 0, String(i).padStart(lengths[i % lengths.length], String.fromCharCode(65 + i))),
    );
    const reader = await openCapture(file(pcapFile(frames)));
    const seen: string[] = [];
    await reader.read(
      {
        frame: (_time, _link, bytes, start, end) => void seen.push(Buffer.from(bytes.subarray(start, end)).toString()),
      },
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    );
    expect(seen).toEqual(frames.map(({ bytes }) => Buffer.from(bytes).toString()));
    expect([reader.faults.size, reader.progress]).toEqual([0, 1]);
    await reader.close();
  });

  test('that grows while it is read is read to its new end', async () => {
    const frames = Array.from({ length: 40 }, (_, i) => frame(1 + i, 0, String(i).padStart(30_000, '.')));
    const whole = pcapFile(frames);
    const path = file(whole.subarray(0, 600_000));
    const reader = await openCapture(path);
    const seen: number[] = [];
    const sink = { frame: (timeUs: number) => void seen.push(timeUs / 1_000_000) };
    await reader.read(sink, 18_000_000, 100);
    // By now its end has been seen, if no frame was waiting for it.
    await new Promise((resolve) => setTimeout(resolve, 20));
    appendFileSync(path, whole.subarray(600_000));
    expect([await reader.read(sink, 100_000_000, 100), seen.length, reader.faults.size]).toEqual(['end', 40, 0]);
    await reader.close();
  });

  test('may be closed while its next part is being read', async () => {
    const reader = await openCapture(
      file(pcapFile(Array.from({ length: 40 }, (_, i) => frame(1 + i, 0, '.'.repeat(30_000))))),
    );
    const reading = reader.read({ frame() {} }, Number.POSITIVE_INFINITY, 20);
    const closing = reader.close();
    await Promise.all([reading, closing]);
    expect([await reader.read({ frame() {} }, 100, 100), reader.faults.size]).toEqual(['end', 0]);
  });
});
