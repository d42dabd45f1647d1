import { expect, test } from 'vitest';
import { systemClock, systemTimers } from '../../server/clock.ts';
import { EventLog, type LogEntry } from '../../server/core/event-log.ts';
import { StoreReader } from '../../server/core/store-reader.ts';
import { Journal } from '../../server/journal/journal.ts';
import type { Store } from '../../server/store/types.ts';
import { FakeDisk } from '../tools/fake-disk.ts';

test('a reader that leaves its store gives it nothing more, keeps no records and fails nobody', async () => {
  const taken: number[] = [];
  const failures: Error[] = [];
  let closed = 0;
  let come: (entry: LogEntry | null) => void = () => undefined;
  const reader = {
    at: 0,
    tryNext: () => null,
    next: () => new Promise<LogEntry | null>((resolve) => (come = resolve)),
    close: async () => void closed++,
  };
  const records = { reader: () => reader, more: async () => true } as unknown as EventLog;
  const store = {
    ready: true,
    take: (_: unknown, to: number) => taken.push(to),
    whenReady: () => new Promise<void>(() => undefined),
  };
  const options = { clock: systemClock, timers: systemTimers, records, store: store as unknown as Store };
  const storeReader = new StoreReader(
    { ...options, onHeld: () => undefined, onFailed: (error) => failures.push(error) },
    0,
  );
  storeReader.start();
  come({ record: { k: 'finish' }, to: 64 });
  await expect.poll(() => taken).toEqual([64]);
  // Its store is full, and never has room again: it is closed.
  store.ready = false;
  come({ record: { k: 'finish' }, to: 128 });
  await expect.poll(() => taken).toEqual([64, 128]);
  storeReader.leave();
  await expect.poll(() => closed).toBe(1);
  expect([taken, failures]).toEqual([[64, 128], []]);
});

/** A journal of clock records in small segments, read from the disk alone; waits of a reader end when they are told to. */
async function newLog() {
  const disk = new FakeDisk();
  const waits: (() => void)[] = [];
  const timers = {
    after: (ms: number, run: () => void) => {
      if (ms >= 10_000) waits.push(run);
      else setImmediate(run);
      return () => undefined;
    },
  };
  const journal = await Journal.open({
    ...{ disk, folder: '/j', timers, newId: () => 'ab'.repeat(16), log: () => undefined },
    ...{ segmentBytes: 512, bytesMax: 1 << 30, freeBytesMin: 0, commitMs: 0 },
  });
  const ends: number[] = [];
  const before = new EventLog(journal, 0);
  for (let us = 1; us <= 20; us++)
    ends.push(
      before.append({
        k: 'clock',
        releaseUs: us,
        wallUs: 0,
        feedClocksUs: Float64Array.of(us),
        readUs: Float64Array.of(us),
      }),
    );
  await journal.whenCommitted(journal.next);
  const records = new EventLog(journal, 0);
  const tried = async () => {
    await expect.poll(() => waits.length).toBe(1);
    waits.shift()!();
  };
  return { disk, ends, journal, records, timers, waits, tried };
}

/** A reader of all of it, and what its store takes and it tells. */
function readAll({ records, timers }: Pick<Awaited<ReturnType<typeof newLog>>, 'records' | 'timers'>) {
  const taken: number[] = [];
  const held: string[] = [];
  const failures: Error[] = [];
  const store = {
    ready: true,
    take: (_: unknown, to: number) => taken.push(to),
    whenReady: async () => undefined,
    flush: async () => undefined,
  } as unknown as Store;
  const reader = new StoreReader(
    {
      ...{ clock: systemClock, timers, records, store },
      ...{ onHeld: (why) => held.push(why), onFailed: (error) => failures.push(error) },
    },
    0,
  );
  reader.start();
  return { reader, taken, held, failures };
}

test('at a damaged record the store waits, and goes on there when the file has been brought back', async () => {
  const log = await newLog();
  const { disk, ends, tried, waits } = log;
  const segments = (await disk.list('/j')).filter((name) => name.endsWith('.journal')).sort();
  expect(segments.length).toBeGreaterThanOrEqual(3);
  const start = Number.parseInt(segments[1], 10);
  const flip = () =>
    disk.corrupt(`/j/${segments[1]}`, (bytes) => {
      bytes[60] ^= 4;
    });
  flip();
  const { reader, taken, held, failures } = readAll(log);
  await tried();
  await tried();
  await expect.poll(() => waits.length).toBe(1);
  expect(taken).toEqual(ends.filter((to) => to <= start));
  expect(held).toEqual([expect.stringContaining(`${segments[1]}, octet 32: a damaged record.`)]);
  flip();
  await tried();
  await expect.poll(() => taken).toEqual(ends);
  expect([held.length, held[1], failures]).toEqual([2, '', []]);
  await reader.stop(0);
});

test('a disk that does not give a record is no bug, and a reader that waits for it ends when it is told to', async () => {
  const log = await newLog();
  const { disk, waits } = log;
  disk.before = async (what) => {
    if (what === 'read') throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', errno: -5 });
  };
  const { reader, taken, held, failures } = readAll(log);
  await expect.poll(() => waits.length).toBe(1);
  expect([taken, failures, held.length]).toEqual([[], [], 1]);
  expect(held[0]).toMatch(/octet 32: the disk does not give it \(EIO: i\/o error, read\)/);
  await reader.stop(0);
  expect(waits.length).toBe(1);
});
