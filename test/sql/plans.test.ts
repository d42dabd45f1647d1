import { afterAll, beforeAll, expect, test } from 'vitest';
import { dayUs, hourUs, minuteUs, secondUs } from '../../server/clock.ts';
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
const lastDay = { fromUs: endUs - dayUs, toUs: endUs };

let database: PlainDatabase;

beforeAll(async () => {
  database = await openPlainDatabase();
  const client = await database.pool.connect();
  await fillCity(client, size, endUs);
  client.release();
  await database.maintain(endUs + secondUs);
  await database.sql('analyze');
});
afterAll(() => database.remove());

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
    query: 'region-history-minute',
    values: ['r1', at(lastDay.fromUs), at(lastDay.toUs), 60, cellsOfR1],
    reads: { region_gauge: lastDay, city_gauge: lastDay, event_traffic_1m: lastDay, event: lastDay },
  },
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
  {
    query: 'day-origins',
    values: [1, at(endUs - 3 * dayUs), at(endUs - 2 * dayUs)],
    reads: { origin_gauge_15m: { fromUs: endUs - 10 * dayUs, toUs: endUs - 2 * dayUs } },
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
  {
    query: 'region-presence',
    values: [[3, 4, 5], at(endUs - 2 * dayUs), at(endUs - dayUs), 900, [], []],
    // Whoever is still there at the end left later.
    reads: { stay: { fromUs: endUs - 2 * dayUs, toUs: endUs } },
  },
  {
    query: 'region-sessions',
    values: [[3, 4, 5], at(endUs - hourUs), at(endUs), 10, null, null],
    reads: { stay: { fromUs: endUs - 31 * dayUs, toUs: endUs + minuteUs } },
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
