import { expect, test } from 'vitest';
import { makeConfig } from '../../server/config.ts';
import { Counting } from '../../server/core/counting.ts';
import { fingerprintOf } from '../../server/core/fingerprint.ts';
import { LogState } from '../../server/core/log-state.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { eventFlag, kindCode } from '../../server/events/kinds.ts';
import { derivedNumber, encodeRecord, type GaugesRecord, type LogRecord } from '../../server/journal/records.ts';
import { unheardOf } from '../../server/reference/cell-registry.ts';
import { MemoryState } from '../tools/memory-state.ts';

const config = makeConfig({ where: 'test', settings: { gaugeEveryMs: 60_000, holdDownMs: 60_000 } });
const startUs = Date.UTC(2026, 5, 1, 12) * 1000;
const cells = ['001-01-100-1', '001-01-200-1'];
const region = (id: string, lac: number) => ({
  ...{ id, name: id, kind: 'venue', capacity: null, polygons: null, cells: [`001-01-${lac}-*`] },
});
const beginning: LogRecord[] = [
  {
    ...{ k: 'run', wallUs: startUs, fingerprint: fingerprintOf(config), fresh: true },
    ...{ historyFromUs: null, after: null, positions: [] },
  },
  { k: 'cells', listed: true, cells: cells.map((cgi, id) => ({ id, cell: unheardOf(cgi) })) },
  { k: 'regions', regions: [region('a', 100), region('b', 200)] },
];

/** Sightings as [seconds, subscriber, cell], and the clock behind them. */
function seen(...sightings: [number, number, number][]): LogRecord[] {
  const batch = new EventBatch(sightings.length);
  let newestUs = 0;
  for (const [seconds, subscriber, cell] of sightings) {
    newestUs = startUs + seconds * 1_000_000;
    batch.push(newestUs, subscriber, 1, cell, 0, kindCode.sighting, 0, 0, eventFlag.sighting, 0, 0, 0);
  }
  const position = { number: 0, identity: 'f', epoch: 0, seq: newestUs, eventUs: newestUs, clockUs: newestUs };
  const clocks = Float64Array.of(newestUs + 1);
  return [
    { k: 'batch', position: { ...position, firstUs: startUs }, rowsBefore: 0, batch },
    { k: 'clock', releaseUs: newestUs + 1, wallUs: 0, feedClocksUs: clocks, readUs: clocks },
  ];
}
const finish: LogRecord = { k: 'finish' };

/** What counting tells; where an interval is told again, in place of what was foretold of it. */
function told(records: readonly LogRecord[], restartBefore = -1) {
  let state = new LogState();
  const intervals = new Map<number, Omit<GaugesRecord, 'number'>>();
  const payloads: Uint8Array[] = [];
  const take: ConstructorParameters<typeof Counting>[2] = (number, made) => {
    const whole: LogRecord = made.k === 'gauges' ? { ...made, number } : { k: 'stays', number, stays: made.stays };
    const { kind, parts } = encodeRecord(whole);
    payloads.push(Buffer.concat(parts));
    expect(derivedNumber(kind, payloads.at(-1)!)).toBe(payloads.length - 1);
    if (made.k !== 'gauges') return;
    expect(made.again, 'told again only what was foretold').toBe(intervals.get(made.gauges.startUs)?.foretold ?? false);
    intervals.set(made.gauges.startUs, made);
  };
  let counting: Counting | null = null;
  for (const [i, record] of records.entries()) {
    if (i === restartBefore) {
      const kept = MemoryState.of({
        *save(to) {
          yield* state.save(to);
          yield* counting!.save(to);
        },
      });
      state = LogState.restore(kept);
      counting = Counting.restore(config, state, take, kept);
    }
    if (record.k === 'regions' && counting !== null) {
      for (const _ of counting.settingRegions(record.regions, () => state.apply(record)));
      continue;
    }
    state.apply(record);
    if (record.k === 'run') counting = new Counting(config, state, take);
    else for (const _ of counting?.applying(record) ?? []);
  }
  const rows = [...intervals.values()].map(({ gauges, regionIds }) => ({ ...gauges, regionIds }));
  return { rows, payloads, view: counting!.engine.view };
}

const morning = seen([1, 1, 0], [2, 2, 0], [5, 3, 1], [8, 2, 1]);
const later = seen([20, 1, 1], [25, 2, 0], [140, 3, 0]);

test('one recording that is given as two files counts as it does in one piece', () => {
  const once = told([...beginning, ...morning, ...later, finish]);
  const twice = told([...beginning, ...morning, finish, ...later, finish]);
  expect(once.rows.length).toBe(3);
  expect(twice.rows).toEqual(once.rows);
  expect(twice.view.regionVisitors).toEqual(once.view.regionVisitors);
});

test('the end of a file tells the intervals that are not final as they will be if nothing more comes', () => {
  const { rows } = told([...beginning, ...morning, finish]);
  expect(rows.length).toBe(1);
  const [{ regions, present }] = rows;
  expect(present).toBe(3);
  expect([...regions.present]).toEqual([1, 2]);
  expect([...regions.exits]).toEqual([1, 0]);
  expect([...regions.entries]).toEqual([0, 1]);
});

test('micro-regions can be edited after a file has ended and another goes on in the same interval', () => {
  const edit: LogRecord = { k: 'regions', regions: [region('a', 200)] };
  const edited = told([...beginning, ...morning, finish, ...seen([20, 1, 1]), edit, ...seen([140, 3, 0]), finish]);
  const straight = told([...beginning, ...morning, ...seen([20, 1, 1]), edit, ...seen([140, 3, 0]), finish]);
  expect(edited.rows).toEqual(straight.rows);
});

test('a restart at any record between two files tells the same records', () => {
  const records = [...beginning, ...morning, finish, finish, ...later, finish];
  const straight = told(records).payloads;
  for (let at = beginning.length; at < records.length; at++) expect(told(records, at).payloads).toEqual(straight);
});
