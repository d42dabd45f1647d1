import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { openCapture } from '../../server/capture/open-capture.ts';
import {
  block,
  enhancedPacket,
  interfaceBlock,
  type Order,
  pack,
  pcapFile,
  sectionHeader,
  simplePacket,
  type TestFrame,
} from './pcap-write.ts';

const folder = mkdtempSync(join(tmpdir(), 'signalwall-pcap-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function file(content: Uint8Array): string {
  const path = join(folder, `${++files}.bin`);
  writeFileSync(path, content);
  return path;
}

type Seen = [timeUs: number, linkType: number, text: string];

/** All frames of a capture as text, and the faults. */
async function readAll(content: Uint8Array) {
  const reader = await openCapture(file(content));
  const seen: Seen[] = [];
  const sink = {
    frame(timeUs: number, linkType: number, bytes: Uint8Array, start: number, end: number) {
      seen.push([timeUs, linkType, Buffer.from(bytes.subarray(start, end)).toString()]);
    },
  };
  const ended = await reader.read(sink, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  const { faults, progress, endedEarly } = reader;
  await reader.close();
  return { seen, ended, faults: [...faults], progress, endedEarly };
}

const frame = (seconds: number, fraction: number, text: string): TestFrame => ({
  seconds,
  fraction,
  bytes: Buffer.from(text),
});

const three = [frame(1_700_000_000, 5, 'one'), frame(1_700_000_000, 999_999, ''), frame(4_294_967_295, 0, 'three')];
const threeSeen: Seen[] = [
  [1_700_000_000_000_005, 1, 'one'],
  [1_700_000_000_999_999, 1, ''],
  [4_294_967_295_000_000, 1, 'three'],
];

describe('pcap', () => {
  test.each([false, true])('is read in either byte order (big-endian: %s)', async (bigEndian) => {
    expect(await readAll(pcapFile(three, { bigEndian }))).toEqual({
      seen: threeSeen,
      ended: 'end',
      faults: [],
      progress: 1,
      endedEarly: null,
    });
  });

  test.each([false, true])('with nanoseconds floors to microseconds (big-endian: %s)', async (bigEndian) => {
    const frames = [frame(1, 999, 'a'), frame(1, 1000, 'b'), frame(1, 999_999_999, 'c')];
    const { seen } = await readAll(pcapFile(frames, { bigEndian, nanoseconds: true }));
    expect(seen.map(([timeUs]) => timeUs)).toEqual([1_000_000, 1_000_001, 1_999_999]);
  });

  test('tells its link type, without the check-sequence bits above it', async () => {
    const { seen } = await readAll(pcapFile([frame(1, 0, 'x')], { linkType: 0x24000071 }));
    expect(seen[0][1]).toBe(113);
  });

  test('without a frame is a capture', async () => {
    expect(await readAll(pcapFile([]))).toMatchObject({ seen: [], ended: 'end', faults: [] });
  });

  test('larger than the read buffer comes through whole', async () => {
    const frames = Array.from({ length: 3000 }, (_, i) => frame(1 + i, 0, String(i).padStart(1200, '.')));
    const { seen, faults } = await readAll(pcapFile(frames));
    expect(seen.map(([, , text]) => text)).toEqual(frames.map(({ bytes }) => Buffer.from(bytes).toString()));
    expect(faults).toEqual([]);
  });
});

describe('a cut capture', () => {
  const whole = pcapFile(three);

  test('gives all whole records in front of the cut, then one fault that says so', async () => {
    for (let length = 25; length < whole.length; length++) {
      const { seen, faults } = await readAll(whole.subarray(0, length));
      const ends = [24 + 16 + 3, 24 + 16 + 3 + 16, whole.length];
      expect(seen).toEqual(threeSeen.slice(0, ends.filter((end) => end <= length).length));
      expect(faults).toEqual(ends.includes(length) ? [] : [['TRUNCATED_CAPTURE', 1]]);
    }
  });

  test('inside its file header can not be opened', async () => {
    for (const length of [4, 12, 23]) {
      await expect(openCapture(file(whole.subarray(0, length)))).rejects.toMatchObject({ code: 'FEED_NOT_PCAP' });
    }
  });

  test('with an impossible record length ends there with one fault', async () => {
    const damaged = Buffer.from(whole);
    damaged.writeUInt32LE(0x7fffffff, 24 + 16 + 3 + 8);
    expect(await readAll(damaged)).toMatchObject({ seen: [threeSeen[0]], faults: [['CORRUPT_RECORD', 1]] });
  });
});

describe('gzip', () => {
  const whole = pcapFile(three);

  test('is recognised by content, for pcap and pcapng, in one member or several', async () => {
    expect((await readAll(gzipSync(whole))).seen).toEqual(threeSeen);
    const members = Buffer.concat([gzipSync(whole.subarray(0, 50)), gzipSync(whole.subarray(50))]);
    expect((await readAll(members)).seen).toEqual(threeSeen);
    const ng = [sectionHeader('LE'), interfaceBlock('LE', 1), enhancedPacket('LE', 0, 7n, Buffer.from('x'))];
    expect((await readAll(gzipSync(Buffer.concat(ng)))).seen).toEqual([[7, 1, 'x']]);
  });

  test('that is cut off gives what could be unpacked and one fault', async () => {
    // Hardly compressible, so that records are complete long before the cut.
    const frames = Array.from({ length: 400 }, (_, i) => frame(i, 0, Buffer.from(String(i * 7919)).toString('base64')));
    const packed = gzipSync(pcapFile(frames));
    const { seen, faults } = await readAll(packed.subarray(0, packed.length >> 1));
    expect(seen.length).toBeGreaterThan(50);
    expect(seen.length).toBeLessThan(400);
    expect(faults).toEqual([['TRUNCATED_GZIP', 1]]);
  });

  test('that is damaged gives what could be unpacked and one fault', async () => {
    const frames = Array.from({ length: 4000 }, (_, i) =>
      frame(i, 0, Buffer.from(String(i * 7919)).toString('base64')),
    );
    const packed = gzipSync(pcapFile(frames));
    packed.fill(0xff, packed.length - 2000, packed.length - 1900);
    const { seen, faults } = await readAll(packed);
    expect(seen.length).toBeGreaterThan(50);
    // Octets behind the damage may be unpacked into a record that can't be before deflate itself contradicts itself.
    expect(faults).toHaveLength(1);
    expect(['CORRUPT_GZIP', 'CORRUPT_RECORD']).toContain(faults[0][0]);
  });

  test('of anything else is no capture', async () => {
    await expect(openCapture(file(gzipSync('hello')))).rejects.toMatchObject({ code: 'FEED_NOT_PCAP' });
    await expect(openCapture(file(gzipSync('')))).rejects.toMatchObject({ code: 'FEED_EMPTY' });
  });
});

describe('pcapng', () => {
  const data = (text: string) => Buffer.from(text);

  test.each<Order>(['LE', 'BE'])('is read in byte order %s, unknown blocks skipped', async (order) => {
    const content = Buffer.concat([
      sectionHeader(order),
      interfaceBlock(order, 1),
      block(order, 4, data('names')),
      enhancedPacket(order, 0, 1_700_000_000_000_005n, data('one')),
      block(order, 0x77, data('whatever')),
      enhancedPacket(order, 0, 1_700_000_000_000_006n, data('two')),
    ]);
    const { seen, faults } = await readAll(content);
    expect(seen).toEqual([
      [1_700_000_000_000_005, 1, 'one'],
      [1_700_000_000_000_006, 1, 'two'],
    ]);
    expect(faults).toEqual([]);
  });

  test('keeps link type and time resolution of each interface', async () => {
    const resolution = (value: number): [number, Uint8Array] => [9, Uint8Array.of(value)];
    const offset: [number, Uint8Array] = [14, pack('LE', [8, -3600])];
    const content = Buffer.concat([
      sectionHeader('LE'),
      interfaceBlock('LE', 1, 0, [[2, data('eth0')], resolution(9)]),
      interfaceBlock('LE', 113, 0, [resolution(3)]),
      interfaceBlock('LE', 140, 0, [resolution(0x80 | 10), offset]),
      interfaceBlock('LE', 141, 0, [resolution(12)]),
      enhancedPacket('LE', 0, 1_700_000_000_123_456_999n, data('ns')),
      enhancedPacket('LE', 1, 1_700_000_000_123n, data('ms')),
      enhancedPacket('LE', 2, (7200n << 10n) + 512n, data('binary')),
      enhancedPacket('LE', 3, 1_700_000_000_123_456_999_999n & 0xffff_ffff_ffff_ffffn, data('ps')),
    ]);
    const { seen } = await readAll(content);
    const picoseconds = (1_700_000_000_123_456_999_999n & 0xffff_ffff_ffff_ffffn) / 1_000_000n;
    expect(seen).toEqual([
      [1_700_000_000_123_456, 1, 'ns'],
      [1_700_000_000_123_000, 113, 'ms'],
      [3_600_500_000, 140, 'binary'],
      [Number(picoseconds), 141, 'ps'],
    ]);
  });

  test('gives simple packets the time of the one before, and cuts them at the snap length', async () => {
    const content = Buffer.concat([
      sectionHeader('LE'),
      interfaceBlock('LE', 1, 4),
      enhancedPacket('LE', 0, 42n, data('full')),
      simplePacket('LE', data('abcd'), 9),
      simplePacket('LE', data('xy')),
    ]);
    expect((await readAll(content)).seen).toEqual([
      [42, 1, 'full'],
      [42, 1, 'abcd'],
      [42, 1, 'xy'],
    ]);
  });

  test('counts custom blocks, journal entries and sysdig events as frames without octets', async () => {
    const content = Buffer.concat([
      sectionHeader('LE'),
      interfaceBlock('LE', 1),
      enhancedPacket('LE', 0, 42n, data('a')),
      ...[0x0bad, 0x4000_0bad, 9, 0x0204, 0x0216, 0x0221].map((type) => block('LE', type, new Uint8Array(40))),
      enhancedPacket('LE', 0, 43n, data('b')),
    ]);
    const none: Seen[] = Array.from({ length: 6 }, () => [42, -1, '']);
    expect((await readAll(content)).seen).toEqual([[42, 1, 'a'], ...none, [43, 1, 'b']]);
    const anonymous = [sectionHeader('LE'), block('LE', 0x0bad, new Uint8Array(0))];
    expect((await readAll(Buffer.concat(anonymous))).faults).toEqual([['CORRUPT_RECORD', 1]]);
  });

  test('begins anew with each section', async () => {
    const content = Buffer.concat([
      sectionHeader('LE'),
      interfaceBlock('LE', 1),
      enhancedPacket('LE', 0, 1n, data('a')),
      sectionHeader('BE'),
      interfaceBlock('BE', 113),
      enhancedPacket('BE', 0, 2n, data('b')),
    ]);
    expect((await readAll(content)).seen).toEqual([
      [1, 1, 'a'],
      [2, 113, 'b'],
    ]);
  });

  test('ends with one fault at a block that contradicts itself', async () => {
    const good = [sectionHeader('LE'), interfaceBlock('LE', 1), enhancedPacket('LE', 0, 1n, data('a'))];
    const trailer = Buffer.from(enhancedPacket('LE', 0, 2n, data('b')));
    trailer.writeUInt32LE(99, trailer.length - 4);
    const unknownInterface = enhancedPacket('LE', 5, 2n, data('b'));
    const tooLong = Buffer.from(enhancedPacket('LE', 0, 2n, data('b')));
    tooLong.writeUInt32LE(5000, 20);
    const odd = Buffer.from(enhancedPacket('LE', 0, 2n, data('b')));
    odd.writeUInt32LE(37, 4);
    for (const bad of [trailer, unknownInterface, tooLong, odd]) {
      const { seen, faults } = await readAll(Buffer.concat([...good, bad]));
      expect(seen).toEqual([[1, 1, 'a']]);
      expect(faults).toEqual([['CORRUPT_RECORD', 1]]);
    }
    const cut = Buffer.concat([...good, trailer]).subarray(0, -7);
    expect((await readAll(cut)).faults).toEqual([['TRUNCATED_CAPTURE', 1]]);
  });
});

describe('reading', () => {
  const frames = [frame(1, 0, 'a'), frame(2, 0, 'b'), frame(3, 0, 'c')];
  const collect = () => {
    const texts: string[] = [];
    const sink = {
      frame: (_: number, __: number, bytes: Uint8Array, start: number, end: number) => {
        texts.push(Buffer.from(bytes.subarray(start, end)).toString());
      },
    };
    return { texts, sink };
  };

  test('stops in front of a time and after a count, and tells the next time', async () => {
    const reader = await openCapture(file(pcapFile(frames)));
    const { texts, sink } = collect();
    expect(reader.nextTimeUs).toBe(1_000_000);
    expect(await reader.read(sink, 1_500_000, 10)).toBe('until');
    expect(texts).toEqual(['a']);
    expect(reader.nextTimeUs).toBe(2_000_000);
    expect(await reader.read(sink, 10_000_000, 1)).toBe('more');
    expect(texts).toEqual(['a', 'b']);
    expect(await reader.read(sink, 3_000_000, 10)).toBe('end');
    expect(texts).toEqual(['a', 'b', 'c']);
    expect(await reader.read(sink, 3_000_000, 10)).toBe('end');
    expect([reader.nextTimeUs, reader.progress]).toEqual([-1, 1]);
    await reader.close();
  });

  test('ends after being closed', async () => {
    const reader = await openCapture(file(pcapFile(frames)));
    const { texts, sink } = collect();
    await reader.read(sink, 1_500_000, 10);
    await reader.close();
    expect(await reader.read(sink, 10_000_000, 10)).toBe('end');
    expect(texts).toEqual(['a']);
  });
});

describe('the share that was read', () => {
  const frames = Array.from({ length: 100 }, (_, i) => frame(i, 0, Buffer.alloc(484).toString('hex').slice(0, 484)));

  test.each([
    ['pcap', pcapFile(frames)],
    ['pcap in gzip', gzipSync(pcapFile(frames))],
  ])('counts what was delivered, not what stands in the buffer (%s)', async (_, content) => {
    const reader = await openCapture(file(content));
    expect(reader.progress).toBeLessThan(0.01);
    for (let delivered = 1; delivered < 100; delivered++) {
      await reader.read({ frame: () => undefined }, Number.POSITIVE_INFINITY, 1);
      expect(Math.abs(reader.progress - delivered / 100)).toBeLessThan(0.01);
    }
    await reader.close();
  });
});

describe('a capture that ends early says where and what to do', () => {
  const whole = pcapFile(three);
  const damaged = Buffer.from(whole);
  damaged.writeUInt32LE(0x7fffffff, 24 + 16 + 3 + 8);
  // Hardly compressible, so that records are complete long before the cut.
  const many = Array.from({ length: 400 }, (_, i) => frame(i, 0, Buffer.from(String(i * 7919)).toString('base64')));
  const packed = gzipSync(pcapFile(many));
  // A wrong check sum behind so much that most of it comes out before.
  const much = Array.from({ length: 20_000 }, (_, i) => frame(i, 0, Buffer.from(String(i * 7919)).toString('base64')));
  const broken = gzipSync(pcapFile(much));
  broken.fill(0xff, broken.length - 8, broken.length - 4);
  const ng = [sectionHeader('LE'), interfaceBlock('LE', 1), enhancedPacket('LE', 0, 1n, Buffer.from('abcd'))];
  const ngBytes = Buffer.concat(ng).length;

  test.each<[string, Uint8Array, string, string | RegExp]>([
    ['cut in its second packet', whole.subarray(0, 50), 'TRUNCATED_CAPTURE', 'ends inside packet 2 (byte 43 of 50)'],
    ['cut in its first', whole.subarray(0, 30), 'TRUNCATED_CAPTURE', 'ends inside packet 1 (byte 24 of 30)'],
    [
      'damaged',
      damaged,
      'CORRUPT_RECORD',
      `is damaged: packet 2 (byte 43 of ${whole.length}) has an impossible length`,
    ],
    [
      'pcapng that is cut',
      Buffer.concat([...ng, ng[2]]).subarray(0, -3),
      'TRUNCATED_CAPTURE',
      `ends inside a block behind packet 1 (byte ${ngBytes} of ${2 * ngBytes - ng[0].length - ng[1].length - 3})`,
    ],
    [
      'gzip that is cut',
      packed.subarray(0, packed.length >> 1),
      'TRUNCATED_GZIP',
      /its gzip data is cut off at packet \d+ \(byte [\d,]+, unpacked\)/,
    ],
    ['gzip that is damaged', broken, 'CORRUPT_GZIP', /its gzip data is damaged at packet [\d,]+ \(byte/],
  ])('%s', async (_, content, code, what) => {
    const { endedEarly, seen } = await readAll(content);
    expect(endedEarly?.code).toBe(code);
    const { message } = endedEarly!;
    if (typeof what === 'string') expect(message).toContain(what);
    else expect(message).toMatch(what);
    if (code.endsWith('GZIP')) expect(message).toContain(`packet ${(seen.length + 1).toLocaleString('en')} `);
    expect(message).toContain(folder);
    expect(message).toMatch(/; copy the file again$/);
  });

  test('and one that ends at its end says nothing', async () => {
    for (const content of [whole, pcapFile([]), gzipSync(whole), Buffer.concat(ng)]) {
      expect((await readAll(content)).endedEarly).toBeNull();
    }
  });

  test('gzip that is cut before the capture tells its format is refused as cut', async () => {
    await expect(openCapture(file(packed.subarray(0, 12)))).rejects.toThrow(
      /its gzip data is cut off, nothing of it can be unpacked; copy the file again/,
    );
  });
});

describe('what can not be opened is named with its path and a remedy', () => {
  test.each([
    ['a missing file', () => join(folder, 'absent.pcap'), 'FEED_NOT_FOUND'],
    ['a folder', () => folder, 'FEED_UNREADABLE'],
    ['a path that the system refuses', () => join(folder, 'x'.repeat(300)), 'FEED_UNREADABLE'],
    ['an empty file', () => file(Buffer.alloc(0)), 'FEED_EMPTY'],
    ['a text file', () => file(Buffer.from('time,region,present\n2015-08-02T12:21:00.000Z\n')), 'FEED_NOT_PCAP'],
    ['two octets', () => file(Buffer.from('ab')), 'FEED_NOT_PCAP'],
    ['something below a file', () => join(file(Buffer.from('x')), 'y.pcap'), 'FEED_NOT_FOUND'],
  ])('%s', async (_, make, code) => {
    const path = make();
    const error = await openCapture(path).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'UserError', code });
    const { message } = error as Error;
    expect(message.startsWith(path)).toBe(true);
    expect(message).not.toContain('\n');
    expect(message).toMatch(/; (check|give)|, or name/);
  });
});
