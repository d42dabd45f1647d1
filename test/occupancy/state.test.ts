import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryState } from '../tools/memory-state.ts';
import { regionOf, SmallCity } from './small-city.ts';

const secondUs = 1_000_000;
const base = Date.UTC(2015, 7, 2, 12) * 1000;
const cells = ['001-01-100-1', '001-01-100-2', '001-01-100-3', '001-01-200-1', '001-01-200-2', '001-01-300-1'];
const regions = [
  regionOf('lac-100', ['001-01-100-*']),
  regionOf('mixed', ['001-01-100-3', '001-01-200-1']),
  regionOf('late', ['001-01-300-*', '001-01-200-2']),
];
const plmns = [0, 0x460002, 0x454001, 0x310410];

interface Step {
  gapS: number;
  subscriber: number;
  cell: number;
  detach: boolean;
  feed: number;
  plmn: number;
  /** The clock is told, and which feeds stand. */
  advance: boolean;
  standing: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  gapS: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(0, 1, 5, 10, 20) },
    { weight: 1, arbitrary: fc.constantFrom(60, 120, 2000) },
  ),
  subscriber: fc.nat({ max: 12 }),
  cell: fc.nat({ max: cells.length - 1 }),
  detach: fc.boolean(),
  feed: fc.nat({ max: 1 }),
  plmn: fc.nat({ max: plmns.length - 1 }),
  advance: fc.boolean(),
  standing: fc.boolean(),
});
const scenario = fc.record({
  everyS: fc.constantFrom(30, 60),
  holdDownS: fc.constantFrom(0, 10, 150),
  crossingsMax: fc.constantFrom(10_000, 16_000_000),
  steps: fc.array(step, { minLength: 2, maxLength: 80 }),
  cut: fc.nat({ max: 80 }),
});
type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

const cityOf = (given: Scenario) =>
  new SmallCity({
    regions,
    everyUs: given.everyS * secondUs,
    settings: {
      holdDownMs: given.holdDownS * 1000,
      presenceTtlMs: 120_000,
      presenceTtlByLac: '200=60000',
      crossingsMax: given.crossingsMax,
    },
  });

/** Applies steps `from` … `to − 1`. The clocks are kept up in place, as the hub does it. */
function play(city: SmallCity, given: Scenario, from: number, to: number, clocks: Float64Array): void {
  let timeUs = base + given.steps.slice(0, from).reduce((sum, { gapS }) => sum + gapS * secondUs, 0);
  for (const [i, { gapS, subscriber, cell, detach, feed, plmn, advance, standing }] of given.steps.entries()) {
    if (i < from || i >= to) continue;
    timeUs += gapS * secondUs;
    clocks[0] = timeUs;
    if (!standing) clocks[1] = timeUs;
    const seen = { timeUs, subscriber: `s${subscriber}`, cell: cells[cell], detach: detach && i % 3 === 0 };
    const batch = city.batch([seen], { feed, plmn: plmns[plmn] });
    city.engine.apply(batch, 0, 1);
    if (advance) city.engine.advance(timeUs, clocks);
  }
}

/** All that a city has told and shows. */
function told(city: SmallCity, skipGauges = 0, skipStays = 0): string {
  const { view, limits } = city.engine;
  const shown = {
    present: view.present,
    cells: [...view.cellPresent.subarray(0, view.cellCount)],
    regions: [...view.regionPresent, ...view.regionFresh5, ...view.regionInflow, ...view.regionOutflow],
    visitors: [...view.regionVisitors],
    origins: [view.origins, ...regions.map((_, i) => view.regionOrigins(i))],
    ages: [view.fixAgeMedianMs, view.fixAgeP90Ms, view.fresh5, view.fresh30],
    totals: [view.appeared, view.vanished, view.resolvedEvents, [...view.traffic]],
    clock: [view.clockUs, view.wholeFromUs, view.intervals, view.intervalEndUs],
    spark: [...view.spark(10)],
    traffic: [view.areaTraffic.window(), view.areaTraffic.now(), view.areaTraffic.fromUs, view.areaTraffic.toUs].map(
      (part) => (typeof part === 'number' ? part : [...part.units, ...part.ms].join()),
    ),
    limits: [limits.subscribers, limits.crossings, limits.crossingsForced],
  };
  const gauges = city.gauges.slice(skipGauges).map((interval) => JSON.stringify(interval));
  return JSON.stringify([shown, gauges, city.stays.slice(skipStays)]);
}

describe('a saved engine', () => {
  it('goes on as if it had never been stopped: same intervals, stays, figures, and the same bytes when saved again', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const { length } = given.steps;
        const cut = given.cut % length;
        const one = cityOf(given);
        const oneClocks = new Float64Array(2).fill(Number.NEGATIVE_INFINITY);
        play(one, given, 0, cut, oneClocks);
        const saved = MemoryState.of(one.engine);
        const gauges = one.gauges.length;
        const stays = one.stays.length;
        const other = cityOf(given);
        for (let id = 0; id < one.registry.count; id++) other.registry.idOf(one.registry.info(id).cgi);
        const otherClocks = oneClocks.slice();
        // The engine of one has never been told of clocks until the first advance.
        other.engine.restore(saved, given.steps.slice(0, cut).some(({ advance }) => advance) ? otherClocks : undefined);
        other.nameLike(one);
        expect(MemoryState.of(other.engine).differsFrom(saved)).toBe(null);
        play(one, given, cut, length, oneClocks);
        play(other, given, cut, length, otherClocks);
        expect(MemoryState.of(other.engine).differsFrom(MemoryState.of(one.engine))).toBe(null);
        one.engine.finish();
        other.engine.finish();
        expect(told(other)).toBe(told(one, gauges, stays));
      }),
      { numRuns: 300 },
    );
  });

  it('keeps its place in a trail of several chunks, at each place of a chunk’s border', () => {
    for (const moves of [4095, 4096, 4097, 8191, 8192, 12_000]) {
      const make = () => new SmallCity({ everyUs: 60 * secondUs });
      const walk = (city: SmallCity, from: number, to: number) => {
        for (let i = from; i < to; i++) {
          city.see({ timeUs: base + i * 4000, subscriber: `s${i % 50}`, cell: cells[Math.floor(i / 50) % 2] });
        }
      };
      // Half of the sightings after the first fifty are moves' halves: two entries each.
      const one = make();
      walk(one, 0, moves + 50);
      const saved = MemoryState.of(one.engine);
      const other = make();
      for (const cell of cells.slice(0, 2)) other.registry.idOf(cell);
      other.engine.restore(saved);
      other.nameLike(one);
      one.gauges.length = 0;
      one.stays.length = 0;
      for (const city of [one, other]) {
        walk(city, moves + 50, moves + 20_050);
        city.engine.finish();
      }
      expect(told(other)).toBe(told(one));
    }
  });

  it('is refused where other regions are counted, and where a piece is missing', () => {
    const saved = MemoryState.of(new SmallCity({ regions }).engine);
    expect(() => new SmallCity().engine.restore(saved)).toThrow(/other regions/);
    saved.pieces.delete('areas.present.0');
    expect(() => new SmallCity({ regions }).engine.restore(saved)).toThrow(/lacks areas\.present/);
  });
});
