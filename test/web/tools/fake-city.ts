import type { Layout, LayoutCell, LayoutRegion, Schematic } from '../../../shared/protocol.ts';

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const centre = { lon: 113.3, lat: 23.125 };
export const venue = { lon: 113.319, lat: 23.138 };

/** An invented schematic: one river, one ring, two axes. */
export const plainSchematic: Schematic = {
  river: [
    {
      w: 380,
      p: [
        [113.16, 23.22],
        [113.21, 23.13],
        [113.27, 23.11],
        [113.35, 23.113],
        [113.47, 23.08],
        [113.56, 22.93],
      ],
    },
  ],
  road: [
    {
      c: 3,
      p: [
        [113.22, 23.19],
        [113.4, 23.19],
        [113.42, 23.1],
        [113.36, 23.04],
        [113.24, 23.05],
        [113.2, 23.12],
        [113.22, 23.19],
      ],
    },
    {
      c: 2,
      p: [
        [113.15, 23.13],
        [113.5, 23.12],
      ],
    },
    {
      c: 1,
      p: [
        [113.32, 23.3],
        [113.318, 22.95],
      ],
    },
  ],
  label: [
    { name: '北区', lon: 113.28, lat: 23.2 },
    { name: '南区', lon: 113.31, lat: 23.07 },
  ],
  note: '',
};

const named: [string, string, number, number, number, number | null][] = [
  ['天河体育中心', 'venue', 113.319, 23.138, 0.34, 60_000],
  ['广州东站候车厅', 'hall', 113.3195, 23.153, 0.3, 25_000],
  ['珠江新城西塔', 'office', 113.317, 23.1205, 0.22, 9_000],
  ['琶洲展馆', 'venue', 113.362, 23.101, 0.55, 80_000],
  ['中山大学南校园', 'campus', 113.292, 23.096, 0.75, 32_000],
  ['华南理工大学', 'campus', 113.342, 23.155, 0.9, 40_000],
  ['员村社区', 'community', 113.356, 23.119, 0.6, null],
  ['石牌村', 'community', 113.337, 23.133, 0.4, 18_000],
  ['杨箕小区', 'estate', 113.299, 23.129, 0.35, 12_000],
  ['东山口小区', 'estate', 113.289, 23.124, 0.4, 15_000],
  ['黄埔工业区', 'industrial', 113.425, 23.108, 0.9, 22_000],
  ['云埔工业园', 'industrial', 113.47, 23.15, 1.1, 30_000],
  ['某银行集团总部', 'group', 113.325, 23.117, 0.18, 4_200],
  ['某电网集团', 'group', 113.314, 23.125, 0.16, 3_500],
  ['北京路营业厅', 'hall', 113.264, 23.122, 0.25, 2_000],
  ['上下九营业厅', 'hall', 113.243, 23.116, 0.25, 2_000],
  ['白云新城写字楼', 'office', 113.268, 23.185, 0.45, 14_000],
  ['太古汇写字楼', 'office', 113.327, 23.1335, 0.2, 11_000],
  ['芳村花园', 'estate', 113.232, 23.082, 0.6, 20_000],
  ['赤岗社区', 'community', 113.331, 23.089, 0.55, null],
];

function square(lon: number, lat: number, sizeKm: number, turn: number): [number, number][][][] {
  const ring: [number, number][] = [];
  for (let k = 0; k <= 8; k++) {
    const angle = turn + ((k % 8) / 8) * 2 * Math.PI;
    const r = (sizeKm * (k % 2 === 0 ? 1 : 0.86)) / 111.2;
    ring.push([lon + (r * Math.cos(angle)) / Math.cos((lat * Math.PI) / 180), lat + r * Math.sin(angle)]);
  }
  return [[ring]];
}

export interface FakeLayoutOptions {
  seed: number;
  cells: number;
  positions: boolean;
  regions: boolean;
  minCount: number;
  title: string;
  schematic: Schematic | null;
}

/** A city of three-sector sites, denser in the core, with micro-regions of each kind. */
export function fakeLayout(options: FakeLayoutOptions): Layout {
  const random = randomFrom(options.seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const cells: LayoutCell[] = [];
  for (let site = 0; cells.length < options.cells; site++) {
    const wide = random() < 0.55 ? 0.045 : 0.13;
    const lon = centre.lon + normal() * wide;
    const lat = centre.lat + normal() * wide * 0.8;
    const turn = Math.floor(random() * 120);
    const sectors = random() < 0.16 ? 1 : random() < 0.75 ? 3 : 2;
    for (let sector = 0; sector < sectors && cells.length < options.cells; sector++) {
      const ci = 10_000 + cells.length;
      cells.push({
        cgi: `460-00-${42_200 + (site % 90)}-${ci}`,
        name: options.positions ? `站点 ${site + 1} / ${sector + 1}` : '',
        lon: options.positions ? lon : null,
        lat: options.positions ? lat : null,
        azimuth: options.positions && sectors > 1 ? (turn + sector * 120) % 360 : null,
      });
    }
  }
  const regions: LayoutRegion[] = options.regions
    ? named.map(([name, kind, lon, lat, size, capacity], k) => ({
        id: `r${k + 1}`,
        name,
        kind,
        capacity,
        polygons: options.positions ? square(lon, lat, size, k) : null,
        cellCount: 10,
      }))
    : [];
  return {
    revision: 1,
    build: 'fake-1',
    title: options.title,
    timeZone: 'Asia/Shanghai',
    flowWindowMs: 900_000,
    gaugeEveryMs: 60_000,
    holdDownMs: 60_000,
    minCount: options.minCount,
    map: { kind: options.schematic === null ? 'none' : 'schematic', url: '', attribution: '' },
    schematic: options.schematic,
    cells,
    regions,
    tree: [],
  };
}
