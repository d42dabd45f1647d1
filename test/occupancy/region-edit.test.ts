import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RegionIndex } from '../../server/reference/region-index.ts';
import { MemoryState } from '../tools/memory-state.ts';
import { countByDefinition, dwellByDefinition, type OracleSighting, tripsByDefinition, tripTable } from './oracle.ts';
import {
  base,
  bucketByEdges,
  cells,
  membersOf,
  type Scenario,
  scenario,
  secondUs,
  settingsOf,
  sightingsOf,
  ttlOf,
} from './scenario.ts';
import { regionOf, SmallCity } from './small-city.ts';

const kept = regionOf('kept', ['001-01-100-*']);
const inner = regionOf('inner', ['001-01-100-2']);
const changed = regionOf('changed', ['001-01-100-3', '001-01-200-1']);
const dropped = regionOf('dropped', ['001-01-200-*', '001-01-300-1']);
const changedNow = regionOf('changed', ['001-01-100-1', '001-01-100-3', '001-01-200-2']);
const fresh = regionOf('fresh', ['001-01-200-1', '001-01-300-*']);
const across = regionOf('across', ['001-01-100-3', '001-01-200-*']);
/** Before and after: places move, and one set is empty. */
const edits = [
  { before: [dropped, kept, changed, inner], after: [inner, fresh, kept, changedNow] },
  { before: [kept, inner], after: [kept, inner, fresh, changedNow] },
  { before: [dropped, changed, kept], after: [kept] },
  { before: [], after: [fresh, kept] },
  { before: [across, inner, kept, changed], after: [changedNow, kept, across, inner] },
];
type Edit = (typeof edits)[number];

const nothing = { present: 0, entries: 0, exits: 0, appeared: 0, vanished: 0, visitors: 0, fresh5: 0 };

function cityOf(given: Scenario, { before }: Edit, settings: Record<string, unknown> = {}): SmallCity {
  const everyUs = given.everyS * secondUs;
  const city = new SmallCity({ regions: before, everyUs, settings: { ...settingsOf(given), ...settings } });
  // A region that will have other cells once those have turned up is unchanged until then.
  for (const cell of cells) city.registry.idOf(cell);
  return city;
}

function editOf(city: SmallCity, { after }: Edit): void {
  city.engine.setRegions(new RegionIndex(after, city.registry, () => undefined));
}

/** Applies sightings `from` … `to − 1`; some of them the clock is told of before. */
function play(city: SmallCity, given: Scenario, sightings: OracleSighting[], from: number, to: number): void {
  for (let i = from; i < to; i++) {
    if (given.steps[i].advance) city.engine.advance(sightings[i].timeUs);
    city.see(sightings[i]);
  }
}

function setting(given: Scenario, edit: Edit, cut: number) {
  const sightings = sightingsOf(given);
  let index = 1 + (cut % sightings.length);
  // Rows of one time are released at once: no edit comes between them.
  while (index < sightings.length && sightings[index].timeUs === sightings[index - 1].timeUs) index++;
  const begin = { index, timeUs: sightings[index - 1].timeUs };
  const heard = [...new Set(sightings.map(({ cell }) => cell))];
  const areas = (list: Edit['before']) => new Map(list.map(({ id, cells }) => [id, membersOf(cells!, heard)]));
  const ids = (list: Edit['before']) => new Set(list.map(({ id }) => id));
  const unchanged = edit.after.filter((region) => edit.before.includes(region));
  const options = {
    sightings,
    everyUs: given.everyS * secondUs,
    holdDownUs: given.holdDownS * secondUs,
    ttlUs: ttlOf(given),
  };
  return {
    ...{ sightings, index, begin, options, unchanged: ids(unchanged) },
    openUs: Math.floor(begin.timeUs / options.everyUs) * options.everyUs,
    whole: { ...options, areas: areas(unchanged) },
    before: { ...options, areas: areas(edit.before.filter((r) => !unchanged.includes(r))) },
    after: { ...options, areas: areas(edit.after.filter((r) => !unchanged.includes(r))), begin },
    known: sightings.slice(0, index),
  };
}

function edited(given: Scenario, edit: Edit, index: number, settings: Record<string, unknown> = {}): SmallCity {
  const sightings = sightingsOf(given);
  const city = cityOf(given, edit, settings);
  play(city, given, sightings, 0, index);
  editOf(city, edit);
  play(city, given, sightings, index, sightings.length);
  city.engine.finish();
  return city;
}

const anyEdit = fc.constantFrom(...edits);
const anyCut = fc.nat({ max: 59 });

describe('an edit of the micro-regions while the engine runs', () => {
  it('keeps every counter of unchanged regions and counts the others anew from there', () => {
    fc.assert(
      fc.property(scenario, anyEdit, anyCut, (given, edit, cut) => {
        const { index, openUs, known, whole, before, after } = setting(given, edit, cut);
        const city = edited(given, edit, index);
        const old = countByDefinition({ ...before, sightings: known });
        const now = countByDefinition(after);
        const rows = new Map(countByDefinition(whole));
        for (const [endUs, row] of rows) {
          const others = endUs <= openUs ? old.get(endUs) : now.get(endUs);
          rows.set(endUs, new Map([...row, ...(others ?? [])]));
        }
        const newest = new Map<string, typeof nothing>();
        for (const [i, { endUs, regions }] of city.gauges.entries()) {
          const told = new Map(
            Array.from({ length: regions.n }, (_, k) => {
              const { id, present, entries, exits, appeared, vanished, visitors, fresh5 } = regions;
              const row = { present: present[k], entries: entries[k], exits: exits[k], appeared: appeared[k] };
              const more = { vanished: vanished[k], visitors: visitors[k], fresh5: fresh5[k] };
              return [city.regionIds[i][id[k]], { ...row, ...more }] as const;
            }),
          );
          expect(city.regionIds[i], `regions at ${endUs - base}`).toEqual(
            (endUs <= openUs ? edit.before : edit.after).map(({ id }) => id),
          );
          for (const [area, row] of rows.get(endUs)!) {
            const last = newest.get(area) ?? nothing;
            const got = told.get(area) ?? {
              ...nothing,
              present: last.present,
              visitors: last.present,
              fresh5: last.fresh5,
            };
            newest.set(area, got);
            expect(got, `${area} at ${endUs - base}, edit at ${openUs - base}`).toEqual(row);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('shows at once who is present in each region, and where they come from', () => {
    fc.assert(
      fc.property(scenario, anyEdit, anyCut, (given, edit, cut) => {
        const { index, begin, sightings, whole, after } = setting(given, edit, cut);
        const city = cityOf(given, edit);
        play(city, given, sightings, 0, index);
        editOf(city, edit);
        const { view } = city.engine;
        // One interval that ends right behind the newest row.
        const areas = new Map([...whole.areas, ...after.areas]);
        const until = { ...whole, areas, everyUs: begin.timeUs + 1, sightings: sightings.slice(0, index) };
        const [rows] = countByDefinition(until).values();
        edit.after.forEach(({ id }, region) => {
          const sum = view.regionOrigins(region).reduce((total, { present }) => total + present, 0);
          expect(view.regionPresent[region], id).toBe(rows.get(id)!.present);
          expect(sum, id).toBe(rows.get(id)!.present);
        });
      }),
      { numRuns: 200 },
    );
  });

  it('keeps trips between unchanged regions and makes none across the edit with a changed one', () => {
    let trips = 0;
    fc.assert(
      fc.property(scenario, anyEdit, anyCut, fc.constantFrom(30, 600), (given, edit, cut, tripS) => {
        const { index, openUs, begin, whole, before, after, unchanged, options } = setting(given, edit, cut);
        const city = edited(given, edit, index, { tripMs: tripS * 1000 });
        const parts = { begin, before: before.areas, after: after.areas };
        const isKept = (area: string) => unchanged.has(area) || area.startsWith('after:');
        const told = tripsByDefinition(whole, tripS * secondUs, parts).filter(({ from, to, timeUs }) => {
          const settled = timeUs + options.holdDownUs <= begin.timeUs;
          if (isKept(from) && isKept(to)) return true;
          return settled && timeUs < openUs;
        });
        const named = told.map(({ from, to, timeUs }) => ({
          ...{ from: from.replace(/^.*:/, ''), to: to.replace(/^.*:/, ''), timeUs },
        }));
        const got = new Map(
          city.gauges.flatMap(({ endUs, flows }, i) => {
            const name = (region: number) => city.regionIds[i][region];
            if (flows === undefined) return [];
            const rows = Array.from({ length: flows.n }, (_, k): [string, number] => {
              return [`${name(flows.from[k])}>${name(flows.to[k])}`, flows.count[k]];
            });
            return [[endUs, new Map(rows)] as const];
          }),
        );
        expect(got).toEqual(tripTable(named, options.everyUs));
        trips += told.length;
      }),
      { numRuns: 200 },
    );
    expect(trips).toBeGreaterThan(50);
  });

  it('ends stays in what a region was before, and begins new ones with the stay in the cell', () => {
    fc.assert(
      fc.property(scenario, anyEdit, anyCut, (given, edit, cut) => {
        const { index, openUs, begin, known, whole, before, after, options } = setting(given, edit, cut);
        const { everyUs } = options;
        const city = edited(given, edit, index);
        const untilUs = (Math.floor(options.sightings.at(-1)!.timeUs / everyUs) + 1) * everyUs - 1;
        const stays = [
          ...dwellByDefinition(whole, untilUs),
          ...dwellByDefinition({ ...before, sightings: known }, begin.timeUs).filter(({ outUs }) => outUs! < openUs),
          ...dwellByDefinition(after, untilUs),
        ];
        const expected = new Map<string, number>();
        const count = (key: string) => expected.set(key, (expected.get(key) ?? 0) + 1);
        for (const { area, fromUs, outUs, lastInUs } of stays) {
          if (outUs === null) continue;
          const name = `${(Math.floor(outUs / everyUs) + 1) * everyUs - base} ${area}`;
          count(`${name} observed ${bucketByEdges(lastInUs - fromUs)}`);
          count(`${name} upper ${bucketByEdges(outUs - fromUs)}`);
        }
        const got = new Map<string, number>();
        for (const [i, { endUs, dwell }] of city.gauges.entries()) {
          for (let k = 0; k < (dwell?.n ?? 0); k++) {
            const { region, bucket, observed, upper } = dwell!;
            const name = `${endUs - base} ${city.regionIds[i][region[k]]}`;
            if (observed[k] > 0) got.set(`${name} observed ${bucket[k]}`, observed[k]);
            if (upper[k] > 0) got.set(`${name} upper ${bucket[k]}`, upper[k]);
          }
        }
        expect([...got].sort()).toEqual([...expected].sort());
      }),
      { numRuns: 200 },
    );
  });

  it('is in what is saved: a restored engine goes on the same, edited again or not', () => {
    fc.assert(
      fc.property(scenario, anyEdit, anyCut, anyCut, (given, edit, cut, saveAt) => {
        const sightings = sightingsOf(given);
        let index = 1 + (cut % sightings.length);
        // Rows of one time are released at once: no edit comes between them.
        while (index < sightings.length && sightings[index].timeUs === sightings[index - 1].timeUs) index++;
        const saved = Math.min(sightings.length, index + (saveAt % 3));
        const one = cityOf(given, edit);
        play(one, given, sightings, 0, index);
        editOf(one, edit);
        play(one, given, sightings, index, saved);
        const other = cityOf(given, { before: edit.after, after: edit.after });
        const state = MemoryState.of(one.engine);
        other.engine.restore(state);
        other.nameLike(one);
        expect(MemoryState.of(other.engine).differsFrom(state)).toBe(null);
        const gauges = one.gauges.length;
        for (const city of [one, other]) {
          play(city, given, sightings, saved, sightings.length);
          if (cut % 2 === 0) editOf(city, { before: edit.after, after: edit.before });
          city.engine.finish();
        }
        expect(other.gauges).toEqual(one.gauges.slice(gauges));
        expect(other.regionIds).toEqual(one.regionIds.slice(gauges));
      }),
      { numRuns: 200 },
    );
  });

  it('refuses what was saved of a region with other cells', () => {
    const given = { everyS: 60, holdDownS: 10, ttlS: 600, ttl200S: 60, steps: [] };
    const one = cityOf(given, { before: [changed], after: [] });
    one.see({ timeUs: base, subscriber: 's', cell: '001-01-100-1' });
    const other = cityOf(given, { before: [changedNow], after: [] });
    expect(() => other.engine.restore(MemoryState.of(one.engine))).toThrow(/other regions/);
  });
});
