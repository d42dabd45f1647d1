import { afterAll, beforeAll, expect, test } from 'vitest';
import { dayUs, hourUs } from '../../server/clock.ts';
import { timestampUs } from '../../server/store/connection.ts';
import { namedQuery } from '../../server/store/queries.ts';
import { openPlainDatabase, type PlainDatabase } from '../store/tools/plain-database.ts';
import { crowds, dayFacts, flows, groupBy, presence, roles, sessions } from './tools/past-oracle.ts';
import { cityDays, cityStartUs, dateOf, fillStays, makeCityStays } from './tools/small-city.ts';

/** Drawn after everything was stored: a set of cells is all there is of it. */
const regions = [
  [10, 11, 12, 13],
  [12, 13, 14, 30, 31],
];
const stays = makeCityStays(48);
const fromUs = cityStartUs;
const toUs = cityStartUs + cityDays * dayUs;
const zone = 'Asia/Shanghai';
const ttlMs = 7_200_000;

/** Stays that last: none. */
const nobody = [[], []];

let store: PlainDatabase;

const query = <T>(name: string, ...values: unknown[]) => store.sql<T>(namedQuery(name), values);
const span = [timestampUs(fromUs), timestampUs(toUs)];

beforeAll(async () => {
  store = await openPlainDatabase();
  await fillStays(store, stays);
  await store.maintain(toUs + dayUs);
  // Others to make trips to: one of them overlaps, one lies apart.
  await store.sql("insert into micro_region (id, name, kind) values ('a', 'a', 'venue'), ('b', 'b', 'venue')");
  await store.sql(`insert into micro_region_cell (region_id, cell_id)
    select region_id, cell from micro_region
    cross join generate_series(case id when 'a' then 12 else 20 end, case id when 'a' then 16 else 36 end) cell`);
});
afterAll(async () => {
  await store.remove();
});

test('every stay is taken once into day × cell, and all half-hours and held times are those of plain loops', async () => {
  expect(await store.sql('select count(*) as n from stay_queue')).toEqual([{ n: 0 }]);
  for (const cell of [10, 12, 30]) {
    const rows = await store.sql<{ sub: number; day: string; half_hours: string; held_ms: number }>(
      'select sub, day::text, half_hours::text, held_ms from day_cell where cell_id = $1',
      [cell],
    );
    const expected = dayFacts(stays, new Set([cell]));
    expect(rows.length).toBe(expected.size);
    for (const { sub, day, half_hours, held_ms } of rows) {
      const number = Math.round((Date.parse(`${day}T00:00:00+08:00`) * 1000 - cityStartUs) / dayUs);
      const fact = expected.get(`${sub} ${number}`)!;
      const bits = [...fact.half].reduce((sum, half) => sum | (1n << BigInt(half)), 0n);
      expect(half_hours, `${sub} ${day}`).toBe(String(bits));
      // Each piece is rounded to the millisecond.
      expect(Math.abs(held_ms - fact.heldUs / 1000)).toBeLessThan(60);
    }
  }
});

test.each(regions)('presence of the last sixty days of a region drawn today (%#)', async (...cells) => {
  for (const [from, to, widthS] of [
    [fromUs, toUs, 3600],
    [fromUs + 8 * dayUs, fromUs + 9 * dayUs, 900],
  ]) {
    const rows = await query<{ bucket: number; present: number; visitors: number }>(
      'region-presence',
      cells,
      timestampUs(from),
      timestampUs(to),
      widthS,
      ...nobody,
    );
    const expected = presence(stays, new Set(cells), from, to, widthS * 1e6);
    expect(rows.map(({ present, visitors }) => ({ present, visitors }))).toEqual(expected);
    expect(rows.map(({ bucket }) => bucket)).toEqual(expected.map((_, i) => from + i * widthS * 1e6));
  }
});

test.each(regions)('stays in a region by page, and their median and 90th percentile by day (%#)', async (...cells) => {
  const all = sessions(stays, new Set(cells))
    .filter(({ firstOut }) => firstOut >= fromUs && firstOut < toUs)
    .sort((a, b) => b.firstOut - a.firstOut || b.sub - a.sub);
  const got: unknown[] = [];
  for (let after: [string | null, string | null] = [null, null]; ; ) {
    const page = await query<{ sub: string; first_in: number; last_in: number; first_out: number }>(
      'region-sessions',
      cells,
      ...span,
      1000,
      ...after,
      60_000,
      ...nobody,
      ttlMs,
    );
    got.push(...page);
    if (page.length < 1000) break;
    after = [timestampUs(page.at(-1)!.first_out), page.at(-1)!.sub];
  }
  expect(got).toEqual(
    all.map(({ sub, firstIn, lastIn, firstOut }) => ({
      sub: String(sub),
      first_in: firstIn,
      last_in: lastIn,
      first_out: firstOut,
      ...{ cut_begin: false, cut_end: false },
    })),
  );

  const rank = (values: number[], share: number) => {
    const sorted = values.sort((a, b) => a - b);
    return Math.round(sorted[Math.ceil(share * sorted.length) - 1] / 1000);
  };
  const expected = [...groupBy(all.reverse(), ({ firstOut }) => dateOf(firstOut))].map(([day, own]) => {
    const observed = own.map(({ firstIn, lastIn }) => lastIn - firstIn);
    const bound = own.map(({ firstIn, firstOut }) => firstOut - firstIn);
    return {
      day,
      stays: own.length,
      cut: 0,
      observed_median_ms: rank(observed, 0.5),
      observed_p90_ms: rank(observed, 0.9),
      bound_median_ms: rank(bound, 0.5),
      bound_p90_ms: rank(bound, 0.9),
    };
  });
  expect(await query('region-dwell', cells, ...span, zone, 60_000, ...nobody, ttlMs)).toEqual(expected);
});

test.each(regions)(
  'flows over the border of a region drawn today, without those that did not hold (%#)',
  async (...cells) => {
    const rows = await query<{ bucket: number; known: boolean }>(
      'region-flows',
      cells,
      ...span,
      3600,
      60_000,
      ...nobody,
    );
    const expected = [...flows(stays, new Set(cells), fromUs, hourUs)]
      .filter(([bucket]) => bucket >= fromUs && bucket < toUs)
      .sort((a, b) => a[0] - b[0]);
    expect(rows).toEqual(expected.map(([bucket, counts]) => ({ bucket, ...counts, known: true })));
    expect(expected.length).toBeGreaterThan(500);
  },
);

test.each(regions)(
  'roles in a region drawn today, by the working-day calendar, and its crowd (%#)',
  async (...cells) => {
    const fromDay = 3;
    const expected = roles(stays, new Set(cells), fromDay);
    const days = [dateOf(fromUs + fromDay * dayUs), dateOf(toUs - 1)];
    const rows = await store.sql<{ sub: number; day: string; role: string }>(
      'select sub, day::text, role from region_role($1::integer[], $2::date, $3::date)',
      [cells, ...days],
    );
    expect(new Map(rows.map(({ sub, day, role }) => [`${sub} ${day}`, role]))).toEqual(expected);
    const counts = new Map<string, number>();
    for (const role of expected.values()) counts.set(role, (counts.get(role) ?? 0) + 1);
    for (const role of ['resident', 'worker', 'passer-by', 'visitor', 'undetermined'])
      expect(counts.get(role), role).toBeGreaterThan(0);

    const told = [cells, ...days, ...nobody, timestampUs(toUs), zone];
    const [first] = await query<Record<string, number | null>>('region-roles', ...told);
    expect(first.crowd).toBe(null);
    const last = (await query<Record<string, number | null>>('region-roles', ...told)).at(-1)!;
    expect(last.crowd).toBe(last.subscribers! - last.residents! - last.workers!);

    // The days on which roles are determined for the first time, and ordinary ones.
    for (const at of [fromUs + 5 * dayUs, toUs - 4 * dayUs]) {
      const until = at + 3 * dayUs;
      const rows = await query<{ bucket: number; present: number; crowd: number | null }>(
        'region-crowd',
        cells,
        timestampUs(at),
        timestampUs(until),
        3600,
        zone,
        ...nobody,
      );
      const there = presence(stays, new Set(cells), at, until, hourUs);
      const others = crowds(stays, new Set(cells), at, until, hourUs);
      expect(rows).toEqual(others.map((crowd, i) => ({ bucket: at + i * hourUs, present: there[i].present, crowd })));
    }
  },
);

/** A node of a plan as EXPLAIN ANALYZE tells it. */
interface PlanNode {
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Join Filter'?: number;
  'Rows Removed by Filter'?: number;
  Plans?: PlanNode[];
}

/** The most rows that any node of a plan has looked at. */
function mostRows(node: PlanNode): number {
  const each = node['Actual Rows'] + (node['Rows Removed by Join Filter'] ?? 0) + (node['Rows Removed by Filter'] ?? 0);
  return Math.max(each * node['Actual Loops'], ...(node.Plans ?? []).map(mostRows));
}

test.each([
  ['region-presence', []],
  ['region-crowd', [zone]],
])('%s of all days looks at each stay a few times, and not once for each bucket', async (name, more) => {
  const everywhere = [...new Set(stays.map(({ cell }) => cell))];
  const [plan] = await store.sql<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
    `explain (analyze, format json) ${namedQuery(name)}`,
    [everywhere, ...span, 3600, ...more, ...nobody],
  );
  const inBuckets = stays.reduce((sum, { firstIn, firstOut }) => sum + 2 + (firstOut - firstIn) / hourUs, 0);
  expect(mostRows(plan['QUERY PLAN'][0].Plan)).toBeLessThan(3 * inBuckets);
});

test.each([
  ['region-sessions', [10, null, null, 60_000, ...nobody, ttlMs]],
  ['region-dwell', [zone, 60_000, ...nobody, ttlMs]],
  ['region-flows', [3600, 60_000, ...nobody]],
  ['region-pairs', [3600, 60_000, 1_800_000, '']],
])('%s looks at each stay a few times, and not once for each other one', async (name, more) => {
  for (const [from, to] of [
    [fromUs, toUs],
    // Most of what is looked at lies before it.
    [toUs - 8 * dayUs, toUs - 7 * dayUs],
  ]) {
    const [plan] = await store.sql<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
      `explain (analyze, format json) ${namedQuery(name)}`,
      [regions[0], timestampUs(from), timestampUs(to), ...more],
    );
    expect(mostRows(plan['QUERY PLAN'][0].Plan)).toBeLessThan(4 * stays.length);
  }
});

test('a half-hour begins at its first microsecond', async () => {
  const local = (text: string) => `2026-06-02 ${text}+08`;
  await store.sql(`insert into stay_queue (first_out, first_in, last_in, sub, cell_id, plmn, events, to_cell) values
    ('${local('10:10')}', '${local('09:59:59.7')}', '${local('10:05')}', 1, 7777, 0, 2, 7776),
    ('${local('23:59:59.9')}', '${local('23:59:59.6')}', '${local('23:59:59.8')}', 2, 7777, 0, 2, 7776)`);
  await store.maintain(toUs + dayUs);
  const rows = await store.sql('select sub, half_hours from day_cell where cell_id = 7777 order by sub');
  expect(rows).toEqual([
    { sub: 1, half_hours: 2 ** 19 + 2 ** 20 },
    { sub: 2, half_hours: 2 ** 47 },
  ]);
});
