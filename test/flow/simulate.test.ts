import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest';
import { simulateCommand } from '../../server/cli/simulate.ts';
import { UserError } from '../../server/errors.ts';

let folder = '';
let output: MockInstance<typeof process.stdout.write>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalwall-simulate-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(() => {
  output = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterEach(() => output.mockRestore());

const day = ['--population', '3000', '--date', '2026-10-17', '--from', '18:00', '--seed', '7'];

test('writes a capture, its truth, the cells and the regions, and says how much', async () => {
  const out = join(folder, 'day.pcap');
  const truth = join(folder, 'day.csv');
  const files = ['--truth', truth, '--cells', join(folder, 'cells.csv'), '--regions', join(folder, 'regions.geojson')];
  expect(await simulateCommand.run(['--out', out, ...files, ...day, '--hours', '0.1'])).toBe(0);

  const capture = await readFile(out);
  expect(capture.subarray(0, 24).toString('hex')).toBe('d4c3b2a1020004000000000000000000ffff000001000000');
  let records = 0;
  for (let at = 24; at < capture.length; at += 16 + capture.readUInt32LE(at + 8)) records++;

  const rows = (await readFile(truth, 'utf8')).trimEnd().split('\n');
  expect(rows[0]).toBe('timeUs,imsi,cell,what');
  for (const row of rows.slice(1)) {
    // Invented identities: 001-01, or a foreign network's with a subscriber number below 100,000.
    expect(row).toMatch(/^\d{16},(00101\d{10}|\d{5}00000\d{5}|\d{6}0000\d{5}),460-00-\d+-\d+,(locate|detach)$/);
  }
  const positions = (await readFile(join(folder, 'day.positions.csv'), 'utf8')).trimEnd().split('\n');
  expect(positions[0]).toBe('timeUs,region,present');
  const regions = JSON.parse(await readFile(join(folder, 'regions.geojson'), 'utf8')).features.length;
  expect(positions.length).toBe(1 + 7 * regions);
  const roaming = (await readFile(join(folder, 'day.roaming.csv'), 'utf8')).trimEnd().split('\n');
  expect(roaming[0]).toBe('timeUs,imsi,what,country,operator');
  for (const row of roaming.slice(1)) {
    expect(row).toMatch(
      /^\d{16},(00101\d{10},(roam-out|roam-back|cancelled),[A-Z]{2},\d+|\d{15},(roam-in|cancelled),[A-Z]{2},\d{3}-\d{2,3})$/,
    );
  }
  const cells = (await readFile(join(folder, 'cells.csv'), 'utf8')).trimEnd().split('\n');
  expect(cells[0]).toBe('cgi,lon,lat,azimuth,name,site,radio,branch,centre,area,hall');
  expect(cells.length).toBe(1 + 10_012);

  expect(output).toHaveBeenCalledTimes(1);
  const [told, hint] = String(output.mock.calls[0][0]).split('\n');
  const summary = /^(.*): ([\d,]+) packets, ([\d,]+) procedures, ([\d,]+) sightings, ([\d,]+) bytes$/.exec(told)!;
  const number = (text: string) => Number(text.replaceAll(',', ''));
  // Without it nearly all simulated subscribers are of an unknown origin.
  expect(hint).toContain('--set homePlmns=460-00,460-02,460-04,460-07,460-08,001-01');
  expect(simulateCommand.usage).toContain('--set homePlmns=460-00,460-02,460-04,460-07,460-08,001-01');
  expect([summary[1], number(summary[2]), number(summary[4]), number(summary[5])]).toEqual([
    out,
    records,
    rows.length - 1,
    capture.length,
  ]);
});

test('the same seed gives the same file, packed or not, and --packets bounds it', async () => {
  const plain = join(folder, 'plain.pcap');
  const packed = join(folder, 'packed.pcap.gz');
  for (const out of [plain, packed]) await simulateCommand.run(['--out', out, ...day, '--packets', '2500']);
  const bytes = await readFile(plain);
  expect(gunzipSync(await readFile(packed)).equals(bytes)).toBe(true);
  let records = 0;
  for (let at = 24; at < bytes.length; at += 16 + bytes.readUInt32LE(at + 8)) records++;
  expect(records).toBe(2_500);
});

test('without MAP, with losses, doubles and delays: other packets and the same truth', async () => {
  const write = async (name: string, more: string[]): Promise<[packets: number, truth: string]> => {
    const out = join(folder, `${name}.pcap`);
    output.mockClear();
    await simulateCommand.run([
      '--out',
      out,
      '--truth',
      join(folder, `${name}.csv`),
      ...day,
      '--hours',
      '0.1',
      ...more,
    ]);
    const packets = / ([\d,]+) packets/.exec(String(output.mock.calls[0][0]))![1];
    return [Number(packets.replaceAll(',', '')), await readFile(join(folder, `${name}.csv`), 'utf8')];
  };
  const [all, truth] = await write('all', []);
  const [some, sameTruth] = await write('some', ['--loss', '10%', '--reorder', '0.02']);
  expect(some / all).toBeGreaterThan(0.87);
  expect(some / all).toBeLessThan(0.93);
  expect(sameTruth).toBe(truth);
  const [more] = await write('more', ['--duplicates', '10%']);
  expect(more / all).toBeGreaterThan(1.07);
  expect(more / all).toBeLessThan(1.13);
  const [access] = await write('access', ['--no-map']);
  expect(access / all).toBeLessThan(0.95);
  // About one packet in twenty holds it alone.
  const [silent] = await write('silent', ['--no-common-id']);
  expect(silent / all).toBeLessThan(0.97);
});

describe('refuses with one line', () => {
  const refusal = async (argv: string[]): Promise<UserError> => {
    const error: unknown = await simulateCommand.run(argv).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).not.toContain('\n');
    return error as UserError;
  };
  const target = () => join(folder, 'refused.pcap');

  test('a missing --out, an unknown option and words that are no numbers', async () => {
    expect((await refusal([])).message).toContain('--out');
    expect((await refusal(['--out', target(), '--speed', '3'])).message).toContain('--speed');
    expect((await refusal(['--out', target(), '--population', 'many'])).message).toContain(
      "--population must be a number, not 'many'",
    );
    expect((await refusal(['--out', target(), '--packets', '0'])).message).toContain('--packets');
    expect((await refusal(['--out', target(), '--packets', '-5'])).message).toContain(
      "--packets must be a whole number from 1, not '-5'",
    );
  });

  test('a date that does not exist and numbers out of range, and makes no file', async () => {
    expect((await refusal(['--out', target(), '--date', '2026-02-30'])).message).toBe(
      "simulate: --date must be a day of the calendar as YYYY-MM-DD, not '2026-02-30'",
    );
    expect(await refusal(['--out', target(), '--from', '25:00'])).toMatchObject({
      message: "simulate: --from must be a time as HH:MM, from 00:00 to 23:59 (UTC+8), not '25:00'",
      exitCode: 2,
    });
    expect((await refusal(['--out', target(), '--population', '2000000'])).message).toContain('1000000');
    expect((await refusal(['--out', target(), '--hours', '-1'])).message).toContain('hours');
    expect(existsSync(target())).toBe(false);
  });

  test('shares that are none', async () => {
    expect((await refusal(['--out', target(), '--loss', 'some'])).message).toContain('--loss must be a share such as');
    expect((await refusal(['--out', target(), '--reorder', '60%'])).message).toContain(
      'simulate: --reorder must be a share from 0 to 0.5, not',
    );
  });

  test('a place where nothing can be written', async () => {
    const missing = await refusal(['--out', join(folder, 'no', 'such', 'folder.pcap')]);
    expect(missing.code).toBe('OUTPUT_UNWRITABLE');
    expect(missing.message).toContain('folder.pcap');
    await mkdir(join(folder, 'taken'), { recursive: true });
    expect((await refusal(['--out', join(folder, 'taken')])).message).toContain('is a folder');
  });

  test('two outputs in one file', async () => {
    expect((await refusal(['--out', target(), '--truth', target()])).message).toContain('two outputs');
    const beside = ['--truth', join(folder, 't.csv'), '--cells', join(folder, 't.roaming.csv')];
    expect((await refusal(['--out', target(), ...beside])).message).toContain('two outputs');
  });
});
