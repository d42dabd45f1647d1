import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { XdrReader } from '../../server/capture/xdr.ts';
import { parseTimeUs } from '../../server/capture/xdr-record.ts';
import { openFeedPipeline } from '../../server/cli/feed-pipeline.ts';
import { formatTimeUs } from '../../server/clock.ts';
import { makeConfig } from '../../server/config.ts';
import type { EventSink } from '../../server/events/event-batch.ts';
import { eventKinds } from '../../server/events/kinds.ts';
import { isMachineHome, plmnOfHome } from '../../server/events/plmn.ts';
import { ephemeralKey } from '../../server/privacy/key-file.ts';
import { Pseudonymiser } from '../../server/privacy/pseudonymiser.ts';

const header = 'user,lac,ci,imei_prefix,start,end,uplink_bytes,downlink_bytes,rat';
const lines = [
  'U1,100,7,352021,2015-08-02 12:00:05.000001,2015-08-02 12:00:09,10,20,1',
  'U2,100,8,,2015-08-02 12:00:01,2015-08-02 12:00:01,1,0,1',
  'U1,200,9,86295399,2015-08-02 12:00:05.000001,2015-08-02 12:00:06,0,0,2',
];
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalwall-xdr-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const open = (path: string, sorted = true, settings: Record<string, number> = {}) =>
  XdrReader.open({
    path,
    config: makeConfig({ where: 'test', settings }),
    plmn: '460-01',
    offsetMinutes: 480,
    sorted,
    subscriberOf: (user, out) => {
      out[0] = Number(user.slice(1));
      out[1] = 1;
    },
  });

/** Every row as `time user cell kind`. */
async function rowsOf(reader: XdrReader): Promise<string[]> {
  const rows: string[] = [];
  const sink: EventSink = {
    event: (timeUs, lo, _hi, cgi, _plmn, kind) => {
      rows.push(`${formatTimeUs(timeUs).slice(11, 19)}.${timeUs % 1e6} U${lo} ${cgi} ${eventKinds[kind]}`);
    },
  };
  while ((await reader.read(sink, Number.POSITIVE_INFINITY, 2)) !== 'end');
  await reader.close();
  return rows;
}

test('gives two sightings of a record in order of time, then line, then start before end', async () => {
  const path = write('sorted.csv', [header, ...lines].join('\n'));
  expect(await rowsOf(await open(path))).toEqual([
    '04:00:01.0 U2 460-01-100-8 data',
    '04:00:05.1 U1 460-01-100-7 data',
    '04:00:05.1 U1 460-01-200-9 data',
    '04:00:06.0 U1 460-01-200-9 sighting',
    '04:00:09.0 U1 460-01-100-7 sighting',
  ]);
});

test('a user with a machine’s model is a machine of an unknown home', async () => {
  const path = write('models.csv', [header, ...lines].join('\n'));
  const homes: [row: string, home: number][] = [];
  const pipeline = await openFeedPipeline(
    { kind: 'xdr', uri: path, path, plmn: '460-01', offsetMinutes: 480 },
    {
      config: makeConfig({ where: 'test', settings: { machineModels: '862953' } }),
      sorted: true,
      sink: { event: (_timeUs, _lo, _hi, cgi, home, kind) => homes.push([`${cgi} ${eventKinds[kind]}`, home]) },
      pseudonymiser: new Pseudonymiser(ephemeralKey()),
    },
  );
  while ((await pipeline.run(Number.POSITIVE_INFINITY, 100)) !== 'end');
  await pipeline.close();
  expect(homes.filter(([, home]) => isMachineHome(home)).map(([row]) => row)).toEqual([
    '460-01-200-9 data',
    '460-01-200-9 sighting',
  ]);
  expect(homes.map(([, home]) => plmnOfHome(home))).toEqual([0, 0, 0, 0, 0]);
});

test('reads gzip by its content, a byte order mark, CRLF and columns in another order', async () => {
  const shuffled = [
    'rat,end,start,user,lac,ci,imei_prefix,uplink_bytes,downlink_bytes,more',
    '1,2015-08-02 12:00:02,2015-08-02 12:00:01,U3,1,2,,0,0,x',
  ];
  const path = write('odd.csv', gzipSync(`\uFEFF${shuffled.join('\r\n')}\r\n`));
  expect(await rowsOf(await open(path))).toEqual([
    '04:00:01.0 U3 460-01-1-2 data',
    '04:00:02.0 U3 460-01-1-2 sighting',
  ]);
});

test('keeps the file’s order where it is not to be sorted', async () => {
  const path = write('unsorted.csv', [header, ...lines].join('\n'));
  const rows = await rowsOf(await open(path, false));
  expect(rows.map((row) => row.slice(0, 8))).toEqual(['04:00:05', '04:00:09', '04:00:01', '04:00:05', '04:00:06']);
});

test('stops in front of rows later than it may read', async () => {
  const reader = await open(write('until.csv', [header, ...lines].join('\n')));
  const times: number[] = [];
  const sink: EventSink = { event: (timeUs) => times.push(timeUs) };
  expect(await reader.read(sink, Date.UTC(2015, 7, 2, 4, 0, 5) * 1000, 100)).toBe('until');
  expect(times).toHaveLength(1);
  expect(reader.nextTimeUs).toBe(Date.UTC(2015, 7, 2, 4, 0, 5) * 1000 + 1);
  await reader.close();
});

test('skips and counts bad records inside a good file', async () => {
  const bad = [
    'U1,100,7,352021,2015-08-02 12:00,2015-08-02 12:00:09,10,20,1',
    'U1,100,7,352021,2015-02-30 12:00:00,2015-08-02 12:00:09,10,20,1',
    'U1,100,7,352021,2015-08-02 12:00:09,2015-08-02 12:00:05,10,20,1',
    'U1,70000,7,352021,2015-08-02 12:00:05,2015-08-02 12:00:09,10,20,1',
    'U1,100,7,352021,2015-08-02 12:00:05,2015-08-02 12:00:09,-1,20,1',
    'U1,100,7,352021',
    ',100,7,352021,2015-08-02 12:00:05,2015-08-02 12:00:09,10,20,1',
  ];
  const reader = await open(write('bad.csv', [header, lines[0], ...bad, lines[1]].join('\n')));
  expect(await rowsOf(reader)).toHaveLength(3);
  expect(Object.fromEntries(reader.faults)).toEqual({
    XDR_BAD_TIME: 2,
    XDR_END_BEFORE_START: 1,
    XDR_BAD_CELL: 1,
    XDR_BAD_BYTES: 1,
    XDR_COLUMN_COUNT: 1,
    XDR_NO_USER: 1,
  });
});

test('a gzip file cut in the middle gives what is before the cut and one counted fault', async () => {
  const whole = gzipSync(
    [header, ...Array.from({ length: 5000 }, (_, i) => lines[0].replace('U1', `U${i * 7919}`))].join('\n'),
  );
  const reader = await open(write('cut.csv.gz', whole.subarray(0, whole.length >> 1)));
  expect((await rowsOf(reader)).length).toBeGreaterThan(100);
  expect(Object.fromEntries(reader.faults)).toEqual({ XDR_CUT_FILE: 1 });
});

const many = (n: number) => [header, ...Array.from({ length: n }, (_, i) => lines[0].replace('U1', `U${i * 7919}`))];

test('says where and what to do when a file ends early, and gives everything before', async () => {
  const text = `${many(5000).join('\n')}\n`;
  const packed = gzipSync(text);
  const cases: [string, string | Buffer, string, RegExp][] = [
    [
      'cut-line.csv',
      text.slice(0, -40),
      'XDR_CUT_FILE',
      /cut-line.csv ends inside the record behind record 4,999; copy/,
    ],
    ['cut.gz.csv', packed.subarray(0, -2000), 'XDR_CUT_FILE', /cut.gz.csv is cut off behind record [\d,]+; copy/],
    [
      'damaged.csv',
      Buffer.from(packed).fill(0xff, packed.length - 3000, packed.length - 2000),
      'XDR_CUT_FILE',
      /damaged.csv is damaged behind record [\d,]+; copy/,
    ],
    [
      'quote.csv',
      `${[...many(4000), '"U1,100', ...many(100).slice(1)].join('\n')}\n`,
      'XDR_BROKEN_CSV',
      /quote.csv can't be read on behind record 4,000: a quote is never closed; mend that line/,
    ],
  ];
  for (const [name, content, code, message] of cases) {
    const reader = await open(write(name, content), false);
    const rows = await rowsOf(reader);
    expect(reader.endedEarly).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(reader.records).toBeGreaterThan(1000);
    expect(reader.faults.get(code)).toBe(1);
    // Between a damaged octet and the place where deflate contradicts itself, lines come out that are none.
    if (name === 'damaged.csv') continue;
    expect(reader.endedEarly!.message).toContain(reader.records.toLocaleString('en'));
    expect(rows.length).toBe(2 * reader.records);
    expect(reader.faults.size).toBe(1);
  }
});

test('says nothing at the end of a whole file, with a last line end or without', async () => {
  for (const end of ['', '\n', '\r\n']) {
    const reader = await open(write('whole.csv', many(3).join('\n') + end), false);
    expect(await rowsOf(reader)).toHaveLength(6);
    expect(reader.endedEarly).toBeNull();
  }
});

test('skips a record with a stray quote and goes on', async () => {
  const reader = await open(write('stray.csv', [header, lines[0], lines[1].replace('U2', 'U"2'), lines[2]].join('\n')));
  expect(await rowsOf(reader)).toHaveLength(4);
  expect([Object.fromEntries(reader.faults), reader.endedEarly]).toEqual([{ XDR_BAD_QUOTE: 1 }, null]);
});

test('tells a binary file, a header alone and a file cut in its header from an empty one', async () => {
  const packed = gzipSync(header);
  for (const [name, content, message] of [
    [
      'binary.csv',
      Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 31) & 0xff)),
      /is no text; give CSV in UTF-8/,
    ],
    ['packed.csv', gzipSync(Buffer.from(Array.from({ length: 3000 }, (_, i) => i & 0xff))), /is no text/],
    ['header.csv', header, /has a header and no records/],
    ['header2.csv', `${header}\n`, /has a header and no records/],
    ['cut-header.csv', packed.subarray(0, packed.length - 12), /is cut off or damaged inside its header \(line 1\)/],
    ['cells.csv', `${header}\nU1,x,2,,2015-08-02 12:00:00,2015-08-02 12:00:00,0,0,1`, /line 2\); compare that line/],
    ['none.csv', '\n\n', /is empty; it must have user,lac/],
  ] as const) {
    await expect(open(write(name, content))).rejects.toThrow(message);
  }
});

test('names a folder and a missing file without repeating the path', async () => {
  await expect(open(folder)).rejects.toThrow(`${folder}: is a folder; name a file in it`);
  const path = join(folder, 'absent.csv');
  await expect(open(path)).rejects.toMatchObject({ message: `${path}: no such file; check the path` });
});

test('refuses a file without the columns, naming them, and one without a good record', async () => {
  await expect(open(write('columns.csv', 'user,lac,ci,imei_prefix,start\nU1,1,2,,x'))).rejects.toThrow(
    /lacks the columns end, uplink_bytes, downlink_bytes, rat in its header \(line 1\); it must have user,lac/,
  );
  await expect(open(write('times.csv', `${header}\nU1,1,2,,yesterday,today,0,0,1`))).rejects.toThrow(
    /no good record \(XDR_BAD_TIME 1×, first at line 2\); times must read 2015-08-02 22:26:52.644817/,
  );
  await expect(open(write('empty.csv', ''))).rejects.toThrow(/is empty/);
});

test('keeps microseconds and the offset of a time', () => {
  expect(parseTimeUs('2015-08-02 20:20:57.720735', 480)).toBe(Date.UTC(2015, 7, 2, 12, 20, 57) * 1000 + 720735);
  expect(parseTimeUs('2015-08-02T00:00:00.5', 0)).toBe(Date.UTC(2015, 7, 2) * 1000 + 500000);
  expect(parseTimeUs('2015-08-02 24:00:00', 0)).toBeNaN();
});

test('a record a century off is left out and counted, so that it moves no clock', async () => {
  const far = lines[1].replaceAll('2015', '2115');
  const reader = await open(write('far.csv', `${[header, ...lines, far].join('\n')}\n`));
  expect((await rowsOf(reader)).map((row) => row.slice(0, 8)).at(-1)).toBe('04:00:09');
  expect(Object.fromEntries(reader.faults)).toEqual({ XDR_TIME_FAR: 1 });
});

test.each([true, false])(
  'a record of another year than the others is left out and counted (sorted first: %s)',
  async (sorted) => {
    const far = lines[0].replaceAll('2015-', '2030-');
    const longGone = lines[0].replaceAll('2015-', '1999-');
    for (const order of [
      [far, ...lines, longGone],
      [...lines, far, longGone],
      [longGone, lines[0], far, lines[1], lines[2]],
    ]) {
      const reader = await open(write('far.csv', [header, ...order].join('\n')), sorted);
      expect(await rowsOf(reader)).toHaveLength(5);
      expect(Object.fromEntries(reader.faults)).toEqual({ XDR_TIME_FAR: 2 });
    }
  },
);

test('of two records that contradict each other the earlier one is believed', async () => {
  const path = write('two.csv', [header, lines[0].replaceAll('2015-', '2100-'), lines[1]].join('\n'));
  for (const sorted of [true, false]) expect((await rowsOf(await open(path, sorted)))[0]).toMatch(/U2/);
});

test('a file that is not sorted may go on over years, from record to record', async () => {
  const month = (i: number) => `${2015 + Math.floor(i / 12)}-${String((i % 12) + 1).padStart(2, '0')}-01 12:00:00`;
  const many = Array.from({ length: 1500 }, (_, i) => {
    const at = month(Math.floor(i / 40));
    return `U${i},100,7,,${at},${at},0,0,1`;
  });
  const reader = await open(write('years.csv', [header, ...many].join('\n')), false);
  expect(await rowsOf(reader)).toHaveLength(1500);
});

test('more records than may be sorted, or more cells than may be known, are refused naming the setting', async () => {
  const records = Array.from({ length: 1001 }, (_, i) => lines[0].replace(',7,', `,${i},`));
  const path = write('many.csv', [header, ...records].join('\n'));
  const refusal = async (sorted: boolean, settings: Record<string, number>) => {
    try {
      await rowsOf(await open(path, sorted, settings));
    } catch (error) {
      return error;
    }
  };
  expect(await refusal(true, { sortedRecordsMax: 1000 })).toMatchObject({
    code: 'XDR_TOO_LARGE',
    message: expect.stringMatching(/many\.csv.*more than 1,000 records.*sortedRecordsMax/),
  });
  expect(await refusal(true, { sortedRecordsMax: 1001 })).toBeUndefined();
  expect(await refusal(false, { sortedRecordsMax: 1000 })).toBeUndefined();
  for (const sorted of [true, false]) {
    expect(await refusal(sorted, { cellsMax: 1000 })).toMatchObject({
      code: 'XDR_CELLS',
      message: expect.stringMatching(/many\.csv.*more than 1,000 cells \(record 1,001\).*cellsMax/),
    });
  }
});
