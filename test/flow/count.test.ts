import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { countCommand } from '../../server/cli/count.ts';
import { pcapFile } from '../capture/pcap-write.ts';
import { bundle } from '../tools/bundle.ts';
import { root, sharedPath, sharedPresent } from '../tools/shared-inputs.ts';

const folder = mkdtempSync(join(tmpdir(), 'signalwall-count-'));
const built = join(root, 'node_modules', `.count-test-${process.pid}.mjs`);
afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(built, { force: true });
});

function file(name: string, content: string | object): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const columns = 'user,lac,ci,imei_prefix,start,end,uplink_bytes,downlink_bytes,rat\n';
/** One record: user, LAC-CI, start and end as clock times of 2 August 2015. */
function record(user: string, cell: string, start: string, end = start): string {
  const [lac, ci] = cell.split('-');
  return `${user},${lac},${ci},352021,2015-08-02 ${start},2015-08-02 ${end},1,2,1\n`;
}

const listed = (id: string, cells: string[]) => ({ type: 'Feature', properties: { id, cells }, geometry: null });
const drawn = (id: string, x: number) => ({
  type: 'Feature',
  properties: { id, name: id, kind: 'venue', capacity: 10 },
  geometry: {
    type: 'Polygon',
    coordinates: [
      [
        [x, 23],
        [x + 1, 23],
        [x + 1, 24],
        [x, 24],
        [x, 23],
      ],
    ],
  },
});
const collection = (...features: object[]) => ({ type: 'FeatureCollection', features });
const regions = file('regions.geojson', collection(listed('in', ['460-01-1-*']), listed('out, side', ['460-01-2-*'])));

async function count(feed: string, ...more: string[]): Promise<string[]> {
  const out = join(folder, 'out.csv');
  const exact = more.includes('--hide-below') ? [] : ['--hide-below', '0'];
  const given = more.includes('--regions') ? [] : ['--regions', regions];
  expect(await countCommand.run([`${feed}?plmn=460-01&tz=+08:00`, ...given, ...exact, '--out', out, ...more])).toBe(0);
  return readFileSync(out, 'utf8').trimEnd().split('\n');
}

describe('signalwall count', () => {
  it('prints each region in each interval in order, times in UTC, zero rows and pending crossings included', async () => {
    const feed = file(
      'a.csv',
      columns + record('a', '1-1', '20:20:57.720735') + record('a', '2-1', '20:22:30', '20:23:59.999999'),
    );
    expect(await count(feed, '--sort')).toEqual([
      'time,region,present,entries,exits,appeared,vanished,visitors',
      '2015-08-02T12:21:00.000Z,in,1,0,0,1,0,1',
      '2015-08-02T12:21:00.000Z,"out, side",0,0,0,0,0,0',
      '2015-08-02T12:22:00.000Z,in,1,0,0,0,0,1',
      '2015-08-02T12:22:00.000Z,"out, side",0,0,0,0,0,0',
      '2015-08-02T12:23:00.000Z,in,0,0,1,0,0,1',
      '2015-08-02T12:23:00.000Z,"out, side",1,1,0,0,0,1',
      '2015-08-02T12:24:00.000Z,in,0,0,0,0,0,0',
      '2015-08-02T12:24:00.000Z,"out, side",1,0,0,0,0,1',
    ]);
  });

  it('fills in the intervals of a night in which nobody is there, and prints no vanish after the last', async () => {
    const feed = file('b.csv', columns + record('a', '1-1', '00:00:30') + record('a', '1-1', '10:00:00'));
    const lines = await count(feed, '--every', '1h', '--sort');
    expect(lines.filter((line) => line.includes(',in,')).map((line) => line.split(',').slice(2).join(','))).toEqual([
      '1,0,0,1,0,1',
      '1,0,0,0,0,1',
      '0,0,0,0,1,1',
      ...Array(7).fill('0,0,0,0,0,0'),
      '1,0,0,1,0,1',
    ]);
  });

  it('orders rows of one time by line, then start before end', async () => {
    // The later line wins at 20:00:10; a record's end comes after the start of an earlier line at the same time.
    const feed = file(
      'c.csv',
      columns +
        record('a', '1-1', '20:00:10') +
        record('a', '2-1', '20:00:00', '20:00:10') +
        record('a', '9-9', '20:01:00'),
    );
    const [, inside, outside] = await count(feed, '--sort');
    expect(inside).toBe('2015-08-02T12:01:00.000Z,in,0,0,0,0,0,0');
    expect(outside).toBe('2015-08-02T12:01:00.000Z,"out, side",1,0,0,1,0,1');
  });

  it('hides figures from 1 to N−1 and shows 0, by default below 20', async () => {
    const users = (n: number, cell: string) =>
      Array.from({ length: n }, (_, i) => record(`u${cell}${i}`, cell, '20:00:10')).join('');
    const feed = file('d.csv', columns + users(20, '1-1') + users(19, '2-1'));
    const shown = async (...options: string[]) => {
      const [, inside, outside] = await count(feed, '--sort', ...options);
      return [inside.slice(28), outside.slice(37)];
    };
    expect(await shown('--hide-below', '20')).toEqual(['20,0,0,20,0,20', '<20,0,0,<20,0,<20']);
    expect(await shown('--hide-below', '0')).toEqual(['20,0,0,20,0,20', '19,0,0,19,0,19']);
    expect(await shown('--hide-below', '1000')).toEqual(['<1000,0,0,<1000,0,<1000', '<1000,0,0,<1000,0,<1000']);
    const out = join(folder, 'default.csv');
    await countCommand.run([`${feed}?plmn=460-01&tz=+08:00`, '--regions', regions, '--sort', '--out', out]);
    expect(readFileSync(out, 'utf8')).toContain('"out, side",<20,0,0,<20,0,<20');
  });

  it('counts by geometry where cells have positions, and warns once where none lies inside', async () => {
    const shapes = file('shapes.geojson', collection(drawn('west', 113), drawn('far', 10), drawn('farther', 20)));
    const cells = file('cells.csv', 'cgi,lon,lat\n460-01-1-1,113.5,23.5\n460-01-1-2,114.5,23.5\n');
    const feed = file('e.csv', columns + record('a', '1-1', '20:00:10') + record('b', '1-2', '20:00:10'));
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const lines = await count(feed, '--sort', '--regions', shapes, '--cells', cells);
    const said = stderr.mock.calls.map(([text]) => String(text));
    stderr.mockRestore();
    expect(lines.slice(1).map((line) => line.slice(25))).toEqual([
      'west,1,0,0,1,0,1',
      'far,0,0,0,0,0,0',
      'farther,0,0,0,0,0,0',
    ]);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(
      /^warn: .*shapes.geojson: no cell with a position lies in the geometry of regions far, farther/,
    );
  });

  it('moves nobody by rows behind the reorder window without --sort, and says so', async () => {
    const feed = file(
      'f.csv',
      columns +
        record('a', '1-1', '20:00:00') +
        record('b', '1-1', '20:00:30') +
        record('a', '2-1', '20:00:19') +
        record('b', '2-1', '20:00:20'),
    );
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const [, inside] = await count(feed);
    expect(inside.slice(25)).toBe('in,2,1,0,1,0,2');
    expect(stderr.mock.calls.map(([text]) => String(text)).join('')).toContain(
      '1 row came later than the reorder window',
    );
    stderr.mockRestore();
  });

  it('begins without --sort at the earliest event that counts: within the window, and not at one behind it', async () => {
    const feed = file(
      'unsorted.csv',
      columns +
        record('a', '1-1', '20:00:04') +
        record('b', '1-1', '19:59:58') +
        record('c', '1-1', '18:30:00') +
        record('d', '1-1', '20:00:30'),
    );
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const inside = (await count(feed)).filter((line) => line.includes(',in,'));
    expect(stderr.mock.calls.map(([text]) => String(text)).join('')).toContain('1 row came later than');
    stderr.mockRestore();
    expect(inside).toEqual(['2015-08-02T12:00:00.000Z,in,1,0,0,1,0,1', '2015-08-02T12:01:00.000Z,in,3,0,0,2,0,3']);
    expect((await count(feed, '--sort'))[1]).toBe('2015-08-02T10:31:00.000Z,in,1,0,0,1,0,1');
  });

  it('warns in one line of regions of an unknown kind', async () => {
    const odd = file(
      'odd.geojson',
      collection({ ...listed('x', ['*']), properties: { id: 'x', kind: 'pub', cells: ['*'] } }),
    );
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    await count(file('odd.csv', columns + record('a', '1-1', '20:00:00')), '--regions', odd);
    const said = stderr.mock.calls.map(([text]) => String(text));
    stderr.mockRestore();
    expect(said).toEqual([expect.stringMatching(/^warn: .*odd.geojson: unknown kind of region x \('pub'\)/)]);
  });

  it('skips bad records, counts them by reason and says so', async () => {
    const feed = file('g.csv', `${columns}${record('a', '1-1', '20:00:10')}b,1,1,,never,never,1,2,1\n`);
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect(await count(feed, '--sort')).toHaveLength(3);
    expect(stderr.mock.calls.map(([text]) => String(text)).join('')).toMatch(/1 bad record.*XDR_BAD_TIME 1×/);
    stderr.mockRestore();
  });

  const feed = file('h.csv', columns + record('a', '1-1', '20:00:10'));
  it.each([
    ['a wrong length', [feed, '--regions', regions, '--every', '5 min'], /--every 5 min: write a length/],
    ['a length of nothing', [feed, '--regions', regions, '--every', '0s'], /--every 0s/],
    [
      'a broken threshold',
      [feed, '--regions', regions, '--hide-below', 'few'],
      /--hide-below few: write a whole number/,
    ],
    ['no regions', [feed], /--regions FILE is missing/],
    ['no feed', ['--regions', regions], /one FEED is needed/],
    ['an unknown option', [feed, '--regions', regions, '--fast'], /'--fast'/],
    ['an unknown setting', [feed, '--regions', regions, '--set', 'ttl=1'], /unknown setting 'ttl'/],
    ['a missing feed', [join(folder, 'none.csv'), '--regions', regions], /no such file/],
    ['a negative length', [feed, '--regions', regions, '--every', '-1s'], /--every -1s: write a length from 1s/],
    ['a negative threshold', [feed, '--regions', regions, '--hide-below', '-1'], /--hide-below -1: write a whole/],
    ['an endless feed', ['sim:event-day', '--regions', regions], /needs a feed with an end/],
    [
      'a folder to print into',
      [feed, '--regions', regions, '--out', folder],
      /count can't write to [^ ]+: it is a folder; give a file name$/,
    ],
    [
      'a place that does not exist to print into',
      [feed, '--regions', regions, '--out', join(folder, 'no/x.csv')],
      /count can't write to [^ ]+: its folder does not exist; make it first$/,
    ],
  ])('refuses %s in one line', async (_name, argv, message) => {
    const error = await countCommand.run(argv).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ name: 'UserError', message: expect.stringMatching(message) });
    expect((error as Error).message).not.toContain('\n');
  });

  it('refuses a region with a cell that the loaded list lacks, and not without a list', async () => {
    const one = file('one.geojson', collection(listed('hall', ['460-01-1-1', '460-01-1-7'])));
    const cells = file('one.csv', 'cgi,lon,lat\n460-01-1-1,113.5,23.5\n');
    await expect(count(feed, '--sort', '--regions', one, '--cells', cells)).rejects.toThrow(
      `${one}: region hall names the cell 460-01-1-7`,
    );
    expect(await count(feed, '--sort', '--regions', one)).toHaveLength(2);
  });
});

/** What `count` prints, says on standard error, and ends with, of a feed that is not good to its end. */
async function countBad(feed: string): Promise<{ lines: string[]; said: string; error: unknown }> {
  const out = join(folder, 'bad.csv');
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const error = await countCommand
    .run([feed, '--regions', everywhere, '--hide-below', '0', '--out', out])
    .catch((thrown: unknown) => thrown);
  const said = stderr.mock.calls.map(([text]) => String(text)).join('');
  stderr.mockRestore();
  return { lines: existsSync(out) ? readFileSync(out, 'utf8').trimEnd().split('\n').slice(1) : [], said, error };
}
const everywhere = file('everywhere.geojson', collection(listed('all', ['*'])));

describe('signalwall count over a feed that ends early', () => {
  it('prints what came before, then fails with one line that says where and what to do', async () => {
    const text =
      columns + record('a', '1-1', '20:00:10') + record('b', '1-1', '20:01:10') + record('c', '1-1', '20:02');
    const path = file('cut.csv', text.slice(0, -30));
    const { lines, said, error } = await countBad(path);
    expect(lines.map((line) => line.slice(11))).toEqual([
      '20:01:00.000Z,all,1,0,0,1,0,1',
      '20:02:00.000Z,all,2,0,0,1,0,2',
    ]);
    expect(error).toMatchObject({
      name: 'UserError',
      exitCode: 1,
      message:
        `${path} ends inside the record behind record 2; copy the file again; ` +
        'the figures above stop at 2015-08-02T20:01:10.000Z',
    });
    // Nothing was skipped that the error does not tell already.
    expect(said).toBe('');
  });

  it('of which nothing could be read says that there are no figures', async () => {
    const path = join(folder, 'cut.pcap');
    const whole = pcapFile([{ seconds: 1, fraction: 0, bytes: Buffer.alloc(100) }]);
    writeFileSync(path, whole.subarray(0, 30));
    const { lines, error } = await countBad(path);
    expect([lines, (error as Error).message]).toEqual([
      [],
      `${path} ends inside packet 1 (byte 24 of 30); copy the file again; there are no figures`,
    ]);
  });

  it('warns of a capture without a packet, and of one without an event that has a cell', async () => {
    const path = join(folder, 'none.pcap');
    writeFileSync(path, pcapFile([]));
    expect(await countBad(path)).toEqual({
      lines: [],
      said: `warn: feed ${path}: holds no packet; there is nothing to count\n`,
      error: 0,
    });
    writeFileSync(path, pcapFile([{ seconds: 1, fraction: 0, bytes: Buffer.alloc(100) }]));
    const { said, error } = await countBad(path);
    expect([said.split('\n').at(-2), error]).toEqual([
      `warn: feed ${path}: 1 record, but no event with a cell to count`,
      0,
    ]);
  });
});

describe.runIf(sharedPresent)('signalwall count over a real capture that was cut', () => {
  it('counts its first 80 packets and ends with an error', async () => {
    const path = join(folder, 'trunc.pcap');
    writeFileSync(path, readFileSync(sharedPath('captures/osmo-lab/osmo_msc_a_iface.pcap')).subarray(0, 10_000));
    const { lines, error } = await countBad(path);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/,all,2,0,0,2,0,2$/);
    expect((error as Error).message).toMatch(
      /trunc.pcap ends inside packet 81 \(byte 9,968 of 10,000\); copy the file again; the figures above stop at 20\d\d-/,
    );
  });
});

describe('signalwall count in a pipe', () => {
  beforeAll(() =>
    bundle(
      `import { countCommand } from './server/cli/count.ts';
process.exitCode = await countCommand.run(process.argv.slice(2));`,
      built,
    ),
  );

  it('ends cleanly when the reader closes the pipe', async () => {
    // Two months of seconds: far more than a pipe holds.
    const far = file(
      'far.csv',
      `${columns}a,1,1,,2015-06-02 00:00:00,2015-06-02 00:00:00,1,2,1\na,1,1,,2015-08-02 00:00:00,2015-08-02 00:00:00,1,2,1\n`,
    );
    const child = spawn(process.execPath, [
      built,
      `${far}?plmn=460-01`,
      '--regions',
      regions,
      '--sort',
      '--every',
      '1s',
    ]);
    let stderr = '';
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    child.stdout.once('data', () => child.stdout.destroy());
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect([code, stderr]).toEqual([0, '']);
  });
});
