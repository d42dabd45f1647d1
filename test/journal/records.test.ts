import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LogState } from '../../server/core/log-state.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { decodeRecord, derivedNumber, encodeRecord, type LogRecord, recordKind } from '../../server/journal/records.ts';
import type { StateReader, StateWriter } from '../../server/state-writer.ts';

function written(record: LogRecord): { kind: number; payload: Uint8Array } {
  const { kind, parts } = encodeRecord(record);
  return { kind, payload: new Uint8Array(Buffer.concat(parts)) };
}

function again(record: LogRecord): LogRecord {
  const { kind, payload } = written(record);
  return decodeRecord(kind, payload, 4096);
}

const position = { number: 3, identity: 'pcap:测试', epoch: 2, seq: 77, eventUs: 5e15, clockUs: 6e15, firstUs: 4e15 };

/** Columns that repeat, that are near one another and that are anything. */
const word = fc.oneof(fc.constant(7), fc.integer({ min: 0, max: 70_000 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
const double = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 1.4e15, max: 1.4e15 + 1e10 }),
  fc.integer({ min: -(2 ** 53), max: 2 ** 53 }),
  fc.double(),
);
const column = (values: fc.Arbitrary<number>) => fc.oneof(fc.tuple(values), fc.array(values, { minLength: 1 }));

function batchOf(n: number, columns: readonly number[][], capacity = n): EventBatch {
  const batch = new EventBatch(capacity);
  batch.n = n;
  const names = [
    'timeUs',
    'bytes',
    'subLo',
    'subHi',
    'cell',
    'plmn',
    'durationMs',
    'typeAllocationCode',
    'peerLo',
  ] as const;
  const more = ['peerHi', 'area', 'country', 'cause', 'peerClass', 'kind', 'outcome', 'flags', 'feed'] as const;
  [...names, ...more].forEach((name, c) => {
    for (let i = 0; i < n; i++) batch[name][i] = columns[c][i % columns[c].length];
  });
  return batch;
}

test.each([
  ['digests of the newest batches', { digests: ['mB0p0x+/QmB0p0x1', 'aaaabbbbccccdddd'] }],
  ['what streams of probes have given', { streams: [['mB0p0x+/QmB0p0x1=', 81] as const, ['a', 0] as const] }],
  ['an empty list of streams', { streams: [] }],
])('%s come back with the position, through records and snapshots', (_, more) => {
  const record = again({ k: 'batch', position: { ...position, ...more }, rowsBefore: 0, batch: new EventBatch(8) });
  expect(record).toEqual(expect.objectContaining({ k: 'batch', position: { ...position, ...more } }));
  const state = new LogState();
  state.apply(record);
  const saved = new Map<string, unknown>();
  const to = {
    json: (name: string, value: unknown) => void saved.set(name, JSON.stringify(value)),
    bytes: (name: string, value: Float64Array) => void saved.set(name, new Uint8Array(value.buffer.slice(0))),
  };
  for (const _ of state.save(to as StateWriter));
  const from = {
    json: (name: string) => JSON.parse(saved.get(name) as string),
    bytes: (name: string) => saved.get(name),
  };
  expect(LogState.restore(from as StateReader).positions.get(position.identity)).toMatchObject(more);
});

test('a batch comes back to the bit, whatever its columns hold', () => {
  const columns = fc.tuple(column(double), column(double), ...Array.from({ length: 16 }, () => column(word)));
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 40 }), columns, (n, given) => {
      const batch = batchOf(n, given, n + 9);
      const back = again({ k: 'batch', position, rowsBefore: 123_456_789_012, batch });
      if (back.k !== 'batch') throw new Error(back.k);
      expect(back.position).toStrictEqual(position);
      expect(back.rowsBefore).toBe(123_456_789_012);
      expect(back.batch.n).toBe(n);
      const [a, b] = [new EventBatch(n), new EventBatch(n)];
      a.copyRange(batch, 0, n, 0);
      b.copyRange(back.batch, 0, n, 0);
      expect(Buffer.compare(Buffer.from(a.buffer), Buffer.from(b.buffer))).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test('a batch of an ordinary minute takes less than its columns', () => {
  const subs = Array.from({ length: 8192 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 0);
  const times = subs.map((sub) => 1.4e15 + (sub % 60e6));
  const few = (values: number) => subs.map((sub) => sub % values);
  const shared = [[0], [0], [0], [0]];
  const batch = batchOf(8192, [
    times,
    [0],
    subs,
    subs,
    few(10_000),
    few(9),
    few(60_000),
    [0],
    ...shared,
    ...Array(6).fill(few(5)),
  ]);
  expect(written({ k: 'batch', position, rowsBefore: 0, batch }).payload.length).toBeLessThan(8192 * 26);
});

test('the other records come back as they were', () => {
  const counts = (...values: number[]) => Uint32Array.from(values);
  const rows = (n: number) => {
    const one = () => counts(...Array.from({ length: n }, (_, i) => i * 3));
    const columns = { id: one(), present: one(), entries: one(), exits: one(), appeared: one() };
    return { n, ...columns, vanished: one(), visitors: one(), fresh5: one() };
  };
  const cell = {
    cgi: '460-00-1-2',
    name: '站',
    lon: 113.1,
    lat: null,
    azimuth: 0,
    radio: 'gsm',
    site: 's',
    parents: ['b'],
  };
  const polygons: [number, number][][][] = [
    [
      [
        [0, 0],
        [0, 1],
        [1, 1],
        [0, 0],
      ],
    ],
  ];
  const records: LogRecord[] = [
    { k: 'run', wallUs: 1, fingerprint: 'f', fresh: true, historyFromUs: null, after: 'ab', positions: [position] },
    { k: 'cells', listed: true, cells: [{ id: 4, cell }] },
    {
      k: 'clock',
      releaseUs: Number.NEGATIVE_INFINITY,
      wallUs: 12,
      feedClocksUs: Float64Array.of(-Infinity, 3),
      readUs: Float64Array.of(-1, 4),
    },
    { k: 'regions', regions: [{ id: 'r', name: 'R', kind: 'venue', capacity: 3, polygons, cells: null }] },
    { k: 'finish' },
    {
      k: 'gauges',
      number: 9,
      foretold: false,
      again: true,
      regionIds: ['r', '区'],
      gauges: { startUs: 60, endUs: 120, present: 5, cells: rows(3), regions: rows(2) },
    },
    {
      k: 'stays',
      number: 10,
      stays: {
        n: 3,
        subLo: counts(1, 2, 3),
        subHi: counts(4, 5, 6),
        cell: counts(7, 8, 9),
        events: counts(1, 1, 1),
        plmn: counts(0, 0, 0),
        firstInUs: Float64Array.of(1, 2, 3),
        lastInUs: Float64Array.of(4, 5, 6),
        firstOutUs: Float64Array.of(7, 8, 9),
      },
    },
  ];
  for (const record of records) {
    expect(again(record)).toEqual(record);
    const { kind, payload } = written(record);
    expect(derivedNumber(kind, payload)).toBe('number' in record ? record.number : -1);
  }
});

test('a record of an unknown kind, or that is none of its kind, is told with its place', () => {
  const refusal = { code: 'JOURNAL_RECORD', message: expect.stringContaining('octet 4096') };
  expect(() => decodeRecord(99, new Uint8Array(8), 4096)).toThrow(expect.objectContaining(refusal));
  const { payload } = written({ k: 'batch', position, rowsBefore: 0, batch: batchOf(20, Array(18).fill([1, 2, 3])) });
  for (let length = 0; length < payload.length; length += 8)
    expect(() => decodeRecord(recordKind.batch, payload.slice(0, length), 4096)).toThrow(
      expect.objectContaining(refusal),
    );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.uint8Array({ maxLength: 400 }), (kind, bytes) => {
      try {
        decodeRecord(kind, bytes, 4096);
      } catch (error) {
        expect(error).toMatchObject(refusal);
      }
    }),
  );
});
