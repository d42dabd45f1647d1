import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCapture } from '../../server/capture/open-capture.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import { pcapFile } from '../capture/pcap-write.ts';
import { sharedPath, sharedPresent } from '../tools/shared-inputs.ts';
import { type Plain, plain } from './collect.ts';
import { bssmapMessage, hex, type Octets } from './wire.ts';

/** tshark's field by ours: the first of these that a message has. */
const fields = {
  sccpType: ['message_type'],
  sourceLocalReference: ['slr'],
  destinationLocalReference: ['dlr'],
  sccpCause: ['release_cause', 'return_cause', 'reset_cause', 'error_cause', 'refusal_cause'],
  calledSsn: ['called.ssn'],
  calledTitle: ['called.digits'],
  callingSsn: ['calling.ssn'],
  callingTitle: ['calling.digits'],
} as const;
type Field = keyof typeof fields;
const names = Object.keys(fields) as Field[];

/** SCCP messages by frame as tshark sees them; those of frames with several in their order. */
function theirs(path: string): Map<number, Record<string, string>[]> {
  const columns = Object.values(fields).flat();
  const args = ['-n', '-r', path, '-Y', 'sccp', '-T', 'fields', '-E', 'occurrence=a', '-E', 'aggregator=|'];
  const text = execFileSync(
    'tshark',
    [...args, ...['frame.number', ...columns.map((name) => `sccp.${name}`)].flatMap((name) => ['-e', name])],
    {
      encoding: 'utf8',
      stdio: 'pipe',
    },
  );
  const frames = new Map<number, Record<string, string>[]>();
  for (const line of text.split('\n').filter((row) => row !== '')) {
    const [frame, ...values] = line.split('\t').map((value) => value.split('|'));
    const rows = values[0].map((_, i) =>
      Object.fromEntries(
        names.flatMap((name) => {
          // A field that each of the frame's messages has, or the only message: told apart by its place.
          const found = fields[name].map((column) => values[columns.indexOf(column)]).find(([first]) => first !== '');
          const value = found?.length === values[0].length ? found[i] : undefined;
          return value === undefined ? [] : [[name, /Title$/.test(name) ? value : String(Number(value))]];
        }),
      ),
    );
    frames.set(Number(frame[0]), rows);
  }
  return frames;
}

async function ours(path: string): Promise<Map<number, Plain[]>> {
  const frames = new Map<number, Plain[]>();
  const decoder = new Decoder({
    message: (message) => frames.set(message.frame, [...(frames.get(message.frame) ?? []), plain(message)]),
  });
  const reader = await openCapture(path);
  await reader.read(decoder, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  await reader.close();
  return frames;
}

/** What differs, one line a field; titles are numbers of real subscribers at times, and stay out of the text. */
async function compare(path: string): Promise<{ compared: number; lines: string[] }> {
  const left = await ours(path);
  const right = theirs(path);
  const lines: string[] = [];
  let compared = 0;
  for (const frame of [...new Set([...left.keys(), ...right.keys()])].sort((a, b) => a - b)) {
    const a = left.get(frame) ?? [];
    const b = right.get(frame) ?? [];
    if (a.length !== b.length) lines.push(`frame ${frame}: ${a.length} messages, tshark ${b.length}`);
    else {
      for (const [i, row] of b.entries()) {
        for (const name of names) {
          const mine = a[i][name] === undefined ? undefined : String(a[i][name]);
          if (mine === undefined && row[name] === undefined) continue;
          compared++;
          if (mine === row[name]) continue;
          const show = (value?: string) => (value === undefined ? 'absent' : /Title/.test(name) ? 'given' : value);
          lines.push(`frame ${frame} ${name}: ${show(mine)}, tshark ${show(row[name])}`);
        }
      }
    }
  }
  return { compared, lines };
}

/** Where we and tshark 4.0.17 differ on purpose. */
const known: Record<string, { line: RegExp; reason: string }[]> = {
  'arkime/m3ua_synthetic.pcap': [
    {
      line: /^frame (21|22|51|52): 0 messages, tshark 1$/,
      reason: 'copies of DATA chunks: the same tag, TSN and content as in earlier frames (RFC 9260 §6.2)',
    },
  ],
  'pycrate/tcapmap_pcapr_dlt1.pcap': [
    {
      line: /^frame (1|2|14|15|33|48|62): 0 messages, tshark 1$/,
      reason: 'segments of XUDT: one message stands where the last of them completes it (ITU-T Q.714 §4.1.1.2)',
    },
  ],
};

const captures = sharedPresent
  ? readdirSync(sharedPath('captures'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.(pcap|cap)$/.test(name),
    )
  : [];

const data = bssmapMessage([0x31]);
const bssap = [0x42, 0xfe];

/** Addresses of every form: each part and indicator, odd and even numbers of digits. ITU-T Q.713 §3.4. */
const addresses: [string, string][] = [
  ['subsystem alone', '42 fe'],
  ['point code and subsystem', '43 39 12 fe'],
  ['point code alone', '41 39 12'],
  ['nothing', '40'],
  ['title 0001, odd', '06 fe 84 21 43 05'],
  ['title 0001, even', '06 fe 04 21 43 65'],
  ['title 0010', '0a fe 01 21 43 65'],
  ['title 0011, odd', '0e fe 00 11 21 43 05'],
  ['title 0011, even', '0e fe 00 12 21 43 65'],
  ['title 0100, odd', '12 fe 00 11 04 21 43 05'],
  ['title 0100, even', '12 fe 00 12 04 21 43 65'],
  ['title 0100 with a point code, routing on the subsystem', '53 39 12 fe 00 12 04 21 43 65 87 09'],
  ['title 0100 without subsystem', '10 00 12 04 21 43 65'],
];

/** A message with two addresses and data behind pointers of one octet. */
function unitdataOf(head: Octets, called: Octets, calling: Octets, user: Octets, optional: Octets = []): number[] {
  const extended = head[0] >= 0x11;
  const pointers = extended ? 4 : 3;
  const first = pointers;
  const second = first + called.length;
  const third = second + calling.length;
  const values = [called.length, ...called, calling.length, ...calling, user.length, ...user];
  const toOptional = optional.length === 0 ? 0 : third + user.length + 1 - 1;
  return [...head, first, second, third, ...(extended ? [toOptional] : []), ...values, ...optional];
}

/** The same behind pointers of two octets, the data's length too (LUDT, LUDTS). */
function longUnitdataOf(head: Octets, called: Octets, calling: Octets, user: Octets): number[] {
  const u16 = (value: number) => [value & 0xff, value >> 8];
  // Counted from the most significant octet of each pointer.
  const first = 7;
  const second = first + called.length - 1;
  const third = second + calling.length - 1;
  const values = [called.length, ...called, calling.length, ...calling, ...u16(user.length), ...user];
  return [...head, ...u16(first), ...u16(second), ...u16(third), 0, 0, ...values];
}

/** Every SCCP message there is, with whatever it can carry. */
const everyMessage: [string, Octets][] = [
  ...addresses.flatMap(([name, address]): [string, Octets][] => [
    [`UDT called by ${name}`, unitdataOf([9, 0], hex(address), bssap, data)],
    [`UDT calling from ${name}`, unitdataOf([9, 0], bssap, hex(address), data)],
    [
      `CR called by ${name}`,
      [1, 9, 8, 7, 2, 2, hex(address).length + 2, hex(address).length, ...hex(address), 0x0f, data.length, ...data, 0],
    ],
    [`CR calling from ${name}`, [1, 9, 8, 7, 2, 2, 4, 2, ...bssap, 4, hex(address).length, ...hex(address), 0]],
  ]),
  ['UDTS', unitdataOf([0x0a, 1], hex(addresses[9][1]), bssap, data)],
  ['XUDT', unitdataOf([0x11, 1, 15], hex(addresses[9][1]), hex(addresses[10][1]), data)],
  ['XUDT with importance', unitdataOf([0x11, 1, 15], bssap, bssap, data, [0x12, 1, 5, 0])],
  ['XUDTS', unitdataOf([0x12, 3, 15], hex(addresses[9][1]), bssap, data)],
  ['LUDT', longUnitdataOf([0x13, 1, 15], hex(addresses[9][1]), hex(addresses[10][1]), data)],
  ['LUDT of 300 octets', longUnitdataOf([0x13, 1, 15], bssap, bssap, [0, 255, 0x31, ...new Array(297).fill(0)])],
  ['LUDTS', longUnitdataOf([0x14, 7, 15], hex(addresses[9][1]), bssap, data)],
  ['CC', hex('02 09 08 07 06 05 04 02 00')],
  [
    'CC with a responding address and data',
    [...hex('02 09 08 07 06 05 04 02 01 03 04 43 39 12 fe 0f'), data.length, ...data, 0],
  ],
  ['CREF', hex('03 09 08 07 05 00')],
  ['CREF with a responding address', hex('03 09 08 07 05 01 03 02 42 fe 00')],
  ['RLSD', hex('04 09 08 07 06 05 04 03 00')],
  ['RLSD with data', [...hex('04 09 08 07 06 05 04 03 01 0f'), data.length, ...data, 0]],
  ['RLC', hex('05 09 08 07 06 05 04')],
  ['DT1', [...hex('06 09 08 07 00 01'), data.length, ...data]],
  ['DT2', [...hex('07 09 08 07 02 04 01'), data.length, ...data]],
  ['AK', hex('08 09 08 07 04 03')],
  ['ED', hex('0b 09 08 07 01 02 00 31')],
  ['EA', hex('0c 09 08 07')],
  ['RSR', hex('0d 09 08 07 06 05 04 09')],
  ['RSC', hex('0e 09 08 07 06 05 04')],
  ['ERR', hex('0f 09 08 07 02')],
  ['IT', hex('10 09 08 07 06 05 04 02 00 00 00')],
];

describe.runIf(sharedPresent)('SCCP compared with tshark, frame by frame', () => {
  test.each(captures)('%s', async (file) => {
    const { lines } = await compare(sharedPath(join('captures', file)));
    const expected = known[file] ?? [];
    expect(lines.filter((line) => !expected.some((one) => one.line.test(line)))).toEqual([]);
    for (const one of expected)
      expect(
        lines.some((line) => one.line.test(line)),
        one.reason,
      ).toBe(true);
  });

  test('every message of Q.713 and every form of an address', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'signalwall-sccp-'));
    const path = join(folder, 'sccp.pcap');
    const frames = everyMessage.map(([, octets], i) => ({ seconds: 1, fraction: i, bytes: Uint8Array.from(octets) }));
    writeFileSync(path, pcapFile(frames, { linkType: 142 }));
    const { lines, compared } = await compare(path);
    rmSync(folder, { recursive: true });
    const named = lines.map((line) => line.replace(/^frame (\d+)/, (_, frame) => everyMessage[Number(frame) - 1][0]));
    expect(named).toEqual([]);
    expect(compared).toBeGreaterThan(200);
  });
});
