import { expect, test } from 'vitest';
import { BatchWriter } from '../../server/events/batch-writer.ts';
import { batchRows } from '../../server/events/feed-messages.ts';

const give = (writer: BatchWriter, second: number) =>
  writer.event(second * 1e6, second, 7, `460-00-1-${second % 5}`, 0, 3, 0, 0x0203, 1, 10, 0, second, -1, {
    ...{ peerLo: second, peerHi: 9, peerClass: 2, country: 110, area: 755 },
  });

test('a batch has room for the rows in it alone: it is copied and kept with all of its room', () => {
  const writer = new BatchWriter();
  for (let second = 0; second < 21; second++) give(writer, second);
  const { batch, newestUs, newCells } = writer.take();
  expect(batch.n).toBe(21);
  expect(batch.capacity).toBe(24);
  expect(batch.buffer.byteLength).toBeLessThan(2_000);
  expect(newestUs).toBe(20e6);
  expect(newCells).toEqual([0, 1, 2, 3, 4].map((ci) => `460-00-1-${ci}`));
  expect(batch.row(20)).toEqual({
    ...{ timeUs: 20e6, subLo: 20, subHi: 7, cell: 0, plmn: 0, kind: 3, outcome: 0, cause: 0x0203, flags: 1 },
    ...{ durationMs: 10, typeAllocationCode: 0, bytes: 20, peerLo: 20, peerHi: 9, peerClass: 2 },
    ...{ country: 110, area: 755 },
  });
  expect(writer.take().batch.buffer.byteLength).toBe(0);
});

test('rows that come afterwards are not written over those that were taken', () => {
  const writer = new BatchWriter();
  for (let second = 0; second < 10; second++) give(writer, second);
  const first = writer.take().batch;
  for (let second = 100; second < 110; second++) give(writer, second);
  expect(Array.from(first.subLo.subarray(0, first.n))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(writer.take().batch.subLo[0]).toBe(100);
});

test('full batches come whole, in order, and behind them the rest', () => {
  const writer = new BatchWriter();
  for (let second = 0; second < 2 * batchRows + 3; second++) give(writer, second);
  expect(writer.waiting).toBe(2 * batchRows + 3);
  const taken = [writer.take(), writer.take(), writer.take()];
  expect(taken.map(({ batch }) => [batch.n, batch.subLo[0]])).toEqual([
    [batchRows, 0],
    [batchRows, batchRows],
    [3, 2 * batchRows],
  ]);
  expect(taken.map(({ newestUs }) => newestUs)).toEqual([
    (batchRows - 1) * 1e6,
    (2 * batchRows - 1) * 1e6,
    (2 * batchRows + 2) * 1e6,
  ]);
  expect(writer.waiting).toBe(0);
});
