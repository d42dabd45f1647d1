import { afterAll, beforeAll, expect, test } from 'vitest';
import { dayUs, hourUs, secondUs } from '../../server/clock.ts';
import { timestampUs } from '../../server/store/connection.ts';
import { namedQuery } from '../../server/store/queries.ts';
import type { Span } from '../../server/store/refresh-windows.ts';
import { allChunks } from '../../server/store/upkeep-tables.ts';
import { fillCity } from '../bench/history-fill.ts';
import { openPlainDatabase, type PlainDatabase } from '../store/tools/plain-database.ts';

const endUs = Date.UTC(2026, 5, 20, 16) * 1000;
const size = { days: 4, denseHours: 1, cells: 40, regions: 50 };
const at = timestampUs;
/** As `region-cells` gives them. */
const cellsOfR1 = Array.from({ length: size.cells }, (_, cell) => cell);
/** Of many that are older and younger. */
const oldDay = { fromUs: endUs - 20 * dayUs, toUs: endUs - 19 * dayUs };
/** Roles look at four weeks. */
const dayFacts = {
  day_cell: { fromUs: oldDay.fromUs - 31 * dayUs, toUs: oldDay.toUs + 2 * dayUs },
  day_seen: { fromUs: oldDay.fromUs - 31 * dayUs, toUs: oldDay.toUs + 2 * dayUs },
};
const dateOf = (us: number) => at(us).slice(0, 10);
const lastDay = { fromUs: endUs - dayUs, toUs: endUs };

let database: PlainDatabase;

beforeAll(async () => {
  database = await openPlainDatabase();
  const client = await database.pool.connect();
  await fillCity(client, size, endUs);
  client.release();
  await database.maintain(endUs + secondUs);
  await fillOldDays();
  await database.sql('analyze');
}, 180_000);
afterAll(() => database.remove());

/** A little of each of the last ninety days. */
async function fillOldDays(): Promise<void> {
  const every = (step: string) =>
    `generate_series(timestamptz '${at(endUs - 90 * dayUs)}', timestamptz '${at(endUs)}', interval '${step}') t`;
  for (const statement of [
    `insert into stay (first_out, first_in, last_in, sub, cell_id, plmn, events, to_cell)
     select t, t - interval '10 minutes', t - interval '5 minutes', 9, c, 0, 1, -1
     from ${every('1 hour')} cross join generate_series(3, 5) c`,
    `insert into day_seen (day, first_seen, last_seen, sub, half_hours, plmn) select t::date, t, t, 9, 1, 0 from ${every('1 day')}`,
    `insert into day_cell (day, sub, half_hours, cell_id, observed_ms, held_ms)
     select t::date, 9, 1, c, 1000, 1000 from ${every('1 day')} cross join generate_series(3, 5) c`,
    `insert into region_gauge (ts, region_id, every_ms, present, entries, exits, appeared, vanished, visitors, fresh5)
     select t, 1, 60000, 1, 0, 0, 0, 0, 1, 1 from ${every('1 hour')}`,
    `insert into city_gauge (ts, every_ms, present)
     select t, 60000, 1 from ${every('1 hour')}`,
    `insert into region_flow (ts, from_region, to_region, every_ms, count) select t, 1, 2, 60000, 1 from ${every('1 hour')}`,
    `insert into region_dwell (ts, region_id, every_ms, bucket, observed, upper) select t, 1, 60000, 3, 1, 1 from ${every('1 hour')}`,
    `insert into origin_place select t, 1, 60000, 5, 635290, 310, 110, 6, 0 from ${every('1 hour')}`,
    `insert into micro_region_cell (region_id, cell_id, valid_from)
     select region_id, 100000, '${at(endUs)}' from micro_region where id = 'r1'`,
  ])
    await database.sql(statement);
}

interface PlanNode {
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  Plans?: PlanNode[];
}

/** Relations that the query looked into, and whether it found rows there. */
async function touched(query: string, values: unknown[]): Promise<Map<string, boolean>> {
  const [row] = await database.sql<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(
    `explain (analyze, timing off, costs off, format json) ${namedQuery(query)}`,
    values,
  );
  const found = new Map<string, boolean>();
  const visit = (node: PlanNode) => {
    const name = node['Relation Name'];
    if (name !== undefined && node['Actual Loops'] > 0) {
      found.set(name, (found.get(name) ?? false) || node['Actual Rows'] > 0);
    }
    for (const child of node.Plans ?? []) visit(child);
  };
  visit(row['QUERY PLAN'][0].Plan);
  return found;
}

/** What may be read of each hypertable: chunks that overlap the span; of those not named, none. */
const cases: { query: string; values: unknown[]; reads: Record<string, Span> }[] = [
  {
    query: 'region-gauges-minute',
    values: ['r1', at(lastDay.fromUs), at(lastDay.toUs), 60],
    reads: { region_gauge: lastDay, city_gauge: lastDay },
  },
  ...[
    { query: 'region-traffic-minute', more: [] },
    { query: 'region-traffic-edited', more: ['r1'] },
  ].map(({ query, more }) => ({
    query,
    values: [at(lastDay.fromUs), at(lastDay.toUs), 60, cellsOfR1, ...more],
    reads: { event_traffic_1m: lastDay, event: lastDay },
  })),
  {
    query: 'region-history-hour',
    values: ['r1', at(lastDay.fromUs), at(lastDay.toUs), 3600, cellsOfR1],
    reads: {
      region_gauge_1h: lastDay,
      region_gauge: lastDay,
      city_gauge: lastDay,
      event_traffic_1h: lastDay,
      event_traffic_1m: lastDay,
      event: lastDay,
    },
  },
  ...(
    [
      ['minute', 60, ['1m']],
      ['quarter', 900, ['15m', '1m']],
      ['hour', 3600, ['1h', '15m', '1m']],
    ] as const
  ).map(([grain, width, grains]) => ({
    query: `region-procedures-${grain}`,
    values: [1, at(endUs - 2 * dayUs), at(endUs - dayUs), width, cellsOfR1],
    reads: Object.fromEntries(
      ['event', 'city_gauge', ...grains.flatMap((of) => [`event_traffic_${of}`, `event_outcome_${of}`])].map((name) => [
        name,
        { fromUs: endUs - 2 * dayUs, toUs: endUs - dayUs },
      ]),
    ),
  })),
  {
    query: 'day-origins',
    values: [1, at(endUs - 3 * dayUs), at(endUs - 2 * dayUs)],
    reads: { origin_gauge_15m: { fromUs: endUs - 5 * dayUs, toUs: endUs - 2 * dayUs } },
  },
  {
    query: 'region-trips',
    values: ['r1', at(oldDay.fromUs), at(oldDay.toUs)],
    reads: { region_flow: oldDay },
  },
  {
    query: 'region-ended-dwell',
    values: ['r1', at(oldDay.fromUs), at(oldDay.toUs)],
    reads: { region_dwell: oldDay },
  },
  {
    query: 'region-cut-stays',
    values: ['r1', at(oldDay.fromUs), at(oldDay.toUs)],
    reads: { stay: { fromUs: oldDay.fromUs, toUs: oldDay.toUs + 4 * dayUs } },
  },
  {
    query: 'origin-places',
    values: [1, at(endUs - 3 * dayUs), at(endUs - 2 * dayUs)],
    reads: { origin_place: { fromUs: endUs - 3 * dayUs, toUs: endUs - 2 * dayUs } },
  },
  { query: 'counted-quarters', values: [at(lastDay.fromUs), at(lastDay.toUs), 0], reads: { city_gauge: lastDay } },
  { query: 'counted-quarters', values: [at(lastDay.fromUs), at(lastDay.toUs), 1], reads: { region_gauge: lastDay } },
  {
    query: 'region-known-from',
    values: ['r1', at(oldDay.fromUs), at(oldDay.toUs)],
    reads: { region_gauge: { fromUs: oldDay.fromUs - 900_000_000, toUs: oldDay.toUs }, city_gauge: oldDay },
  },
  {
    query: 'past-known',
    values: [at(lastDay.fromUs), at(lastDay.toUs), 3600],
    // The first one and the newest one, too.
    reads: { city_gauge: { fromUs: endUs - 90 * dayUs, toUs: endUs + dayUs } },
  },
  {
    query: 'cell-stays',
    values: [[3, 4, 5], at(endUs - 4 * dayUs), at(endUs), 10, at(endUs), 0, 0],
    reads: { stay: { fromUs: endUs - dayUs, toUs: endUs } },
  },
  { query: 'latest-cells', values: [at(endUs)], reads: { cell_gauge: { fromUs: endUs - dayUs, toUs: endUs } } },
  {
    query: 'hour-of-cells',
    values: [at(endUs - 2 * dayUs - 6 * hourUs), at(endUs - 2 * dayUs - 6 * hourUs + hourUs)],
    reads: {
      event_traffic_15m: { fromUs: endUs - 2 * dayUs - 6 * hourUs, toUs: endUs - 2 * dayUs - 6 * hourUs + hourUs },
      event_traffic_1m: { fromUs: endUs - 2 * dayUs - 6 * hourUs, toUs: endUs - 2 * dayUs - 6 * hourUs + hourUs },
    },
  },
  ...[
    // What is there at its end left within three days.
    { query: 'region-presence', values: [900, [], []] },
    { query: 'region-crowd', values: [3600, 'Asia/Shanghai', [], []] },
    { query: 'region-flows', values: [3600, 60_000, [], []] },
    { query: 'region-sessions', values: [10, null, null, 60_000, [], [], 7_200_000], backUs: 7 * dayUs },
    { query: 'region-dwell', values: ['Asia/Shanghai', 60_000, [], [], 7_200_000], backUs: 7 * dayUs },
  ].map(({ query, values, backUs = hourUs }) => ({
    query,
    values: [[3, 4, 5], at(oldDay.fromUs), at(oldDay.toUs), ...values],
    reads: {
      stay: { fromUs: oldDay.fromUs - backUs, toUs: oldDay.toUs + 3 * dayUs },
      ...dayFacts,
    },
  })),
  {
    // Who is in what it shares with another region came there a week before at most; where stays go is told as they end.
    query: 'region-pairs',
    values: [[3, 4, 5], at(oldDay.fromUs), at(oldDay.toUs), 3600, 60_000, 1_800_000, 'r1'],
    reads: { stay: { fromUs: oldDay.fromUs - 7 * dayUs, toUs: oldDay.toUs + hourUs } },
  },
  {
    // The region got its newest cells today, so stays tell of the days before.
    query: 'region-expected',
    values: ['r1', [dateOf(oldDay.fromUs), dateOf(oldDay.fromUs - 14 * dayUs)], '12:00', 'Asia/Shanghai'],
    reads: {
      region_gauge: { fromUs: oldDay.fromUs - 16 * dayUs, toUs: oldDay.toUs },
      city_gauge: { fromUs: oldDay.fromUs - 16 * dayUs, toUs: endUs },
      stay: { fromUs: oldDay.fromUs - 16 * dayUs, toUs: oldDay.toUs + 3 * dayUs },
    },
  },
  {
    query: 'region-roles',
    values: [
      [3, 4, 5],
      dateOf(oldDay.fromUs),
      dateOf(oldDay.toUs),
      [7],
      [oldDay.fromUs * 1],
      at(oldDay.toUs),
      'Asia/Shanghai',
    ],
    reads: { ...dayFacts, stay: { fromUs: oldDay.fromUs, toUs: oldDay.toUs + 3 * dayUs } },
  },
];

test.each(cases)('$query reads the chunks that it needs and no others', async ({ query, values, reads }) => {
  const owner = new Map<string, { table: string; span: Span }>();
  for (const [table, chunks] of await allChunks(database.pool, Infinity)) {
    for (const chunk of chunks) owner.set(chunk.chunk.split('.')[1], { table, span: chunk });
  }
  let needed = 0;
  const inVain: string[] = [];
  for (const [name, hasRows] of await touched(query, values)) {
    const chunk = owner.get(name);
    if (chunk === undefined) continue;
    const may = reads[chunk.table];
    if (may !== undefined && chunk.span.toUs > may.fromUs && chunk.span.fromUs < may.toUs) needed++;
    else if (hasRows) throw new Error(`${chunk.table} of ${at(chunk.span.fromUs)} is read`);
    else inVain.push(chunk.table);
  }
  expect(needed).toBeGreaterThan(0);
  // The real-time part of an aggregate looks into one chunk of what it is made of, and finds nothing behind its watermark.
  expect(inVain).toEqual([...new Set(inVain)]);
});
