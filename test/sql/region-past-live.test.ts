import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { timestampUs } from '../../server/store/connection.ts';
import { namedQuery } from '../../server/store/queries.ts';
import {
  bucketByEdges,
  cells,
  membersOf,
  type Scenario,
  scenario,
  secondUs,
  settingsOf,
  sightingsOf,
  base as startUs,
} from '../occupancy/scenario.ts';
import { regionOf, SmallCity } from '../occupancy/small-city.ts';
import { openPlainDatabase, type PlainDatabase } from '../store/tools/plain-database.ts';

/** What the engine counted live must be what stays tell afterwards: the same cities, the same regions. */
const cityCount = 250;
const seed = 20_261_122;
const hourUs = 3600 * secondUs;
/** No stay is cut off here. */
const ttlMs = 7_200_000;

const regions = fc.array(fc.subarray(cells, { minLength: 1 }), { minLength: 1, maxLength: 3 });
/** Times that differ: stays without length are looked at apart. */
const given = fc.record({ base: scenario, regions }).map((one) => ({
  ...one,
  sightings: sightingsOf(one.base).map((sighting, at) => ({ ...sighting, timeUs: sighting.timeUs + at })),
}));
/** Every ten seconds at most, so that many a sighting is of the same microsecond as the subscriber's last one. */
const tied = fc
  .record({
    settings: scenario,
    regions,
    steps: fc.array(
      fc.record({
        gapS: fc.constantFrom(0, 0, 0, 10, 10, 20, 60, 120),
        subscriber: fc.nat({ max: 3 }),
        cell: fc.nat({ max: cells.length - 1 }),
        again: fc.nat({ max: 2 }),
        off: fc.nat({ max: 99 }),
      }),
      { minLength: 10, maxLength: 60 },
    ),
  })
  .map(({ settings, steps, ...one }) => {
    let timeUs = startUs;
    const sightings = steps.flatMap(({ gapS, subscriber, cell, again, off }) => {
      timeUs += gapS * secondUs;
      const sighting = { timeUs, subscriber: `s${subscriber}`, cell: cells[cell], detach: off < 7 };
      return again === 0 ? [sighting, { ...sighting, detach: false }] : [sighting];
    });
    return { ...one, base: settings, sightings };
  });

/** Lines `region start what count` and `region bucket observed|upper count`. */
type Lines = Map<string, number>;
const add = (lines: Lines, line: string, count = 1) => {
  if (count > 0) lines.set(line, (lines.get(line) ?? 0) + count);
};

interface City {
  readonly base: Scenario;
  readonly live: Lines;
  readonly regions: { id: string; cells: number[] }[];
  readonly span: [string, string];
}

let database: PlainDatabase;
const cities: City[] = [];

beforeAll(async () => {
  database = await openPlainDatabase();
  const rows: (string | number)[][] = [];
  const samples = [given, tied].flatMap((all) => fc.sample(all, { numRuns: cityCount, seed }));
  for (const [i, one] of samples.entries()) {
    const { sightings } = one;
    const regions = one.regions.map((list, r) => regionOf(`r${r}`, list));
    const everyUs = one.base.everyS * secondUs;
    const city = new SmallCity({ regions, everyUs, settings: settingsOf(one.base) });
    city.see(...sightings);
    const lastUs = sightings.at(-1)!.timeUs;
    city.engine.advance(lastUs + hourUs);
    city.engine.finish();

    const cellIds = new Map(cells.map((cgi, c) => [cgi, i * 100 + c]));
    for (const stay of city.stays) {
      const [firstOut, firstIn, lastIn] = [stay.firstOutUs, stay.firstInUs, stay.lastInUs].map(timestampUs);
      const to = stay.toCell === null ? -1 : cellIds.get(stay.toCell)!;
      const sub = i * 100 + Number(stay.subscriber.slice(1));
      rows.push([firstOut, firstIn, lastIn, sub, cellIds.get(stay.cell)!, stay.events, to]);
    }
    const live: Lines = new Map();
    for (const { startUs, regions: of, dwell } of city.gauges) {
      for (let row = 0; row < of.n; row++)
        for (const what of ['entries', 'exits', 'appeared', 'vanished'] as const)
          add(live, `r${of.id[row]} ${startUs} ${what}`, of[what][row]);
      for (let row = 0; row < (dwell?.n ?? 0); row++) {
        add(live, `r${dwell!.region[row]} ${dwell!.bucket[row]} observed`, dwell!.observed[row]);
        add(live, `r${dwell!.region[row]} ${dwell!.bucket[row]} upper`, dwell!.upper[row]);
      }
    }
    const fromUs = Math.floor(sightings[0].timeUs / everyUs) * everyUs;
    const toUs = Math.ceil((lastUs + hourUs) / everyUs) * everyUs;
    cities.push({
      ...{ base: one.base, live, span: [timestampUs(fromUs), timestampUs(toUs)] },
      regions: regions.map(({ id, cells: list }) => ({
        id,
        cells: [...membersOf(list!, cells)].map((cgi) => cellIds.get(cgi)!),
      })),
    });
  }
  await database.sql(
    `insert into stay (first_out, first_in, last_in, sub, cell_id, plmn, events, to_cell)
     select first_out, first_in, last_in, sub, cell_id, 0, events, to_cell
     from unnest($1::timestamptz[], $2::timestamptz[], $3::timestamptz[], $4::bigint[], $5::integer[], $6::integer[],
       $7::integer[]) as s (first_out, first_in, last_in, sub, cell_id, events, to_cell)`,
    [0, 1, 2, 3, 4, 5, 6].map((column) => rows.map((row) => row[column])),
  );
}, 120_000);
afterAll(() => database?.remove());

test('crossings and ended stays of any region are those that were counted live', async () => {
  const wrong: string[] = [];
  let lines = 0;
  for (const [i, { base, live, regions, span }] of cities.entries()) {
    const past: Lines = new Map();
    const holdMs = base.holdDownS * 1000;
    for (const { id, cells: own } of regions) {
      type Flow = { bucket: number; known: boolean } & Record<'entries' | 'exits' | 'appeared' | 'vanished', number>;
      const flows = await database.sql<Flow>(namedQuery('region-flows'), [own, ...span, base.everyS, holdMs, [], []]);
      let ended = 0;
      for (const row of flows) {
        expect(row.known).toBe(true);
        ended += row.exits + row.vanished;
        for (const what of ['entries', 'exits', 'appeared', 'vanished'] as const)
          add(past, `${id} ${row.bucket} ${what}`, row[what]);
      }
      type Stay = { first_in: number; last_in: number; first_out: number };
      const stays = await database.sql<Stay>(namedQuery('region-sessions'), [
        ...[own, ...span, 10_000, null, null, holdMs, [], [], ttlMs],
      ]);
      if (stays.length !== ended) wrong.push(`city ${i} ${id}: ${stays.length} stays, ${ended} exits and vanished`);
      for (const { first_in, last_in, first_out } of stays) {
        add(past, `${id} ${bucketByEdges(last_in - first_in)} observed`);
        add(past, `${id} ${bucketByEdges(first_out - first_in)} upper`);
      }
    }
    lines += live.size;
    for (const line of new Set([...live.keys(), ...past.keys()]))
      if (live.get(line) !== past.get(line))
        wrong.push(`city ${i} ${line}: ${live.get(line)} live, ${past.get(line)} from stays`);
  }
  expect(wrong.slice(0, 12)).toEqual([]);
  expect(lines).toBeGreaterThan(2500);
}, 120_000);

test('of sightings at the same microsecond the stay without length is a way out and back that cancels', async () => {
  const at = (s: number) => timestampUs(Date.UTC(2026, 0, 5, 2) * 1000 + s * secondUs);
  await database.sql(`insert into stay (first_out, first_in, last_in, sub, cell_id, plmn, events, to_cell) values
    ('${at(100)}', '${at(0)}', '${at(90)}', 1, 90001, 0, 2, 90002),
    ('${at(100)}', '${at(100)}', '${at(100)}', 1, 90002, 0, 1, 90001),
    ('${at(300)}', '${at(100)}', '${at(280)}', 1, 90001, 0, 3, -1)`);
  const span = [at(0), at(3600)];
  expect(
    await database.sql(namedQuery('region-sessions'), [[90001], ...span, 10, null, null, 60_000, [], [], ttlMs]),
  ).toMatchObject([{ sub: '1', last_in: Date.UTC(2026, 0, 5, 2, 4, 40) * 1000 }]);
  expect(await database.sql(namedQuery('region-flows'), [[90001], ...span, 3600, 60_000, [], []])).toMatchObject([
    { entries: 0, exits: 0, appeared: 1, vanished: 1 },
  ]);
});

test('who is seen again in the microsecond of its detach appears, in the region and outside', async () => {
  const at = (s: number) => timestampUs(Date.UTC(2026, 0, 26, 2) * 1000 + s * secondUs);
  const stay = (sub: number, cell: number, from: number, to: number, next: number) =>
    `('${at(to)}', '${at(from)}', '${at(from)}', ${sub}, ${cell}, 0, 1, ${next})`;
  await database.sql(`insert into stay (first_out, first_in, last_in, sub, cell_id, plmn, events, to_cell) values
    ${stay(6, 90059, 40, 100, 90051)}, ${stay(6, 90051, 100, 100, -1)}, ${stay(6, 90051, 100, 900, 90059)},
    ${stay(7, 90061, 40, 100, 90069)}, ${stay(7, 90069, 100, 100, -1)}, ${stay(7, 90069, 100, 130, 90061)},
    ${stay(7, 90061, 130, 900, -1)}`);
  const flows = (cell: number) =>
    database.sql(namedQuery('region-flows'), [[cell], at(0), at(3600), 3600, 60_000, [], []]);
  expect(await flows(90051)).toMatchObject([{ entries: 1, exits: 1, appeared: 1, vanished: 1 }]);
  expect(await flows(90061)).toMatchObject([{ entries: 1, exits: 1, appeared: 1, vanished: 1 }]);
});

test('who is there since a microsecond in which another cell of the region was seen is there', async () => {
  const us = (s: number) => Date.UTC(2026, 0, 8, 2) * 1000 + s * secondUs;
  const at = (s: number) => timestampUs(us(s));
  await database.sql(`insert into stay (first_out, first_in, last_in, sub, cell_id, plmn, events, to_cell) values
    ('${at(100)}', '${at(0)}', '${at(90)}', 5, 90039, 0, 2, 90031),
    ('${at(100)}', '${at(100)}', '${at(100)}', 5, 90031, 0, 1, 90032)`);
  const lasting = [[5], [us(100)]];
  const presence = [[90031, 90032], at(0), at(3600), 1800, ...lasting];
  expect(await database.sql(namedQuery('region-presence'), presence)).toMatchObject([
    { present: 1, visitors: 1 },
    { present: 1, visitors: 1 },
  ]);
  const flows = [[90031, 90032], at(0), at(3600), 3600, 60_000, ...lasting];
  expect(await database.sql(namedQuery('region-flows'), flows)).toMatchObject([{ entries: 1, exits: 0, vanished: 0 }]);
});

test('who is away for less than the hold-down has not left, by whatever way, unless that led out of the network', async () => {
  const at = (s: number) => timestampUs(Date.UTC(2026, 0, 19, 2) * 1000 + s * secondUs);
  const stay = (sub: number, cell: number, from: number, to: number, next: number) =>
    `('${at(to)}', '${at(from)}', '${at(to)}', ${sub}, ${cell}, 0, 2, ${next})`;
  await database.sql(`insert into stay (first_out, first_in, last_in, sub, cell_id, plmn, events, to_cell) values
    ${stay(3, 90021, 0, 100, 90022)}, ${stay(3, 90022, 100, 110, 90023)}, ${stay(3, 90023, 110, 130, 90021)},
    ${stay(3, 90021, 130, 400, -1)},
    ${stay(4, 90021, 4000, 4100, 90022)}, ${stay(4, 90022, 4100, 4110, -1)}, ${stay(4, 90023, 4120, 4130, 90021)},
    ${stay(4, 90021, 4130, 4400, -1)}`);
  const flows = (from: number) =>
    database.sql(namedQuery('region-flows'), [[90021], at(from), at(from + 3600), 3600, 60_000, [], []]);
  expect(await flows(0)).toMatchObject([{ entries: 0, exits: 0, appeared: 1, vanished: 1 }]);
  expect(await flows(3600)).toMatchObject([{ entries: 1, exits: 1, appeared: 1, vanished: 1 }]);
});

test('a stay of days is told from its beginning, however the time asked for cuts it', async () => {
  const at = (s: number) => timestampUs(Date.UTC(2026, 0, 12, 2) * 1000 + s * secondUs);
  const day = 86_400;
  await database.sql(`insert into stay (first_out, first_in, last_in, sub, cell_id, plmn, events, to_cell) values
    ('${at(day)}', '${at(0)}', '${at(day)}', 2, 90011, 0, 9, 90011),
    ('${at(2 * day)}', '${at(day)}', '${at(2 * day - 9)}', 2, 90011, 0, 9, 90012),
    ('${at(2 * day + 30)}', '${at(2 * day)}', '${at(2 * day)}', 2, 90012, 0, 1, 90011),
    ('${at(2.5 * day)}', '${at(2 * day + 30)}', '${at(2.4 * day)}', 2, 90011, 0, 9, -1)`);
  // Around its way out and back for half a minute, an hour before the time too.
  for (const s of [0, 2 * day - 40, 2 * day + 10, 2 * day + 3590, 2 * day + 3610, 2 * day + 3640, 2.4 * day])
    expect(
      await database.sql(namedQuery('region-sessions'), [
        ...[[90011], at(s), at(3 * day), 10, null, null, 60_000, [], [], ttlMs],
      ]),
    ).toMatchObject([{ sub: '2', first_in: Date.UTC(2026, 0, 12, 2) * 1000 }]);
});
