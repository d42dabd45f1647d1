import { expect, test } from 'vitest';
import { systemClock, systemTimers } from '../../server/clock.ts';
import type { EventLog, LogEntry } from '../../server/core/event-log.ts';
import { StoreReader } from '../../server/core/store-reader.ts';
import type { Store } from '../../server/store/types.ts';

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
  const storeReader = new StoreReader({ ...options, onFailed: (error) => failures.push(error) }, 0);
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
