import { columnBytes } from '../../../shared/codec.ts';
import type { RegionDwell } from '../../../shared/region-answers.ts';
import type { LayoutNode } from '../../../shared/region-tree.ts';
import { type TrafficColumns, trafficClasses, trafficColumns } from '../../../shared/traffic.ts';

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
    live: { present: 1000, medianMs: 107 * minuteMs, p90Ms: 146 * minuteMs },
    ended: {
      ...{ fromUs: 0, toUs: 1, stays: 1000, observedMedianMs: 120 * minuteMs, observedP90Ms: 175 * minuteMs },
      ...{ upperMedianMs: 146 * minuteMs, upperP90Ms: 213 * minuteMs },
    },
  };
}
