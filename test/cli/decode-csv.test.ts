import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { FrameSink } from '../../server/capture/frame.ts';
import { openCapture } from '../../server/capture/open-capture.ts';
import { csvLine } from '../../server/cli/csv.ts';
import { eventColumns, messageColumns } from '../../server/cli/decode-output.ts';
import { pipeline } from '../../server/cli/decode-pipeline.ts';
import { makeConfig } from '../../server/config.ts';
import { allTcapVectors } from '../decode/map-vectors.ts';
import { ranapVectors } from '../decode/ranap-vectors.ts';
import { frameOfVector, sccpVectors, vectors } from '../decode/vectors.ts';
import { bssmapMessage, frameOf, hex, unitdata } from '../decode/wire.ts';
import { sharedPath, sharedPresent } from '../tools/shared-inputs.ts';
import { readCsv } from './read-csv.ts';

const config = makeConfig({ where: 'test', settings: {} });

/** The same frames as CSV that was read back, and as NDJSON. */
async function bothWays(what: 'messages' | 'events', feed: (sink: FrameSink) => void | Promise<void>) {
  const csv: string[] = [];
  const json: string[] = [];
  for (const [lines, isCsv] of [
    [csv, true],
    [json, false],
  ] as const) {
    const decoding = pipeline({ what, csv: isCsv, showIdentities: true, config }, lines);
    await feed(decoding);
    decoding.correlator.flush();
  }
  const header = csvLine(what === 'messages' ? messageColumns : eventColumns);
  return {
    back: readCsv(header + csv.join('')),
    lines: json.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

const giveAll = (frames: Uint8Array[]) => (sink: FrameSink) => {
  for (const [i, frame] of frames.entries()) sink.frame(i * 1000, 1, frame, 0, frame.length);
};

const everyVector = [
  ...vectors.map((vector, i) => frameOfVector(vector, i)),
  ...sccpVectors.map((vector, i) => frameOf(hex(vector.hex), { tsn: 10_000 + i })),
  ...ranapVectors.map(({ octets }, i) => frameOf(unitdata(octets, [0x42, 142]), { tsn: 20_000 + i })),
  ...allTcapVectors
    .filter(({ bytes }) => bytes.length < 255)
    .map(({ called, bytes }, i) => frameOf(unitdata([...bytes], [0x42, called]), { tsn: 30_000 + i })),
  // One that is malformed: PAGING that ends inside an element.
  frameOf(unitdata(bssmapMessage(hex('52 08 08 09'))), { tsn: 40_000 }),
];

test('CSV of every vector, read back, is its NDJSON field by field', async () => {
  const { back, lines } = await bothWays('messages', giveAll(everyVector));
  expect(lines.length).toBeGreaterThan(everyVector.length);
  const keys = new Set(lines.flatMap((line) => Object.keys(line)));
  expect([...keys]).toEqual(expect.arrayContaining(['cell', 'cells', 'lai', 'fault', 'sccp', 'component']));
  expect(back).toEqual(lines);
});

test('CSV tells a LAC from a CI, and a service area from a cell', async () => {
  // PAGING to one IMSI: by LAC 4097, by CI 4097, by CGI 460-00-4097-513, by SAI 460-00-4097-513, by two LACs.
  const lists = ['05 10 01', '02 10 01', '00 64 f0 00 10 01 02 01', '0b 64 f0 00 10 01 02 01', '05 10 01 10 02'];
  const paging = lists.map((list, i) => {
    const octets = hex(list);
    const imsi = hex('08 08 09 10 10 00 00 00 00 24');
    return frameOf(unitdata(bssmapMessage([0x52, ...imsi, 0x1a, octets.length, ...octets])), { tsn: i });
  });
  const csv: string[] = [];
  const decoding = pipeline({ what: 'messages', csv: true, showIdentities: false, config }, csv);
  giveAll(paging)(decoding);
  const at = messageColumns.indexOf('cell');
  expect(
    csv.map((line) =>
      line
        .trimEnd()
        .split(',')
        .slice(at, at + 2),
    ),
  ).toEqual([
    ['lac=4097', ''],
    ['ci=4097', ''],
    ['mcc=460 mnc=00 lac=4097 ci=513', ''],
    ['mcc=460 mnc=00 lac=4097 sac=513', ''],
    ['', 'lac=4097; lac=4098'],
  ]);
});

const captures = sharedPresent
  ? readdirSync(sharedPath('captures'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.(pcap|pcapng|cap)$/.test(name),
    )
  : [];

test.each(captures.flatMap((name) => [[name, 'messages'] as const, [name, 'events'] as const]))(
  'CSV of %s, read back, is its NDJSON: %s',
  async (name, what) => {
    const { back, lines } = await bothWays(what, async (sink) => {
      const reader = await openCapture(sharedPath(`captures/${name}`));
      await reader.read(sink, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
      await reader.close();
    });
    expect(back).toEqual(lines);
  },
);
