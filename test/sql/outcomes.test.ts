import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publishProcedures } from '../../server/access/area-figures.ts';
import { dayUs, hourUs, minuteUs, secondUs } from '../../server/clock.ts';
import { EventBatch, noCell } from '../../server/events/event-batch.ts';
import { eventFlag, kindCode, type Outcome, outcomeCode, outcomes } from '../../server/events/kinds.ts';
import { readRegionProcedures } from '../../server/store/region-procedures.ts';
import type { Store } from '../../server/store/types.ts';
import { type TrafficClass, trafficClasses } from '../../shared/traffic.ts';
import { giveTo } from '../store/tools/give.ts';
import { makeCells, makeEvents, makeGauges, startUs } from '../store/tools/synthetic.ts';
import { makeTestDatabase, type TestDatabase } from '../store/tools/test-database.ts';

const spanUs = 4 * hourUs;
const events = makeEvents(9_000, startUs, spanUs);
/** Calls that nobody hung up, which the others lack. */
const droppedCalls = new EventBatch(60);
for (let i = 0; i < 60; i++) {
  const [us, cell] = [startUs + spanUs + i * secondUs, 4 + (i % 3)];
  droppedCalls.push(us, 7, 1, cell, 0, kindCode['mt call'], outcomeCode.dropped, 0, eventFlag.traffic, 900, 0, 0);
}
const nowUs = startUs + spanUs + 2 * minuteUs;
/** When cell 5 goes, and when cell 6 comes: none on a whole minute. */
const goesUs = startUs + hourUs + minuteUs + 10 * secondUs;
const comesUs = startUs + 2 * hourUs + 40 * minuteUs + 59 * secondUs;
const isIn = (cell: number, minute: number) =>
  cell === 4 || (cell === 5 && minute < goesUs) || (cell === 6 && minute >= comesUs);

/** Classes by their names, as the specification of the wall lists them. */
const kindsOf: Record<TrafficClass, number[]> = {
  'location updates': [1, 2, 3],
  ...{ 'mo calls': [4], 'mt calls': [5], 'emergency calls': [6], 'mo sms': [7], 'mt sms': [8] },
  ...{ 'supplementary services': [9], handovers: [10], detaches: [11], data: [12], others: [13] },
};

interface Unit {
  us: number;
  cell: number;
  kind: number;
  outcome: Outcome;
}
const units: Unit[] = [events, droppedCalls].flatMap((batch) =>
  Array.from({ length: batch.n }, (_, i) => i)
    .filter((i) => (batch.flags[i] & eventFlag.traffic) !== 0)
    .map((i) => ({
      ...{ us: batch.timeUs[i], cell: batch.cell[i], kind: batch.kind[i], outcome: outcomes[batch.outcome[i]] },
    })),
);

/** `bucket cell kind unknown rejected failed unanswered dropped`, of those that did not all succeed. */
function counted(bucketUs: number, offsetUs = 0): string[] {
  const rows = new Map<string, number[]>();
  for (const { us, cell, kind, outcome } of units) {
    if (outcome === 'success') continue;
    const bucket = Math.floor((us + offsetUs) / bucketUs) * bucketUs - offsetUs;
    const key = `${bucket} ${cell === noCell ? null : cell} ${kind}`;
    const row = rows.get(key) ?? [0, 0, 0, 0, 0];
    row[['unknown', 'rejected', 'failed', 'unanswered', 'dropped'].indexOf(outcome)]++;
    rows.set(key, row);
  }
  return [...rows].map(([key, row]) => `${key} ${row.join(' ')}`).sort();
}

// Sampled, most of it is counted in activity.
describe.each(['all', '1/4'])('with keepEvents %s', (keepEvents) => {
  let base: TestDatabase;
  let store: Store;

  beforeAll(async () => {
    base = await makeTestDatabase();
    store = await base.open({ config: { keepEvents } });
    await store.saveCells(makeCells(40));
    const give = giveTo(store, ['hall']);
    const hall = { id: 'hall', name: 'hall', kind: 'venue', capacity: 10, polygons: null, cells: ['*'] };
    let cells = [4, 5];
    const edit = (clockUs: number, after: number[]) => {
      give.eventClock(clockUs);
      cells = after;
      return store.saveRegions([hall], () => cells);
    };
    await store.saveRegions([hall], () => cells);
    for (const batch of [events, droppedCalls]) give.events(batch, 0, batch.n);
    for (let us = startUs; us < nowUs; us += minuteUs) give.gauges(makeGauges(us, 3, 1));
    await edit(goesUs, [4]);
    await edit(comesUs, [4, 6]);
    give.eventClock(nowUs);
    await store.maintain();
  });
  afterAll(async () => {
    await store.close();
    await base.remove();
  });

  const read = (bucketS: number) => {
    const widthUs = bucketS * secondUs;
    const fromUs = Math.floor((startUs + 8 * hourUs) / widthUs) * widthUs - 8 * hourUs;
    const toUs = fromUs + Math.ceil((nowUs - fromUs) / widthUs) * widthUs;
    const sql = <T>(text: string, values: unknown[]) => store.sql<T>(text, values);
    return readRegionProcedures(sql, 'hall', { fromUs, toUs, bucketS });
  };

  test.each([
    ['1m', minuteUs, 0],
    ['15m', 15 * minuteUs, 0],
    ['1h', hourUs, 0],
    ['1d', dayUs, 8 * hourUs],
  ] as const)('cells have their outcomes by procedure and %s', async (grain, bucketUs, offsetUs) => {
    type Row = Record<'bucket' | 'kind' | 'unknown' | 'rejected' | 'failed' | 'unanswered' | 'dropped', number>;
    const rows = await store.sql<Row & { cell_id: number | null }>(
      `select bucket, cell_id, kind, sum(unknown)::int as unknown, sum(rejected)::int as rejected,
         sum(failed)::int as failed, sum(unanswered)::int as unanswered, sum(dropped)::int as dropped
       from cell_outcome_${grain} group by 1, 2, 3`,
    );
    const lines = rows.map(
      (r) =>
        `${r.bucket} ${r.cell_id} ${r.kind} ${[r.unknown, r.rejected, r.failed, r.unanswered, r.dropped].join(' ')}`,
    );
    expect(lines.sort()).toEqual(counted(bucketUs, offsetUs));
  });

  test.each([60, 300, 900, 3600, 86_400])(
    'a region has units and outcomes of each class in buckets of %d s, across its edits',
    async (bucketS) => {
      const answer = (await read(bucketS))!;
      const bucketOf = (us: number) => answer.timeUs.findLastIndex((at) => at <= us);
      for (const name of trafficClasses) {
        const own = units.filter(
          ({ us, cell, kind }) => kindsOf[name].includes(kind) && isIn(cell, Math.floor(us / minuteUs) * minuteUs),
        );
        const want = (which: Outcome | null) => {
          const column = answer.timeUs.map(() => 0);
          for (const { us, outcome } of own) if (which === null || outcome === which) column[bucketOf(us)]++;
          return column;
        };
        expect(answer.classes[name]?.units, name).toEqual(want(null));
        for (const outcome of outcomes)
          expect(answer.classes[name]?.[outcome], `${name} ${outcome}`).toEqual(want(outcome));
      }
    },
  );

  test('units of before outcomes were kept are told, and their outcomes are not known', async () => {
    const sinceUs = startUs + 2 * hourUs;
    await store.sql(`insert into meta (key, value) values ('outcomes_since_us', $1)`, [String(sinceUs)]);
    const { timeUs, classes, units: all } = (await read(3600))!;
    const { units: calls, success, failed } = classes['mo calls']!;
    expect(calls.every((value) => value !== null && value > 0)).toBe(false);
    expect(calls.slice(0, 4).every((value) => value !== null && value > 0)).toBe(true);
    for (const column of [success, failed])
      expect(column.map((value) => value === null)).toEqual(timeUs.map((us) => us < sinceUs));
    expect(all).not.toContain(null);
    await store.sql(`delete from meta where key = 'outcomes_since_us'`);
  });

  test('small figures are hidden, each for itself', async () => {
    const exact = (await read(3600))!;
    const { classes } = publishProcedures({ ...exact, edits: [] }, 20);
    for (const [name, figures] of Object.entries(classes))
      for (const [what, column] of Object.entries(figures))
        column.forEach((value, i) => {
          const was = exact.classes[name as TrafficClass]![what as 'units'][i]!;
          expect(value === -1, `${name} ${what}`).toBe(was > 0 && was < 20);
          if (value !== -1) expect(value! % 10).toBe(0);
        });
  });

  test('where minutes are gone, an edited hour is unknown and the others are not', async () => {
    await store.sql(
      `select drop_chunks(format('%I', view_name)::regclass, older_than => timestamptz '2100-01-01')
       from timescaledb_information.continuous_aggregates
       where view_name in ('event_traffic_1m', 'activity_traffic_1m', 'event_outcome_1m', 'activity_outcome_1m')`,
    );
    const { units: all, classes } = (await read(3600))!;
    expect(all.map((value) => value === null)).toEqual([false, true, true, false, false]);
    expect(classes['mo calls']!.failed.map((value) => value === null)).toEqual([false, true, true, false, false]);
    expect((await read(900))!.units).toEqual((await read(900))!.timeUs.map(() => null));
  });
});
