import { describe, expect, test } from 'vitest';
import { hiddenCount, type LayoutRegion, type OriginRow, unknownCount } from '../../shared/protocol.ts';
import { type View, worldX, worldY } from '../../web/draw/projection.ts';
import { RegionPainter } from '../../web/draw/region-painter.ts';
import { rangeOf } from '../../web/draw/sparkline.ts';
import { byClass, byCountry, countryName, formatSum } from '../../web/state/origins.ts';
import { mainRegion, orderRegions, pageOf } from '../../web/state/region-order.ts';

function region(id: string, kind: string, capacity: number | null = null, ring: [number, number][] = []): LayoutRegion {
  return { id, name: id, kind, capacity, polygons: ring.length === 0 ? null : [[ring]], cellCount: 1 };
}

describe('the order of the list', () => {
  const regions = [
    region('estate', 'estate'),
    region('small venue', 'venue', 4000),
    region('stadium', 'venue', 60_000),
    region('office a', 'office'),
    region('office b', 'office'),
    region('other', 'something else'),
  ];

  test('is by kind, then by present, unknown last', () => {
    const present = [900, 10, 5, unknownCount, 3, 1];
    const order = orderRegions(regions, (place) => present[place]!);
    expect(order.map((place) => regions[place]!.id)).toEqual([
      'small venue',
      'stadium',
      'office b',
      'office a',
      'estate',
      'other',
    ]);
  });

  test('the wall is about the largest venue, else about the first region', () => {
    expect(mainRegion(regions)).toBe(2);
    expect(mainRegion([regions[3]!])).toBe(0);
    expect(mainRegion([])).toBe(-1);
  });

  test('pages keep the chosen region on top, lose nobody and wrap around', () => {
    const order = [0, 1, 2, 3, 4, 5];
    const pages = [0, 1, 2].map((wanted) => pageOf(order, 4, 3, wanted));
    expect(pages.map(({ places }) => places[0])).toEqual([4, 4, 4]);
    expect(new Set(pages.flatMap(({ places }) => places))).toEqual(new Set(order));
    expect(pages.map(({ pages: of }) => of)).toEqual([3, 3, 3]);
    expect(pageOf(order, 4, 3, 3).page).toBe(0);
    expect(pageOf(order, 4, 3, -1).page).toBe(2);
    expect(pageOf(order, 4, 9, 5)).toEqual({ places: [4, 0, 1, 2, 3, 5], page: 0, pages: 1 });
    expect(pageOf(order, -1, 1, 2).places).toEqual([2]);
  });
});

describe('regions on the map', () => {
  const scale = 256 * 2 ** 13;
  const view: View = {
    scale,
    originX: worldX(113.3) * scale - 500,
    originY: worldY(23.1) * scale - 400,
    width: 1000,
    height: 800,
    rem: 18,
  };
  const square = (lon: number, lat: number, half: number): [number, number][] => [
    [lon - half, lat - half],
    [lon + half, lat - half],
    [lon + half, lat + half],
    [lon - half, lat + half],
    [lon - half, lat - half],
  ];

  test('a point is in the smallest region around it, and not in a hole', () => {
    const painter = new RegionPainter();
    const ring = region('ring', 'campus', null, square(113.3, 23.1, 0.03));
    ring.polygons![0]!.push(square(113.3, 23.1, 0.01));
    painter.setRegions([ring, region('small', 'office', null, square(113.32, 23.1, 0.004))], -1);
    painter.setView(view);
    const px = (lon: number, lat: number) =>
      painter.hit(worldX(lon) * scale - view.originX, worldY(lat) * scale - view.originY);
    expect(px(113.32, 23.1)).toBe(1);
    expect(px(113.28, 23.1)).toBe(0);
    expect(px(113.3, 23.1)).toBe(-1);
    expect(px(113.4, 23.1)).toBe(-1);
  });
});

describe('origins', () => {
  const row = (of: OriginRow['class'], country: string, present: number): OriginRow => ({
    class: of,
    country,
    mcc: '',
    present,
  });

  test('classes are summed, a class without anybody is a zero', () => {
    const sums = byClass([row('local', 'CN', 900), row('international', 'JP', 5), row('international', 'US', 7)]);
    expect(sums.map(({ key, present }) => [key, present])).toEqual([
      ['local', 900],
      ['other network', 0],
      ['港澳台', 0],
      ['international', 12],
      ['unknown', 0],
    ]);
  });

  test('countries are those of roamers, most first', () => {
    const rows = [row('local', 'CN', 9), row('港澳台', 'HK', 20), row('international', 'JP', 30)];
    expect(byCountry(rows).map(({ key }) => key)).toEqual(['JP', 'HK']);
  });

  test('a sum with hidden parts says so', () => {
    const [some] = byCountry([row('international', 'JP', 30), row('international', 'JP', hiddenCount)]);
    expect(formatSum(some!, 20).text).toBe('≥30');
    const [none] = byCountry([row('international', 'JP', hiddenCount)]);
    expect(formatSum(none!, 20)).toMatchObject({ text: '<20', state: 'hidden' });
  });

  test('names countries in both languages and keeps what is no country', () => {
    expect(countryName('JP', 'zh')).toBe('日本');
    expect(countryName('HK', 'zh')).toBe('香港');
    expect(countryName('JP', 'en')).toBe('Japan');
    expect(countryName('', 'zh')).toBe('');
  });
});

test('a sparkline takes in zero when it is near, and leaves out what is no count', () => {
  expect(rangeOf([10, 40, unknownCount, hiddenCount])).toEqual([0, 40]);
  expect(rangeOf([80, 100])).toEqual([80, 100]);
  expect(rangeOf([1_331, 1_333])).toEqual([1_298.675, 1_365.325]);
  expect(rangeOf([0, 1])).toEqual([0, 4]);
  expect(rangeOf([unknownCount])).toBeNull();
});
