import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { openCapture } from '../../server/capture/open-capture.ts';
import { sharedPresent } from '../tools/shared-inputs.ts';
import { enhancedPacket, interfaceBlock, type Order, pack, pcapFile, sectionHeader } from './pcap-write.ts';

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
