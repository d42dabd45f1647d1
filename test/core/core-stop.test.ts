import { expect, test } from 'vitest';
import type { Timers } from '../../server/clock.ts';
import { makeConfig } from '../../server/config.ts';
import { beginRun, positionOf } from '../../server/core/begin-run.ts';
import { Core } from '../../server/core/core.ts';
import { EventLog } from '../../server/core/event-log.ts';
import { LogState } from '../../server/core/log-state.ts';
import { Snapshots } from '../../server/core/snapshots.ts';
import { Journal } from '../../server/journal/journal.ts';
import { FakeDisk } from '../tools/fake-disk.ts';

const config = makeConfig({ where: 'test', settings: { snapshotEveryMs: 100, snapshotCopyBytesMax: 0 } });
let nowMs = 0;
const clock = { nowUs: () => 1_780_000_000_000_000, monotonicMs: () => (nowMs += 3) };
/** What is waited for is waited for a moment. */
const timers: Timers = {
  after(ms, run) {
    const timer = setTimeout(run, ms >= 100 ? 30 : 0);
    return () => clearTimeout(timer);
  },
};

async function open(disk: FakeDisk) {
  const log = () => undefined;
  const onFailed = (error: Error) => {
    throw error;
  };
  const journal = await Journal.open({
    ...{ disk, folder: 'journal', timers, newId: () => 'ab'.repeat(16), log },
    ...{ segmentBytes: 1 << 20, bytesMax: 1 << 30, freeBytesMin: 0, commitMs: 5 },
  });
  const records = new EventLog(journal, 1 << 20);
  const snapshots = await Snapshots.open(disk, 'snapshots', journal, log, timers);
  const core = await Core.open({
    ...{ config, clock, timers, log, journal, records, snapshots, known: new LogState() },
    ...{ storedTo: () => -1, onFailed },
  });
  return { core, journal, records, log };
}

test('ends though the disk does not take a snapshot that nothing may change: the next start applies the rest', async () => {
  const disk = new FakeDisk();
  const { core, journal, records, log } = await open(disk);
  core.start();
  const position = positionOf(core.state.positions, 'feed');
  await beginRun(core, records, clock, log, {
    ...{ stored: [], positions: [], after: null, cells: null, regions: [], feeds: [position], historyFromUs: null },
  });
  let isWriting = false;
  disk.before = async (what, path) => {
    if (what !== 'write' || !path.endsWith('.snapshot.tmp')) return;
    isWriting = true;
    await new Promise(() => undefined);
  };
  const tell = (us: number) =>
    records.append({
      k: 'clock',
      releaseUs: us,
      wallUs: us,
      feedClocksUs: Float64Array.of(us),
      readUs: Float64Array.of(us),
    });
  for (let us = 1; !isWriting; us++) await journal.whenCommitted(tell(us));
  const { applied } = core;
  await journal.whenCommitted(tell(1e9));
  const ended = core.stop().then(() => 'ended');
  const late = new Promise((resolve) => setTimeout(resolve, 2_000, 'it waits for the disk'));
  expect(await Promise.race([ended, late])).toBe('ended');
  // Nothing was changed of what is being written.
  expect([core.applied, core.state.wallUs < 1e9]).toEqual([applied, true]);
  await journal.close();

  disk.kill();
  disk.before = async () => undefined;
  const again = await open(disk);
  expect([again.core.applied, again.core.state.wallUs]).toEqual([again.journal.committed, 1e9]);
  await again.core.stop();
  await again.journal.close();
});
