import type { SegmentRow } from './number-segments.ts';

/** Mobile segments lie between 1000000 and 1999999. */
const segmentFirst = 1_000_000;
const segmentCount = 1_000_000;
const lastFourDigits = 10_000;
/** 86 in front of a segment. */
const chinaStep = 860_000_000;
/** IMSIs of fewer digits are packed above it. */
const imsiStep = 1e15;

/** {@link HomeAreas} as it goes to another thread. */
export interface AreaTables {
  /** Area code by segment. */
  readonly segments: Uint16Array;
  readonly imsiFirst: Float64Array;
  readonly imsiLast: Float64Array;
  readonly imsiArea: Uint16Array;
}

export interface AreaName {
  readonly province: string;
  readonly city: string;
}

/** By area code, as the segments name them; a code with several names has the first. */
export function areaNames(rows: readonly SegmentRow[]): Map<number, AreaName> {
  const names = new Map<number, AreaName>();
  for (const { area, province, city } of rows) if (!names.has(area)) names.set(area, { province, city });
  return names;
}

/** @param rows by type and number, without overlaps */
export function areaTables(rows: readonly SegmentRow[]): AreaTables {
  const segments = new Uint16Array(segmentCount);
  const imsis = rows.filter(({ type }) => type === 'imsi');
  for (const { type, first, last, area } of rows)
    if (type === 'msisdn') segments.fill(area, first - segmentFirst, last - segmentFirst + 1);
  return {
    segments,
    imsiFirst: Float64Array.from(imsis, ({ first }) => first),
    imsiLast: Float64Array.from(imsis, ({ last }) => last),
    imsiArea: Uint16Array.from(imsis, ({ area }) => area),
  };
}

/** Which area code of China a SIM is at home in, by its IMSI or by its number; 0: not known. */
export class HomeAreas {
  readonly #tables: AreaTables;

  constructor(tables: AreaTables) {
    this.#tables = tables;
  }

  /** @param imsi from `packImsi` */
  ofImsi(imsi: number): number {
    const { imsiFirst, imsiLast, imsiArea } = this.#tables;
    if (imsi >= imsiStep) return 0;
    let low = 0;
    let high = imsiFirst.length;
    // The first range that begins behind it.
    while (low < high) {
      const middle = (low + high) >> 1;
      if (imsiFirst[middle] <= imsi) low = middle + 1;
      else high = middle;
    }
    return low > 0 && imsi <= imsiLast[low - 1] ? imsiArea[low - 1] : 0;
  }

  /** @param number in international form */
  ofNumber(number: number): number {
    const at = Math.floor(number / lastFourDigits) - chinaStep - segmentFirst;
    return at >= 0 && at < segmentCount ? this.#tables.segments[at] : 0;
  }
}

/** The other areas of the provinces that hold the areas `home`, ascending. */
export function provinceAreas(rows: readonly SegmentRow[], home: readonly number[]): number[] {
  const provinces = new Set(rows.filter(({ area }) => home.includes(area)).map(({ province }) => province));
  const areas = new Set(rows.filter(({ province }) => provinces.has(province)).map(({ area }) => area));
  return [...areas].filter((area) => !home.includes(area)).sort((a, b) => a - b);
}
