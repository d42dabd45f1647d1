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
import { compare, oracle } from './oracle.ts';
import { frameOfVector, vectors } from './vectors.ts';

/** Where we and tshark 4.0.17 differ on purpose. The reason stands behind each line. */
const known: Record<string, { line: string; reason: string }[]> = {
  'captures/osmo-lab/osmo_msc_a_iface.pcap': [
    {
      line: 'frame 109 cell: /0/0, tshark 000-00/0/0',
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
  ],
  'captures/wireshark-wiki/gsm-r.uus1.pcap': [],
  'captures/vectors/linkbit_mtp3_dlt141.pcap': [],
  'captures/vectors/linkbit_mtp2_dlt140.pcap': [],
  'captures/vectors/sccp_dlt142.pcap': [],
  'captures/vectors/ipa_sccplite_bsc_data.pcap': [],
};

/** The same for our own vectors: the vector's name, then field, ours and theirs. */
const knownOfVectors: { vector: string; fields: string[]; reason: string }[] = [
  {
    vector: 'COMPLETE LAYER 3 INFORMATION with a deleted LAI (digits of the PLMN unknown)',
    fields: ['laiPlmn: absent, tshark 1665-1665'],
    reason: 'digits above 9 are no PLMN (3GPP TS 24.008 §10.5.1.3); tshark computes a number from them',
  },
  ...['CIPHER MODE COMPLETE brings the IMEISV', 'CIPHER MODE COMPLETE with IMEI'].map((vector) => ({
    vector,
    fields: ['dtapType: absent, tshark 50', 'protocolDiscriminator: absent, tshark 6'],
    reason: 'the RR message inside is no DTAP message (3GPP TS 48.008 §3.2.2.35)',
  })),
  {
    vector: 'DISCONNECT with a recommendation octet in its cause',
    fields: ['cause: 17, tshark 3'],
    reason: 'octet 3a stands between location and cause where the extension bit is 0 (3GPP TS 24.008 §10.5.4.11)',
  },
  {
    vector: 'NOTIFICATION RESPONSE',
    fields: ['imsi: given, tshark absent'],
    reason: 'tshark names the message and does not read its mobile identity (3GPP TS 44.018 §9.1.21d)',
  },
  {
    vector: 'HANDOVER REQUIRED to UTRAN cells',
    fields: ['cells: 460-00/4098/ 460-00/4099/, tshark 460-00/4098/ 201-460/61440/ 008-200//'],
    reason:
      'tshark 4.0 leaves two of the nine octets of a UTRAN cell in a list unread (3GPP TS 48.008 §3.2.2.17, §3.2.2.27)',
  },
  {
    vector: 'SETUP with a withheld number',
    fields: ['callingType: 0, tshark absent'],
    reason: 'tshark shows no number where there are no digits (3GPP TS 24.008 §10.5.4.9)',
  },
  {
    vector: 'CLEAR COMMAND with CSFB indication',
    fields: ['protocolDiscriminator: absent, tshark 6'],
    reason:
      'the Layer 3 Header Information says what a message would begin with; there is none (3GPP TS 48.008 §3.2.2.9)',
  },
  {
    vector: 'COMPLETE LAYER 3 INFORMATION with SAI, channel and IMSI',
    fields: [
      'chosenChannel: 1, tshark absent',
      'cmServiceType: 1, tshark absent',
      'dtapType: 36, tshark absent',
      'imsi: given, tshark absent',
      'protocolDiscriminator: 5, tshark absent',
      'tmsi: given, tshark absent',
    ],
    reason:
      'behind a UTRAN discriminator tshark reads Layer 3 Information as RRC; it is 3GPP TS 24.008 here (3GPP TS 48.008 §3.2.2.24)',
  },
  ...['MS REGISTRATION ENQUIRY', 'MS REGISTRATION ENQUIRY RESPONSE'].map((vector) => ({
    vector,
    fields: ['imsi: given, tshark absent'],
    reason: 'tshark 4.0 does not know the message (3GPP TS 48.008 §3.2.1.94, §3.2.1.95)',
  })),
  ...['RESOURCE REQUEST', 'RESOURCE INDICATION'].map((vector) => ({
    vector,
    fields: ['cell: 460-00/4097/513, tshark absent'],
    reason:
      'tshark 4.0 reads the Resource Indication Method as no octets and then loses its place (3GPP TS 48.008 §3.2.2.29)',
  })),
  ...['UPLINK REQUEST CONFIRMATION', 'UPLINK APPLICATION DATA'].map((vector) => ({
    vector,
    fields: ['dtapType: absent, tshark 14', 'protocolDiscriminator: absent, tshark 6', 'rrCause: absent, tshark 0'],
    reason: 'group calls are named only; the RR message inside is not read (3GPP TS 48.008 §3.2.1.59)',
  })),
];

describe.runIf(sharedPresent)('compared with tshark, frame by frame', () => {
  test.each(Object.keys(known))('%s', async (file) => {
    const { decoder, messages } = collector();
    const reader = await openCapture(sharedPath(file));
    await reader.read(decoder, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    await reader.close();
    expect(messages.length).toBeGreaterThan(0);
    expect(compare(sharedPath(file), messages).lines).toEqual(known[file].map(({ line }) => line));
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
    // Inside of Classmark 3, and of a component of a supplementary service: not read here.
    expect(theirs.filter((frame) => !ours.includes(frame))).toEqual([54, 122]);
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
    const { lines: found, fields } = compare(path, messages);
    expect(fields).toBeGreaterThan(1800);
    const lines = found.map((line) => {
      const frame = Number(/^frame (\d+)/.exec(line)![1]);
      return line.replace(/^frame \d+/, vectors[frame - 1].name);
    });
    rmSync(folder, { recursive: true });
    const knownLines = knownOfVectors.flatMap(({ vector, fields: known }) =>
      known.map((field) => `${vector} ${field}`),
    );
    expect(lines.sort()).toEqual(knownLines.sort());
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
