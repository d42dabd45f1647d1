import { columnBytes } from '../../../shared/codec.ts';
import type { CrowdRow } from '../../../shared/crowd.ts';
import { hiddenCount, type LayoutRegion, type OriginRow, type RegionPast } from '../../../shared/protocol.ts';
import type {
  OriginPlaceRow,
  RegionDwell,
  RegionExpected,
  RegionOrigins,
  RegionTrips,
} from '../../../shared/region-answers.ts';
import type { LayoutNode } from '../../../shared/region-tree.ts';
import {
  type TrafficAnswer,
  type TrafficColumns,
  type TrafficFigures,
  trafficClasses,
  trafficColumns,
} from '../../../shared/traffic.ts';

/** A region tree of two branches with two centres each, an area and two halls below every centre. */
export function fakeTree(): LayoutNode[] {
  const tree: LayoutNode[] = [];
  const add = (level: LayoutNode['level'], parent: string, name: string) => {
    const id = parent === '' ? `tree:${name}` : `${parent}/${name}`;
    tree.push({ id, name, level, parent, cellCount: 100 });
    return id;
  };
  const branches = ['天河分公司', '海珠分公司'].map((name) => add(1, '', name));
  const centres = branches.flatMap((branch) => ['体育西', '珠江'].map((name) => add(2, branch, `${name}区域营销中心`)));
  const areas = centres.map((centre) => add(3, centre, '林和片区'));
  for (const area of areas) for (const name of ['第一', '第二']) add(4, area, `林和${name}营业厅`);
  return tree.sort((a, b) => a.level - b.level);
}

const unitsOf: Partial<Record<(typeof trafficClasses)[number], number>> = {
  'location updates': 98,
  'mo calls': 31,
  'mt calls': 27,
  'mo sms': 44,
  'mt sms': 26,
  'supplementary services': 3,
  handovers: 12,
  data: 77,
};

/** Traffic of the city, which has `scale` × 50 of each, and of the regions behind it. */
export function fakeTraffic(toUs: number, regions: number, scale: number): TrafficColumns {
  const rows = Array.from({ length: 1 + regions }, (_, row) => (row === 0 ? 50 : 1) * scale);
  const columns = trafficColumns.map((column) => {
    const share = { units: 1, failed: 0.002, unanswered: 0.2, dropped: 0.001, seconds: 70 }[column];
    const values = rows.flatMap((size) =>
      trafficClasses.map((name) => Math.round((unitsOf[name] ?? 0) * size * share)),
    );
    return [column, columnBytes(Uint32Array.from(values))];
  });
  return {
    fromUs: toUs - 900_000_000,
    toUs,
    ...(Object.fromEntries(columns) as Record<string, Uint8Array>),
  } as TrafficColumns;
}

/** As long as people stay at most, so that its words take the most room. */
export function fakeDwell(id: string): RegionDwell {
  const minuteMs = 60_000;
  return {
    id,
    live: { present: 1000, medianMs: 107 * minuteMs, p90Ms: 146 * minuteMs, knownMs: 1020 * minuteMs },
    ended: {
      ...{ fromUs: 0, toUs: 1, knownFromUs: 0, stays: 1000, cut: 0 },
      ...{ observedMedianMs: 120 * minuteMs, observedP90Ms: 175 * minuteMs },
      ...{ upperMedianMs: 146 * minuteMs, upperP90Ms: 213 * minuteMs },
    },
    edits: [],
  };
}

/** Of regions of which every third has no roles yet, and every seventh nothing; `present` by place. */
export function fakeCrowd(regions: number, present: (place: number) => number, atUs: number): CrowdRow[] {
  const rows = Array.from({ length: regions }, (_, region): CrowdRow => {
    const here = present(region);
    if (region % 3 === 2) {
      const roles = { residents: 0, workers: 0, visitors: 0, passersBy: 0, undetermined: here };
      return { region, atUs, crowd: null, roles };
    }
    const part = (share: number) => Math.round(here * share);
    const roles = { residents: part(0.1), workers: part(0.05), visitors: part(1.4), passersBy: part(0.6) };
    return { region, atUs, crowd: part(0.87), roles: { ...roles, undetermined: 0 } };
  });
  return rows.filter(({ region }) => region % 7 !== 6);
}

/** Of the first region above what is usual; of others so that its words take the most room. */
export function fakeExpected(id: string, isFirst: boolean): RegionExpected {
  if (isFirst)
    return {
      ...{ id, atUs: 1, present: 58_000, band: { median: 41_000, low: 38_200, high: 43_900, days: 8 } },
      ...{ z: 4.2, verdict: 'unusual' as const },
    };
  return {
    ...{ id, atUs: 1, present: 88, band: { median: 4_100, low: 3_820, high: 4_390, days: 8 } },
    ...{ z: -9.9, verdict: 'fault first' as const },
  };
}

/** With the regions behind it in the list. */
export function fakeTrips(id: string, regions: readonly LayoutRegion[]): RegionTrips {
  const others = regions.filter((region) => region.id !== id).slice(0, 7);
  const trips = others.map((other, i) => ({ id: other.id, into: i === 1 ? -1 : 812 >> i, from: 12_345 >> i }));
  return { id, fromUs: 0, toUs: 10_800_000_000, knownFromUs: 0, regions: trips, edits: [] };
}

/** Guests by operator and by area, one of them hidden where small figures are, one without names. */
export function fakePlaces(minCount: number): OriginPlaceRow[] {
  const row = (of: OriginRow['class'], country: string, operator: string, present: number): OriginPlaceRow => ({
    ...{ class: of, country, mcc: operator.slice(0, 3), operator, area: 0, province: '', city: '', present },
  });
  const area = (code: number, province: string, city: string, present: number): OriginPlaceRow => ({
    ...{ class: 'other province', country: 'CN', mcc: '460', operator: '', area: code, province, city, present },
  });
  return [
    row('other network', 'CN', '460-01', 9_912),
    row('other network', 'CN', '460-11', 6_204),
    area(757, '广东', '佛山', 5_114),
    row('港澳台', 'HK', '454-12', 3_120),
    area(10, '北京', '北京', 2_208),
    row('international', 'JP', '440-10', 1_507),
    area(451, '', '', 310),
    area(991, '新疆维吾尔自治区', '乌鲁木齐', minCount > 0 ? hiddenCount : 7),
    row('international', '', '', 88),
  ];
}

/** Of a region with a thousand times what a small one has, so that figures take the most room. */
export function fakeOutcomes(of: string, toUs: number): TrafficAnswer {
  const figures = (units: number): TrafficFigures => ({
    ...{
      units,
      unknown: Math.round(units * 0.02),
      success: Math.round(units * 0.75),
      rejected: Math.round(units * 0.01),
    },
    ...{ failed: Math.round(units * 0.01), unanswered: Math.round(units * 0.2), dropped: 3, seconds: units * 70 },
  });
  const window: TrafficAnswer['window'] = {};
  for (const name of trafficClasses) if (unitsOf[name] !== undefined) window[name] = figures(1000 * unitsOf[name]);
  return { of, fromUs: toUs - 900_000_000, toUs, window, open: null };
}

/** The last of two quarters of an hour, in which many came and one crossing has not held. */
export function fakePast(id: string, toUs: number): RegionPast {
  const quarterUs = 900_000_000;
  return {
    ...{ id, bucketS: 900, timeUs: [toUs - 2 * quarterUs, toUs - quarterUs] },
    presence: { present: [41_388, 58_783], visitors: [42_000, 61_402] },
    flows: { entries: [9_000, 19_862], exits: [2_000, 2_607], appeared: [20, 214], vanished: [9, 75] },
  };
}

/** The newest quarter is not stored yet. @param places as {@link fakePlaces} gives them */
export function fakeRegionOrigins(id: string, toUs: number, places: readonly OriginPlaceRow[]): RegionOrigins {
  const shown = (present: number) => (present === hiddenCount ? -1 : present);
  const row = (of: OriginRow['class'], country: string, mcc: string, present: number) => ({
    ...{ class: of, country, mcc, present },
  });
  const origins = [
    row('local', 'CN', '460', 47_031),
    row('other network', 'CN', '460', 7_116),
    row('other province', 'CN', '460', 2_208),
    row('港澳台', 'HK', '454', 1_120),
    row('international', 'JP', '440', 507),
    row('international', 'KR', '450', 41),
    row('unknown', '', '', 760),
  ];
  const quarterUs = 900_000_000;
  return {
    id,
    quarters: [
      {
        timeUs: toUs - 2 * quarterUs,
        origins,
        places: places.map((place) => ({ ...place, present: shown(place.present) })),
      },
      { timeUs: toUs - quarterUs, origins: null, places: null },
    ],
  };
}
