import fc from 'fast-check';
import { expect, it } from 'vitest';
import { addHeads, type Heads, headsOf, noHeads } from '../../server/estimate/people.ts';
import type { Shares } from '../../server/estimate/shares.ts';
import { dwellBuckets, dwellQuantileMs } from '../../server/occupancy/dwell-buckets.ts';
import type { OriginCount } from '../../server/occupancy/view.ts';
import { MemoryState } from '../tools/memory-state.ts';
import { base, type City, city, run, secondUs } from './random-city.ts';
import type { SmallCity } from './small-city.ts';

/** Half way, so that somebody is there. */
const untilS = 300;
/** Powers of two: heads add up without rounding. */
const oneOf = (share: number) => ({ share, error: 0.25, heard: 1, heardError: 0 });
const shares: Shares = new Map([
  ['*', oneOf(0.5)],
  ['local', oneOf(0.25)],
]);

/** Everything that adds up, by name. */
type Sums = Map<string, number>;
const add = (into: Sums, name: string, value: number) => into.set(name, (into.get(name) ?? 0) + value);
/** What there is none of is 0. */
const linesOf = (sums: Sums) => [...sums].filter(([, value]) => value !== 0).sort();

function addOrigins(into: Sums, of: string, counts: readonly OriginCount[]): void {
  for (const { class: kind, country, mcc, present, machines = 0 } of counts) {
    add(into, `${of} ${kind} ${country} ${mcc}`, present);
    add(into, `${of} ${kind} ${country} ${mcc} machines`, machines);
  }
}

/** What is shown at this moment. */
function addShown({ engine, regions }: SmallCity, into: Sums): void {
  const { view } = engine;
  regions.regions.forEach(({ id }, region) => {
    const { regionFresh5, regionFresh30, regionInflow, regionMachines, regionOutflow, regionPresent, regionVisitors } =
      view;
    const columns = {
      ...{ regionFresh5, regionFresh30, regionInflow, regionMachines, regionOutflow, regionPresent, regionVisitors },
    };
    for (const [name, column] of Object.entries(columns)) add(into, `${id} ${name}`, column[region]);
    addOrigins(into, id, view.regionOrigins(region));
  });
  const { appeared, fresh30, fresh5, present, vanished } = view;
  const { lateEvents, optedOutEvents, resolvedEvents, unresolvedEvents } = view;
  const totals = { appeared, fresh30, fresh5, present, vanished };
  const events = { lateEvents, optedOutEvents, resolvedEvents, unresolvedEvents };
  for (const [name, total] of Object.entries({ ...totals, ...events })) add(into, name, total);
  addOrigins(into, 'city', view.origins);
  for (const [kind, units] of view.traffic.entries()) add(into, `traffic ${kind}`, units);
  for (const [name, area] of Object.entries({ window: view.areaTraffic.window(), now: view.areaTraffic.now() })) {
    for (const [i, units] of area.units.entries()) add(into, `${name} ${i}`, units);
    for (const [i, ms] of area.ms.entries()) add(into, `${name} ms ${i}`, ms);
  }
  for (let cell = 0; cell < view.cellCount; cell++) {
    add(into, `cell ${cell}`, view.cellPresent[cell]);
    for (const [i, units] of view.areaTraffic.cellWindow(cell).units.entries()) add(into, `cell ${cell} ${i}`, units);
    for (const [i, units] of view.areaTraffic.cellNow(cell).units.entries()) add(into, `cell ${cell} now ${i}`, units);
  }
  const all = Array.from({ length: view.cellCount }, (_, cell) => cell);
  const looking = engine.openStays(all);
  let step = looking.next();
  while (step.done !== true) step = looking.next();
  const { subs, firstInUs } = step.value;
  for (const [i, sub] of subs.entries()) add(into, `stay of ${sub} from ${firstInUs[i]}`, 1);
}

/** What has been handed on: intervals, and stays in cells that have ended. */
function addHandedOn(small: SmallCity, into: Sums): void {
  for (const [endUs, rows] of small.table())
    for (const [area, row] of rows)
      for (const [name, value] of Object.entries(row)) add(into, `${endUs} ${area} ${name}`, value);
  const origins: Sums = new Map();
  for (const interval of small.gauges) {
    const { dwell, endUs, flows, origins: changed, present } = interval;
    add(into, `${endUs} present`, present);
    for (let i = 0; i < (flows?.n ?? 0); i++) add(into, `${endUs} ${flows!.from[i]}>${flows!.to[i]}`, flows!.count[i]);
    for (let i = 0; i < (dwell?.n ?? 0); i++) {
      add(into, `${endUs} observed ${dwell!.region[i]} ${dwell!.bucket[i]}`, dwell!.observed[i]);
      add(into, `${endUs} upper ${dwell!.region[i]} ${dwell!.bucket[i]}`, dwell!.upper[i]);
    }
    for (let i = 0; i < (changed?.n ?? 0); i++) {
      const { class: kind, country, mcc, region } = changed!;
      origins.set(`${region[i]} ${kind[i]} ${country[i]} ${mcc[i]}`, changed!.present[i]);
    }
    for (const [group, count] of origins) add(into, `${endUs} origin ${group}`, count);
  }
  for (const { subscriber: _, ...stay } of small.stays) add(into, JSON.stringify(stay), 1);
}

/** Histograms behind the figures that do not add up themselves. */
class Histograms {
  /** Present by region and minutes since their entry, and by half minutes since they were seen. */
  readonly liveDwell: number[][] = [];
  readonly fixAges: number[] = [];
  /** Stays that ended: by region and bucket. */
  readonly ended: Record<'observed' | 'upper', number[][]> = { observed: [], upper: [] };
  /** When each cell was last heard, µs. */
  readonly heardUs: number[] = [];

  take(small: SmallCity): void {
    const state = MemoryState.of(small.engine);
    const counts = (name: string) => new Uint32Array(state.bytes(`${name}.0`).buffer);
    const { regionCount } = small.engine.view;
    const at = state.json<{ step: number }>('liveDwell').step;
    const since = counts('liveDwell.since');
    const minutes = since.length / regionCount;
    for (let region = 0; region < regionCount; region++)
      for (let age = 0; age < minutes; age++)
        increase(this.liveDwell, region, age, since[((at - age + minutes) % minutes) * regionCount + region]);
    const city = counts('fixAges.city');
    const { step } = state.json<{ step: number }>('fixAges');
    for (let age = 0; age < city.length; age++)
      this.fixAges[age] = (this.fixAges[age] ?? 0) + city[(step - age) & (city.length - 1)];
    const heardUs = new Float64Array(state.bytes('engine.heardUs.0').buffer);
    for (const [cell, us] of heardUs.entries()) this.heardUs[cell] = Math.max(this.heardUs[cell] ?? -1, us);
  }

  takeEnded({ gauges }: SmallCity): void {
    for (const { dwell } of gauges)
      for (let i = 0; i < (dwell?.n ?? 0); i++)
        for (const what of ['observed', 'upper'] as const)
          increase(this.ended[what], dwell!.region[i], dwell!.bucket[i], dwell![what][i]);
  }
}

function increase(table: number[][], row: number, place: number, by: number): void {
  table[row] ??= [];
  table[row][place] = (table[row][place] ?? 0) + by;
}

/** The first place up to which at least the share has been counted; -1: there is none. */
function quantile(counts: readonly number[] = [], share: number): number {
  const rank = share * counts.reduce((sum, count) => sum + count, 0);
  if (rank === 0) return -1;
  let place = 0;
  for (let seen = counts[0]; seen < rank; seen += counts[place]) place++;
  return place;
}

/** By region and of the city: heads of who is present. */
const headsIn = ({ engine: { view } }: SmallCity): Heads[] =>
  [view.origins, ...Array.from({ length: view.regionCount }, (_, region) => view.regionOrigins(region))].map(
    (counts) =>
      headsOf(
        counts.map((count) => ({ machines: 0, ...count })),
        shares,
      )!,
  );

/**
 * Some rows come so late that they move nobody, some are of nobody who is known, some of one who has opted out. Each
 * partition has somebody who is seen first of all: they count from one moment on.
 */
function withOthers(given: City, parts: number): City {
  const first = Array.from({ length: parts }, (_, i) => ({ atS: 0, delayS: 0, subscriber: 4 + i, cell: 0, kind: 0 }));
  const seen = given.seen.map((one, i) => ({
    ...one,
    ...(i % 9 === 4 && { delayS: one.delayS + 30 }),
    ...(i % 11 === 5 && { subscriber: -1 }),
    ...(i % 13 === 7 && { subscriber: -2 }),
  }));
  return untilAsked({ ...given, seen: [...first, ...seen] });
}

/** Nothing comes behind the moment at which is asked. */
const untilAsked = (given: City): City => ({
  ...given,
  seen: given.seen.filter(({ atS, delayS }) => atS + delayS < untilS - 10),
});

it('any split into partitions sums to the whole: all that is shown, handed on and estimated, and the histograms of what does not add up', () => {
  const kinds = new Map<string, number>();
  const note = (of: string, isThere: boolean) => kinds.set(of, (kinds.get(of) ?? 0) + Number(isThere));
  fc.assert(
    fc.property(city, fc.integer({ min: 2, max: 4 }), fc.constantFrom(60, 90, 900), (any, parts, windowS) => {
      const given = withOthers(any, parts);
      const settings = { flowWindowMs: windowS * 1000, tripMs: 600_000 };
      const [sums, wholeSums]: Sums[] = [new Map(), new Map()];
      const histograms = new Histograms();
      let heads: Heads[] = [];
      for (let part = 0; part < parts; part++) {
        const isOwn = ({ subscriber }: { subscriber: number }) => (subscriber + parts) % parts === part;
        const one = run(given, { isOwn, untilS, settings });
        histograms.take(one);
        heads = headsIn(one).map((own, i) => addHeads(heads[i] ?? noHeads, own));
        addShown(one, sums);
        one.engine.finish();
        addHandedOn(one, sums);
        histograms.takeEnded(one);
      }
      const whole = run(given, { untilS, settings });
      const { view } = whole.engine;
      addShown(whole, wholeSums);
      expect(heads).toEqual(headsIn(whole));
      for (const [share, ms] of [
        [0.5, view.fixAgeMedianMs],
        [0.9, view.fixAgeP90Ms],
      ]) {
        const steps = quantile(histograms.fixAges, share);
        expect(steps < 0 ? -1 : steps * 30_000, `fix age at ${share}`).toBe(ms);
        for (let region = 0; region < view.drawnCount; region++) {
          const minutes = quantile(histograms.liveDwell[region], share);
          expect(minutes < 0 ? -1 : minutes * 60_000).toBe(view.regionDwellMs(region, share));
          note('live dwell', minutes > 0);
        }
      }
      const { clockUs } = view;
      expect(clockUs).toBe(base + untilS * secondUs);
      const heard = histograms.heardUs.filter((us) => us >= 0 && clockUs - us < given.ttlS * secondUs);
      expect(heard.length / view.cellCount).toBe(view.cellsHeardShare);
      whole.engine.finish();
      addHandedOn(whole, wholeSums);
      expect(linesOf(sums)).toEqual(linesOf(wholeSums));
      const ended = new Histograms();
      ended.takeEnded(whole);
      for (let region = 0; region < view.drawnCount; region++) {
        const bucketsOf = ({ ended: { observed, upper } }: Histograms) =>
          [observed, upper].map((rows) => Array.from({ length: dwellBuckets }, (_, i) => rows[region]?.[i] ?? 0));
        for (const share of [0.5, 0.9]) {
          const quantiles = (of: Histograms) => bucketsOf(of).map((counts) => dwellQuantileMs(counts, share));
          expect(quantiles(histograms)).toEqual(quantiles(ended));
        }
      }
      const says = (pattern: RegExp) => linesOf(wholeSums).some(([name]) => pattern.test(name));
      for (const pattern of [/^\d+ \d+>\d+$/, /observed/, /upper/, /regionOutflow/, /firstInUs/, /fresh30/, /machines/])
        note(pattern.source, says(pattern));
      for (const name of ['lateEvents', 'unresolvedEvents', 'optedOutEvents']) note(name, says(new RegExp(name)));
      note('heads', heads[0].people > 0);
    }),
    { numRuns: 120 },
  );
  // All of it happens.
  expect([...kinds].filter(([, times]) => times < 10)).toEqual([]);
});

it('distinct people of several areas are those of their cells, not of the areas: cells of partitions give them', () => {
  let overlaps = 0;
  fc.assert(
    fc.property(city.map(untilAsked), (given) => {
      const whole = run(given, { untilS });
      const parts = [0, 1].map((part) => run(given, { untilS, isOwn: ({ subscriber }) => subscriber % 2 === part }));
      const union = new Set(given.regions.flat().map((cell) => given.cells[cell]));
      const within = ({ engine: { view }, registry }: SmallCity) =>
        [...union].reduce((sum, cgi) => sum + view.cellPresent[registry.find(cgi)], 0);
      // By definition: whose newest sighting is there.
      const newest = new Map<number, { atS: number; cell: number }>();
      for (const { atS, cell, subscriber } of given.seen.toSorted((a, b) => a.atS + a.delayS - (b.atS + b.delayS)))
        if (atS >= (newest.get(subscriber)?.atS ?? -1)) newest.set(subscriber, { atS, cell });
      const distinct = [...newest.values()].filter(
        ({ atS, cell }) => union.has(given.cells[cell]) && atS + given.ttlS > untilS,
      ).length;
      expect(parts.reduce((sum, part) => sum + within(part), 0)).toBe(distinct);
      expect(within(whole)).toBe(distinct);
      const { view } = whole.engine;
      if (view.regionPresent.subarray(0, view.drawnCount).reduce((sum, one) => sum + one, 0) > distinct) overlaps++;
    }),
    { numRuns: 60 },
  );
  expect(overlaps).toBeGreaterThan(10);
});
