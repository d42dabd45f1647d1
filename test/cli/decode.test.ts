import { describe, expect, test } from 'vitest';
import type { MessageLine } from '../../server/cli/message-line.ts';
import { runCli } from '../tools/serve.ts';
import { sharedPath, sharedPresent } from '../tools/shared-inputs.ts';

const simulated = 'sim:event-day?seed=3&population=1000&from=18:00&hours=1';

const lines = <T>(text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T);

describe('decode', () => {
  test('prints events with the keys they are documented with, identities masked', async () => {
    const { code, stdout, stderr } = await runCli(['decode', simulated]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const events = lines<Record<string, unknown>>(stdout);
    expect(events.length).toBeGreaterThan(200);
    const keys = ['timeUs', 'type', 'outcome', 'cause', 'durationMs', 'subscriber', 'cell', 'origin', 'frame'];
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

  test('writes the same as CSV, a column a key', async () => {
    const json = lines<MessageLine>((await runCli(['decode', simulated, '--messages'])).stdout);
    const csv = (await runCli(['decode', simulated, '--messages', '--format', 'csv'])).stdout.trimEnd().split('\n');
    expect(csv).toHaveLength(json.length + 1);
    const columns = csv[0].split(',');
    const at = json.findIndex(({ cell, imsi }) => cell !== undefined && imsi !== undefined);
    const fields = Object.fromEntries(csv[at + 1].split(',').map((field, i) => [columns[i], field]));
    const { frame, sccp, message, imsi, cell } = json[at];
    expect(fields).toMatchObject({
      frame: String(frame),
      'sccp.type': sccp!.type,
      message,
      imsi,
      cells: [cell!.mcc, cell!.mnc, cell!.lac, cell!.ci].filter((part) => part !== undefined).join('-'),
    });
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

  test.runIf(sharedPresent)('names the frame, code and layer of what is malformed', async () => {
    const { stdout } = await runCli(['decode', sharedPath('captures/vectors/bssap_m3ua_sctp.pcap'), '--messages']);
    const flaws = lines<MessageLine>(stdout).flatMap(({ fault }) => (fault === undefined ? [] : [fault]));
    expect(flaws.length).toBeGreaterThan(0);
    for (const { code, layer, offset } of flaws) {
      expect(code).toMatch(new RegExp(`^${layer.toUpperCase()}_[A-Z_]+$`));
      expect(offset).toBeLessThan(2000);
    }
  });
});
