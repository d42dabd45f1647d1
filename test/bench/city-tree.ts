import { packPlmn, placedHome } from '../../server/events/plmn.ts';
import { type CellInfo, unheardOf } from '../../server/reference/cell-registry.ts';
import { cellCount, cgiOf } from './presence-city.ts';

// What a real city has beside its cells and micro-regions: a region tree, and people from elsewhere.

const homeNetwork = packPlmn(460, 0, 2);
const localArea = 755;
/** Settings by which {@link homeOf}'s local ones are local. */
export const localSettings = { homePlmns: '460-00', homeAreas: String(localArea) } as const;

const foreignMccs = [
  ...[202, 204, 206, 208, 214, 216, 219, 222, 226, 228, 230, 231, 232, 234, 238, 240, 242, 244, 246, 248],
  ...[250, 255, 257, 260, 262, 268, 272, 274, 283, 286, 293, 310, 334, 404, 410, 440, 450, 452, 502, 525],
];
const operators = 85;
const otherAreas = 255;

/** 340 places: areas of the home network, and operators of 40 countries. */
const places = [
  ...Array.from({ length: otherAreas }, (_, i) => placedHome(homeNetwork, 310 + i)),
  ...Array.from({ length: operators }, (_, i) =>
    packPlmn(foreignMccs[i % foreignMccs.length], 1 + Math.floor(i / foreignMccs.length), 2),
  ),
];

/** Home of the subscriber of this number: four of five are local, the others of as many places as there are. */
export function homeOf(sub: number): number {
  return sub % 5 > 0 ? placedHome(homeNetwork, localArea) : places[(sub / 5) % places.length];
}

/** Nodes above the cell: 分公司, 区域营销中心, 片区, 营业厅. */
const nodesByLevel = [4, 20, 100, 1_000];
export const treeNodes = nodesByLevel.reduce((sum, nodes) => sum + nodes);

/** The city's cells, each in one node of every level; neighbours share them. */
export function cellsInTree(): CellInfo[] {
  return Array.from({ length: cellCount }, (_, cell) => ({
    ...unheardOf(cgiOf(cell)),
    parents: nodesByLevel.map((nodes, level) => `${'BCAH'[level]}${Math.floor((cell * nodes) / cellCount)}`),
  }));
}
