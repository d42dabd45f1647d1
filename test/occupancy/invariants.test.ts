import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryState } from '../tools/memory-state.ts';
import { base, type City, city, everyUs, inOrder, run, type Seen, secondUs } from './random-city.ts';
import type { SmallCity } from './small-city.ts';

/** Cells of every micro-region and node. */
function areasOf(small: SmallCity): Map<string, Set<string>> {
  return new Map(
    small.regions.regions.map(({ id }, region) => {
      return [id, new Set(small.regions.cellsOf(region).map((cell) => small.registry.info(cell).cgi))];
    }),
  );
}

/** Crossings of an area's border that a return within holdDown undid, by interval's end: entries − exits. */
function cancelled(given: City, cells: ReadonlySet<string>): Map<number, number> {
  const net = new Map<number, number>();
  const add = (atS: number, by: number) => {
    const endUs = (Math.floor((base + atS * secondUs) / everyUs) + 1) * everyUs;
    net.set(endUs, (net.get(endUs) ?? 0) + by);
  };
  for (let subscriber = 0; subscriber <= 3; subscriber++) {
    let before: Seen | null = null;
    let pending: { atS: number; by: number } | null = null;
    let appearedS = -1;
    for (const one of inOrder(given.seen).filter((each) => each.subscriber === subscriber)) {
      if (before === null || one.atS - before.atS >= given.ttlS) {
        pending = null;
        appearedS = one.atS;
      } else if (one.atS > appearedS) {
        // At the time at which it appeared, the newest sighting is where it did.
        const by = Number(cells.has(given.cells[one.cell])) - Number(cells.has(given.cells[before.cell]));
        if (by !== 0 && pending !== null && by !== pending.by && one.atS - pending.atS < given.holdDownS) {
          add(pending.atS, pending.by);
          add(one.atS, by);
          pending = null;
        } else if (by !== 0) pending = { atS: one.atS, by };
      }
      before = one;
    }
  }
  return net;
}

describe('what must hold in any city, with any regions, any tree and any disorder', () => {
  it('entries − exits + appeared − vanished is the change of present, with the crossings taken in that were undone', () => {
    let undone = 0;
    fc.assert(
      fc.property(city, (given) => {
        const small = run(given);
        const before = new Map<string, number>();
        const areas = areasOf(small);
        for (const cell of given.cells) areas.set(cell, new Set([cell]));
        const nets = new Map([...areas].map(([area, cells]) => [area, cancelled(given, cells)]));
        for (const [endUs, rows] of small.table()) {
          for (const area of areas.keys()) {
            const row = rows.get(area)!;
            const change = row.entries - row.exits + row.appeared - row.vanished + (nets.get(area)!.get(endUs) ?? 0);
            expect(row.present - (before.get(area) ?? 0), `${area} ${(endUs - base) / everyUs}`).toBe(change);
            before.set(area, row.present);
          }
        }
        for (const net of nets.values()) undone += net.size;
      }),
      { numRuns: 120 },
    );
    expect(undone).toBeGreaterThan(200);
  });

  it('present, appeared and vanished of a region and of a node are sums over their cells, and each level of the tree is the city', () => {
    fc.assert(
      fc.property(city, (given) => {
        const small = run(given);
        const areas = areasOf(small);
        const presentAt = new Map(small.gauges.map(({ endUs, present }) => [endUs, present]));
        for (const [endUs, rows] of small.table()) {
          for (const name of ['present', 'appeared', 'vanished'] as const) {
            const sumOf = (names: Iterable<string>) => [...names].reduce((sum, each) => sum + rows.get(each)![name], 0);
            for (const [area, cells] of areas) expect(rows.get(area)![name], `${name} ${area}`).toBe(sumOf(cells));
            const whole = sumOf(given.cells);
            if (name === 'present') expect(whole).toBe(presentAt.get(endUs));
            for (const level of [1, 2, 3, 4]) {
              const nodes = small.regions.nodes.filter((node) => node.level === level);
              expect(sumOf(nodes.map(({ id }) => id)), `${name}, level ${level}`).toBe(whole);
            }
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('a replay twice gives the same bytes: what is told, and everything that is kept', () => {
    fc.assert(
      fc.property(city, (given) => {
        const [one, other] = [run(given), run(given)];
        expect(MemoryState.of(other.engine).differsFrom(MemoryState.of(one.engine))).toBe(null);
        expect(JSON.stringify(other.gauges)).toBe(JSON.stringify(one.gauges));
        expect(JSON.stringify(other.stays)).toBe(JSON.stringify(one.stays));
      }),
      { numRuns: 40 },
    );
  });
});
