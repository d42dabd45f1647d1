import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OutputFile } from '../../fixtures/make/output-file.ts';
import { PcapWriter } from '../../fixtures/make/pcap-writer.ts';
import { openSimulation } from '../../fixtures/make/simulation.ts';

const packets = 200_000;

// Codes by hand from 3GPP TS 48.008 §3.2.2.1, 24.008 §10.4, 24.011 §8.1.3, 44.018 §10.4 and ITU-T Q.713 §2.1.
const bssmapNames: Record<number, string> = {
  1: 'ASSIGNMENT REQUEST',
  2: 'ASSIGNMENT COMPLETE',
  16: 'HANDOVER REQUEST',
  17: 'HANDOVER REQUIRED',
  18: 'HANDOVER REQUEST ACKNOWLEDGE',
  19: 'HANDOVER COMMAND',
  20: 'HANDOVER COMPLETE',
  23: 'HANDOVER PERFORMED',
  27: 'HANDOVER DETECT',
  32: 'CLEAR COMMAND',
  33: 'CLEAR COMPLETE',
  47: 'COMMON ID',
  82: 'PAGING',
  83: 'CIPHER MODE COMMAND',
  85: 'CIPHER MODE COMPLETE',
  87: 'COMPLETE LAYER 3 INFORMATION',
};
const mmNames: Record<number, string> = {
  1: 'IMSI DETACH INDICATION',
  2: 'LOCATION UPDATING ACCEPT',
  4: 'LOCATION UPDATING REJECT',
  8: 'LOCATION UPDATING REQUEST',
  18: 'AUTHENTICATION REQUEST',
  20: 'AUTHENTICATION RESPONSE',
  24: 'IDENTITY REQUEST',
  25: 'IDENTITY RESPONSE',
  27: 'TMSI REALLOCATION COMPLETE',
  33: 'CM SERVICE ACCEPT',
  36: 'CM SERVICE REQUEST',
};
const ccNames: Record<number, string> = {
  1: 'ALERTING',
  2: 'CALL PROCEEDING',
  5: 'SETUP',
  7: 'CONNECT',
  8: 'CALL CONFIRMED',
  15: 'CONNECT ACKNOWLEDGE',
  37: 'DISCONNECT',
  42: 'RELEASE COMPLETE',
  45: 'RELEASE',
};
const smsNames: Record<number, string> = { 1: 'CP-DATA', 4: 'CP-ACK' };
const rrNames: Record<number, string> = { 39: 'PAGING RESPONSE' };
const sccpNames: Record<number, string> = { 2: 'CC', 3: 'CREF', 4: 'RLSD', 5: 'RLC' };

const columns: [field: string, names: Record<number, string>][] = [
  ['sccp.message_type', sccpNames],
  ['gsm_a.bssmap.msgtype', bssmapNames],
  ['gsm_a.dtap.msg_mm_type', mmNames],
  ['gsm_a.dtap.msg_cc_type', ccNames],
  ['gsm_a.dtap.msg_rr_type', rrNames],
  ['gsm_a.dtap.msg_sms_type', smsNames],
];

// Operations by hand from 3GPP TS 29.002 §17.5.
const operations: Record<number, string> = {
  2: 'updateLocation',
  3: 'cancelLocation',
  4: 'provideRoamingNumber',
  7: 'insertSubscriberData',
  22: 'sendRoutingInfo',
  44: 'mt-forwardSM',
  45: 'sendRoutingInfoForSM',
  46: 'forwardSM', // mo-forwardSM, and both ways in version 2
  47: 'reportSM-DeliveryStatus',
  55: 'sendIdentification',
  56: 'sendAuthenticationInfo',
  67: 'purgeMS',
};
const components = ['gsm_old.invoke_element', 'gsm_old.returnResultLast_element', 'gsm_old.returnError_element'];

/** Messages of the core network as tshark tells them apart: operations by invoke and result, errors by number alone. */
function asTsharkCounts(written: Record<string, number>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [name, count] of Object.entries(written)) {
    const core = /^([a-z][\w-]*)(?: (result|error))?$/.exec(name);
    const bare = /^(cancelLocation|m[ot]-forwardSM) result$/.test(name);
    const key = core === null ? name : core[2] === 'error' ? 'error' : bare ? 'empty result' : name;
    counts[key] = (counts[key] ?? 0) + count;
  }
  // Version 2 has one forwardSM for both ways.
  counts['any forwardSM'] = (counts['mo-forwardSM'] ?? 0) + (counts['mt-forwardSM'] ?? 0);
  delete counts['mo-forwardSM'];
  delete counts['mt-forwardSM'];
  return counts;
}

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalwall-tshark-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Seen {
  frames: number;
  malformed: number;
  expertErrors: number;
  sctpChecksums: Map<string, number>;
  ipChecksums: Map<string, number>;
  messages: Record<string, number>;
}

/** What tshark makes of a capture, checksums verified. */
async function readWithTshark(path: string): Promise<Seen> {
  const fields = ['_ws.malformed', '_ws.expert.severity', 'sctp.checksum.status', 'ip.checksum.status'];
  const tshark = spawn('tshark', [
    ...['-n', '-r', path, '-o', 'sctp.checksum:CRC 32c', '-o', 'ip.check_checksum:TRUE'],
    ...['-T', 'fields', '-E', 'occurrence=a', '-E', 'aggregator=|', '-E', 'separator=/t'],
    ...[...fields, ...components, 'gsm_old.localValue', ...columns.map(([field]) => field)].flatMap((field) => [
      '-e',
      field,
    ]),
  ]);
  const complaints: Buffer[] = [];
  tshark.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));
  const closed = new Promise<number | null>((resolve, reject) => {
    tshark.once('error', reject);
    tshark.once('close', resolve);
  });
  const seen: Seen = {
    frames: 0,
    malformed: 0,
    expertErrors: 0,
    sctpChecksums: new Map(),
    ipChecksums: new Map(),
    messages: {},
  };
  const errorSeverity = 0x800000;
  for await (const line of createInterface({ input: tshark.stdout })) {
    const [malformed, severities, sctp, ip, invoke, result, error, code, ...types] = line.split('\t');
    seen.frames++;
    if (malformed !== '') seen.malformed++;
    if (severities.split('|').some((severity) => Number(severity) >= errorSeverity)) seen.expertErrors++;
    seen.sctpChecksums.set(sctp, (seen.sctpChecksums.get(sctp) ?? 0) + 1);
    seen.ipChecksums.set(ip, (seen.ipChecksums.get(ip) ?? 0) + 1);
    if (invoke + result + error !== '') {
      const operation = operations[Number(code)]?.replace(/^(mt-)?forwardSM/, 'any forwardSM');
      const kind =
        error !== '' ? 'error' : code === '' ? 'empty result' : result !== '' ? `${operation} result` : operation;
      seen.messages[kind] = (seen.messages[kind] ?? 0) + 1;
    }
    for (const [index, codes] of types.entries()) {
      if (codes === '') continue;
      for (const code of codes.split('|')) {
        const name = columns[index][1][Number(code)];
        if (name !== undefined) seen.messages[name] = (seen.messages[name] ?? 0) + 1;
      }
    }
  }
  expect(await closed, Buffer.concat(complaints).toString()).toBe(0);
  return seen;
}

test('tshark finds nothing malformed, every checksum right and the messages that were written in 200,000 packets', async () => {
  const path = join(folder, 'event-day.pcap');
  const feed = openSimulation({ population: 40_000, date: '2026-10-17', from: '18:30' });
  const writer = new PcapWriter(1);
  expect(await feed.read(writer, Number.POSITIVE_INFINITY, packets)).toBe('more');
  const file = await OutputFile.open(path);
  for (const block of writer.take(true)) await file.write(block);
  await file.close();

  const seen = await readWithTshark(path);
  expect(seen).toMatchObject({ frames: packets, malformed: 0, expertErrors: 0 });
  expect(Object.fromEntries(seen.sctpChecksums)).toEqual({ 1: packets });
  expect(Object.fromEntries(seen.ipChecksums)).toEqual({ 1: packets });
  expect(seen.messages).toEqual(asTsharkCounts(feed.stats.messages));
  // Rare ones are in it, too.
  for (const name of [
    'HANDOVER PERFORMED',
    'HANDOVER COMPLETE',
    'LOCATION UPDATING REJECT',
    'IMSI DETACH INDICATION',
    'updateLocation result',
    'sendIdentification result',
    'error',
  ]) {
    expect(seen.messages[name], name).toBeGreaterThan(0);
  }
});
