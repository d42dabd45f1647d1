/** Random cities with regions, disorder, lateness and origins, as the engine and the questions in SQL take them. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { machineHome, packPlmn, placedHome } from '../../server/events/plmn.ts';
import type { Region } from '../../server/reference/read-regions.ts';
import type { Lines, RawCity, RawEvent } from '../tools/counters-sql.ts';
import { cells, membersOf, type Scenario, scenario, secondUs, settingsOf, sightingsOf, ttlOf } from './scenario.ts';
import { regionOf } from './small-city.ts';

const [own, other] = [packPlmn(460, 0, 2), packPlmn(460, 1, 2)];
const scopes = { home: [own, packPlmn(460, 2, 2)], city: [755], province: [20, 752] };
/** By subscriber: homes that its rows tell, one now and one then; 0 tells none. */
const homes = [
  [0, own, placedHome(own, 755), placedHome(own, 20)],
  [packPlmn(454, 1, 2), packPlmn(455, 3, 2), 0],
  [packPlmn(310, 410, 3)],
  [packPlmn(460, 2, 2), placedHome(own, 10), machineHome(own), placedHome(own, 752), other],
  [0, 0, 0, placedHome(packPlmn(460, 2, 2), 571), placedHome(other, 20)],
];

/** A random city whose feed is in disorder, some of it late. */
export interface Given {
  base: Scenario;
  /** Cells of each region: nested and overlapping as it comes. */
  regions: string[][];
  /** How much later than its time each event arrives, s; far more than the window for some. */
  delaysS: number[];
  /** Which of its subscriber's homes each event tells. */
  tells: number[];
  /** Whether the city asks for areas at all. */
  placed: boolean;
  reorderS: number;
  tripS: number;
}

export const given: fc.Arbitrary<Given> = fc.record({
  base: scenario,
  regions: fc.array(fc.subarray(cells, { minLength: 1 }), { minLength: 1, maxLength: 5 }),
  delaysS: fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constant(0) },
      { weight: 3, arbitrary: fc.constantFrom(1, 2, 5, 9, 10, 11) },
      { weight: 1, arbitrary: fc.constantFrom(30, 300, 900) },
    ),
    { minLength: 60, maxLength: 60 },
  ),
  tells: fc.array(fc.nat({ max: 59 }), { minLength: 60, maxLength: 60 }),
  placed: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  reorderS: fc.constantFrom(0, 5, 10, 60),
  tripS: fc.constantFrom(30, 600),
});

/** What a given city's feed says, in the order in which it arrives. */
function arrivalsOf({ base, delaysS, tells }: Given): RawEvent[] {
  const all = sightingsOf(base).map(({ timeUs, subscriber, cell, detach }, i) => {
    const told = homes[Number(subscriber.slice(1))];
    const plmn = told[tells[i] % told.length];
    return { at: timeUs + delaysS[i] * secondUs, event: { timeUs, subscriber, cell, detach: detach === true, plmn } };
  });
  return all.sort((a, b) => a.at - b.at).map(({ event }) => event);
}

/** Of the engine. */
export const settingsOfCity = (one: Given) => ({
  ...{ ...settingsOf(one.base), tripMs: one.tripS * 1000, homePlmns: '460-00,460-02' },
  ...(one.placed && { homeAreas: '0755', provinceAreas: '020,0752' }),
});

/** The micro-regions of a city, and what SQL is asked about. */
export function rawOf(one: Given): { regions: Region[]; raw: RawCity } {
  const regions = one.regions.map((list, i) => regionOf(`r${i}`, list));
  const events = arrivalsOf(one);
  const heard = [...new Set(events.map(({ cell }) => cell))];
  const raw: RawCity = {
    areas: new Map(regions.map(({ id, cells: list }) => [id, membersOf(list!, heard)])),
    ...{ events, everyUs: one.base.everyS * secondUs, ttlUs: ttlOf(one.base) },
    holdDownUs: one.base.holdDownS * secondUs,
    tripUs: one.tripS * secondUs,
    reorderUs: one.reorderS * secondUs,
    scopes: one.placed ? scopes : { ...scopes, city: [] },
  };
  return { regions, raw };
}

/** Compares line by line, city by city, and tells the first ones that differ. @param least more lines must be there */
export function expectSameLines(expected: Lines[], got: readonly Lines[], least: number): void {
  const wrong: string[] = [];
  let lines = 0;
  for (const [i, own] of got.entries()) {
    const want: Lines = expected[i] ?? new Map();
    lines += want.size;
    for (const name of new Set([...want.keys(), ...own.keys()])) {
      const [a, b] = [want.get(name)?.join(), own.get(name)?.join()];
      if (a !== b) wrong.push(`city ${i}, ${name}: ${b} counted, ${a} by SQL`);
    }
  }
  expect(wrong.slice(0, 10)).toEqual([]);
  expect(lines).toBeGreaterThan(least);
}
