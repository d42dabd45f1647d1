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
import { sccpVectors } from './vectors.ts';
import { hex } from './wire.ts';

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

  test('every message of Q.713 and every form of an address, the vectors of fixtures/wire', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'signalwall-sccp-'));
    const path = join(folder, 'sccp.pcap');
    const frames = sccpVectors.map((vector, i) => ({
      seconds: 1,
      fraction: i,
      bytes: Uint8Array.from(hex(vector.hex)),
    }));
    writeFileSync(path, pcapFile(frames, { linkType: 142 }));
    const { lines, compared } = await compare(path);
    rmSync(folder, { recursive: true });
    const named = lines.map((line) => line.replace(/^frame (\d+)/, (_, frame) => sccpVectors[Number(frame) - 1].name));
    expect(named).toEqual([]);
    expect(compared).toBeGreaterThan(200);
  });
});
