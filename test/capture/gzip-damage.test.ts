import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { openCapture } from '../../server/capture/open-capture.ts';
import { ReadableSource } from '../../server/capture/readable-source.ts';
import { DeferredCapture } from '../../server/capture/stdin-source.ts';
import { pcapFile } from './pcap-write.ts';

const folder = mkdtempSync(join(tmpdir(), 'signalwall-gzip-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const recordBytes = 16 + 100;
/** Octets that deflate can't shorten much, the same in every run. */
let state = 1;
const noise = () => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return state >>> 16;
};
const packets = Array.from({ length: 3000 }, (_, i) => ({
  seconds: 1_700_000_000 + i,
  fraction: 0,
  bytes: Uint8Array.from({ length: 100 }, (__, at) => (at < 50 ? noise() : at)),
}));
const few = pcapFile(packets.slice(0, 20));
const many = pcapFile(packets);

async function read(octets: Buffer, from: string) {
  const path = join(folder, 'damaged.pcap.gz');
  writeFileSync(path, octets);
  const pieces = Array.from({ length: Math.ceil(octets.length / 5000) }, (_, i) =>
    octets.subarray(i * 5000, (i + 1) * 5000),
  );
  const reader =
    from === 'a file'
      ? await openCapture(path)
      : new DeferredCapture(() => new ReadableSource(Readable.from(pieces)), 4096, false);
  let seen = 0;
  let same = 0;
  const sink = {
    frame(_: number, __: number, bytes: Uint8Array, start: number, end: number) {
      if (seen < packets.length && Buffer.compare(bytes.subarray(start, end), packets[seen].bytes) === 0) same++;
      seen++;
    },
  };
  await reader.read(sink, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  const fault = reader.endedEarly;
  await reader.close();
  return { same, seen, fault };
}

function flipped(octets: Buffer, at: number): Buffer {
  const out = Buffer.from(octets);
  out[at < 0 ? out.length + at : at] ^= 4;
  return out;
}

describe.each(['a file', 'standard input'])('gzip with damage from %s', (from) => {
  test.each([
    ['of few packets', few, 20],
    ['of many packets', many, 3000],
  ])('gives all packets of a capture %s whose checksum is damaged, and says so', async (_, capture, count) => {
    for (const at of [-8, -1]) {
      const { same, seen, fault } = await read(flipped(gzipSync(capture), at), from);
      expect([same, seen]).toEqual([count, count]);
      expect(fault?.code).toBe('CORRUPT_GZIP');
      expect(fault?.message).toMatch(/its gzip data is damaged/);
    }
  });

  test('gives what lies before a damaged place in the middle', async () => {
    const packed = gzipSync(many);
    for (const share of [0.3, 0.5, 0.77]) {
      const at = Math.floor(packed.length * share);
      const damaged = Buffer.from(packed);
      damaged.fill(0xff, at, at + 64);
      const { same, fault } = await read(damaged, from);
      const before = (many.length * at) / packed.length;
      expect(same * recordBytes).toBeGreaterThan(before - 6 * 1024);
      expect(fault).not.toBeNull();
    }
  });

  test('gives the whole members before a damaged one', async () => {
    const half = 24 + 1500 * recordBytes;
    const first = gzipSync(many.subarray(0, half));
    const members = Buffer.concat([first, flipped(gzipSync(many.subarray(half)), 2)]);
    const { same, fault } = await read(members, from);
    expect(same).toBe(1500);
    expect(fault?.code).toBe('CORRUPT_GZIP');
  });
});
