import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dayUs, hourUs, secondUs } from '../../server/clock.ts';
import { timestampUs } from '../../server/store/connection.ts';
import { namedQuery } from '../../server/store/queries.ts';
import type { OracleSighting } from '../occupancy/oracle.ts';
import { tripsByDefinition } from '../occupancy/oracle.ts';
import { base, cells, membersOf, scenario, settingsOf, sightingsOf, ttlOf } from '../occupancy/scenario.ts';
import { regionOf, SmallCity } from '../occupancy/small-city.ts';
import { openPlainDatabase, type PlainDatabase } from '../store/tools/plain-database.ts';

/** Trips that the engine counted live must be those that stays tell afterwards, and those of plain loops over sightings. */

/** What happened in a city, and how it is counted. */
interface Given {
  readonly sightings: OracleSighting[];
  readonly regions: string[][];
  readonly everyUs: number;
  readonly holdDownMs: number;
  readonly tripMs: number;
  readonly settings: Record<string, unknown>;
  readonly ttlUs: (cell: string) => number;
}

const regions = fc.array(fc.subarray(cells, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 4 });

/** An hour or so of much coming and going, with ping-pong and detaches. */
const dense = fc.record({ base: scenario, regions, tripS: fc.constantFrom(0, 20, 120, 1800) }).map((one): Given => {
  const holdDownMs = one.base.holdDownS * 1000;
  return {
    // Times that differ: stays without length have an order that nobody stores.
    sightings: sightingsOf(one.base).map((sighting, at) => ({ ...sighting, timeUs: sighting.timeUs + at })),
    ...{ regions: one.regions, everyUs: one.base.everyS * secondUs, holdDownMs, tripMs: one.tripS * 1000 },
    settings: settingsOf(one.base),
    ttlUs: ttlOf(one.base),
  };
});

const longGaps = [5, 20, 45, 90, 600, 1500, 3600, 4 * 3600, 9 * 3600];
/** Some days in which people stay for long where regions overlap, so that what they did before lies far back. */
const sparse = fc
  .record({
    regions,
    tripS: fc.constantFrom(60, 1800, 7200),
    steps: fc.array(
      fc.record({
        gapS: fc.constantFrom(...longGaps),
        subscriber: fc.nat({ max: 2 }),
        cell: fc.nat({ max: cells.length - 1 }),
        off: fc.nat({ max: 30 }),
      }),
      { minLength: 20, maxLength: 90 },
    ),
  })
  .map(({ steps, tripS, ...one }): Given => {
    const clocks = [0, 0, 0];
    const sightings = steps.map(({ gapS, subscriber, cell, off }, at) => {
      clocks[subscriber] += gapS * secondUs;
      const timeUs = base + clocks[subscriber] + at;
      return { timeUs, subscriber: `s${subscriber}`, cell: cells[cell], detach: off === 0 };
    });
    sightings.sort((a, b) => a.timeUs - b.timeUs);
    const settings = { holdDownMs: 60_000, presenceTtlMs: 12 * 3_600_000 };
    return {
      ...{ ...one, sightings, settings, holdDownMs: 60_000, tripMs: tripS * 1000, everyUs: 900 * secondUs },
      ttlUs: () => 12 * hourUs,
    };
  });

/** Lines `from>to start`, how many. */
type Lines = Map<string, number>;

interface City extends Given {
  readonly live: Lines;
  readonly oracle: Lines;
  readonly own: { id: string; cells: number[] }[];
  readonly fromUs: number;
  readonly toUs: number;
}

let database: PlainDatabase;
const cities: City[] = [];

beforeAll(async () => {
  database = await openPlainDatabase();
  const samples = [
    ...fc.sample(dense, { numRuns: 200, seed: 20_261_123 }),
    ...fc.sample(sparse, { numRuns: 100, seed: 178 }),
    // Somebody comes into what two regions share, goes out and comes in again, before the hours that are looked at.
    ...fc.sample(sparse, { numRuns: 71, seed: 99 }).slice(70),
  ];
  const rows: (string | number)[][] = [];
  const members: (string | number)[][] = [];
  for (const [i, one] of samples.entries()) {
    const { everyUs, sightings } = one;
    const drawn = one.regions.map((list, r) => regionOf(`c${i}r${r}`, list));
    const city = new SmallCity({ regions: drawn, everyUs, settings: { ...one.settings, tripMs: one.tripMs } });
    city.see(...sightings);
    const lastUs = sightings.at(-1)!.timeUs;
    city.engine.advance(lastUs + dayUs);
    city.engine.finish();
    const ids = new Map(cells.map((cgi, c) => [cgi, i * 100 + c]));
    for (const { subscriber, cell, toCell, ...stay } of city.stays) {
      const times = [stay.firstOutUs, stay.firstInUs, stay.lastInUs].map(timestampUs);
      const to = toCell === null ? -1 : ids.get(toCell)!;
      rows.push([...times, i * 100 + Number(subscriber.slice(1)), ids.get(cell)!, stay.events, to]);
    }
    const live: Lines = new Map();
    for (const [endUs, row] of city.trips()) for (const [pair, n] of row) live.set(`${pair} ${endUs - everyUs}`, n);
    const areas = new Map(drawn.map(({ id, cells: list }) => [id, membersOf(list!, cells)]));
    const oracle: Lines = new Map();
    const asked = { ...one, areas, holdDownUs: one.holdDownMs * 1000 };
    for (const { from, to, timeUs } of tripsByDefinition(asked, one.tripMs * 1000)) {
      const line = `${from}>${to} ${Math.floor(timeUs / everyUs) * everyUs}`;
      oracle.set(line, (oracle.get(line) ?? 0) + 1);
    }
    const own = drawn.map(({ id }) => ({
      id,
      cells: [...areas.get(id)!].map((cgi) => ids.get(cgi)!).sort((a, b) => a - b),
    }));
    for (const region of own) for (const cell of region.cells) members.push([region.id, cell]);
    const fromUs = Math.floor(sightings[0].timeUs / everyUs) * everyUs;
    cities.push({ ...one, ...{ live, oracle, own, fromUs, toUs: Math.floor(lastUs / everyUs + 1) * everyUs } });
  }
  await fill(rows, members);
}, 180_000);
afterAll(() => database?.remove());

async function fill(stays: (string | number)[][], members: (string | number)[][]): Promise<void> {
  const columns = (rows: (string | number)[][]) => rows[0].map((_, column) => rows.map((row) => row[column]));
  await database.sql(
    `insert into stay (first_out, first_in, last_in, sub, cell_id, plmn, events, to_cell)
     select first_out, first_in, last_in, sub, cell_id, 0, events, to_cell
     from unnest($1::timestamptz[], $2::timestamptz[], $3::timestamptz[], $4::bigint[], $5::integer[], $6::integer[],
       $7::integer[]) as s (first_out, first_in, last_in, sub, cell_id, events, to_cell)`,
    columns(stays),
  );
  const [ids, cellIds] = columns(members);
  await database.sql(
    `insert into micro_region (id, name, kind) select distinct id, id, 'venue' from unnest($1::text[]) as u (id)`,
    [ids],
  );
  await database.sql(
    `insert into micro_region_cell (region_id, cell_id, valid_from)
     select r.region_id, u.cell, '-infinity' from unnest($1::text[], $2::integer[]) as u (id, cell) join micro_region r using (id)`,
    [ids, cellIds],
  );
}

/** All trips of a city by what stays tell of each of its regions between two times. */
async function toldOf(city: City, fromUs: number, toUs: number): Promise<Map<string, Lines>> {
  const told = new Map<string, Lines>();
  for (const { id, cells: own } of city.own) {
    const span = [timestampUs(fromUs), timestampUs(toUs)];
    const values = [own, ...span, city.everyUs / secondUs, city.holdDownMs, city.tripMs, id];
    type Row = { bucket: number; id: string; into_it: number; from_it: number };
    const lines: Lines = new Map();
    for (const row of await database.sql<Row>(namedQuery('region-pairs'), values)) {
      expect(row.id).not.toBeNull();
      if (row.into_it > 0) lines.set(`${id}>${row.id} ${row.bucket}`, row.into_it);
      if (row.from_it > 0) lines.set(`${row.id}>${id} ${row.bucket}`, row.from_it);
    }
    told.set(id, lines);
  }
  return told;
}

function differences(what: string, id: string, told: Lines, all: Lines, fromUs: number, toUs: number): string[] {
  const expected = new Map(
    [...all].filter(([line]) => {
      const [pair, us] = line.split(' ');
      return pair.split('>').includes(id) && Number(us) >= fromUs && Number(us) < toUs;
    }),
  );
  return [...new Set([...expected.keys(), ...told.keys()])]
    .filter((line) => expected.get(line) !== told.get(line))
    .map((line) => `${what}: ${line} ${expected.get(line)}, of stays ${told.get(line)}`);
}

test('trips between a region and others, from stays, are those counted live and those of the definition', async () => {
  const wrong: string[] = [];
  let lines = 0;
  for (const city of cities) {
    const { fromUs, toUs } = city;
    for (const [id, told] of await toldOf(city, fromUs, toUs)) {
      lines += told.size;
      wrong.push(...differences('live', id, told, city.live, fromUs, toUs));
      wrong.push(...differences('definition', id, told, city.oracle, fromUs, toUs));
    }
  }
  expect(wrong.slice(0, 12)).toEqual([]);
  expect(lines).toBeGreaterThan(1500);
}, 240_000);

test('however the time asked for is cut, each part is exact on its own', async () => {
  const wrong: string[] = [];
  let lines = 0;
  for (const [i, city] of cities.slice(150).entries()) {
    const buckets = (city.toUs - city.fromUs) / city.everyUs;
    const shares = i === 150 ? [0.12, 0.37, 0.61, 0.83] : [(1 + (i % 3)) / 4];
    const cuts = shares.map((share) => city.fromUs + Math.floor(buckets * share) * city.everyUs);
    for (const [fromUs, toUs] of cuts.flatMap((cutUs) => [
      [city.fromUs, cutUs],
      [cutUs, city.toUs],
    ])) {
      if (fromUs === toUs) continue;
      for (const [id, told] of await toldOf(city, fromUs, toUs)) {
        lines += told.size;
        wrong.push(...differences(`city ${150 + i}`, id, told, city.oracle, fromUs, toUs));
      }
    }
  }
  expect(wrong.slice(0, 12)).toEqual([]);
  expect(lines).toBeGreaterThan(1000);
}, 240_000);

test('who has been in what two regions share for days is known to have come from one of them', async () => {
  const [inA, inBoth, inB, outside] = [900_001, 900_002, 900_003, 900_009];
  const sinceUs = base + 400 * dayUs;
  const rows: (string | number)[][] = [];
  /** @param way in which cell until when, s before the hour that is asked for; the last one lasts */
  const goes = (sub: number, fromS: number, ...way: [number, number][]) => {
    way.slice(0, -1).forEach(([cell, untilS], i) => {
      const times = [untilS, i === 0 ? fromS : way[i - 1][1], untilS].map((s) => timestampUs(sinceUs - s * secondUs));
      rows.push([...times, sub, cell, 1, way[i + 1][0]]);
    });
  };
  const dayS = 86_400;
  const stays = (...way: [number, number][]): [number, number][] => [[inA, 4 * dayS], ...way, [inBoth, -600], [inB, 0]];
  goes(1, 4 * dayS + 60, ...stays([inBoth, 3 * dayS], [inBoth, 2 * dayS], [inBoth, dayS]));
  // Twenty seconds elsewhere in between; and so when the hours before the asked one begin.
  goes(2, 4 * dayS + 60, ...stays([inBoth, 3 * dayS], [inBoth, 2 * dayS], [outside, 2 * dayS - 20], [inBoth, dayS]));
  goes(3, 4 * dayS + 60, ...stays([inBoth, 3 * dayS], [inBoth, 2 * dayS], [inBoth, 6010], [outside, 5990]));
  // Appeared in both; and came into both at once.
  goes(4, 4 * dayS, [inBoth, 3 * dayS], [inBoth, -600], [inB, 0]);
  goes(5, 4 * dayS, [outside, 3 * dayS], [inBoth, -600], [inB, 0]);
  await fill(rows, [[inA, inBoth].map((cell) => ['a', cell]), [inBoth, inB].map((cell) => ['b', cell])].flat());
  const span = [timestampUs(sinceUs), timestampUs(sinceUs + hourUs)];
  for (const [id, own, into, from] of [
    ['a', [inA, inBoth], 3, 0],
    ['b', [inBoth, inB], 0, 3],
  ])
    expect(
      await database.sql(namedQuery('region-pairs'), [own, ...span, 3600, 60_000, 1_800_000, id]),
      String(id),
    ).toEqual([{ bucket: sinceUs, id: id === 'a' ? 'b' : 'a', into_it: into, from_it: from }]);
});
