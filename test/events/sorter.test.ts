import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventBatch, noCause } from '../../server/events/event-batch.ts';
import { Sorter } from '../../server/events/sorter.ts';

/** A sorter that writes down what it released: [time, arrival]. */
function recording(options: { latenessUs?: number; rowsMax?: number } = {}) {
  const rows: [number, number][] = [];
  const late: number[] = [];
  const tooLate: number[] = [];
  const sorter = new Sorter({
    latenessUs: options.latenessUs ?? 100,
    rowsMax: options.rowsMax ?? 1 << 20,
    onRows: (batch, from, to) => {
      for (let i = from; i < to; i++) rows.push([batch.timeUs[i], batch.subLo[i]]);
    },
    onLate: (batch, from, to) => {
      for (let i = from; i < to; i++) late.push(batch.timeUs[i]);
    },
    onTooLate: (batch, from, to) => {
      for (let i = from; i < to; i++) tooLate.push(batch.timeUs[i]);
    },
  });
  let arrival = 0;
  const push = (times: number[]) => {
    const batch = new EventBatch(Math.max(8, times.length));
    for (const time of times) batch.push(time, arrival++, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0);
    sorter.push(batch);
  };
  return { sorter, push, rows, late, tooLate };
}

test('gives rows before the watermark in order of time, then arrival', () => {
  const { sorter, push, rows } = recording();
  push([50, 20, 20, 40]);
  push([10, 60]);
  sorter.release(50);
  expect(rows).toEqual([
    [10, 4],
    [20, 1],
    [20, 2],
    [40, 3],
  ]);
  sorter.release(61);
  expect(rows.slice(4)).toEqual([
    [50, 0],
    [60, 5],
  ]);
});

test('hands a row behind the released clock on as late, and a very old one as too late', () => {
  const { sorter, push, rows, late, tooLate } = recording({ latenessUs: 100 });
  push([500]);
  sorter.release(600);
  push([599, 500, 499, 600]);
  expect(late).toEqual([599, 500]);
  expect(tooLate).toEqual([499]);
  sorter.release(601);
  expect(rows.map(([time]) => time)).toEqual([500, 600]);
  expect(sorter.stats).toMatchObject({ late: 2, tooLate: 1, held: 0 });
});

test('orders any disorder as a stable sort does, over growing rings and many runs', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 400 }), { maxLength: 6 }),
      fc.integer({ min: 1, max: 400 }),
      (batches, step) => {
        const { sorter, push, rows, late, tooLate } = recording({ latenessUs: 1e9 });
        const expected: [number, number][] = [];
        let arrival = 0;
        let watermark = 0;
        for (const times of batches) {
          for (const time of times) {
            if (time >= watermark) expected.push([time, arrival]);
            arrival++;
          }
          push(times);
          watermark += step % 97;
          sorter.release(watermark);
        }
        sorter.release(1000);
        // Each release sorts what it may; over all releases that is the stable order of the rows that were in time.
        expect(rows).toEqual([...expected].sort((a, b) => a[0] - b[0] || a[1] - b[1]));
        expect(rows.length + late.length + tooLate.length).toBe(arrival);
      },
    ),
    { numRuns: 200, seed: 7 },
  );
});

test('sorts a stream that runs backwards without growing a run per row', () => {
  const { sorter, push, rows } = recording();
  const times = Array.from({ length: 40_000 }, (_, i) => 40_000 - i);
  push(times);
  sorter.release(50_000);
  expect(rows.map(([time]) => time)).toEqual(times.reverse());
});

test('releases early and counts it when the buffer is full, losing nothing', () => {
  const { sorter, push, rows } = recording({ rowsMax: 16_384 });
  push(Array.from({ length: 40_000 }, (_, i) => i));
  expect(sorter.stats.forced).toBeGreaterThan(0);
  sorter.release(1e9);
  expect(rows.map(([time]) => time)).toEqual(Array.from({ length: 40_000 }, (_, i) => i));
});

test.each([1000, 1001, 16_000, 16_384, 20_000, 70_000])(
  'holds %i rows where that is the limit, and not one more',
  (rowsMax) => {
    const { sorter, push, rows } = recording({ rowsMax });
    // In pieces, so that the limit falls inside a batch and at its end.
    for (let i = 0; i < rowsMax; i += 500) push(Array.from({ length: Math.min(500, rowsMax - i) }, (_, k) => i + k));
    expect(sorter.stats).toMatchObject({ held: rowsMax, forced: 0 });
    push([rowsMax]);
    expect(sorter.stats.forced).toBe(Math.ceil(rowsMax / 2));
    expect(sorter.stats.held).toBe(rowsMax + 1 - sorter.stats.forced);
    let most = 0;
    for (let i = 0; i < 4 * rowsMax; i += 333) {
      push(Array.from({ length: 333 }, (_, k) => rowsMax + 1 + i + k));
      most = Math.max(most, sorter.stats.held);
    }
    expect(most).toBeLessThanOrEqual(rowsMax);
    expect(most).toBeGreaterThan(rowsMax - 333);
    sorter.release(1e9);
    expect(rows.map(([time]) => time)).toEqual(Array.from({ length: rows.length }, (_, i) => i));
  },
);

test('laying rows out anew stays rare where the ring is nearly full of rows that are held', () => {
  // A far row and the limit nearly reached all the time: each release leaves a hole of one row behind it.
  const rowsMax = 1980;
  const { sorter, push, rows } = recording({ rowsMax, latenessUs: 1e12 });
  let moved = 0;
  const copyRow = EventBatch.prototype.copyRow;
  EventBatch.prototype.copyRow = function (...args) {
    moved++;
    copyRow.apply(this, args);
  };
  try {
    push(Array.from({ length: rowsMax - 2 }, (_, i) => 1e9 + i));
    for (let i = 0; i < 20_000; i++) {
      push([i]);
      sorter.release(i + 1);
    }
  } finally {
    EventBatch.prototype.copyRow = copyRow;
  }
  expect(sorter.stats).toMatchObject({ forced: 0, held: rowsMax - 2 });
  expect(rows).toHaveLength(20_000);
  expect(moved).toBeLessThan(33 * 20_000);
});

test('at its limit no row is lost, doubled or out of order, whatever the disorder', () => {
  // One row far in the future arrives first and is held to the end while the ring goes round.
  const { sorter, push, rows } = recording({ rowsMax: 1000, latenessUs: 1e12 });
  push([1e9]);
  push(Array.from({ length: 40_000 }, (_, i) => i));
  sorter.release(2e9);
  expect(rows.map(([time]) => time)).toEqual([...Array.from({ length: 40_000 }, (_, i) => i), 1e9]);

  let seed = 12345;
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  const full = recording({ rowsMax: 1000, latenessUs: 1e12 });
  full.push(Array.from({ length: 60_000 }, () => Math.floor(random() * 1e6)));
  full.sorter.release(1e7);
  const seen = [...full.rows.map(([, arrival]) => arrival)];
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen.length + full.late.length + full.tooLate.length).toBe(60_000);
  for (let i = 1; i < full.rows.length; i++) {
    const [before, after] = [full.rows[i - 1], full.rows[i]];
    expect(before[0] < after[0] || (before[0] === after[0] && before[1] < after[1])).toBe(true);
  }
});

test('a row held long does not make the ring grow', () => {
  const { sorter, push, rows } = recording();
  push([1e9]);
  for (let i = 0; i < 200; i++) {
    push(Array.from({ length: 1000 }, (_, k) => i * 1000 + k));
    sorter.release(i * 1000 + 1000);
  }
  expect(rows).toHaveLength(200_000);
  expect(sorter.stats).toMatchObject({ held: 1, forced: 0 });
});

test('keeps a cause of 0 apart from none, and both as they came', () => {
  const causes: number[] = [];
  const take = (batch: EventBatch, from: number, to: number) => causes.push(...batch.cause.subarray(from, to));
  const sorter = new Sorter({ latenessUs: 100, rowsMax: 64, onRows: take, onLate: take, onTooLate: take });
  const batch = new EventBatch(8);
  for (const [timeUs, cause] of [
    [30, 255],
    [10, 0],
    [20, noCause],
  ]) {
    batch.push(timeUs, 1, 1, 0, 0, 0, 0, cause, 1, 0, 0, 0);
  }
  sorter.push(EventBatch.adopt(batch.buffer, batch.n));
  sorter.release(31);
  expect(causes).toEqual([0, noCause, 255]);
  batch.timeUs[0] = 25;
  sorter.push(EventBatch.adopt(batch.buffer, 3));
  expect(causes.slice(3)).toEqual([255, 0, noCause]);
});
