import { expect, test } from 'vitest';
import { makeConfig } from '../../server/config.ts';
import { CarriedOrigins, ToldOrigins } from '../../server/core/carried-origins.ts';
import { Counting } from '../../server/core/counting.ts';
import { LogState } from '../../server/core/log-state.ts';
import { OriginFigures } from '../../server/core/origin-figures.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { eventFlag, kindCode } from '../../server/events/kinds.ts';
import { packPlmn } from '../../server/events/plmn.ts';
import { ShardedTable } from '../../server/occupancy/sharded-table.ts';
import type { IntervalGauges, OriginColumns } from '../../server/occupancy/view.ts';
import { unheardOf } from '../../server/reference/cell-registry.ts';
import { growingTree } from '../../server/reference/region-tree.ts';
import { MemoryState } from '../tools/memory-state.ts';

/** Rows that a step may look at or tell: at some 50 ns each well below sliceMs. */
const rowsMax = 20_000;
const regionCount = 1_500;
const originCount = 60;

/** Steps with what they gave. */
function steps<T>(work: Generator<void, T>, between: () => void = () => undefined): { n: number; told: T } {
  for (let n = 1; ; n++) {
    const { done, value } = work.next();
    between();
    if (done === true) return { n, told: value };
  }
}

const ids = Array.from({ length: regionCount }, (_, i) => `r${i}`);
const rowsOf = (present: number): OriginColumns => {
  const column = (value: (row: number) => number) =>
    Uint32Array.from({ length: regionCount * originCount }, (_, row) => value(row));
  return {
    n: regionCount * originCount,
    region: column((row) => 1 + Math.floor(row / originCount)),
    class: column(() => 6),
    country: column((row) => row % originCount),
    mcc: column((row) => 200 + (row % originCount)),
    present: column(() => present),
  };
};

test('what an interval tells of origins is found in steps, each of a bounded number of rows', () => {
  const carried = new CarriedOrigins(new ToldOrigins());
  let looked = 0;
  const watched = new Proxy(ids, {
    get(target, key) {
      if (typeof key === 'string' && /^\d+$/.test(key)) looked += originCount;
      return Reflect.get(target, key);
    },
  });
  steps(carried.completing(undefined, watched, true));
  for (const present of [1, 2, 2]) {
    looked = 0;
    let most = 0;
    const { told } = steps(carried.completing(rowsOf(present), watched, true, present === 2), () => {
      most = Math.max(most, looked);
      looked = 0;
    });
    expect(told?.n).toBe(regionCount * originCount);
    expect(most).toBeLessThanOrEqual(rowsMax);
  }
});

test('trips of an interval are taken out in steps, in order, and none is left', () => {
  const table = new ShardedTable();
  const expected: number[][] = [];
  for (let from = 1; from <= 400; from++)
    for (let to = 0; to < 500; to++) {
      table.increment(401 - from, (to * 7) % 500);
      expected.push([from, to]);
    }
  table.increment(3, 4);
  const { n, told } = steps(table.taking());
  expect(n).toBeGreaterThan(told.n / rowsMax);
  expect(Array.from(told.a, (a, i) => [a, told.b[i]])).toEqual(expected);
  expect([told.value[0], told.value[2 * 500 + 4]]).toEqual([1, 2]);
  expect(steps(table.taking()).told.n).toBe(0);
});

test('an interval closes and is handed on in as many steps as its origins need, and its crossings before the next one’s', () => {
  const state = new LogState();
  const cells = Array.from({ length: regionCount }, (_, id) => ({ id, cell: unheardOf(`001-01-1-${id}`) }));
  state.apply({ k: 'cells', listed: false, cells });
  const regions = ids.map((id, i) => ({
    ...{ id, name: '', kind: 'venue', capacity: null, polygons: null },
    cells: [`001-01-1-${i}`],
  }));
  state.apply({ k: 'regions', regions, version: 1 });
  const told: IntervalGauges[] = [];
  const counting = new Counting(makeConfig({ where: 'test', settings: { holdDownMs: 0 } }), state, (_, derived) => {
    if (derived.k === 'gauges') told.push(derived.gauges);
  });
  const minuteUs = 60_000_000;
  const startUs = Date.UTC(2026, 9, 17, 11, 1) * 1000;
  const seen = regionCount * originCount;
  const batch = new EventBatch(seen);
  for (let i = 0; i < seen; i++) {
    const plmn = packPlmn(200 + (i % originCount), 1, 2);
    const cell = Math.floor(i / originCount);
    batch.push(startUs, i + 1, 7, cell, plmn, kindCode.sighting, 0, 0, eventFlag.sighting, 0, 0, 0);
  }
  counting.engine.apply(batch, 0, seen);
  const { n } = steps(counting.engine.advancing(startUs + 3 * minuteUs));
  expect(told[0].origins?.n).toBeGreaterThan(seen);
  // Of changed counters, of those compared with what was told, and of rows.
  expect(n).toBeGreaterThan((2 * seen) / rowsMax);
  expect(told.map(({ origins }) => origins?.n ?? 0).slice(1)).toEqual([0, 0]);
});

test('figures of origins are saved in pieces, and come back; as do those of before', () => {
  const figures = new OriginFigures();
  const many = [1, 2, 3, 4].flatMap((k) => ids.map((id) => `${k}${id}`));
  for (let k = 0; k < 4; k++) steps(figures.putting(rowsOf(5 + k), many.slice(k * regionCount)));
  const saved = MemoryState.of({ save: (to) => figures.save(to, 'figures') });
  expect(saved.largest).toBeLessThanOrEqual(1 << 20);
  const back = OriginFigures.restore(saved, 'figures');
  const old = OriginFigures.ofOld(
    many.map((id) => [id, Array.from({ length: originCount }, (_, i) => [`6,${i},${200 + i}`, 4 + Number(id[0])])]),
  );
  const rows = [...figures.rows.values()].map((row) => row.join());
  for (const one of [back, old]) {
    expect([...one.rows.keys()]).toEqual(many);
    expect([...one.rows.values()].map((row) => row.join())).toEqual(rows);
    expect(one.origins.all).toEqual(figures.origins.all);
  }
});

test('the tree of many cells grows in steps', () => {
  const state = new LogState();
  state.registry.load(
    Array.from({ length: 10_000 }, (_, i) => ({ ...unheardOf(`001-01-1-${i}`), parents: ['b/', '', `a${i % 10}`] })),
  );
  const { n, told } = steps(growingTree(state.registry));
  expect(n).toBeGreaterThan(10_000 / 1_000);
  expect(told.nodes.map(({ id }) => id).slice(0, 3)).toEqual(['tree:b%2F', 'tree:b%2F//a0', 'tree:b%2F//a1']);
  expect(told.ofCells[12]).toEqual([0, 3]);
});
