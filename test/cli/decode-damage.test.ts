import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { pcapFile } from '../capture/pcap-write.ts';
import { connectionRequest, frameOf, hex } from '../decode/wire.ts';
import { root } from '../tools/shared-inputs.ts';

test('decode prints all of a gzip whose checksum is damaged, and ends with 1 and a line on the damage', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signalwall-damage-'));
  const frames = Array.from({ length: 30 }, (_, i) => ({
    seconds: 1_700_000_000 + i,
    fraction: 0,
    bytes: frameOf(connectionRequest(i + 1, hex('0003010203')), { tsn: i + 1 }),
  }));
  const packed = gzipSync(pcapFile(frames));
  packed[packed.length - 6] ^= 1;
  const path = join(folder, 'crc.pcap.gz');
  writeFileSync(path, packed);
  for (const feed of [path, '-']) {
    const args = [join(root, 'dist/server/signalwall.js'), 'decode', feed, '--messages'];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { input: packed, encoding: 'utf8' });
    expect(stdout.trimEnd().split('\n')).toHaveLength(30);
    expect(stderr).toMatch(/its gzip data is damaged at packet 31 .*decoded up to there: 30 packets/);
    expect(status).toBe(1);
  }
  rmSync(folder, { recursive: true, force: true });
});
