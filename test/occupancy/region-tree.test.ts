import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RegionIndex } from '../../server/reference/region-index.ts';
import { countByDefinition } from './oracle.ts';
import { base, type Scenario, scenario, secondUs, settingsOf, sightingsOf, ttlOf } from './scenario.ts';
import { regionOf, SmallCity } from './small-city.ts';

const drawn = [regionOf('lac-100', ['001-01-100-*']), regionOf('mixed', ['001-01-100-3', '001-01-200-1'])];
/** Two branches; halls of one name below two areas; a cell whose hall is not known, and one without parents. */
const parents: Record<string, string[]> = {
  '001-01-100-1': ['东', '东一', '甲', '一'],
  '001-01-100-2': ['东', '东一', '甲', '二'],
  '001-01-100-3': ['东', '东一', '乙', '一'],
  '001-01-200-1': ['东', '东二', '丙', '三'],
  '001-01-200-2': ['西', '西一', '丁', ''],
};
const cellsOfNode: Record<string, string[]> = {
  'tree:东': ['001-01-100-1', '001-01-100-2', '001-01-100-3', '001-01-200-1'],
  'tree:西': ['001-01-200-2'],
  'tree:东/东一': ['001-01-100-1', '001-01-100-2', '001-01-100-3'],
  'tree:东/东二': ['001-01-200-1'],
  'tree:西/西一': ['001-01-200-2'],
  'tree:东/东一/甲': ['001-01-100-1', '001-01-100-2'],
  'tree:东/东一/乙': ['001-01-100-3'],
  'tree:东/东二/丙': ['001-01-200-1'],
  'tree:西/西一/丁': ['001-01-200-2'],
  'tree:东/东一/甲/一': ['001-01-100-1'],
  'tree:东/东一/甲/二': ['001-01-100-2'],
  'tree:东/东一/乙/一': ['001-01-100-3'],
  'tree:东/东二/丙/三': ['001-01-200-1'],
};

function run(given: Scenario, withTree = true): SmallCity {
  const city = new SmallCity({
    regions: drawn,
    ...(withTree && { parents }),
    everyUs: given.everyS * secondUs,
    settings: settingsOf(given),
  });
  if (!withTree) for (const cell of Object.keys(parents)) city.registry.idOf(cell);
  city.see(...sightingsOf(given));
  city.engine.finish();
  return city;
}

describe('the region tree', () => {
  it('is counted at once with micro-regions, every node by the same definition', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const sightings = sightingsOf(given);
        const city = run(given);
        const nodes = city.regions.nodes.map(({ id }) => id);
        expect(nodes.sort()).toEqual(Object.keys(cellsOfNode).sort());
        const areas = new Map(Object.entries(cellsOfNode).map(([id, own]) => [id, new Set(own)]));
        const [everyUs, holdDownUs] = [given.everyS * secondUs, given.holdDownS * secondUs];
        const expected = countByDefinition({ sightings, areas, everyUs, holdDownUs, ttlUs: ttlOf(given) });
        const got = city.table();
        const zero = { present: 0, entries: 0, exits: 0, appeared: 0, vanished: 0, visitors: 0, fresh5: 0 };
        for (const [endUs, rows] of expected)
          for (const [id, row] of rows) expect(got.get(endUs)?.get(id) ?? zero, `${id} ${endUs - base}`).toEqual(row);
      }),
      { numRuns: 200 },
    );
  });

  it('changes nothing of micro-regions and cells: their gauges, trips, dwell and stays are the same without it', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const [one, other] = [run(given), run(given, false)];
        const ownRows = (city: SmallCity) =>
          city.gauges.map(({ endUs, regions, cells: ofCells, flows, dwell, present }) => {
            const isDrawn = (_: number, i: number) => regions.id[i] < drawn.length;
            const { n: _, ...columns } = regions;
            const own = Object.entries(columns).map(([name, column]) => [name, [...column.filter(isDrawn)].join()]);
            return JSON.stringify([endUs, own, ofCells, flows, dwell, present]);
          });
        expect(ownRows(one)).toEqual(ownRows(other));
        expect(one.stays).toEqual(other.stays);
      }),
      { numRuns: 100 },
    );
  });

  it('touches only the nodes that a crossing leaves and enters', () => {
    const city = new SmallCity({ parents });
    const see = (atS: number, cell: string) => city.see({ timeUs: base + atS * secondUs, subscriber: 'a', cell });
    see(0, '001-01-100-1');
    const before = city.engine.limits.crossings;
    see(1, '001-01-100-2');
    // Two cells, two halls of one area.
    expect(city.engine.limits.crossings - before).toBe(4);
    see(2, '001-01-200-2');
    // Two cells; a hall left for one that is not known; area, centre and branch left and entered.
    expect(city.engine.limits.crossings - before).toBe(4 + 2 + 1 + 6);
  });

  it('names a node by its path: halls of one name below two areas are two', () => {
    const city = new SmallCity({ parents: { ...parents, '001-01-300-1': ['a/b', 'c'], '001-01-300-2': ['a', 'b/c'] } });
    const named = city.regions.nodes.map(({ id, name, level, parent }) => ({ id, name, level, parent }));
    expect(named.filter(({ name }) => name === '一')).toEqual([
      { id: 'tree:东/东一/甲/一', name: '一', level: 4, parent: 'tree:东/东一/甲' },
      { id: 'tree:东/东一/乙/一', name: '一', level: 4, parent: 'tree:东/东一/乙' },
    ]);
    const odd = named.filter(({ id }) => /tree:a/.test(id)).map(({ id }) => id);
    expect(odd).toEqual(['tree:a%2Fb', 'tree:a', 'tree:a%2Fb/c', 'tree:a/b%2Fc']);
  });

  it('counts a cell for its new parent from the list on that says so, with who is in it, and no other node begins anew', () => {
    const city = new SmallCity({ parents, settings: { holdDownMs: 0 } });
    const view = city.engine.view;
    const at = (s: number) => base + s * secondUs;
    city.see(
      { timeUs: at(0), subscriber: 'a', cell: '001-01-100-1' },
      { timeUs: at(1), subscriber: 'b', cell: '001-01-100-2' },
      { timeUs: at(2), subscriber: 'c', cell: '001-01-100-3' },
      { timeUs: at(3), subscriber: 'c', cell: '001-01-200-1' },
    );
    city.list({ '001-01-100-1': ['东', '东二', '丙', '新'] });
    const index = new RegionIndex([], city.registry, () => undefined, '', true);
    city.engine.setRegions(index);
    const presentOf = (id: string) => view.regionPresent[index.regions.findIndex((one) => one.id === id)];
    expect(presentOf('tree:东/东一/甲/一')).toBeUndefined();
    expect(presentOf('tree:东/东二/丙/新')).toBe(1);
    expect(presentOf('tree:东/东一')).toBe(1);
    expect(presentOf('tree:东/东二')).toBe(2);
    expect(presentOf('tree:东')).toBe(3);
    city.engine.advance(at(61));
    const gauges = city.gauges[0]!;
    const rowOf = (id: string) => {
      const row = gauges.regions.id.indexOf(city.regionIds[0]!.indexOf(id));
      return { entries: gauges.regions.entries[row], exits: gauges.regions.exits[row] };
    };
    // Unchanged: the crossing of c is still in it. Changed: counted since the edit.
    expect(rowOf('tree:东/东二/丙/三')).toEqual({ entries: 1, exits: 0 });
    expect(rowOf('tree:东/东二')).toEqual({ entries: 0, exits: 0 });
  });
});
