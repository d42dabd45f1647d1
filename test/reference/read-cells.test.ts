import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { readCells, textBytesMax } from '../../server/reference/read-cells.ts';

const folder = mkdtempSync(join(tmpdir(), 'signalwall-cells-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const header = 'cgi,lon,lat,azimuth,name,site,radio,branch,centre,area,hall\n';
const good = '460-00-42285-28831,113.3190,23.1380,120,"Tianhe, north",S1,gsm,Guangzhou,Tianhe,Sports,Hall 7\n';

describe('reading a cell list', () => {
  it('takes every column, quoted text, and cells without a position', async () => {
    const cells = await readCells(file('a.csv', `\uFEFF${header}${good}460-00-42285-1,,,,,,,,,,\n`));
    expect(cells).toEqual([
      {
        cgi: '460-00-42285-28831',
        name: 'Tianhe, north',
        lon: 113.319,
        lat: 23.138,
        azimuth: 120,
        radio: 'gsm',
        site: 'S1',
        parents: ['Guangzhou', 'Tianhe', 'Sports', 'Hall 7'],
      },
      { cgi: '460-00-42285-1', name: '', lon: null, lat: null, azimuth: null, radio: '', site: '' },
    ]);
  });

  it('refuses a text that is too long to be read whole, packed or not', async () => {
    const sparse = file('large.csv', header);
    truncateSync(sparse, textBytesMax + 1);
    const packed = file('large.gz', gzipSync(Buffer.alloc(textBytesMax + 1), { level: 1 }));
    for (const path of [sparse, packed])
      await expect(readCells(path)).rejects.toMatchObject({
        code: 'CELLS_UNREADABLE',
        message: expect.stringMatching(/more than 268435456 octets of text: cut it$/),
      });
  });

  it('takes columns in any order, ignores unknown ones and unpacks gzip by content', async () => {
    const cells = await readCells(file('b.csv', gzipSync('lat,height,cgi,lon\n23.1,30,310-410-1-2,113.2\n')));
    expect(cells[0]).toMatchObject({ cgi: '310-410-1-2', lon: 113.2, lat: 23.1 });
  });

  it.each([
    ['missing columns', 'cgi,latitude\n', 'line 1: the cell list lacks the columns lon, lat'],
    ['an empty file', '', 'the cell list is empty'],
    ['a header alone', header, 'the cell list is empty'],
    ['a CGI that is none', `${header}460-0-1-2,1,1,,,,,,,,\n`, "line 2: the cell '460-0-1-2' is no MCC-MNC-LAC-CI"],
    ['padded numbers', `${header}460-00-01-2,1,1,,,,,,,,\n`, 'line 2'],
    ['a LAC of 17 bits', `${header}460-00-65536-2,1,1,,,,,,,,\n`, 'LAC above 65535'],
    ['a broken number', `${header}${good}460-00-1-2,113°,1,,,,,,,,\n`, "line 3: lon '113°' is no number"],
    ['swapped degrees', `${header}460-00-1-2,23.1,113.2,,,,,,,,\n`, 'look swapped'],
    ['a latitude off the globe', `${header}460-00-1-2,113.2,231,,,,,,,,\n`, 'lat 231 is not within ±90'],
    ['half a position', `${header}460-00-1-2,113.2,,,,,,,,,\n`, 'only one of lon and lat'],
    ['an azimuth off the compass', `${header}460-00-1-2,113.2,23,361,,,,,,,\n`, 'azimuth 361'],
    ['a cell twice', `${header}${good}${good}`, 'line 3: the cell 460-00-42285-28831 stands in line 2 already'],
    ['a row with too few fields', `${header}460-00-1-2,113\n`, 'line 2'],
  ])('refuses %s in one line with the place and the remedy', async (name, content, message) => {
    const path = file(`${name.replaceAll(' ', '-')}.csv`, content);
    const error = await readCells(path).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ name: 'UserError', message: expect.stringContaining(message) });
    expect((error as Error).message).toContain(path);
    expect((error as Error).message).not.toContain('\n');
  });

  it('names a file that is not there', async () => {
    const path = join(folder, 'none.csv');
    await expect(readCells(path)).rejects.toMatchObject({
      code: 'CELLS_UNREADABLE',
      message: `cell list ${path}: no such file; check the path`,
    });
  });

  it('tells damaged gzip from a file that is not there', async () => {
    const path = file('cut.csv', gzipSync(header + good).subarray(0, 30));
    await expect(readCells(path)).rejects.toThrow(`cell list ${path}: its gzip data is cut off or damaged; copy`);
  });
});
