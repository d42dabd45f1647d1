import { afterEach, describe, expect, test } from 'vitest';
import type { Timers } from '../../server/clock.ts';
import { EventLog } from '../../server/core/event-log.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { Journal } from '../../server/journal/journal.ts';
import type { LogRecord } from '../../server/journal/records.ts';
import { FakeDisk } from '../tools/fake-disk.ts';
import { newPosition } from '../tools/sorting-sink.ts';

const timers: Timers = {
  after(_ms, run) {
    const timer = setImmediate(run);
    return () => clearImmediate(timer);
  },
};
const open: Journal[] = [];
afterEach(async () => {
  for (const journal of open.splice(0)) await journal.close();
});

async function newLog(keptBytesMax: number): Promise<EventLog> {
  const journal = await Journal.open({
    ...{ disk: new FakeDisk(), folder: '/j', timers, newId: () => 'ab'.repeat(16), log: () => undefined },
    ...{ segmentBytes: 1 << 20, bytesMax: 1 << 30, freeBytesMin: 0, commitMs: 0 },
  });
  open.push(journal);
  return new EventLog(journal, keptBytesMax);
}

/** A batch of one row, with room for `capacity`. */
function batchOf(seq: number, capacity: number): LogRecord {
  const batch = new EventBatch(capacity);
  batch.push(seq * 1e6, seq, 7, 0, 0, 0, 0, 0, 1, 0, 0, 0);
  return { k: 'batch', position: { ...newPosition(0), seq }, rowsBefore: seq, batch };
}

/** Numbers of the batches that a reader gives from where it is, until nothing more is committed. */
async function readOn(reader: ReturnType<EventLog['reader']>): Promise<number[]> {
  const seqs: number[] = [];
  for (let entry = await reader.next(); entry !== null; entry = await reader.next())
    if (entry.record.k === 'batch') seqs.push(entry.record.batch.subLo[0]);
  return seqs;
}

/** Resolves when all that was appended is committed. */
const committed = async (log: EventLog) => {
  while (log.committed < log.next) await log.more(log.committed);
};

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const mebibyte = 1 << 20;

describe('records in memory', () => {
  test('take no more than they may, whatever room is behind their rows, and who is late reads the disk', async () => {
    const log = await newLog(2 * mebibyte);
    const late = log.reader(0);
    const keen = log.reader(0);
    for (const seq of numbers(0, 60)) {
      log.append(batchOf(seq, 8192));
      // 61 octets a row: half a MiB for one row.
      expect(log.keptBytes).toBeLessThan(2 * mebibyte);
    }
    expect(log.keptBytes).toBeGreaterThan(mebibyte);
    await committed(log);
    expect(await readOn(keen)).toEqual(numbers(0, 60));
    expect(await readOn(late)).toEqual(numbers(0, 60));
    await keen.close();
    await late.close();
  });

  test('go when all who read have been given them, and not before', async () => {
    const log = await newLog(64 * mebibyte);
    const [one, other] = [log.reader(0), log.reader(0)];
    for (const seq of numbers(0, 200)) log.append(batchOf(seq, 80));
    await committed(log);
    const whole = log.keptBytes;
    expect(await readOn(one)).toEqual(numbers(0, 200));
    log.append(batchOf(200, 80));
    expect(log.keptBytes).toBeGreaterThan(whole);
    expect(other.tryNext()).not.toBeNull();
    expect(await readOn(other)).toEqual(numbers(1, 200));
    log.append(batchOf(201, 80));
    await committed(log);
    expect(log.keptBytes).toBeLessThan(whole / 20);
    expect(await readOn(one)).toEqual([200, 201]);
    expect(await readOn(other)).toEqual([200, 201]);
    await one.close();
    await other.close();
  });

  test('are not kept for a reader that is closed', async () => {
    const log = await newLog(64 * mebibyte);
    const [stays, leaves] = [log.reader(0), log.reader(0)];
    for (const seq of numbers(0, 100)) log.append(batchOf(seq, 80));
    await committed(log);
    const whole = log.keptBytes;
    expect(await readOn(stays)).toHaveLength(100);
    await leaves.close();
    log.append(batchOf(100, 80));
    expect(log.keptBytes).toBeLessThan(whole / 20);
    await stays.close();
  });
});
