import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { openCapture } from '../../server/capture/open-capture.ts';
import { sharedPresent } from '../tools/shared-inputs.ts';
import { block, enhancedPacket, interfaceBlock, type Order, pack, pcapFile, sectionHeader } from './pcap-write.ts';

const folder = mkdtempSync(join(tmpdir(), 'signalwall-formats-'));
afterAll(() => rmSync(folder, { recursive: true }));

const frame = (seconds: number, fraction: number) => ({ seconds, fraction, bytes: new Uint8Array(20) });
const pcap = (bigEndian: boolean, nanoseconds: boolean) =>
  pcapFile([frame(1_700_000_000, 999_999), frame(1_700_000_001, nanoseconds ? 123_456_789 : 5)], {
    bigEndian,
    nanoseconds,
    linkType: 113,
  });

/** Interfaces in microseconds, nanoseconds, milliseconds, units of 2^-10 s, and shifted by an hour either way. */
function pcapng(order: Order): Buffer {
  const resolution = (value: number): [number, Uint8Array] => [9, Uint8Array.of(value)];
  const shift = (seconds: number): [number, Uint8Array] => [14, pack(order, [8, seconds])];
  const data = new Uint8Array(20);
  return Buffer.concat([
    sectionHeader(order),
    interfaceBlock(order, 1),
    interfaceBlock(order, 113, 0, [resolution(9)]),
    interfaceBlock(order, 101, 0, [resolution(3)]),
    interfaceBlock(order, 141, 0, [resolution(0x8a)]),
    interfaceBlock(order, 142, 0, [resolution(6), shift(3600)]),
    interfaceBlock(order, 140, 0, [resolution(9), shift(-3600)]),
    enhancedPacket(order, 0, 1_700_000_000_123_456n, data),
    enhancedPacket(order, 1, 1_700_000_000_123_456_789n, data),
    enhancedPacket(order, 2, 1_700_000_000_123n, data),
    enhancedPacket(order, 3, (1_700_000_000n << 10n) + 512n, data),
    enhancedPacket(order, 4, 1_700_000_000_123_456n, data),
    enhancedPacket(order, 5, 1_700_000_000_123_456_789n, data),
  ]);
}

const captures: [string, Uint8Array][] = [
  ['pcap, little-endian, microseconds', pcap(false, false)],
  ['pcap, big-endian, microseconds', pcap(true, false)],
  ['pcap, little-endian, nanoseconds', pcap(false, true)],
  ['pcap, big-endian, nanoseconds', pcap(true, true)],
  ['pcapng, little-endian', pcapng('LE')],
  ['pcapng, big-endian', pcapng('BE')],
];

/** Link types by the wiretap numbers that tshark prints. */
const linkTypes: Record<string, number> = { 1: 1, 7: 101, 25: 113, 43: 141, 101: 142, 42: 140 };

describe.runIf(sharedPresent)('times and link types are those that tshark reads', () => {
  test.each(
    captures.flatMap(([name, content]) => [[name, content] as const, [`${name}, gzip`, gzipSync(content)] as const]),
  )('%s', async (name, content) => {
    const path = join(folder, `${name.replace(/\W/g, '-')}.cap`);
    writeFileSync(path, content);
    const ours: string[] = [];
    const reader = await openCapture(path);
    const sink = { frame: (timeUs: number, linkType: number) => void ours.push(`${timeUs} ${linkType}`) };
    expect(await reader.read(sink, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)).toBe('end');
    await reader.close();
    const args = ['-n', '-r', path, '-T', 'fields', '-e', 'frame.time_epoch', '-e', 'frame.encap_type'];
    const theirs = execFileSync('tshark', args, { encoding: 'utf8', stdio: 'pipe' })
      .trim()
      .split('\n')
      .map((line) => {
        const [seconds, fraction, type] = line.split(/[.\t]/);
        return `${seconds}${fraction.slice(0, 6)} ${linkTypes[type] ?? `encapsulation ${type}`}`;
      });
    expect(ours).toEqual(theirs);
  });
});

/** Every kind of block that tshark 4.0 knows beside packets, with contents that it takes. */
const otherBlocks = (order: Order): [name: string, block: Buffer][] => {
  const custom = pack(order, [4, 32_473], Buffer.from('contents'));
  const sysdig = (...between: Parameters<typeof pack>[1][]) =>
    pack(order, [2, 0], [8, 1_700_000_000], [8, 1], [4, 30], [2, 5], ...between, [8, 0]);
  return [
    ['custom block', block(order, 0x0bad, custom)],
    ['custom block that is not to be copied', block(order, 0x4000_0bad, custom)],
    ['custom block without contents', block(order, 0x0bad, pack(order, [4, 32_473]))],
    ['name resolution', block(order, 4, pack(order, [2, 0], [2, 0]))],
    ['interface statistics', block(order, 5, pack(order, [4, 0], [4, 0], [4, 0]))],
    ['IRIG timestamp', block(order, 7, new Uint8Array(8))],
    ['ARINC 429', block(order, 8, new Uint8Array(8))],
    ['journal entry', block(order, 9, Buffer.from('__REALTIME_TIMESTAMP=1700000000000000\n\n'))],
    ['decryption secrets', block(order, 10, pack(order, [4, 0x544c_534b], [4, 4], Buffer.from('abcd')))],
    ['Hone', block(order, 0x0101, new Uint8Array(8))],
    ['sysdig machine', block(order, 0x0201, new Uint8Array(16))],
    ['sysdig event', block(order, 0x0204, sysdig())],
    ['sysdig event, version 2', block(order, 0x0216, sysdig([4, 0]))],
    ['sysdig event, version 2, large', block(order, 0x0221, sysdig([4, 0]))],
    ['block of a type of nobody', block(order, 0x77, Buffer.from('contents'))],
    ['block of local use', block(order, 0x8000_0abc, Buffer.from('contents'))],
  ];
};

describe.runIf(sharedPresent)('a packet behind a block that is none has the number that tshark gives it', () => {
  const orders: Order[] = ['LE', 'BE'];
  test.each(orders.flatMap((order) => otherBlocks(order).map(([name, other]) => [name, order, other] as const)))(
    '%s, %s',
    async (name, order, other) => {
      const path = join(folder, `${name.replace(/\W/g, '-')}-${order}.pcapng`);
      const packet = (seconds: bigint) => enhancedPacket(order, 0, seconds * 1_000_000n, new Uint8Array(20));
      const content = [sectionHeader(order), interfaceBlock(order, 141), packet(1n), other, packet(2n), other];
      writeFileSync(path, Buffer.concat(content));
      const reader = await openCapture(path);
      const ours: string[] = [];
      const sink = { frame: (timeUs: number, linkType: number) => void ours.push(linkType < 0 ? '' : `${timeUs}`) };
      expect(await reader.read(sink, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)).toBe('end');
      await reader.close();
      const fields = ['-e', 'frame.number', '-e', 'frame.encap_type', '-e', 'frame.time_epoch'];
      const theirs = execFileSync('tshark', ['-n', '-r', path, '-T', 'fields', ...fields], {
        encoding: 'utf8',
        stdio: 'pipe',
      })
        .replace(/\n$/, '')
        .split('\n')
        .map((line) => line.split('\t'))
        .map(([, type, time]) => (linkTypes[type] === 141 ? time.replace(/\.(\d{6}).*$/, '$1') : ''));
      expect(ours).toEqual(theirs);
    },
  );
});
