import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeConfig } from '../../server/config.ts';
import { CarriedOrigins, ToldOrigins } from '../../server/core/carried-origins.ts';
import { Counting, type Derived } from '../../server/core/counting.ts';
import { LogState } from '../../server/core/log-state.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { eventFlag, kindCode } from '../../server/events/kinds.ts';
import { packPlmn } from '../../server/events/plmn.ts';
import type { OriginColumns } from '../../server/occupancy/view.ts';
import { unheardOf } from '../../server/reference/cell-registry.ts';
import { toEnd } from '../../server/to-end.ts';
import { MemoryState } from '../tools/memory-state.ts';

const minuteUs = 60_000_000;
const base = Date.UTC(2026, 9, 17, 11) * 1000;
const plmns = [packPlmn(460, 0, 2), packPlmn(454, 0, 2), packPlmn(440, 10, 2)];
const config = makeConfig({ where: 'test', settings: { homePlmns: '460-00' } });

/** What the database says is present: its newest row of each origin, by region. */
class Stored {
  readonly figures = new Map<string, number>();

  take(origins: OriginColumns | undefined, ids: readonly string[]): void {
    for (let i = 0; i < (origins?.n ?? 0); i++) {
      const { region, class: of, country, mcc, present } = origins!;
      const id = region[i] === 0 ? '' : ids[region[i] - 1];
      this.figures.set(`${id}|${of[i]},${country[i]},${mcc[i]}`, present[i]);
    }
  }

  shown(ids: readonly string[]): string[] {
    const mine = [...this.figures].filter(([key, n]) => n > 0 && ['', ...ids].includes(key.split('|')[0]));
    return mine.map(([key, n]) => `${key}=${n}`).sort();
  }
}

function logOf(): LogState {
  const state = new LogState();
  state.apply({ k: 'cells', listed: false, cells: [0, 1].map((id) => ({ id, cell: unheardOf(`001-01-1-${id}`) })) });
  const venue = { id: 'venue', name: '', kind: 'venue', capacity: null, polygons: null, cells: ['001-01-1-0'] };
  state.apply({ k: 'regions', regions: [venue], version: 1 });
  return state;
}

/** Counts, puts what is told into the log, and stores it. */
function count(state: LogState, stored: Stored, before?: Counting): Counting {
  const take = (number: number, derived: Derived) => {
    if (derived.k !== 'gauges') return;
    state.apply({ ...derived, number });
    stored.take(derived.gauges.origins, derived.regionIds);
  };
  return before === undefined
    ? new Counting(config, state, take)
    : Counting.restore(config, state, take, MemoryState.of(before));
}

function see(counting: Counting, us: number, subscriber: number, cell: number, plmn: number): void {
  const batch = new EventBatch(8);
  batch.push(us, subscriber + 1, 7, cell, plmns[plmn], kindCode.sighting, 0, 0, eventFlag.sighting, 0, 0, 0);
  counting.engine.apply(batch, 0, 1);
}

/** By the counters themselves. */
function truth({ engine }: Counting): string[] {
  const stored = new Stored();
  const rows = [['', engine.view.origins] as const, ['venue', engine.view.regionOrigins(0)] as const];
  const classes = { local: 1, 港澳台: 5, international: 6 } as const;
  for (const [id, origins] of rows)
    for (const { class: of, present, mcc } of origins)
      stored.figures.set(`${id}|${classes[of as keyof typeof classes]} ${Number(mcc)}`, present);
  return [...stored.figures].map(([key, n]) => `${key}=${n}`).sort();
}
const withoutCountry = (rows: string[]) => rows.map((row) => row.replace(/,\d+,/, ' ')).sort();

const step = fc.record({
  gapMin: fc.constantFrom(0, 0, 1, 3, 150),
  subscriber: fc.nat({ max: 6 }),
  cell: fc.nat({ max: 1 }),
  what: fc.constantFrom('see', 'see', 'see', 'restart', 'anew'),
});

test('whatever restarts, goes on or begins anew, the stored origins are those present, and nobody’s are zero', () => {
  let zeros = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
      const state = logOf();
      const stored = new Stored();
      let counting = count(state, stored);
      let us = base;
      for (const { gapMin, subscriber, cell, what } of steps) {
        us += gapMin * minuteUs;
        if (what === 'restart') counting = count(state, stored, counting);
        // Other settings: nobody is known any more.
        else if (what === 'anew') counting = count(state, stored);
        else see(counting, us, subscriber, cell, subscriber % plmns.length);
      }
      see(counting, us, 0, 1, 0);
      counting.engine.advance((Math.floor(us / minuteUs) + 2) * minuteUs + 1);
      expect(withoutCountry(stored.shown(['venue']))).toEqual(truth(counting));
      for (const present of stored.figures.values()) if (present === 0) zeros++;
    }),
    { numRuns: 200 },
  );
  expect(zeros).toBeGreaterThan(50);
});

test('what was counted while a simulation warmed up is told with the first interval that is stored', () => {
  const state = logOf();
  state.historyFromUs = base + 10 * minuteUs;
  const stored = new Stored();
  const counting = count(state, stored);
  see(counting, base, 1, 0, 1);
  see(counting, base + 11 * minuteUs, 2, 1, 0);
  counting.engine.advance(base + 14 * minuteUs);
  expect(withoutCountry(stored.shown(['venue']))).toEqual(truth(counting));
});

const origins = (rows: [region: number, mcc: number, present: number][]): OriginColumns => ({
  n: rows.length,
  region: Uint32Array.from(rows, ([region]) => region),
  class: new Uint32Array(rows.length).fill(1),
  country: new Uint32Array(rows.length),
  mcc: Uint32Array.from(rows, ([, mcc]) => mcc),
  present: Uint32Array.from(rows, ([, , present]) => present),
});
const complete = (carried: CarriedOrigins, ...interval: Parameters<CarriedOrigins['completing']>) =>
  toEnd(carried.completing(...interval));
const rowsOf = (told: OriginColumns | undefined) =>
  Array.from({ length: told?.n ?? 0 }, (_, i) => [told!.region[i], told!.mcc[i], told!.present[i]]);

test('a region that is taken away and drawn again tells zero of origins that were there before', () => {
  const carried = new CarriedOrigins(new ToldOrigins());
  const all = origins([
    [1, 460, 5],
    [2, 454, 3],
    [2, 460, 1],
  ]);
  expect(rowsOf(complete(carried, all, ['a', 'b'], true))).toHaveLength(3);
  expect(complete(carried, undefined, ['a'], true)).toBeUndefined();
  // Drawn again, with other cells: the engine tells of those who are there.
  expect(rowsOf(complete(carried, origins([[1, 460, 2]]), ['b', 'a'], true))).toEqual([
    [1, 454, 0],
    [1, 460, 2],
  ]);
});

test('with a quarter’s first interval everything is told, changed or not, and nothing that is nobody’s', () => {
  const carried = new CarriedOrigins(new ToldOrigins());
  complete(
    carried,
    origins([
      [0, 460, 5],
      [0, 454, 2],
    ]),
    [],
    true,
  );
  complete(carried, origins([[0, 454, 0]]), [], true);
  expect(complete(carried, undefined, [], true)).toBeUndefined();
  expect(rowsOf(complete(carried, undefined, [], true, true))).toEqual([[0, 460, 5]]);
  expect(complete(carried, undefined, [], true)).toBeUndefined();
});

test('what was foretold is told anew by counters that begin behind it', () => {
  const told = new ToldOrigins();
  told.take(origins([[0, 460, 5]]), [], false);
  told.take(origins([[0, 460, 3]]), [], true);
  const carried = new CarriedOrigins(told);
  expect(rowsOf(complete(carried, origins([[0, 460, 5]]), [], true))).toEqual([[0, 460, 5]]);
});
