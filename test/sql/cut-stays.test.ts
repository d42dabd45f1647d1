import { afterAll, beforeAll, expect, test } from 'vitest';
import { dayUs, hourUs, minuteUs, secondUs } from '../../server/clock.ts';
import { timestampUs } from '../../server/store/connection.ts';
import { namedQuery } from '../../server/store/queries.ts';
import { openPlainDatabase, type PlainDatabase } from '../store/tools/plain-database.ts';
import { groupBy } from './tools/past-oracle.ts';
import { cityStartUs, dateOf } from './tools/small-city.ts';

const days = 6;
const toUs = cityStartUs + days * dayUs;
const ttlUs = 2 * hourUs;
const holdUs = 60 * secondUs;
/** Starts with other settings: two of them soon after one another. */
const cutsUs = [1.4, 3.5, 3.53, 4.2].map((day) => cityStartUs + day * dayUs);
const region = [3, 4, 5];

type Sighting = readonly [us: number, cell: number];
/** What one counting saw of a subscriber from its appearance up to a vanish, or to the cut. */
interface Life {
  readonly seen: readonly Sighting[];
  readonly cutUs: number | null;
}

/** Whoever was there when a start cut counting off is not known to be there until the next sighting. */
function livesOf(sightings: readonly Sighting[]): Life[] {
  const lives: Life[] = [];
  for (let from = 0; from < sightings.length; ) {
    let end = from + 1;
    const cutIn = (us: number, until: number) => cutsUs.find((cutUs) => cutUs >= us && cutUs < until) ?? null;
    const goneUs = (at: number) => sightings[at][0] + ttlUs;
    const isNext = (at: number) =>
      sightings[at][0] < goneUs(at - 1) && cutIn(sightings[at - 1][0], sightings[at][0]) === null;
    while (end < sightings.length && isNext(end)) end++;
    lives.push({ seen: sightings.slice(from, end), cutUs: cutIn(sightings[end - 1][0], goneUs(end - 1)) });
    from = end;
  }
  return lives;
}

interface Row {
  sub: string;
  first_in: number;
  last_in: number;
  first_out: number;
  cut_begin: boolean;
  cut_end: boolean;
}

/** Stays in the region from sightings: those that a way out and back in less than the hold-down does not end. */
function staysOf(sub: number, lives: readonly Life[]): Row[] {
  const rows: Row[] = [];
  lives.forEach(({ seen, cutUs }, i) => {
    const inside = seen.map(([, cell]) => region.includes(cell));
    const before = lives[i - 1];
    const last = before?.seen.at(-1);
    const goesOn = before?.cutUs != null && region.includes(last![1]) && seen[0][0] < last![0] + ttlUs;
    // Borders that are crossed, without those that cancel: each with the next, if that comes soon.
    let held: number[] = [];
    for (let at = 1; at < seen.length; at++) {
      if (inside[at] === inside[at - 1]) continue;
      const pending = held.at(-1);
      if (pending !== undefined && seen[at][0] - seen[pending][0] < holdUs) held.pop();
      else held.push(at);
    }
    if (inside[0]) held = [0, ...held];
    for (let at = 0; at < held.length; at += 2) {
      const [from, to] = [held[at], held[at + 1]];
      const end = to ?? seen.length;
      const lastIn = seen.slice(0, end).findLast((_, k) => inside[k])!;
      rows.push({
        ...{ sub: String(sub), first_in: seen[from][0], last_in: lastIn[0] },
        first_out: to === undefined ? (cutUs ?? seen.at(-1)![0] + ttlUs) : seen[to][0],
        ...{ cut_begin: from === 0 && goesOn, cut_end: to === undefined && cutUs !== null },
      });
    }
  });
  return rows;
}

function sightingsOf(random: () => number): Sighting[] {
  const seen: Sighting[] = [];
  for (let us = cityStartUs + random() * dayUs; us < toUs - dayUs; ) {
    seen.push([Math.round(us), Math.floor(random() * 8)]);
    const stays = random();
    us += stays < 0.15 ? random() * 2 * minuteUs : stays < 0.95 ? random() * 110 * minuteUs : random() * dayUs;
    // In the same place for hours.
    for (; random() < 0.6; us += random() * 110 * minuteUs) seen.push([Math.round(us), seen.at(-1)![1]]);
  }
  return seen;
}

let store: PlainDatabase;
const expected: Row[] = [];

beforeAll(async () => {
  let state = 11;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const stored: unknown[][] = [];
  for (let sub = 1; sub <= 150; sub++) {
    const lives = livesOf(sightingsOf(random).sort((a, b) => a[0] - b[0]));
    expected.push(...staysOf(sub, lives));
    for (const { seen, cutUs } of lives) {
      for (let from = 0; from < seen.length; ) {
        let end = from + 1;
        while (end < seen.length && seen[end][1] === seen[from][1] && seen[end][0] < seen[from][0] + dayUs) end++;
        const last = seen[end - 1][0];
        const [out, to] = end < seen.length ? seen[end] : [cutUs ?? last + ttlUs, cutUs === null ? -1 : null];
        stored.push([...[out, seen[from][0], last].map(timestampUs), sub, seen[from][1], end - from, to]);
        from = end;
      }
    }
  }
  store = await openPlainDatabase();
  await store.sql(
    `insert into stay (first_out, first_in, last_in, sub, cell_id, plmn, events, to_cell)
     select first_out, first_in, last_in, sub, cell_id, 0, events, to_cell
     from unnest($1::timestamptz[], $2::timestamptz[], $3::timestamptz[], $4::bigint[], $5::integer[], $6::integer[],
       $7::integer[]) as s (first_out, first_in, last_in, sub, cell_id, events, to_cell)`,
    [0, 1, 2, 3, 4, 5, 6].map((column) => stored.map((row) => row[column])),
  );
});
afterAll(() => store?.remove());

const span = [timestampUs(cityStartUs), timestampUs(toUs)];
const query = <T>(name: string, ...values: unknown[]) => store.sql<T>(namedQuery(name), [region, ...span, ...values]);

test('a list of stays marks those of which a start with other settings hid the beginning or the end', async () => {
  const rows = await query<Row>('region-sessions', 10_000, null, null, holdUs / 1000, [], [], ttlUs / 1000);
  const inOrder = (all: readonly Row[]) => all.toSorted((a, b) => b.first_out - a.first_out || +b.sub - +a.sub);
  expect(rows).toEqual(inOrder(expected));
  const marks = groupBy(rows, ({ cut_begin, cut_end }) => `${cut_begin} ${cut_end}`);
  expect([...marks.keys()].sort()).toEqual(['false false', 'false true', 'true false', 'true true']);
  expect(marks.get('false false')!.length).toBeGreaterThan(500);
});

test('dwell of a day is of stays known from beginning to end; pieces of others are counted apart', async () => {
  const days = [...groupBy(expected, ({ first_out }) => dateOf(first_out))].sort(([a], [b]) => (a < b ? -1 : 1));
  const rank = (values: number[], share: number) => {
    const sorted = values.sort((a, b) => a - b);
    return Math.round(sorted[Math.ceil(share * sorted.length) - 1] / 1000);
  };
  const rows = await query<Record<string, unknown>>(
    'region-dwell',
    'Asia/Shanghai',
    holdUs / 1000,
    [],
    [],
    ttlUs / 1000,
  );
  expect(rows).toEqual(
    days.map(([day, own]) => {
      const whole = own.filter(({ cut_begin, cut_end }) => !cut_begin && !cut_end);
      const observed = whole.map(({ first_in, last_in }) => last_in - first_in);
      const bound = whole.map(({ first_in, first_out }) => first_out - first_in);
      return {
        ...{ day, stays: whole.length, cut: own.length - whole.length },
        ...{ observed_median_ms: rank(observed, 0.5), observed_p90_ms: rank(observed, 0.9) },
        ...{ bound_median_ms: rank(bound, 0.5), bound_p90_ms: rank(bound, 0.9) },
      };
    }),
  );
  expect(rows.filter(({ cut }) => (cut as number) > 10).length).toBeGreaterThan(2);
});

test('whether a stay is whole does not depend on where the question begins', async () => {
  const inOrder = (all: readonly Row[]) => all.toSorted((a, b) => b.first_out - a.first_out || +b.sub - +a.sub);
  for (let hour = 7; hour < days * 24; hour += 5) {
    const from = cityStartUs + hour * hourUs;
    const values = [region, timestampUs(from), span[1], 10_000, null, null, holdUs / 1000, [], [], ttlUs / 1000];
    const rows = await store.sql<Row>(namedQuery('region-sessions'), values);
    expect(rows, `from hour ${hour} on`).toEqual(inOrder(expected.filter(({ first_out }) => first_out >= from)));
  }
});

test('a stay that began more than a week before is a piece', async () => {
  const at = (day: number) => timestampUs(cityStartUs + (50 + day) * dayUs);
  await store.sql(
    `insert into stay (first_out, first_in, last_in, sub, cell_id, plmn, events, to_cell)
     select $1::timestamptz + make_interval(days => d + 1), $1::timestamptz + make_interval(days => d),
       $1::timestamptz + make_interval(days => d + 1), 1, 90002, 0, 24, case when d < 8 then 90002 else -1 end
     from generate_series(0, 8) d`,
    [at(0)],
  );
  const ask = (from: number) =>
    store.sql(namedQuery('region-dwell'), [[90002], at(from), at(10), 'Asia/Shanghai', 60_000, [], [], ttlUs / 1000]);
  expect(await ask(1)).toMatchObject([{ stays: 1, cut: 0, bound_median_ms: 9 * 86_400_000 }]);
  expect(await ask(8.5)).toMatchObject([{ stays: 0, cut: 1, bound_median_ms: null }]);
});

test('a day of pieces alone has no times', async () => {
  const at = (s: number) => timestampUs(cityStartUs + 30 * dayUs + s * secondUs);
  await store.sql(`insert into stay (first_out, first_in, last_in, sub, cell_id, plmn, events, to_cell) values
    ('${at(900)}', '${at(0)}', '${at(600)}', 1, 90001, 0, 2, null),
    ('${at(9000)}', '${at(1200)}', '${at(1800)}', 1, 90001, 0, 2, -1)`);
  const values = [[90001], at(0), at(86_400), 'Asia/Shanghai', 60_000, [], [], ttlUs / 1000];
  expect(await store.sql(namedQuery('region-dwell'), values)).toMatchObject([
    { stays: 0, cut: 2, observed_median_ms: null, bound_p90_ms: null },
  ]);
});
