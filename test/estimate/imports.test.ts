import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { parseGates, readGates } from '../../server/estimate/gates.ts';
import { parseShares, readShares, shareOf } from '../../server/estimate/shares.ts';

describe('market shares', () => {
  test('are read from CSV and JSON alike', () => {
    const csv = parseShares('s.csv', 'origin,share,error,heard,heardError\nlocal,42%,0.01,0.96,0.01\n*,0.1,0.02,,\n');
    const json = parseShares(
      's.json',
      '[{"origin":"local","share":0.42,"error":0.01,"heard":0.96,"heardError":0.01},{"origin":"*","share":"10%","error":0.02}]',
    );
    expect([...csv]).toEqual([...json]);
    expect(shareOf(csv, 'local')).toEqual({ share: 0.42, error: 0.01, heard: 0.96, heardError: 0.01 });
    expect(shareOf(csv, '港澳台')).toMatchObject({ share: 0.1, heard: 0.97 });
  });

  test('leave a class unknown that neither has a row nor falls under *', () => {
    expect(shareOf(parseShares('s.csv', 'origin,share,error\nlocal,0.4,0\n'), 'unknown')).toBeUndefined();
  });

  test.each([
    ['origin,share\nlocal,0.4\n', /s\.csv: line 1: the table of market shares lacks error: name the columns origin/],
    ['origin,share,error,eror\n*,0.4,0,0\n', /line 1: .* has an unknown column eror/],
    ['origin,share,error\n', /s\.csv: the table of market shares is empty/],
    ['origin,share,error\n*,0.4,0\nmartian,0.1,0\n', /line 3: unknown origin 'martian': write \* or one of local/],
    ['origin,share,error\n*,forty,0\n', /line 2: share 'forty' is no share from 0 to 5: write 0.4 or 40%/],
    ['origin,share,error\n*,0,0\n', /line 2: a share of 0 says nothing/],
    ['origin,share,error\n*,0.4,0\n*,0.3,0\n', /line 3: the origin \* stands there twice/],
    ['origin,share,error\n*,0.4\n', /s\.csv: line 2: .*mend this line of the table of market shares/],
    ['[{"origin":"*","share":0.4,"error":0},\n{]', /s\.csv: line 2: no valid JSON/],
    ['null', /s\.csv: the table of market shares must be an array of objects/],
    ['"*"', /s\.csv: the table of market shares must be an array of objects/],
    ['{"origin":"*"}', /must be an array of objects/],
    ['[{"origin":"*","share":0.4}]', /entry 1: .* lacks error/],
    ['[7]', /entry 1 of the table of market shares is no object/],
  ])('%j is refused in one line that names the place and the remedy', (text, message) => {
    expect(() => parseShares('s.csv', text)).toThrow(message);
  });
});

describe('gate counts', () => {
  test('are heads inside, or entered − left, in order of time', () => {
    const text =
      'time,region,people,entered,left,error\n2026-10-17T20:00+08:00,stadium,,31000,400,0.01\n2026-10-17T11:30Z,stadium,28000,,,\n';
    expect(parseGates('g.csv', text)).toEqual([
      { timeUs: Date.parse('2026-10-17T11:30Z') * 1000, region: 'stadium', people: 28_000, error: 0.02 },
      { timeUs: Date.parse('2026-10-17T12:00Z') * 1000, region: 'stadium', people: 30_600, error: 0.01 },
    ]);
  });

  test.each([
    ['time,region,people\n2026-10-17 19:30,a,5\n', /line 2: time '2026-10-17 19:30' is no time with its offset/],
    ['time,region,people\n2026-10-17T19:30,a,5\n', /is no time with its offset: write 2026-10-17T19:30\+08:00/],
    ['time,region,people\n2026-10-17T19:30Z,,5\n', /it names no region/],
    ['time,region,people\n2026-10-17T19:30Z,a,many\n', /people 'many' is no number of heads/],
    ['time,region,entered,left\n2026-10-17T19:30Z,a,5,6\n', /more have left than entered/],
    ['time,region,people,left\n2026-10-17T19:30Z,a,5,6\n', /it has people and entered or left too/],
    ['time,region,people,error\n2026-10-17T19:30Z,a,5,2\n', /error '2' is no share/],
    [
      'time,region,people\n2026-10-17T19:30Z,a,5\n2026-10-17T19:30Z,a,6\n',
      /line 3: a has a count of that time in line 2/,
    ],
  ])('%j is refused', (text, message) => {
    expect(() => parseGates('g.csv', text)).toThrow(message);
  });
});

test('files may be gzip’d, and one that is not there is said so', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'estimate-'));
  try {
    const path = join(folder, 'shares.csv.gz');
    await writeFile(path, gzipSync('origin,share,error\n*,0.4,0.01\n'));
    expect((await readShares(path)).size).toBe(1);
    await expect(readGates(join(folder, 'none.csv'))).rejects.toThrow(/table of gate counts .*none\.csv: no such file/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
