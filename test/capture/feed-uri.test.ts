import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isLive, parseFeedUri } from '../../server/capture/feed-uri.ts';

let folder: string;
const file = (name: string) => join(folder, name);
const parse = (uri: string) => parseFeedUri(uri, '460-00');
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalwall-uri-'));
  for (const name of ['a.pcap', 'a.csv.gz', 'a b+c.pcap', 'noending']) writeFileSync(file(name), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

test('takes a bare path by its ending', () => {
  expect(parse(file('a.pcap'))).toMatchObject({ kind: 'pcap', path: file('a.pcap') });
  expect(parse(file('a.csv.gz'))).toMatchObject({ kind: 'xdr', plmn: '460-00', offsetMinutes: 0 });
});

test('takes live feeds: standard input, a probe to connect to, a port to listen on', () => {
  expect([parse('-'), parse('pcap:-')].map(({ kind }) => kind)).toEqual(['stdin', 'stdin']);
  expect(parse('pcap+tcp://probe-1.example:57012')).toEqual({
    kind: 'pcap+tcp',
    host: 'probe-1.example',
    port: 57012,
    uri: 'pcap+tcp://probe-1.example:57012',
  });
  expect(parse('pcap+listen://[::1]:5555/')).toMatchObject({ kind: 'pcap+listen', host: '::1', port: 5555 });
});

test('a literal plus stays a plus, in paths and in options', () => {
  expect(parse(`pcap:${file('a b+c.pcap')}`)).toMatchObject({ path: file('a b+c.pcap') });
  expect(parse(`pcap:${folder}/a%20b+c.pcap`)).toMatchObject({ path: file('a b+c.pcap') });
  expect(parse(`xdr:${file('a.csv.gz')}?plmn=460-01&tz=+08:00`)).toMatchObject({ plmn: '460-01', offsetMinutes: 480 });
  expect(parse(`xdr:${file('a.csv.gz')}?tz=%2D03:30`)).toMatchObject({ offsetMinutes: -210 });
});

test('reads the options of the simulated event day', () => {
  expect(parse('sim:event-day?map=off&common-id=off&loss=0.01&duplicates=2%25&reorder=0')).toMatchObject({
    options: { map: false, commonId: false, loss: 0.01, duplicates: 0.02, reorder: 0 },
  });
  expect(parse('sim:event-day?market-share=40%25&lost-detaches=1')).toMatchObject({
    options: { marketShare: 0.4, lostDetaches: 1 },
  });
  for (const wrong of [
    'map=maybe',
    'common-id=1',
    'loss=-1',
    'loss=0.6',
    'duplicates=many',
    'reorder=80%25',
    'market-share=0',
    'lost-detaches=2',
  ]) {
    expect(() => parse(`sim:event-day?${wrong}`), wrong).toThrow(wrong.slice(0, wrong.indexOf('=')));
  }
  expect(parse('sim:event-day?seed=7&population=5000&venue-lac=shared&date=2026-10-17&from=16:30')).toMatchObject({
    kind: 'sim',
    options: { seed: 7, population: 5000, venueLac: 'shared', date: '2026-10-17', from: '16:30' },
  });
});

describe('says in one line what is wrong and what to write', () => {
  test.each([
    ['pcap:/no/such.pcap', /no such file '\/no\/such.pcap'/],
    ['ftp:whatever', /unknown kind 'ftp:'; known: pcap:PATH/],
    ['push:', /the ID must be 1 to 64 letters, digits/],
    ['push:a/b', /write push:ID/],
    ['push:north?x=1', /unknown option 'x'; known: wait/],
    ['push:north?wait=0', /wait must be whole seconds from 1 to 3600/],
    ['push:north?wait=1m', /wait must be whole seconds/],
    ['stdin:', /unknown kind 'stdin:'/],
    ['sim:concert', /unknown scenario 'concert'; there is sim:event-day/],
    ['sim:event-day?seed=-1', /seed must be a whole number from 0/],
    ['sim:event-day?from=25:00', /from must be HH:MM/],
    ['sim:event-day?date=2026-02-30', /date 2026-02-30 is no day of the calendar/],
    ['sim:event-day?colour=red', /unknown option 'colour'; known: seed, population/],
    ['sim:event-day?seed', /option 'seed' has no value/],
    ['sim:event-day?seed=1&seed=2', /stands twice/],
    ['xdr:%E0', /percent-encoded/],
    ['pcap:', /no path/],
    ['pcap+tcp:', /host or port is missing; write pcap\+tcp:\/\/HOST:PORT/],
    ['pcap+tcp://probe', /host or port is missing/],
    ['pcap+tcp://:5555', /host or port is missing/],
    ['pcap+tcp://::1:5555', /host or port is missing.*IPv6 address in brackets/],
    ['pcap+tcp://probe:', /port must be a whole number from 1 to 65535, not ''/],
    ['pcap+listen://0.0.0.0:0', /port must be a whole number from 1 to 65535, not '0'/],
    ['pcap+listen://0.0.0.0:65536', /not '65536'/],
    ['pcap+listen://0.0.0.0:http', /not 'http'/],
    ['pcap+listen://0.0.0.0:5555?speed=2', /unknown option 'speed'; pcap\+listen: takes none/],
    ['pcap:-?x=1', /unknown option 'x'; pcap: takes none/],
  ])('%s', (uri, message) => {
    expect(() => parse(uri)).toThrow(message);
  });

  test('an xdr file with a broken PLMN or offset', () => {
    expect(() => parse(`xdr:${file('a.csv.gz')}?plmn=46001`)).toThrow(/plmn must be MCC-MNC such as 460-01/);
    expect(() => parse(`xdr:${file('a.csv.gz')}?tz=8`)).toThrow(/tz must be an offset from UTC such as \+08:00/);
  });

  test('a URI that is written wrong is a usage error (2), a file that is not there is not (1)', () => {
    const codeOf = (uri: string) => {
      try {
        return parse(uri);
      } catch (error) {
        return (error as { exitCode: number }).exitCode;
      }
    };
    expect(['ftp:x', 'xdr:%E0', `xdr:${file('a.csv.gz')}?plmn=1`].map(codeOf)).toEqual([2, 2, 2]);
    expect(codeOf('pcap:/no/such.pcap')).toBe(1);
  });

  test('a folder, and a file without a telling ending', () => {
    expect(() => parse(`pcap:${folder}`)).toThrow(/is a folder/);
    expect(() => parse(file('noending'))).toThrow(/the ending tells no kind/);
    expect(() => parse(folder)).toThrow(/is a folder/);
    expect(() => parse('/no/such')).toThrow(/no such file/);
  });
});

test.each(['a1b2c3d4', 'd4c3b2a1', 'a1b23c4d', '4d3cb2a1', '0a0d0d0a', '1f8b0800'])(
  'takes a file without a telling ending that begins with %s for a capture',
  (mark) => {
    const path = file('trace.dmp');
    writeFileSync(path, Buffer.from(mark, 'hex'));
    expect(parse(path)).toEqual({ kind: 'pcap', path, uri: path });
    writeFileSync(path, '');
    expect(() => parse(path)).toThrow(/the ending tells no kind/);
  },
);

test('a feed that programs send to is named by its ID, and is live', () => {
  const spec = parse('push:north-2.a');
  expect(spec).toEqual({ kind: 'push', id: 'north-2.a', uri: 'push:north-2.a' });
  expect(parse('push:north?wait=60')).toMatchObject({ id: 'north', waitMs: 60_000 });
  expect(isLive(spec)).toBe(true);
});
