import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCapture } from '../../server/capture/open-capture.ts';
import { bssmapNames } from '../../server/decode/bssmap-tables.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import { cc, dtapNames, mm, rr, sms, ss } from '../../server/decode/dtap-tables.ts';
import { pcapFile } from '../capture/pcap-write.ts';
import { sharedPath, sharedPresent } from '../tools/shared-inputs.ts';
import { collector } from './collect.ts';
import { differences, oracle } from './oracle.ts';
import { frameOfVector, vectors } from './vectors.ts';

/** Where we and tshark 4.0.17 differ on purpose. The reason stands behind each line. */
const known: Record<string, { line: string; reason: string }[]> = {
  'captures/osmo-lab/osmo_msc_a_iface.pcap': [
    {
      line: 'frame 109 cellPlmn: absent, tshark 0-0',
      reason:
        'HANDOVER COMMAND with an all-zero cell: MCC 000 is never assigned and is kept as "no PLMN" (ITU-T E.212 §6.1)',
    },
  ],
  'captures/vectors/bssap_m3ua_sctp.pcap': [
    ...['dtapType: absent, tshark 2', 'protocolDiscriminator: absent, tshark 3', 'transactionId: absent, tshark 2'].map(
      (field) => ({
        line: `frame 50 ${field}`,
        reason:
          'the RR message inside CIPHER MODE COMPLETE is no DTAP message (3GPP TS 48.008 §3.2.2.35); only its IMEISV is taken',
      }),
    ),
    {
      line: 'frame 53 bssmapCause: 20730, tshark absent',
      reason: 'a national cause of two octets; tshark shows it in another field (3GPP TS 48.008 §3.2.2.5)',
    },
  ],
  'captures/wireshark-wiki/gsm-r.uus1.pcap': [],
  'captures/vectors/linkbit_mtp3_dlt141.pcap': [],
  'captures/vectors/linkbit_mtp2_dlt140.pcap': [],
  'captures/vectors/sccp_dlt142.pcap': [
    { line: 'frame 11 sccpType: absent, tshark 9', reason: 'UDT of MAP: counted as unhandled' },
    { line: 'frame 12 sccpType: absent, tshark 19', reason: 'LUDT of RANAP: counted as unhandled' },
    { line: 'frame 13 sccpType: absent, tshark 19', reason: 'LUDT of RANAP: counted as unhandled' },
  ],
};

/** The same for our own vectors. */
const knownOfVectors = [
  {
    line: 'COMPLETE LAYER 3 INFORMATION with a deleted LAI (digits of the PLMN unknown) laiPlmn: absent, tshark 1665-1665',
    reason: 'digits above 9 are no PLMN (3GPP TS 24.008 §10.5.1.3); tshark computes a number from them',
  },
  {
    line: 'CLEAR COMMAND with a cause of two octets (national) bssmapCause: 28677, tshark absent',
    reason: 'tshark shows national causes in another field (3GPP TS 48.008 §3.2.2.5)',
  },
  ...['dtapType: absent, tshark 50', 'protocolDiscriminator: absent, tshark 6'].map((field) => ({
    line: `CIPHER MODE COMPLETE brings the IMEISV ${field}`,
    reason: 'the RR message inside is no DTAP message (3GPP TS 48.008 §3.2.2.35)',
  })),
  {
    line: 'DISCONNECT with a recommendation octet in its cause cause: 17, tshark 3',
    reason: 'octet 3a stands between location and cause where the extension bit is 0 (3GPP TS 24.008 §10.5.4.11)',
  },
];

describe.runIf(sharedPresent)('compared with tshark, frame by frame', () => {
  test.each(Object.keys(known))('%s', async (file) => {
    const { decoder, messages } = collector();
    const reader = await openCapture(sharedPath(file));
    await reader.read(decoder, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    await reader.close();
    const rows = oracle(sharedPath(file));
    expect(messages.length).toBeGreaterThan(0);
    expect(differences(rows, messages)).toEqual(known[file].map(({ line }) => line));
  });

  test('counts as malformed what tshark calls malformed or incomplete in the collected vectors', async () => {
    const file = sharedPath('captures/vectors/bssap_m3ua_sctp.pcap');
    const theirs = [...oracle(file).entries()]
      .filter(([, row]) => /Malformed|Missing Mandatory/.test(row['_ws.expert.message'] ?? ''))
      .map(([frame]) => frame);
    const ours: number[] = [];
    const decoder = new Decoder({ message: () => {} });
    const reader = await openCapture(file);
    let counted = 0;
    while ((await reader.read(decoder, Number.POSITIVE_INFINITY, 1)) === 'more') {
      const faults = [...decoder.stats.faults.values()].reduce((sum, n) => sum + n, 0);
      if (faults > counted) ours.push(decoder.stats.frames);
      counted = faults;
    }
    await reader.close();
    expect(ours.length).toBeGreaterThan(5);
    // CLASSMARK UPDATE, AUTHENTICATION RESPONSE, REGISTER and FACILITY: elements that are not read here.
    expect(theirs.filter((frame) => !ours.includes(frame))).toEqual([54, 93, 94, 108, 109, 122]);
    // Layer 3 messages of one octet, and a message shorter than its BSSAP length says; tshark shows nothing of them.
    expect(ours.filter((frame) => !theirs.includes(frame))).toEqual([43, 66, 105]);
  });

  test('reads the vectors of fixtures/wire as tshark does', () => {
    const folder = mkdtempSync(join(tmpdir(), 'signalwall-vectors-'));
    const path = join(folder, 'vectors.pcap');
    const frames = vectors.map((vector, i) => ({ seconds: 1, fraction: i, bytes: frameOfVector(vector, i + 1) }));
    writeFileSync(path, pcapFile(frames));
    const { messages, give } = collector();
    for (const { bytes, fraction } of frames) give(bytes, 1_000_000 + fraction);
    const lines = differences(oracle(path), messages).map((line) => {
      const frame = Number(/^frame (\d+)/.exec(line)![1]);
      return line.replace(/^frame \d+/, vectors[frame - 1].name);
    });
    rmSync(folder, { recursive: true });
    expect(lines).toEqual(knownOfVectors.map(({ line }) => line));
  });
});

/** All of tshark's value tables. */
const tsharkValues = sharedPresent ? readValues() : [];

function readValues(): string[][] {
  const text = execFileSync('tshark', ['-G', 'values'], { encoding: 'utf8', stdio: 'pipe', maxBuffer: 1 << 28 });
  return (text.match(/^V\tgsm_a\..*$/gm) ?? []).map((line) => line.split('\t'));
}

/** Names by code of one of them. */
function tsharkNames(field: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const [, name, code, value] of tsharkValues) {
    if (name === field && /^\w+$/.test(code) && !/^(Unallocated|Reserved)/.test(value)) {
      names.set(Number(code), value);
    }
  }
  return names;
}

describe.runIf(sharedPresent)('names of messages', () => {
  const letters = (name: string) =>
    name
      .toLowerCase()
      .replace(/[^a-z0-9]/g, '')
      .replace(/acknowledgement|acknowledge/, 'ack');
  const unlike = (ours: (code: number) => string | undefined, theirs: Map<number, string>) =>
    [...theirs].filter(([code, name]) => letters(ours(code) ?? '') !== letters(name)).map(([, name]) => name);

  test('are those of tshark for every BSSMAP message', () => {
    const theirs = tsharkNames('gsm_a.bssmap.msgtype');
    expect(theirs.size).toBeGreaterThan(80);
    expect(unlike((code) => bssmapNames[code], theirs)).toEqual(['Connection Oriented Information(Obsolete)']);
  });

  test.each([
    ['mm', 5, mm, []],
    ['cc', 3, cc, []],
    // One code for two messages, by direction.
    ['rr', 6, rr, ['UTRAN Classmark Change/Handover To UTRAN Command']],
    ['sms', 9, sms, []],
    ['ss', 11, ss, []],
  ] as const)('are those of tshark for every %s message', (protocol, discriminator, table, known) => {
    const theirs = tsharkNames(`gsm_a.dtap.msg_${protocol}_type`);
    expect(theirs.size).toBeGreaterThan(2);
    expect(unlike((code) => dtapNames[discriminator * 256 + code], theirs)).toEqual(known);
    for (const code of Object.values(table)) expect(theirs.has(code)).toBe(true);
  });
});
