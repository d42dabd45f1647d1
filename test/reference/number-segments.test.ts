import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { packImsi } from '../../server/privacy/imsi.ts';
import { areaTables, HomeAreas, provinceAreas } from '../../server/reference/home-areas.ts';
import { formatSegments, parseSegments, readSegments } from '../../server/reference/number-segments.ts';

const folder = mkdtempSync(join(tmpdir(), 'signalwall-segments-'));
afterAll(() => rmSync(folder, { recursive: true }));

const header = 'type,from,to,province,city,area,operator\n';
const good = 'msisdn,1390013,1390015,广东,深圳,0755,中国移动\n';

describe('reading a list of segments', () => {
  it('takes ranges and single ones, with and without the zero of an area code, and unpacks gzip', async () => {
    const path = join(folder, 'a.csv.gz');
    writeFileSync(
      path,
      gzipSync(
        `\uFEFFarea,type,from,province,city\r\n20,imsi,00101205,"广东",广州\r\n010,msisdn,1340000,北京,北京\r\n`,
      ),
    );
    expect((await readSegments(path)).rows).toEqual([
      {
        type: 'imsi',
        first: 1_012_050_000_000,
        last: 1_012_059_999_999,
        province: '广东',
        city: '广州',
        area: 20,
        operator: '',
      },
      { type: 'msisdn', first: 1_340_000, last: 1_340_000, province: '北京', city: '北京', area: 10, operator: '' },
    ]);
  });

  it('reads back what it has written as the same set, and tells another set apart', () => {
    const set = parseSegments('x', `${header}${good}imsi,00101300,00101399,四川,成都,028,\n`);
    expect(parseSegments('y', formatSegments(set.rows))).toEqual(set);
    expect(parseSegments('x', `${header}${good}`).digest).not.toBe(set.digest);
  });

  it.each([
    ['no file', null, 'a.none'],
    [
      'missing columns',
      'type,from,area\n',
      'line 1: the list of segments lacks province, city: begin it with type,from,to',
    ],
    ['unknown columns', 'type,from,province,city,area,zip\n', "has an unknown column 'zip'"],
    ['a header alone', header, 'is empty: give it the header'],
    ['an unknown type', `${header}imei,1,1,广东,深圳,755,\n`, "line 2: type 'imei': write msisdn or imsi"],
    [
      'a number for a segment',
      `${header}msisdn,13900130000,,广东,深圳,755,\n`,
      'first seven digits of a mobile number',
    ],
    ['a segment with 86', `${header}msisdn,8613900,,广东,深圳,755,\n`, 'without 86'],
    ['a range that runs back', `${header}msisdn,1390015,1390013,广东,深圳,755,\n`, 'from lies behind to: swap them'],
    ['a range of two lengths', `${header}imsi,00101,001010,广东,深圳,755,\n`, 'as many in both'],
    ['a short IMSI', `${header}imsi,0010,,广东,深圳,755,\n`, '5 to 15 digits that IMSIs begin with'],
    ['an area that is none', `${header}msisdn,1390013,,广东,深圳,7,\n`, "area '7': write the area code"],
    ['a row without a city', `${header}msisdn,1390013,,广东,,755,\n`, 'province or city is empty'],
    ['a row with too few fields', `${header}${good}msisdn,1390019\n`, 'line 3: it has 2 fields, and the header 7'],
    ['a comma in a name', `${header}msisdn,1390013,,"广东,x",深圳,755,\n`, 'line 2'],
    [
      'ranges that overlap',
      `${header}${good}\nmsisdn,1390015,,广东,广州,20,\n`,
      'line 4: its msisdn range overlaps the one in line 2',
    ],
  ])('refuses %s in one line with the place and the remedy', async (name, content, message) => {
    const path = join(folder, content === null ? 'a.none' : `${name.replaceAll(' ', '-')}.csv`);
    if (content !== null) writeFileSync(path, content);
    const error = await readSegments(path).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ name: 'UserError', message: expect.stringContaining(message) });
    expect((error as Error).message).not.toContain('\n');
  });
});

describe('where a SIM is at home', () => {
  const rows: string[] = [];
  let state = 5;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
  for (let first = 1_340_000; first < 1_342_000; first += 3)
    rows.push(`msisdn,${first},${first + random(3)},P,C,${10 + random(900)},`);
  for (let first = 2000; first < 6000; first += 4)
    rows.push(`imsi,00101${first},00101${first + random(4)},P,C,${10 + random(900)},`);
  const set = parseSegments('x', `${header}${rows.join('\n')}\n`);
  const areas = new HomeAreas(areaTables(set.rows));
  const slow = (type: string, value: number) =>
    set.rows.find((row) => row.type === type && row.first <= value && value <= row.last)?.area ?? 0;

  it('is what a search through all ranges finds, inside, between and outside of them', () => {
    for (let n = 0; n < 5_000; n++) {
      const segment = 1_339_900 + random(2_300);
      expect(areas.ofNumber(86e11 + segment * 1e4 + random(10_000))).toBe(slow('msisdn', segment));
      const msin = (1_900 + random(4_300)) * 1e6 + random(1e6);
      expect(areas.ofImsi(packImsi(1_010_000_000_000 + msin, 15))).toBe(slow('imsi', 1_010_000_000_000 + msin));
    }
  });

  it('is unknown of foreign numbers, fixed lines and shorter IMSIs', () => {
    for (const number of [81_900_000_100, 8_675_512_345_678, 10_086, 8_613_400, 134_000_000_000_000])
      expect(areas.ofNumber(number)).toBe(0);
    expect(areas.ofImsi(packImsi(1_012_001_234, 14))).toBe(0);
  });
});

it('finds the other cities of the province that the home areas lie in', () => {
  const set = parseSegments(
    'x',
    `${header}${good}imsi,00101,,广东,广州,020,\nmsisdn,1360000,,北京,北京,010,\nmsisdn,1360001,,广东,惠州,752,\n`,
  );
  expect(provinceAreas(set.rows, [755])).toEqual([20, 752]);
  expect(provinceAreas(set.rows, [571])).toEqual([]);
});
