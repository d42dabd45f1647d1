import { createHash } from 'node:crypto';
import { Packr } from 'msgpackr';
import { SentIdentities } from '../../server/cli/push-feeds.ts';
import { systemClock } from '../../server/clock.ts';
import { makeConfig } from '../../server/config.ts';
import { eventKinds, kindCode } from '../../server/events/kinds.ts';
import { openBody, type PushForm, PushReader } from '../../server/events/push-reader.ts';
import { type Bench, type Figure, median } from './bench.ts';

const rowsOfBatch = 32_768;
const cells = 10_012;
const subscribers = 200_000;

interface Row {
  timeUs: number;
  subscriber: string;
  cell: string;
  kind: string;
  durationMs: number;
  bytes: number;
}

const cellNames = Array.from({ length: cells }, (_, i) => `460-00-${42_000 + (i % 97)}-${20_000 + i}`);

/** Rows of a batch as senders would have them: the same in every form. */
function makeRows(seed: number): Row[] {
  let state = seed;
  const below = (max: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return Math.floor((state / 0x8000_0000) * max);
  };
  const fromUs = Date.UTC(2026, 0, 1) * 1000;
  return Array.from({ length: rowsOfBatch }, (_, i) => ({
    timeUs: fromUs + seed * 1_000_000 + i * 120,
    subscriber: createHash('md5')
      .update(String(below(subscribers)))
      .digest('hex')
      .slice(0, 16),
    cell: cellNames[below(cells)],
    kind: eventKinds[below(kindCode['roam-out'])],
    durationMs: below(60_000),
    bytes: below(1_000_000),
  }));
}

const octets = (column: ArrayBufferView) => new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
const packr = new Packr({ useRecords: false });
const place = { epoch: 1, seq: 1 };

/** @param who the column that names the subscribers */
function packColumns(rows: readonly Row[], who: Record<string, Uint8Array>): Uint8Array {
  const named = [...new Set(rows.map(({ cell }) => cell))];
  const places = new Map(named.map((cell, i) => [cell, i]));
  const kinds: readonly string[] = eventKinds;
  const columns = {
    ...who,
    timeUs: octets(Float64Array.from(rows, ({ timeUs }) => timeUs)),
    cell: octets(Uint32Array.from(rows, ({ cell }) => places.get(cell)!)),
    kind: Uint8Array.from(rows, ({ kind }) => kinds.indexOf(kind)),
    durationMs: octets(Uint32Array.from(rows, ({ durationMs }) => durationMs)),
    bytes: octets(Float64Array.from(rows, ({ bytes }) => bytes)),
  };
  return Uint8Array.from(packr.pack({ ...place, cells: named, columns }));
}

/** Bodies of the same rows in each form. */
function bodiesOf(rows: readonly Row[]) {
  const hex = rows.map(({ subscriber }) => subscriber);
  const imsis = hex.map((text) => 1_010_000_000_000 + (Number.parseInt(text.slice(0, 8), 16) % subscribers));
  return {
    columns: packColumns(rows, { subscriber: Buffer.from(hex.join(''), 'hex') }),
    imsis: packColumns(rows, { imsi: octets(Float64Array.from(imsis)) }),
    rows: Uint8Array.from(packr.pack({ ...place, rows })),
    lines: Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n')),
  };
}

/** Seconds in which all bodies have become event batches. */
function readAll(reader: PushReader, bodies: readonly Uint8Array[], form: PushForm): number {
  const startedMs = performance.now();
  for (const body of bodies) {
    const slices = reader.read(openBody(body, form, place));
    while (slices.next().done !== true);
  }
  return (performance.now() - startedMs) / 1000;
}

/** The least that anybody does with lines: an object each. */
function parseAll(bodies: readonly Uint8Array[]): number {
  const startedMs = performance.now();
  let newestUs = 0;
  for (const body of bodies)
    for (const line of Buffer.from(body).toString().split('\n'))
      newestUs = Math.max(newestUs, (JSON.parse(line) as Row).timeUs);
  return newestUs > 0 ? (performance.now() - startedMs) / 1000 : 0;
}

/** What an acknowledged feed costs up to the batch that goes into the journal. */
export const ackedBench: Bench = {
  name: 'acked',
  meaning: 'events per second of an acknowledged feed from the octets of its batches to rows; peer: JSON.parse a line',
  async run(scale): Promise<Figure[]> {
    const [batches, rounds] = scale === 'full' ? [16, 9] : [2, 1];
    const bodies = Array.from({ length: batches }, (_, i) => bodiesOf(makeRows(i + 1)));
    const key = createHash('sha256').update('bench').digest();
    const config = makeConfig({
      where: 'bench',
      settings: { liveAheadMs: 4_000_000_000_000, pushAgeMaxMs: 4_000_000_000_000 },
    });
    const reader = new PushReader(new SentIdentities(key), systemClock, config);
    const of = (form: keyof (typeof bodies)[number]) => bodies.map((body) => body[form]);
    const runs = {
      columns: () => readAll(reader, of('columns'), 'msgpack'),
      imsis: () => readAll(reader, of('imsis'), 'msgpack'),
      rows: () => readAll(reader, of('rows'), 'msgpack'),
      lines: () => readAll(reader, of('lines'), 'ndjson'),
      parse: () => parseAll(of('lines')),
    };
    const times = { columns: [], imsis: [], rows: [], lines: [], parse: [] } as Record<keyof typeof runs, number[]>;
    for (let round = 0; round <= rounds; round++)
      for (const name of Object.keys(runs) as (keyof typeof runs)[]) {
        const seconds = runs[name]();
        // The first round warms up.
        if (round > 0) times[name].push(seconds);
      }
    const events = batches * rowsOfBatch;
    const figure = (key: string, name: keyof typeof runs) => {
      return { key: `acked.${key}`, value: events / median(times[name]), unit: 'events/s' };
    };
    return [
      figure('columnsPerS', 'columns'),
      figure('imsiColumnsPerS', 'imsis'),
      figure('msgpackRowsPerS', 'rows'),
      figure('linesPerS', 'lines'),
      figure('jsonParsePerS', 'parse'),
      { key: 'acked.timesJsonParse', value: median(times.parse) / median(times.columns), unit: '×' },
      {
        key: 'acked.bytesPerEvent',
        value: of('columns').reduce((sum, { length }) => sum + length, 0) / events,
        unit: 'bytes',
      },
    ];
  },
};
