import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventBatch } from '../../server/events/event-batch.ts';
import { eventFlag, kindCode } from '../../server/events/kinds.ts';
import { machineHome, packPlmn } from '../../server/events/plmn.ts';
import { Sorter } from '../../server/events/sorter.ts';
import { MemoryState } from '../tools/memory-state.ts';
import { regionOf, SmallCity } from './small-city.ts';

const secondUs = 1_000_000;
const base = Date.UTC(2026, 9, 17, 11) * 1000;
const everyUs = 60 * secondUs;
const homes = [packPlmn(460, 0, 2), packPlmn(454, 0, 2), machineHome(packPlmn(460, 0, 2)), 0];
const traffic = ['mo call', 'location update', 'data'] as const;

interface Seen {
  atS: number;
  /** Later than it happened, below the reorder window. */
  delayS: number;
  subscriber: number;
  cell: number;
  kind: number;
}
interface City {
  cells: string[];
  parents: Record<string, string[]>;
  /** Cells of each micro-region: overlapping, nested, equal or none. */
  regions: number[][];
  holdDownS: number;
  ttlS: number;
  seen: Seen[];
}

const city: fc.Arbitrary<City> = fc.integer({ min: 2, max: 9 }).chain((count) => {
  const cells = Array.from({ length: count }, (_, i) => `001-01-${100 + (i % 3)}-${i}`);
  const name = fc.constantFrom('一', '二', '三');
  return fc.record({
    cells: fc.constant(cells),
    parents: fc
      .array(fc.tuple(name, name, name, name), { minLength: count, maxLength: count })
      .map((all) => Object.fromEntries(cells.map((cell, i) => [cell, all[i] as string[]]))),
    regions: fc.array(fc.uniqueArray(fc.nat({ max: count - 1 })), { maxLength: 4 }),
    holdDownS: fc.constantFrom(0, 10, 60, 150),
    ttlS: fc.constantFrom(60, 120, 600),
    seen: fc.array(
      fc.record({
        atS: fc.oneof(fc.nat({ max: 400 }), fc.constantFrom(0, 60, 120, 180)),
        delayS: fc.nat({ max: 9 }),
        subscriber: fc.nat({ max: 3 }),
        cell: fc.nat({ max: count - 1 }),
        kind: fc.nat({ max: traffic.length - 1 }),
      }),
      { minLength: 20, maxLength: 80 },
    ),
  });
});

/** In order of (time, arrival), as the counters must take them. */
const inOrder = (seen: readonly Seen[]) =>
  [...seen].sort((a, b) => a.atS + a.delayS - (b.atS + b.delayS)).sort((a, b) => a.atS - b.atS);

function run(given: City, seen: readonly Seen[] = given.seen, untilS = 1100): SmallCity {
  const small = new SmallCity({
    regions: given.regions.map((of, i) => regionOf(`r${i}`, [...of.map((cell) => given.cells[cell]), '001-01-999-1'])),
    parents: { ...given.parents, '001-01-999-1': ['无', '无', '无', '无'] },
    everyUs,
    settings: { holdDownMs: given.holdDownS * 1000, presenceTtlMs: given.ttlS * 1000, homePlmns: '460-00' },
  });
  const sorter = new Sorter({
    latenessUs: 600 * secondUs,
    rowsMax: 10_000,
    onRows: (batch, from, to) => small.engine.apply(batch, from, to),
    onLate: () => expect.unreachable('nothing is later than the reorder window'),
    onTooLate: () => undefined,
  });
  for (const one of [...seen].sort((a, b) => a.atS + a.delayS - (b.atS + b.delayS))) {
    const batch = new EventBatch(8);
    const cell = small.registry.find(given.cells[one.cell]);
    const kind = kindCode[traffic[one.kind]];
    const flags = eventFlag.sighting | eventFlag.traffic;
    const home = homes[one.subscriber % homes.length];
    batch.push(base + one.atS * secondUs, one.subscriber + 1, 9, cell, home, kind, 1, 0, flags, 1000, 0, 0);
    sorter.push(batch);
    sorter.release(base + (one.atS + one.delayS - 10) * secondUs);
    if (sorter.releasedUs > 0) small.engine.advance(sorter.releasedUs);
  }
  sorter.release(base + untilS * secondUs);
  small.engine.advance(base + untilS * secondUs);
  return small;
}

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

  it('any split into partitions sums to the whole: gauges of cells, regions and nodes, traffic, origins, machines', () => {
    fc.assert(
      fc.property(city, fc.integer({ min: 2, max: 4 }), (given, parts) => {
        const sums = new Map<string, number>();
        const add = (into: Map<string, number>, key: string, value: number) =>
          value !== 0 && into.set(key, (into.get(key) ?? 0) + value);
        const collect = (small: SmallCity, into: Map<string, number>) => {
          for (const [endUs, rows] of small.table()) {
            for (const [area, row] of rows)
              for (const [name, value] of Object.entries(row)) add(into, `${endUs} ${area} ${name}`, value);
          }
          const { view } = small.engine;
          small.regions.regions.forEach(({ id }, region) => {
            add(into, `${id} machines`, view.regionMachines[region]);
            add(into, `${id} inflow`, view.regionInflow[region]);
            for (const row of view.regionOrigins(region)) add(into, `${id} ${row.class} ${row.mcc}`, row.present);
          });
          const [window, now] = [view.areaTraffic.window(), view.areaTraffic.now()];
          for (const [i, units] of window.units.entries()) add(into, `window ${i}`, units);
          for (const [i, ms] of window.ms.entries()) add(into, `window ms ${i}`, ms);
          for (const [i, units] of now.units.entries()) add(into, `now ${i}`, units);
        };
        const whole = new Map<string, number>();
        // Half way, so that somebody is there; every partition's clock goes by the rows of all.
        const untilS = 300;
        const early = given.seen.filter(({ atS, delayS }) => atS + delayS < untilS - 10);
        if (early.length === 0) return;
        collect(run(given, early, untilS), whole);
        for (let part = 0; part < parts; part++) {
          const own = early.filter(({ subscriber }) => subscriber % parts === part);
          if (own.length === 0) continue;
          collect(run(given, own, untilS), sums);
        }
        expect([...sums].sort()).toEqual([...whole].sort());
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
