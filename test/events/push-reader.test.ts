import { Packr } from 'msgpackr';
import { expect, test } from 'vitest';
import { makeConfig } from '../../server/config.ts';
import { causeList, packCause } from '../../server/events/cause.ts';
import { type EventBatch, noCause, noCell } from '../../server/events/event-batch.ts';
import { eventFlag, kindCode, outcomeCode, peerClassCode } from '../../server/events/kinds.ts';
import { isMachineHome, parsePlmn, plmnOfHome } from '../../server/events/plmn.ts';
import { openBody, type PushForm, type PushReader, type PushRows } from '../../server/events/push-reader.ts';
import { PushRefusal } from '../../server/events/push-refusal.ts';
import { Pseudonymiser } from '../../server/privacy/pseudonymiser.ts';
import { packIso } from '../../server/reference/country-codes.ts';
import { lines, nowUs, pushKey, pushReader } from '../tools/push-parts.ts';

const packr = new Packr({ useRecords: false });
const imsi = '001010000000017';
const cell = '460-00-42285-28831';
const timeUs = nowUs - 5_000_000;
const { sighting, traffic, detach } = eventFlag;

function read(bytes: Uint8Array, form: PushForm = 'ndjson', reader: PushReader = pushReader()): PushRows {
  const slices = reader.read(openBody(bytes, form, { epoch: 1, seq: 1 }));
  for (;;) {
    const slice = slices.next();
    if (slice.done === true) return slice.value;
  }
}

const readRows = (...rows: object[]) => read(lines(...rows));
const pack = (batch: object) => packr.pack({ epoch: 1, seq: 1, ...batch });
const octets = (column: ArrayBufferView) => new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
const allRows = (batch: EventBatch) => Array.from({ length: batch.n }, (_, i) => batch.row(i));

function pseudonymOf(digits: string) {
  const pseudonymiser = new Pseudonymiser(pushKey);
  pseudonymiser.imsi(Number(digits), digits.length);
  return { lo: pseudonymiser.lo, hi: pseudonymiser.hi, hex: pseudonymiser.hex('imsi', digits) };
}

test('a row with every field becomes a row of the batch, the identities under the key', () => {
  const { batch, newCells, resolved, newestUs } = readRows({
    ...{ timeUs, imsi, cell, kind: 'mo call', outcome: 'dropped', cause: 16, causeOf: 'CC', durationMs: 1500 },
    ...{ bytes: 7, imei: '352021000000000', peerNumber: '8613800000001', peerClass: 'on-net', country: 'CN' },
    ...{ area: 1_380_000, sighting: false, traffic: true, detach: false },
  });
  const subscriber = pseudonymOf(imsi);
  const peer = new Pseudonymiser(pushKey);
  peer.peerNumber(8_613_800_000_001, 13);
  expect(batch.row(0)).toEqual({
    ...{ timeUs, subLo: subscriber.lo, subHi: subscriber.hi, cell: 0, plmn: parsePlmn('001-01') },
    ...{ kind: kindCode['mo call'], outcome: outcomeCode.dropped, cause: packCause(causeList.cc, 16), flags: traffic },
    ...{ durationMs: 1500, bytes: 7, typeAllocationCode: 35_202_100, peerLo: peer.lo, peerHi: peer.hi },
    ...{ peerClass: peerClassCode['on-net'], country: packIso('CN'), area: 1_380_000 },
  });
  expect({ newCells, resolved, newestUs }).toEqual({ newCells: [cell], resolved: 1, newestUs: timeUs });
});

test('a subscriber heard with a machine’s model is a machine, in rows and columns, whatever its home is', () => {
  const reader = () => pushReader({ machineModels: '35202100,869999' });
  const row = { timeUs, cell, kind: 'data', imsi };
  const told = [{ imei: '352021000000000' }, { typeAllocationCode: 869_999 }, { typeAllocationCode: 35_202_101 }, {}];
  const { batch } = read(
    lines(...told.map((model) => ({ ...row, ...model })), {
      ...row,
      imei: '352021000000000',
      imsi: undefined,
      subscriber: '0123456789abcdef0123456789abcdef',
    }),
    'ndjson',
    reader(),
  );
  const homes = allRows(batch).map(({ plmn }) => plmn);
  expect(homes.map(isMachineHome)).toEqual([true, true, false, false, true]);
  expect(homes.map(plmnOfHome)).toEqual([...new Array(4).fill(parsePlmn('001-01')), 0]);
  const columns = {
    timeUs: octets(Float64Array.of(timeUs, timeUs, timeUs)),
    kind: Uint8Array.of(...new Array(3).fill(kindCode.other)),
    imsi: octets(Float64Array.of(Number(imsi), Number(imsi), 0)),
    typeAllocationCode: octets(Uint32Array.of(35_202_100, 35_202_101, 35_202_100)),
  };
  const inColumns = read(pack({ columns }), 'msgpack', reader()).batch;
  expect(allRows(inColumns).map(({ plmn }) => isMachineHome(plmn))).toEqual([true, false, false]);
});

test('a subscriber is the same by its IMSI, by its pseudonym in hexadecimal, and in columns of either', () => {
  const { lo, hi, hex } = pseudonymOf(imsi);
  const row = { timeUs, kind: 'other', cell };
  const columns = { timeUs: octets(Float64Array.of(timeUs)), kind: Uint8Array.of(kindCode.other) };
  const batches = [
    readRows({ ...row, imsi }).batch,
    readRows({ ...row, subscriber: hex }).batch,
    readRows({ ...row, subscriber: hex.slice(0, 16).toUpperCase() }).batch,
    read(pack({ columns: { ...columns, subscriber: Buffer.from(hex.slice(0, 16), 'hex') } }), 'msgpack').batch,
    read(pack({ columns: { ...columns, imsi: octets(Float64Array.of(Number(imsi))) } }), 'msgpack').batch,
    read(pack({ rows: [{ ...row, imsi }] }), 'msgpack').batch,
  ];
  for (const batch of batches) expect([batch.subLo[0], batch.subHi[0]]).toEqual([lo, hi]);
});

test('times are read as ISO 8601 with a zone, to the microsecond', () => {
  const times = ['2026-10-17T19:30:00.25+08:00', '2026-10-17T11:30:00.250000Z', '2026-10-17T08:00:00.25-03:30'];
  const { batch } = readRows(...times.map((time) => ({ time, kind: 'other' })));
  expect([...batch.timeUs.subarray(0, 3)]).toEqual(times.map(() => Date.UTC(2026, 9, 17, 11, 30, 0, 250) * 1000));
});

test.each([
  ['sighting', { imsi, cell }, sighting],
  ['sighting', { imsi }, 0],
  ['mt sms', { imsi, cell }, traffic | sighting],
  ['mt sms', { cell }, traffic],
  ['detach', { imsi, cell }, traffic | sighting | detach],
  ['detach', { imsi }, detach],
  ['roam-out', { imsi }, detach],
  ['roam-back', { imsi }, 0],
  ['data', { imsi, cell, detach: true }, traffic | sighting | detach],
])('a row of kind %s with %o has flags %i where it tells none', (kind, more, flags) => {
  expect(readRows({ timeUs, kind, ...more }).batch.flags[0]).toBe(flags);
});

test('what a row leaves out is unknown, and the outcome of data is a success as in record files', () => {
  const { batch } = readRows({ timeUs, kind: 'other' }, { timeUs, kind: 'data' });
  expect(batch.row(0)).toMatchObject({
    subLo: 0,
    subHi: 0,
    cell: noCell,
    plmn: 0,
    outcome: 0,
    cause: noCause,
    area: 0,
  });
  expect(batch.outcome[1]).toBe(outcomeCode.success);
});

test('IMSIs of a large batch in columns are read a few thousand at a time, so that others have their turn', () => {
  const n = 20_000;
  const columns = {
    timeUs: octets(new Float64Array(n).fill(timeUs)),
    kind: new Uint8Array(n).fill(kindCode.other),
    imsi: octets(Float64Array.from({ length: n }, (_, i) => 1_010_000_000_001 + i)),
  };
  const slices = pushReader().read(openBody(pack({ columns }), 'msgpack', { epoch: 1, seq: 1 }));
  let turns = 0;
  while (slices.next().done !== true) turns++;
  expect(turns).toBeGreaterThanOrEqual(Math.floor(n / 4096));
});

test('columns give the rows that lines give, also in what neither tells', () => {
  const kinds = ['sighting', 'mo call', 'data', 'detach'] as const;
  const cells = [cell, '460-00-1-2'];
  const rows = Array.from({ length: 500 }, (_, i) => ({
    timeUs: timeUs + i,
    subscriber: (0x1000_0000_0000 + i).toString(16).padStart(16, '0'),
    ...(i % 5 > 0 && { cell: cells[i % 2] }),
    kind: kinds[i % 4],
    durationMs: i * 3,
    bytes: i * 1e6,
    peer: (0x2000_0000_0000 + i).toString(16).padStart(16, '0'),
    country: 'HK',
    area: i,
    plmn: '454-00',
    typeAllocationCode: 35_000_000 + i,
  }));
  const columns = {
    timeUs: octets(Float64Array.from(rows, (row) => row.timeUs)),
    subscriber: Buffer.from(rows.map((row) => row.subscriber).join(''), 'hex'),
    cell: octets(Uint32Array.from(rows, (row) => (row.cell === undefined ? noCell : cells.indexOf(row.cell)))),
    kind: Uint8Array.from(rows, (row) => kindCode[row.kind]),
    durationMs: octets(Uint32Array.from(rows, (row) => row.durationMs)),
    bytes: octets(Float64Array.from(rows, (row) => row.bytes)),
    peer: Buffer.from(rows.map((row) => row.peer).join(''), 'hex'),
    country: octets(new Uint16Array(500).fill(packIso('HK'))),
    area: octets(Uint32Array.from(rows, (row) => row.area)),
    plmn: octets(new Uint32Array(500).fill(parsePlmn('454-00'))),
    typeAllocationCode: octets(Uint32Array.from(rows, (row) => row.typeAllocationCode)),
  };
  const sorted = { ...read(lines(...rows.map((row) => ({ ...row })))) };
  const packed = read(pack({ cells, columns }), 'msgpack');
  const named = (rows: PushRows) =>
    allRows(rows.batch).map((row) => ({ ...row, cell: row.cell === noCell ? '' : rows.newCells[row.cell] }));
  expect(named(packed)).toEqual(named(sorted));
  expect(packed.digest).toBe(sorted.digest);
  expect(packed.resolved).toBe(500);
});

test('rows too far ahead of the clock are left out and counted; those of the past are taken, months late too', () => {
  const ahead = makeConfig().liveAheadMs * 1000;
  const { batch, quarantined, newestUs } = readRows(
    { timeUs: nowUs + ahead + 1, kind: 'other', imsi },
    { timeUs: nowUs + ahead, kind: 'other' },
    { timeUs: nowUs - 80 * 86_400_000_000, kind: 'other' },
  );
  expect({ n: batch.n, quarantined, newestUs }).toEqual({ n: 2, quarantined: 1, newestUs: nowUs + ahead });
});

test.each([
  ['no time', { kind: 'other' }, "field 'timeUs' must be given"],
  ['two times', { timeUs, time: '2026-10-17T11:30:00Z', kind: 'other' }, "'timeUs'"],
  ['milliseconds', { timeUs: timeUs / 1000, kind: 'other' }, "'timeUs' must be microseconds since 1970"],
  ['a time without a zone', { time: '2026-10-17T11:30:00', kind: 'other' }, "'time'"],
  ['a day that is none', { time: '2026-02-30T11:30:00Z', kind: 'other' }, "'time'"],
  ['no kind', { timeUs }, "'kind' must be given"],
  ['a kind that is none', { timeUs, kind: 'constructor' }, "'kind' must be one of sighting"],
  ['an IMSI as a number', { timeUs, kind: 'other', imsi: Number(imsi) }, "'imsi' must be a text"],
  ['an IMSI of zeros', { timeUs, kind: 'other', imsi: '0'.repeat(15) }, "'imsi'"],
  ['two subscribers', { timeUs, kind: 'other', imsi, user: 'A' }, "'subscriber' must be the only one"],
  ['a padded CGI', { timeUs, kind: 'other', cell: '460-00-042285-1' }, "'cell'"],
  ['a cause of nobody', { timeUs, kind: 'other', cause: 16 }, "'cause'"],
  ['a cause above its list', { timeUs, kind: 'other', cause: 0x8000, causeOf: 'CC' }, "'cause'"],
  ['a sighting without a cell', { timeUs, kind: 'other', imsi, sighting: true }, "'sighting'"],
  ['a sighting of nobody', { timeUs, kind: 'other', cell, sighting: true }, "'sighting'"],
  ['traffic of a sighting', { timeUs, kind: 'sighting', imsi, cell, traffic: true }, "'traffic'"],
  ['a field that nobody knows', { timeUs, kind: 'other', lac: 5 }, 'a field has no known name; there are timeUs'],
  ['a field of every object', { timeUs, kind: 'other', toString: 5 }, 'a field has no known name'],
  ['bytes below zero', { timeUs, kind: 'data', bytes: -1 }, "'bytes'"],
])('a row with %s refuses the batch, naming line, field and remedy', (_, row, message) => {
  const good = { timeUs, kind: 'other' };
  expect(() => readRows(good, row, good)).toThrow(message);
  expect(() => readRows(good, row, good)).toThrow(/^line 2: .*nothing of the batch was taken$/);
  expect(() => read(pack({ rows: [row] }), 'msgpack')).toThrow(/^row 1: /);
});

test.each([
  ['a kind', { kind: Uint8Array.of(0, 99) }, "row 2 of the columns: field 'kind'"],
  ['a time', { timeUs: octets(Float64Array.of(timeUs, Number.NaN)) }, "row 2 of the columns: field 'timeUs'"],
  ['a time with a fraction', { timeUs: octets(Float64Array.of(timeUs + 0.5, timeUs)) }, 'row 1 of the columns: field'],
  ['a cell', { cell: octets(Uint32Array.of(0, 1)) }, "row 2 of the columns: field 'cell'"],
  ['flags', { flags: Uint8Array.of(4, 8) }, "row 2 of the columns: field 'flags'"],
  ['a sighting of nobody', { flags: Uint8Array.of(4, 1) }, "row 2 of the columns: field 'flags'"],
  ['a cause', { cause: octets(Uint16Array.of(0x8000, 0xffff)) }, "row 1 of the columns: field 'cause'"],
  ['an IMSI', { imsi: octets(Float64Array.of(0, 1e15)) }, "row 2 of the columns: field 'imsi'"],
  ['bytes', { bytes: octets(Float64Array.of(Number.POSITIVE_INFINITY, 0)) }, "row 1 of the columns: field 'bytes'"],
  ['a short column', { area: new Uint8Array(4) }, "column 'area' must have 4 octets for each of 2 rows"],
  ['a strange column', { lac: new Uint8Array(4) }, 'a column has no known name'],
  ['a column that is a text', { area: 'x' }, "column 'area' must be a binary"],
])('%s that is wrong in columns refuses the batch, naming row and column', (_, wrong, message) => {
  const columns = { timeUs: octets(Float64Array.of(timeUs, timeUs)), kind: Uint8Array.of(1, 1), ...wrong };
  expect(() => read(pack({ cells: [cell], columns }), 'msgpack')).toThrow(message);
});

test('no refusal holds a value of a row, whatever is wrong with it', () => {
  const marks = ['001019999999991', 'S3CR3T', '8613912345678'];
  const bodies = [
    `{"timeUs":${timeUs},"kind":"other","imsi":"${marks[0]}x"}`,
    `{"timeUs":${timeUs},"kind":"${marks[0]}"}`,
    `{"${marks[0]}":1}`,
    `{"timeUs":${timeUs},"kind":"other","cell":"${marks[0]}"}`,
    `"${marks[0]}"`,
    `{"imsi":"${marks[0]}"`,
    `{"user":"${marks[1]}","peerNumber":"${marks[2]}-"}`,
  ];
  for (const body of bodies) {
    try {
      read(new TextEncoder().encode(body));
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(PushRefusal);
      for (const mark of marks) expect((error as Error).message).not.toContain(mark);
    }
  }
});

test('cells keep their symbols over batches, and a refused batch leaves none behind', () => {
  const reader = pushReader();
  const rows = (...cells: string[]) => lines(...cells.map((cell) => ({ timeUs, kind: 'other', cell })));
  expect(read(rows('460-00-1-1', '460-00-1-2'), 'ndjson', reader).newCells).toEqual(['460-00-1-1', '460-00-1-2']);
  const wrong = lines({ timeUs, kind: 'other', cell: '460-00-1-3' }, { timeUs });
  expect(() => read(wrong, 'ndjson', reader)).toThrow("line 2: field 'kind'");
  const { batch, newCells } = read(rows('460-00-1-4', '460-00-1-1'), 'ndjson', reader);
  expect(newCells).toEqual(['460-00-1-4']);
  expect([...batch.cell.subarray(0, 2)]).toEqual([2, 0]);
});

test('what is too much is refused: rows, cells', () => {
  const rows = Array.from({ length: 4 }, () => ({ timeUs, kind: 'other' }));
  const status = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      return (error as PushRefusal).status;
    }
    return 200;
  };
  for (const [bytes, form] of [
    [lines(...rows), 'ndjson'],
    [pack({ rows }), 'msgpack'],
  ] as const) {
    expect(status(() => read(bytes, form, pushReader({ pushRowsMax: 4 })))).toBe(200);
    expect(status(() => read(bytes, form, pushReader({ pushRowsMax: 3 })))).toBe(413);
  }
  const cells = Array.from({ length: 1001 }, (_, i) => ({ timeUs, kind: 'other', cell: `460-00-1-${i}` }));
  expect(() => read(lines(...cells), 'ndjson', pushReader({ cellsMax: 1000 }))).toThrow('raise the setting cellsMax');
});

test('blank lines, CRLF and a last line without an end are fine; the place may head the lines', () => {
  const row = `{"timeUs":${timeUs},"kind":"other"}`;
  expect(read(new TextEncoder().encode(`${row}\r\n\r\n\n${row}`)).batch.n).toBe(2);
  expect(read(new Uint8Array(0)).batch.n).toBe(0);
  const headed = new TextEncoder().encode(`{"epoch":3,"seq":9}\n${row}\n{"timeUs":1}`);
  expect(openBody(headed, 'headed ndjson', { epoch: 1, seq: 1 }).place).toEqual({ epoch: 3, seq: 9 });
  expect(() => read(headed, 'headed ndjson')).toThrow(/^line 3: /);
  for (const wrong of [
    { epoch: 0, seq: 1 },
    { epoch: 1, seq: 1.5 },
    { epoch: 1, seq: Number.NaN },
  ])
    expect(() => openBody(lines(), 'ndjson', wrong)).toThrow('must tell epoch');
});

test('rows of long ago are left out and counted by themselves; how long ago that is may be set', () => {
  const row = { imsi, cell, kind: 'data' };
  const days = (n: number) => nowUs - n * 86_400_000_000;
  const ahead = nowUs + 200e6;
  const old = lines(...[days(91), days(89), ahead, days(2000)].map((timeUs) => ({ ...row, timeUs })));
  const { aside, batch, digest, newestUs, quarantined, resolved } = read(old);
  expect({ n: batch.n, quarantined, resolved, newestUs }).toEqual({
    ...{ n: 1, quarantined: 3, resolved: 1, newestUs: days(89) },
  });
  expect(aside).toMatchObject({ ahead: 1, old: 2, newestUs: ahead, oldestUs: days(2000) });
  expect(allRows(aside!.batch).map(({ timeUs }) => timeUs)).toEqual([days(91), ahead, days(2000)]);
  const patient = read(old, 'ndjson', pushReader({ pushAgeMaxMs: 100 * 86_400_000 }));
  expect([patient.batch.n, patient.aside?.old, patient.digest]).toEqual([2, 1, digest]);
});
