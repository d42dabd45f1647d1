import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseSegments } from '../../server/reference/number-segments.ts';
import { saveSegments } from '../../server/store/segments.ts';
import { openPlainDatabase, type PlainDatabase } from './tools/plain-database.ts';

let store: PlainDatabase;
beforeAll(async () => {
  store = await openPlainDatabase();
});
afterAll(() => store.remove());

const header = 'type,from,to,province,city,area,operator\n';
const save = async (text: string) => {
  const client = await store.pool.connect();
  try {
    await saveSegments(client, parseSegments('x', header + text));
  } finally {
    client.release();
  }
};
const held = async () => ({
  numbers: await store.sql('select segment, area_code, city from number_segment order by segment'),
  imsis: await store.sql('select first_imsi, last_imsi, area_code from imsi_segment order by 1'),
  areas: await store.sql('select area_code, province, city from phone_area order by 1'),
});

test('the tables hold the newest import and nothing else', async () => {
  await store.sql('insert into number_segment values (1380013, 10)');
  await save('msisdn,1390013,1390014,广东,深圳,0755,中国移动\nimsi,001012,,广东,广州,020,\n');
  expect(await held()).toEqual({
    numbers: [
      { segment: 1_390_013, area_code: 755, city: '深圳' },
      { segment: 1_390_014, area_code: 755, city: '深圳' },
    ],
    imsis: [{ first_imsi: 1_012_000_000_000, last_imsi: 1_012_999_999_999, area_code: 20 }],
    areas: [
      { area_code: 20, province: '广东', city: '广州' },
      { area_code: 755, province: '广东', city: '深圳' },
    ],
  });
  await save('msisdn,1390014,,广东,广州,020,\n');
  expect((await held()).numbers).toEqual([{ segment: 1_390_014, area_code: 20, city: '广州' }]);
});

test('the same set again is not written again', async () => {
  await store.sql('update number_segment set city = $1', ['touched']);
  await save('msisdn,1390014,,广东,广州,020,\n');
  expect((await held()).numbers).toEqual([{ segment: 1_390_014, area_code: 20, city: 'touched' }]);
});

test('half a million segments are stored in parts', async () => {
  const rows = Array.from(
    { length: 60_000 },
    (_, i) => `msisdn,${1_300_000 + i * 8},${1_300_007 + i * 8},P,C,${10 + (i % 900)},`,
  );
  await save(`${rows.join('\n')}\n`);
  expect(await store.sql('select count(*) as n, count(distinct area_code) as areas from number_segment')).toEqual([
    { n: 480_000, areas: 900 },
  ]);
});
