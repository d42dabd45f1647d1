import { expect, test } from 'vitest';
import { EventBatch, noCell } from '../../server/events/event-batch.ts';
import { eventFlag, eventKinds, outcomes } from '../../server/events/kinds.ts';
import type { EngineFigures } from '../../server/occupancy/live-view.ts';
import { countUnit, RowColumns } from '../../server/occupancy/row-columns.ts';
import { columnsOfKind, trafficWidth } from '../../server/occupancy/traffic-columns.ts';
import { SubscriberTable } from '../../server/presence/subscriber-table.ts';

const newFigures = (): EngineFigures => ({
  ...{ clockUs: 0, firstUs: 0, resolvedEvents: 0, unresolvedEvents: 0, optedOutEvents: 0, lateEvents: 0 },
  traffic: new Float64Array(eventKinds.length),
  heardUs: new Float64Array(0),
});

function batchOf(random: (below: number) => number, rows: number): EventBatch {
  const batch = new EventBatch(rows);
  for (let row = 0, timeUs = 1_780_000_000_000_000; row < rows; row++) {
    timeUs += random(3);
    const [lo, hi] = random(4) === 0 ? [0, 0] : [random(2), 1 + random(9)];
    const cell = random(5) === 0 ? noCell : random(40);
    const flags = random(3) === 0 ? 0 : eventFlag.traffic | random(4);
    const durationMs = random(20) === 0 ? 1 + random(9) : 0;
    batch.push(timeUs, lo, hi, cell, 0, random(eventKinds.length), random(outcomes.length), 0, flags, durationMs, 0, 0);
  }
  return batch;
}

test('rows are looked at in WebAssembly as one by one', () => {
  let x = 7;
  const random = (below: number) => {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((x / 2 ** 32) * below);
  };
  const table = new SubscriberTable(100);
  const columns = new RowColumns(table.memory);
  for (let round = 0; round < 300; round++) {
    const from = random(30);
    const end = from + 1 + random(64);
    const batch = batchOf(random, end);
    const limitUs = batch.timeUs[random(end)] + random(2);
    table.stageRows(batch, 0, end);
    const [figures, wanted] = [newFigures(), newFigures()];
    const to = columns.look(from, end, limitUs, batch.timeUs[from], 41);
    columns.count(figures);
    const rows = Array.from({ length: end - from }, (_, i) => from + i);
    const late = rows.findIndex((row) => batch.timeUs[row] >= limitUs);
    const taken = late < 0 ? rows : rows.slice(0, late);
    expect(to).toBe(from + taken.length);
    const units = taken.filter((row) => (batch.flags[row] & eventFlag.traffic) !== 0);
    for (const row of units) countUnit(wanted, batch, row);
    wanted.clockUs = batch.timeUs[taken.at(-1) ?? from];
    expect(figures).toEqual(wanted);
    const cells = taken.map((row) => batch.cell[row]).filter((cell) => cell !== noCell);
    expect(columns.cellLimit).toBe(Math.max(-1, ...cells) + 1);
    const columnOf = (row: number) => columnsOfKind[batch.kind[row]] + batch.outcome[row];
    const placeOf = (row: number) => (batch.cell[row] === noCell ? 0 : batch.cell[row] + 1);
    expect(columns.units).toBe(units.length);
    expect([...columns.counters.subarray(0, units.length)]).toEqual(
      units.map((row) => columnOf(row) * 41 + placeOf(row)),
    );
    expect([...columns.keys.subarray(0, units.length)]).toEqual(
      units.map((row) => placeOf(row) * trafficWidth + columnOf(row)),
    );
    expect(columns.timed).toBe(units.some((row) => batch.durationMs[row] > 0));
  }
});

test('rows out of order of time are refused', () => {
  const table = new SubscriberTable(100);
  const columns = new RowColumns(table.memory);
  const batch = new EventBatch(2);
  for (const timeUs of [5, 4]) batch.push(timeUs, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0);
  table.stageRows(batch, 0, 2);
  expect(() => columns.look(0, 2, 10, 0, 3)).toThrow('in order of time');
  expect(() => columns.look(0, 1, 10, 6, 3)).toThrow('in order of time');
});
