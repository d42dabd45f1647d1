import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Sorter } from '../../server/events/sorter.ts';
import type { Region } from '../../server/reference/read-regions.ts';
import { RegionIndex } from '../../server/reference/region-index.ts';
import { CountersBySql, type Lines, type RawCity } from '../tools/counters-sql.ts';
import { freshness, originsThen, setMoments, windows } from '../tools/live-sql.ts';
import { expectSameLines, type Given, given, rawOf, settingsOfCity } from './disordered-city.ts';
import { cells, membersOf, secondUs } from './scenario.ts';
import { regionOf, SmallCity } from './small-city.ts';

const cityCount = 300;
const seed = 11;
const minuteUs = 60 * secondUs;

/** The first whole minute behind all. */
const clockOf = (newestUs: number) => (Math.floor(newestUs / minuteUs) + 1) * minuteUs;

interface GivenEdit {
  one: Given;
  /** Regions after the edit: which one's name, and its cells; null: those that it had, if it was there. */
  after: { name: number; cells: string[] | null }[];
  /** The edit is at the time of this event, so much later, or at the interval's end behind it. */
  at: number;
  laterUs: number;
  atEnd: boolean;
}

const givenEdit: fc.Arbitrary<GivenEdit> = fc.record({
  one: given,
  after: fc.uniqueArray(
    fc.record({
      name: fc.nat({ max: 5 }),
      cells: fc.option(fc.subarray(cells, { minLength: 1 }), { freq: 2 }),
    }),
    { minLength: 1, maxLength: 5, selector: ({ name }) => name },
  ),
  at: fc.nat({ max: 59 }),
  laterUs: fc.constantFrom(1, 1, 999_999, 30 * secondUs, 200 * secondUs),
  atEnd: fc.boolean(),
});

/** Regions before and after, and what SQL is asked: `before:` and `after:` stand before the names of what has changed. */
function settingOf({ after, at, atEnd, laterUs, one }: GivenEdit) {
  const { raw, regions: before } = rawOf(one);
  const { events, everyUs } = raw;
  const times = events.map(({ timeUs }) => timeUs);
  // Behind the first row: nothing is counted before it.
  const nearUs = Math.max(times[at % times.length], times[0]) + laterUs;
  // Nothing is asked of later than the first whole minute behind all.
  const clockUs = clockOf(Math.max(...times));
  const editUs = Math.min(atEnd ? Math.ceil(nearUs / everyUs) * everyUs : nearUs, clockUs);
  const now = after.map(({ name, cells: own }) => {
    return regionOf(`r${name}`, own ?? before[name]?.cells ?? [cells[name]]);
  });
  const isSame = (a: Region | undefined, b: Region) =>
    a !== undefined && [...a.cells!].sort().join() === [...b.cells!].sort().join();
  const kept = new Set(
    now
      .filter((region) =>
        isSame(
          before.find(({ id }) => id === region.id),
          region,
        ),
      )
      .map(({ id }) => id),
  );
  const nameOf = (id: string, era: 'before' | 'after') => (kept.has(id) ? id : `${era}:${id}`);
  const all = [
    ...before.map((region) => [nameOf(region.id, 'before'), region, { toUs: editUs }] as const),
    ...now.map((region) => [nameOf(region.id, 'after'), region, { fromUs: editUs }] as const),
  ];
  const heard = [...new Set(events.map(({ cell }) => cell))];
  const asked: RawCity = {
    ...raw,
    areas: new Map(all.map(([name, { cells: own }]) => [name, membersOf(own!, heard)])),
    eras: new Map(all.filter(([name]) => name.includes(':')).map(([name, , era]) => [name, era])),
  };
  /** The open interval at the edit, and those behind it, are of the regions after it. */
  const openUs = Math.floor(editUs / everyUs) * everyUs;
  return { asked, before, clockUs, editUs, nameOf, now, openUs };
}

type Setting = ReturnType<typeof settingOf>;

/** What was counted, by the names that SQL gives it. */
interface Told {
  counters: Lines;
  trips: Lines;
  dwell: Lines;
  /** Shown right behind the edit, and behind all. */
  fresh: Lines;
  origins: Lines;
  flows: Lines;
  /** Behind all. */
  liveDwell: Lines;
}

function play({ one }: GivenEdit, { asked, before, editUs, nameOf, now, openUs }: Setting): Told {
  const { everyUs, events } = asked;
  const city = new SmallCity({ regions: before, everyUs, settings: settingsOfCity(one) });
  // A region that will have other cells once those have turned up is unchanged until then.
  for (const cell of cells) city.registry.idOf(cell);
  const { engine } = city;
  const sorter = new Sorter({
    latenessUs: 600 * secondUs,
    rowsMax: 10_000,
    onRows: (batch, from, to) => engine.apply(batch, from, to),
    onLate: (batch, from, to) => engine.applyLate(batch, from, to),
    onTooLate: () => undefined,
  });
  const told: Told = {
    ...{ counters: new Map(), trips: new Map(), dwell: new Map(), liveDwell: new Map() },
    ...{ fresh: new Map(), origins: new Map(), flows: new Map() },
  };
  let isEdited = false;
  const release = (toUs: number): void => {
    if (!isEdited && toUs >= editUs) {
      sorter.release(editUs);
      engine.advance(editUs);
      engine.setRegions(new RegionIndex(now, city.registry, () => undefined));
      isEdited = true;
      look(editUs);
    }
    sorter.release(toUs);
    if (sorter.releasedUs > 0) engine.advance(sorter.releasedUs);
  };
  const look = (atUs: number): void => {
    const { view } = engine;
    now.forEach(({ id }, i) => {
      const name = `${atUs}|${nameOf(id, 'after')}`;
      const fresh = [view.regionPresent[i], view.regionFresh5[i], view.regionFresh30[i]];
      if (fresh[0] > 0) told.fresh.set(name, fresh);
      const flows = [view.regionInflow[i], view.regionOutflow[i]];
      if (flows[0] + flows[1] > 0) told.flows.set(name, flows);
      const origins = new Map<string, number>();
      for (const { class: kind, mcc, present } of view.regionOrigins(i)) {
        const of = `${name}|${kind} ${Number(mcc)}`;
        origins.set(of, (origins.get(of) ?? 0) + present);
      }
      for (const [of, present] of origins) told.origins.set(of, [present]);
    });
  };
  let newestUs = 0;
  for (const event of events) {
    sorter.push(city.batch([event], { plmn: event.plmn }));
    newestUs = Math.max(newestUs, event.timeUs);
    release(newestUs - one.reorderS * secondUs);
  }
  release(Math.max(newestUs + 1, editUs));
  const clockUs = clockOf(newestUs);
  release(clockUs);
  look(clockUs);
  now.forEach(({ id }, i) => {
    const dwellMs = [0.5, 0.9].map((share) => engine.view.regionDwellMs(i, share));
    if (dwellMs[0] >= 0) told.liveDwell.set(nameOf(id, 'after'), dwellMs);
  });
  engine.finish();
  takeIntervals(city, told, (id, endUs) => nameOf(id, endUs <= openUs ? 'before' : 'after'));
  return told;
}

function takeIntervals(city: SmallCity, told: Told, nameOf: (id: string, endUs: number) => string): void {
  const newest = new Map<string, number[]>();
  for (const [i, { dwell, endUs, flows, regions }] of city.gauges.entries()) {
    const ids = city.regionIds[i];
    for (let k = 0; k < regions.n; k++) {
      const { appeared, entries, exits, fresh5, id, present, vanished, visitors } = regions;
      const figures = [present, fresh5, entries, exits, appeared, vanished, visitors].map((column) => column[k]);
      newest.set(ids[id[k]], figures);
      told.counters.set(`${endUs}|${nameOf(ids[id[k]], endUs)}`, figures);
    }
    for (const id of ids) {
      const name = `${endUs}|${nameOf(id, endUs)}`;
      const [present = 0, fresh5 = 0] = newest.get(id) ?? [];
      if (!told.counters.has(name)) told.counters.set(name, [present, fresh5, 0, 0, 0, 0, present]);
    }
    for (let k = 0; k < (flows?.n ?? 0); k++) {
      const [from, to] = [flows!.from[k], flows!.to[k]].map((region) => nameOf(ids[region], endUs));
      told.trips.set(`${endUs}|${from}>${to}`, [flows!.count[k]]);
    }
    for (let k = 0; k < (dwell?.n ?? 0); k++) {
      const { bucket, observed, region, upper } = dwell!;
      const name = (what: string) => `${endUs}|${nameOf(ids[region[k]], endUs)}|${what}|${bucket[k]}`;
      if (observed[k] > 0) told.dwell.set(name('observed'), [observed[k]]);
      if (upper[k] > 0) told.dwell.set(name('upper'), [upper[k]]);
    }
  }
}

const cities = fc.sample(givenEdit, { numRuns: cityCount, seed }).map((one) => {
  const setting = settingOf(one);
  return { setting, told: play(one, setting) };
});

let sql: CountersBySql;
beforeAll(async () => {
  sql = await CountersBySql.open(cities.map(({ setting }) => setting.asked));
  await setMoments(
    sql,
    // The window is as long as the server has it.
    cities.map(({ setting: { clockUs, editUs } }) => ({
      windowUs: 15 * minuteUs,
      atUs: [...new Set([editUs, clockUs])],
    })),
  );
}, 120_000);
afterAll(() => sql?.close());

/** Of what the regions were before, in the intervals before the edit; of what they are, in the others. */
const inTheirTime = (lines: Lines[]): Lines[] =>
  cities.map(({ setting: { openUs } }, i) => {
    const isThere = (name: string) =>
      Number(name.split('|')[0]) <= openUs ? !name.includes('after:') : !name.includes('before:');
    return new Map([...(lines[i] ?? [])].filter(([name]) => isThere(name)));
  });

const same = (expected: Lines[], of: keyof Told, least: number) =>
  expectSameLines(
    expected,
    cities.map(({ told }) => told[of]),
    least,
  );

test('counters of each interval: unchanged regions as if nothing had been, the others until the edit and anew from there', async () => {
  const expected = inTheirTime(await sql.counters());
  // Where nothing changes an interval may be passed over; then nobody is there.
  const got = cities.map(({ told }, i) => {
    const all = [...(expected[i] ?? [])].map(
      ([name]) => [name, told.counters.get(name) ?? [0, 0, 0, 0, 0, 0, 0]] as const,
    );
    return new Map(all);
  });
  expectSameLines(expected, got, 2_000);
  const isChanged = (name: string) => name.includes(':');
  const changed = expected.flatMap((lines) => [...lines].filter(([name]) => isChanged(name)));
  // Present, fresh, entries, exits, appeared, vanished, visitors.
  for (let figure = 0; figure < 7; figure++)
    expect(changed.filter(([, figures]) => figures[figure] > 0).length, `${figure}`).toBeGreaterThan(20);
});

/** Of the regions of after the edit. */
const shownThen = (lines: Lines[]): Lines[] =>
  cities.map(({ setting: { nameOf, now } }, i) => {
    const names = new Set(now.map(({ id }) => nameOf(id, 'after')));
    return new Map([...(lines[i] ?? [])].filter(([name]) => names.has(name.split('|')[1])));
  });

test('who is present in each region, at once and later on, and how fresh', async () => {
  same(shownThen(await freshness(sql)), 'fresh', 150);
});

test('where those present come from, at once and later on', async () => {
  await sql.origins();
  same(shownThen(await originsThen(sql)), 'origins', 150);
});

test('inflow and outflow: in a changed region none at once, later on what came behind the edit', async () => {
  const expected = shownThen(await windows(sql));
  same(expected, 'flows', 60);
  const changed = expected.flatMap((lines) => [...lines.keys()]).filter((name) => name.includes('after:'));
  expect(changed.length).toBeGreaterThan(20);
});

test('how long those present behind all have been there: in a changed region since they came to their cell', async () => {
  const expected = (await sql.liveDwell()).map(
    (lines) => new Map([...lines].filter(([name]) => !/before:/.test(name))),
  );
  same(expected, 'liveDwell', 60);
});

test('trips between unchanged regions go on, and none is made across the edit with a changed one', async () => {
  const expected = inTheirTime(await sql.trips());
  same(expected, 'trips', 50);
  const mixed = expected.flatMap((lines) => [...lines.keys()]).filter((name) => /after:.*>r|>.*after:/.test(name));
  expect(mixed.length).toBeGreaterThan(10);
});

test('dwell of stays that ended: of what a region was none ends with the edit, of what it is they last since before it', async () => {
  const expected = inTheirTime(await sql.dwell());
  same(expected, 'dwell', 500);
  const changed = expected.flatMap((lines) => [...lines.keys()]).filter((name) => name.includes('after:'));
  expect(changed.length).toBeGreaterThan(100);
});
