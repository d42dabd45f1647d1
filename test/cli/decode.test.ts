import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeCommand } from '../../server/cli/decode.ts';
import { eventColumns, messageColumns } from '../../server/cli/decode-output.ts';
import type { MessageLine } from '../../server/cli/message-line.ts';
import { peerClasses } from '../../server/events/kinds.ts';
import { pcapFile } from '../capture/pcap-write.ts';
import { connectionRequest, frameOf, hex } from '../decode/wire.ts';
import { runCli } from '../tools/serve.ts';
import { root, sharedPath, sharedPresent } from '../tools/shared-inputs.ts';
import { readCsv } from './read-csv.ts';

const simulated = 'sim:event-day?seed=3&population=1000&from=18:00&hours=1';

const lines = <T>(text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T);

test('the help of decode names every key of an event and of a message', () => {
  const { usage } = decodeCommand;
  const [events, messages] = usage.split('Keys of a message');
  const missing = (text: string, keys: Iterable<string>) =>
    [...keys].filter((key) => !new RegExp(`\\b${key}\\b`).test(text));
  expect(missing(events, eventColumns)).toEqual([]);
  expect(missing(messages, new Set(messageColumns.flatMap((column) => column.split('.'))))).toEqual([]);
  expect(
    missing(
      events,
      peerClasses.filter((name) => name !== 'none'),
    ),
  ).toEqual([]);
  for (const line of usage.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
});

describe('decode', () => {
  test('prints events with the keys they are documented with, identities masked', async () => {
    const { code, stdout, stderr } = await runCli(['decode', simulated]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const events = lines<Record<string, unknown>>(stdout);
    expect(events.length).toBeGreaterThan(200);
    const keys = ['timeUs', 'type', 'outcome', 'cause', 'durationMs', 'subscriber', 'cell', 'origin', 'frame'];
    keys.push('peerClass', 'country', 'area', 'causeOf');
    for (const event of events) expect(keys).toEqual(expect.arrayContaining(Object.keys(event)));
    expect(new Set(events.map(({ subscriber }) => subscriber))).toContain('00101*');
    expect(stdout).not.toMatch(/\d{5}\d{5}\*/);
    expect(stdout).not.toMatch(/"subscriber":"\d+"/);
  });

  test('shows identities whole to whom asks for them, on standard output alone', async () => {
    const { stdout } = await runCli(['decode', simulated, '--show-identities']);
    expect(stdout).toMatch(/"subscriber":"00101\d{10}"/);
    const refused = await runCli(['decode', simulated, '--show-identities', '--out', '/tmp/never-written']);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/^error: decode: --show-identities prints to standard output alone.*\n$/);
  });

  test('masks whatever names somebody in messages', async () => {
    const { stdout } = await runCli(['decode', simulated, '--messages']);
    const messages = lines<MessageLine>(stdout);
    expect(messages.length).toBeGreaterThan(2000);
    let identities = 0;
    for (const message of messages) {
      const { imsi, tmsi, imei, imeisv, calledNumber, callingNumber } = message;
      for (const value of [imsi, tmsi, imei, imeisv, calledNumber, callingNumber]) {
        if (value === undefined) continue;
        expect(value).toMatch(/^.{5}\*$|^.{1,5}$/);
        identities++;
      }
    }
    expect(identities).toBeGreaterThan(300);
    expect(messages.some(({ protocol }) => protocol === undefined)).toBe(true);
  });

  test('writes the same as CSV', async () => {
    const json = (await runCli(['decode', simulated, '--messages'])).stdout;
    const csv = (await runCli(['decode', simulated, '--messages', '--format', 'csv'])).stdout;
    expect(readCsv(csv)).toEqual(lines(json));
  });

  test('tells how much was understood', async () => {
    const table = await runCli(['decode', simulated, '--stats']);
    expect(table.stdout).toMatch(/^coverage +frames understood +[\d,]+ +100\.00 %$/m);
    expect(table.stdout).toMatch(/^ +events with subscriber and cell +[\d,]+ +9\d\.\d\d %$/m);
    expect(table.stdout).toMatch(/^frames +understood +[\d,]+ +\d+\.\d\d %$/m);
    expect(table.stdout).toMatch(/^ +malformed +0 +0\.00 %$/m);
    expect(table.stdout).toMatch(/^events +subscriber and cell +[\d,]+$/m);
    const csv = (await runCli(['decode', simulated, '--stats', '--format', 'csv'])).stdout;
    expect(csv).toMatch(/^group,name,count,share\n/);
    expect(csv).toMatch(/^BSSMAP,COMPLETE LAYER 3 INFORMATION,\d+,$/m);
    expect(csv).toMatch(/^event,location update,\d+,$/m);
  });

  test('says what a capture without signalling holds instead, where it would print nothing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'signalwall-decode-'));
    const path = join(folder, 'a.pcap');
    const record = { seconds: 1_700_000_000, fraction: 0, bytes: Uint8Array.of(0, 0x21, 0x45, 0) };
    writeFileSync(path, pcapFile([record, record], { linkType: 9 }));
    const runs = [await runCli(['decode', path]), await runCli(['decode', path, '--messages'])];
    rmSync(folder, { recursive: true });
    const said = `warn: feed ${path}: no SCCP or SUA message in its 2 packets, most of them LINKTYPE 9 (2); --stats counts them\n`;
    expect(runs).toEqual(runs.map(() => ({ code: 0, stdout: '', stderr: said })));
  });

  test.each([
    [['decode'], 'one FEED is needed, not 0'],
    [['decode', simulated, '--format', 'xml'], '--format xml is neither ndjson nor csv'],
    [['decode', simulated, '--stats', '--messages'], '--messages and --stats exclude each other'],
    [['decode', 'sim:event-day?seed=1'], 'decode needs an end'],
  ])('ends %j with 2 and one line', async (args, what) => {
    const { code, stderr } = await runCli(args);
    expect(code).toBe(2);
    expect(stderr).toContain(what);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  test.runIf(sharedPresent)('names the frame, code and layer of what is malformed, beside what was read', async () => {
    const { stdout } = await runCli(['decode', sharedPath('captures/vectors/bssap_m3ua_sctp.pcap'), '--messages']);
    const malformed = lines<MessageLine>(stdout).filter(({ fault }) => fault !== undefined);
    expect(malformed.length).toBeGreaterThan(5);
    for (const { sccp, fault } of malformed) {
      expect(fault!.code).toMatch(new RegExp(`^${fault!.layer.toUpperCase()}_[A-Z_]+$`));
      expect(sccp?.type).toMatch(/^[A-Z0-9]+$/);
      expect(fault!.offset).toBeLessThan(2000);
    }
  });

  test('tells a flaw in the last of the components that were read, and where in its frame it lies', async () => {
    const tcap = hex('62 16 48 01 07 6c 11 a2 03 02 01 05 a1 0a 02 01 06 02 01 38 04 02 00 a1');
    const frames = [tcap, hex('62 04 48 01 08 6c')].map((user, i) => {
      const addresses = [2, 0x42, 6, 2, 0x42, 7];
      return frameOf([9, 0, 3, 5, 7, ...addresses, user.length, ...user], { tsn: i + 1 });
    });
    const { stdout } = await decodeBytes(pcapFile(frames.map((bytes, i) => ({ seconds: 1, fraction: i, bytes }))));
    const told = lines<MessageLine>(stdout);
    expect(
      told.map(({ frame, otid, component, invokeId, fault }) => [frame, otid, component, invokeId, fault?.code]),
    ).toEqual([
      [1, '07', 'returnResultLast', 5, undefined],
      [1, '07', 'invoke', 6, 'MAP_BAD_IDENTITY'],
      [2, '08', undefined, undefined, 'TCAP_TRUNCATED'],
    ]);
    // Ethernet 14, IPv4 20, SCTP 12, DATA 16, M3UA 8 and 4 and 12, SCCP 12, then the message.
    const start = 14 + 20 + 12 + 16 + 8 + 4 + 12 + 12;
    expect(told[1].fault!.offset).toBeGreaterThanOrEqual(start + 22);
    expect(told[1].fault!.offset).toBeLessThan(start + tcap.length);
    expect(told[2].fault!.offset).toBe(start + 5);
  });

  test('masks whole titles and TMSIs too', async () => {
    const address = [11, 0x12, 6, 0, 0x12, 4, 0x99, 0x39, 0, 0, 0, 0x10];
    const sccp = [9, 0, 3, 14, 25, ...address, ...address, 2, 0x62, 0];
    const { stdout } = await decodeBytes(pcapFile([{ seconds: 1, fraction: 0, bytes: frameOf(sccp) }]));
    expect(lines<MessageLine>(stdout)[0].sccp).toMatchObject({
      called: { digits: '99930*' },
      calling: { digits: '99930*' },
    });
  });

  test('reads standard input, and every frame whatever its time says', async () => {
    const days = [1_700_000_000, 1_600_000_000, 1_800_000_000];
    const frames = days.map((seconds, i) => ({
      seconds,
      fraction: i,
      bytes: frameOf(connectionRequest(i + 1, []), { tsn: i + 1 }),
    }));
    const { code, stdout, stderr } = await decodeBytes(pcapFile(frames));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(lines<MessageLine>(stdout).map(({ timeUs }) => Math.floor(timeUs / 1e6))).toEqual(days);
  });

  test('says where a capture is cut, behind what was decoded', async () => {
    const frames = [1, 2].map((i) => ({
      seconds: i,
      fraction: 0,
      bytes: frameOf(connectionRequest(i, []), { tsn: i }),
    }));
    const { code, stdout, stderr } = await decodeBytes(pcapFile(frames).subarray(0, -9));
    expect([code, lines(stdout).length]).toEqual([1, 1]);
    expect(stderr).toMatch(/^error: standard input ends inside packet 2 .*; decoded up to there: 1 packet\n$/);
  });

  test('ends without a complaint when its reader does', async () => {
    const command = `node dist/server/signalwall.js decode '${simulated}' --messages | head -1`;
    const { stdout, stderr, status } = spawnSync('bash', ['-o', 'pipefail', '-c', command], {
      cwd: root,
      encoding: 'utf8',
    });
    expect({ stderr, status, count: lines(stdout).length }).toEqual({ stderr: '', status: 0, count: 1 });
  });

  test('decodes a live probe until Ctrl-C, and ends with what it has', async () => {
    const frames = [1, 2].map((i) => ({
      seconds: i,
      fraction: 0,
      bytes: frameOf(connectionRequest(i, []), { tsn: i }),
    }));
    const probe = createServer((socket) => socket.write(pcapFile(frames)));
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
    const { port } = probe.address() as AddressInfo;
    const feed = `pcap+tcp://127.0.0.1:${port}`;
    const child = spawn(process.execPath, ['dist/server/signalwall.js', 'decode', feed, '--messages'], { cwd: root });
    let stdout = '';
    child.stdout.on('data', (text) => {
      stdout += text;
      if (lines(stdout).length === 2) child.kill('SIGINT');
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    probe.close();
    expect([code, lines(stdout).length]).toEqual([0, 2]);
  });
});

/** `decode - --messages` with these octets on standard input. */
function decodeBytes(capture: Uint8Array): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['dist/server/signalwall.js', 'decode', '-', '--messages'], { cwd: root });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text) => (stdout += text));
    child.stderr.on('data', (text) => (stderr += text));
    child.once('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.end(capture);
  });
}
