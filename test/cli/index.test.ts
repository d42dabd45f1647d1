import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pcapFile } from '../capture/pcap-write.ts';
import { bundle } from '../tools/bundle.ts';
import { root } from '../tools/shared-inputs.ts';

const folder = mkdtempSync(join(tmpdir(), 'signalwall-cli-'));
const built = join(root, 'node_modules', `.cli-test-${process.pid}.mjs`);

beforeAll(() => bundle(`import './server/cli/index.ts';`, built));
afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(built, { force: true });
});

function signalwall(...argv: string[]): { code: number | null; out: string; said: string[] } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [built, ...argv], { encoding: 'utf8' });
  return { code: status, out: stdout, said: stderr.trimEnd().split('\n') };
}

test('tells its version', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  for (const word of ['version', '--version']) {
    expect(signalwall(word)).toEqual({ code: 0, out: `signalwall ${version}\n`, said: [''] });
  }
});

test('ends with 2 and one line after wrong usage', () => {
  for (const argv of [
    ['cuont'],
    ['help', 'cuont'],
    ['count', '--every'],
    ['count', 'ftp:x', '--regions', 'x'],
    ['count', 'sim:event-day', '--regions', 'x'],
    ['simulate', '--out', join(folder, 'x.pcap'), '--from', '25:00'],
    ['serve', '--speed', '-1'],
    ['serve', '--set', 'ttl=1'],
  ]) {
    const { code, out, said } = signalwall(...argv);
    expect([argv, code, out, said]).toEqual([argv, 2, '', [expect.stringMatching(/^error: /)]]);
  }
});

test('an identity that is typed in the wrong place is not said again; what else was typed is', () => {
  const imsi = '001010000000123';
  for (const argv of [
    [imsi],
    ['help', imsi],
    ['+1 555-0100-200-300'],
    ['erase', `--set=${imsi}`, '--verbose'],
    ['decode', `/nowhere/${imsi}.pcap`, '--verbose'],
    ['serve', '--config', imsi],
    ['serve', '--feed', `file:${imsi}`],
    ['serve', '--listen', imsi],
  ]) {
    const { code, out, said } = signalwall(...argv);
    expect([argv[0], code === 1 || code === 2, out]).toEqual([argv[0], true, '']);
    expect(said.join('\n').replaceAll(built, '')).not.toMatch(/\d{10}|0100-200/);
  }
  expect(signalwall('decode', `/nowhere/${imsi}.pcap`).said[0]).toContain('/nowhere/….pcap');
  expect(signalwall('serve', '--set', 'journalBytesMax=7').said[0]).toMatch(/\d{10}/);
});

test('ends with 1 and one line that is last when a capture is cut, after what was counted', () => {
  const capture = join(folder, 'cut.pcap');
  writeFileSync(capture, pcapFile([{ seconds: 1, fraction: 0, bytes: Buffer.alloc(9) }]).subarray(0, -1));
  const regions = join(folder, 'r.geojson');
  const feature = { type: 'Feature', properties: { id: 'all', cells: ['*'] }, geometry: null };
  writeFileSync(regions, JSON.stringify({ type: 'FeatureCollection', features: [feature] }));
  expect(signalwall('count', capture, '--regions', regions)).toEqual({
    code: 1,
    out: 'time,region,present,entries,exits,appeared,vanished,visitors\n',
    said: [`error: ${capture} ends inside packet 1 (byte 24 of 48); copy the file again; there are no figures`],
  });
});
