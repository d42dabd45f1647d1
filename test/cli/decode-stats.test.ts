import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { openSimulation } from '../../fixtures/make/simulation.ts';
import { openCapture } from '../../server/capture/open-capture.ts';
import { pipeline } from '../../server/cli/decode-pipeline.ts';
import { formatStats } from '../../server/cli/decode-stats.ts';
import { makeConfig } from '../../server/config.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import { mapErrorNames } from '../../server/decode/map-tables.ts';
import { allTcapVectors, mapWireVectors } from '../decode/map-vectors.ts';
import { frameOfVector, sccpVectors, vectors } from '../decode/vectors.ts';
import { dataForm1, dtapMessage, frameOf, hex, unitdata } from '../decode/wire.ts';
import { sharedPath, sharedPresent } from '../tools/shared-inputs.ts';

interface Row {
  group: string;
  name: string;
  count: string;
  share: string;
}

const config = makeConfig({ where: 'test', settings: {} });
const decoding = () => pipeline({ what: 'stats', csv: true, showIdentities: false, config }, []);
const rowsOf = ({ decoder, correlator, coverage }: ReturnType<typeof decoding>): Row[] =>
  parse(formatStats(decoder.stats, correlator.stats, coverage, new Map(), true), { columns: true });

/** What `--stats --format csv` says of these SCCP messages. */
function stats(messages: readonly (readonly number[])[]): Row[] {
  const run = decoding();
  for (const [i, sccp] of messages.entries()) {
    const frame = frameOf(sccp, { tsn: i });
    run.frame(i * 1000, 1, frame, 0, frame.length);
  }
  return rowsOf(run);
}

const namesOf = (rows: Row[], group: string) => rows.filter((row) => row.group === group).map(({ name }) => name);
const short = allTcapVectors.filter(({ bytes }) => bytes.length < 255);
const unitdataOf = ({ bytes, called }: { bytes: Uint8Array; called: number }) => unitdata([...bytes], [0x42, called]);

test('counts every SCCP type', () => {
  const rows = stats(sccpVectors.map((vector) => hex(vector.hex)));
  const types = 'CR CC CREF RLSD RLC DT1 DT2 AK UDT UDTS ED EA RSR RSC ERR IT XUDT XUDTS LUDT LUDTS'.split(' ');
  expect(namesOf(rows, 'SCCP')).toEqual(types);
  const total = rows.filter(({ group }) => group === 'SCCP').reduce((sum, { count }) => sum + Number(count), 0);
  expect(total).toBe(sccpVectors.length);
});

test('counts every TCAP type, and errors of MAP by their name', () => {
  const rows = stats(short.map(unitdataOf));
  expect(namesOf(rows, 'TCAP')).toEqual(['Unidirectional', 'Begin', 'End', 'Continue', 'Abort']);
  const errors = namesOf(rows, 'MAP').filter((name) => / returnError$/.test(name));
  const given = mapWireVectors.flatMap(({ components }) => components.map(({ error }) => error as number | undefined));
  const known = [...new Set(given)].flatMap((error) =>
    error === undefined ? [] : `${mapErrorNames[error]} returnError`,
  );
  expect(errors.sort()).toEqual(known.sort());
  expect(errors.length).toBeGreaterThan(40);
});

test('gives codes that MAP does not have no row each', () => {
  const invokes = Array.from({ length: 60 }, (_, i) =>
    hex('62 0d 48 01 01 6c 08 a1 06 02 01 01 02 01').concat(127 - i),
  );
  const longer = Array.from({ length: 60 }, (_, i) => hex('62 0e 48 01 01 6c 09 a1 07 02 01 01 02 02').concat(1, i));
  const rows = stats([...invokes, ...longer].map((tcap) => unitdata(tcap, [0x42, 6])));
  expect(namesOf(rows, 'MAP').filter((name) => /private|operation/.test(name))).toEqual(['private operation invoke']);
});

test('tells two DTAP messages of one name apart by their protocol', () => {
  const rows = stats(['03 2a', '0b 2a', '03 3a'].map((layer3) => dataForm1(1, dtapMessage(hex(layer3)))));
  expect(namesOf(rows, 'DTAP')).toEqual(['CC RELEASE COMPLETE', 'CC FACILITY', 'SS RELEASE COMPLETE']);
});

test('has no two rows of one group and name', () => {
  const run = decoding();
  const frames = [
    ...vectors.map((vector, i) => frameOfVector(vector, i)),
    ...sccpVectors.map(({ hex: text }, i) => frameOf(hex(text), { tsn: 10_000 + i })),
    ...short.map((vector, i) => frameOf(unitdataOf(vector), { tsn: 20_000 + i })),
    // DTAP of every protocol and type.
    ...Array.from({ length: 16 * 64 }, (_, i) =>
      frameOf(dataForm1(1, dtapMessage([i >> 6, i & 0x3f, 0, 0])), { tsn: 30_000 + i }),
    ),
  ];
  for (const [i, frame] of frames.entries()) run.frame(i * 1000, 1, frame, 0, frame.length);
  const keys = rowsOf(run).map(({ group, name }) => `${group},${name}`);
  expect(keys.length).toBeGreaterThan(500);
  expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
});

test('counts the dialogues of a capture cut in the middle that made no event, in the share of known events, too', async () => {
  const run = decoding();
  const feed = openSimulation({ population: 3_000, from: '18:00', hours: 0.2, map: false });
  const cutUs = feed.startUs + 360_000_000;
  const begun = new Set<string>();
  const lost = new Set<string>();
  // What is begun before the cut and released after it, by link, side that began it and its reference.
  const watch = new Decoder({
    message({ timeUs, link, sccpType, fromLower, sourceLocalReference, destinationLocalReference }) {
      if (sccpType === 1 && timeUs < cutUs) begun.add(`${link} ${fromLower} ${sourceLocalReference}`);
      const ended = [
        `${link} ${fromLower} ${sourceLocalReference}`,
        `${link} ${!fromLower} ${destinationLocalReference}`,
      ];
      if (sccpType === 4) for (const key of ended) if (begun.delete(key) && timeUs >= cutUs) lost.add(key);
    },
    map() {},
  });
  await feed.read(
    {
      frame(timeUs, linkType, bytes, start, end) {
        watch.frame(timeUs, linkType, bytes, start, end);
        if (timeUs >= cutUs) run.frame(timeUs, linkType, bytes, start, end);
      },
    },
    Number.POSITIVE_INFINITY,
    Number.POSITIVE_INFINITY,
  );
  await feed.close();
  run.correlator.flush();
  const rows = rowsOf(run);
  const row = (name: string) => rows.find((one) => one.group === 'coverage' && one.name === name)!;
  const without = row('connections without an event');
  expect(lost.size).toBeGreaterThan(10);
  expect(Number(without.count)).toBe(lost.size);
  const events = ['subscriber and cell', 'subscriber only', 'cell only', 'neither'];
  const made = rows.filter(({ group, name }) => group === 'events' && events.includes(name));
  const due = made.reduce((sum, { count }) => sum + Number(count), lost.size);
  const known = row('events with subscriber and cell');
  expect(Number(known.share)).toBeCloseTo(Number(known.count) / due, 6);
  expect(Number(without.share)).toBeCloseTo(lost.size / due, 6);
});

test.runIf(sharedPresent)(
  'tells the RELEASE COMPLETE of calls from that of services in the collected vectors',
  async () => {
    const run = decoding();
    const reader = await openCapture(sharedPath('captures/vectors/bssap_m3ua_sctp.pcap'));
    await reader.read(run, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    await reader.close();
    const rows = rowsOf(run);
    expect(namesOf(rows, 'DTAP')).toEqual(expect.arrayContaining(['CC RELEASE COMPLETE', 'SS RELEASE COMPLETE']));
    expect(namesOf(rows, 'SCCP')).toEqual(['DT1']);
  },
);
