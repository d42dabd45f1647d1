import { expect, test } from 'vitest';
import { hourUs, type Timers } from '../../server/clock.ts';
import { makeConfig } from '../../server/config.ts';
import { beginRun, positionOf } from '../../server/core/begin-run.ts';
import { Core } from '../../server/core/core.ts';
import { EventLog } from '../../server/core/event-log.ts';
import { LogState } from '../../server/core/log-state.ts';
import { Snapshots } from '../../server/core/snapshots.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { eventFlag, kindCode } from '../../server/events/kinds.ts';
import { Journal } from '../../server/journal/journal.ts';
import { unheardOf } from '../../server/reference/cell-registry.ts';
import { FakeDisk } from '../tools/fake-disk.ts';

let nowMs = 0;
const clock = { nowUs: () => 1_780_000_000_000_000, monotonicMs: () => (nowMs += 3) };
/** What is waited for is waited for a moment. */
const timers: Timers = {
  after(ms, run) {
    const timer = setTimeout(run, ms >= 100 ? 500 : 0);
    return () => clearTimeout(timer);
  },
};

async function open(disk: FakeDisk, snapshotKeptBytesMax = 0) {
  const settings = { snapshotEveryMs: 100, snapshotKeptBytesMax, presenceTtlMs: 300_000 };
  const config = makeConfig({ where: 'test', settings });
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
  const position = positionOf(core.state.positions, 'feed');
  const begin = () =>
    beginRun(core, records, clock, log, {
      ...{ stored: [], positions: [], after: null, cells: null, regions: [], feeds: [position], historyFromUs: null },
    });
  /** Says how late it is. @returns where the record ends */
  const tell = (us: number) => {
    const clocksUs = Float64Array.of(us);
    return records.append({ k: 'clock', releaseUs: us, wallUs: us, feedClocksUs: clocksUs, readUs: clocksUs });
  };
  return { core, journal, records, snapshots, position, begin, tell };
}

/** Whether it comes soon. */
const soon = (what: Promise<unknown>) =>
  Promise.race([what.then(() => true), new Promise<boolean>((resolve) => setTimeout(resolve, 2_000, false))]);

test('ends though the disk does not take a snapshot that nothing may change: the next start applies the rest', async () => {
  const disk = new FakeDisk();
  const { core, journal, begin, tell } = await open(disk);
  core.start();
  await begin();
  let isWriting = false;
  disk.before = async (what, path) => {
    if (what !== 'write' || !path.endsWith('.snapshot.tmp')) return;
    isWriting = true;
    await new Promise(() => undefined);
  };
  for (let us = 1; !isWriting; us++) await journal.whenCommitted(tell(us));
  const { applied } = core;
  await journal.whenCommitted(tell(1e9));
  expect(await soon(core.stop())).toBe(true);
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

const present = 60_000;

/** One record ends the presence of all while a snapshot is written, of which only little may be kept. */
async function allVanishing() {
  const disk = new FakeDisk();
  const { core, journal, records, snapshots, position, begin, tell } = await open(disk, 5 << 19);
  core.start();
  await begin();
  const batch = new EventBatch(present);
  for (let sub = 1; sub <= present; sub++)
    batch.push(sub, sub, 1, 0, 0, kindCode.sighting, 0, 0, eventFlag.sighting, 0, 0, 0);
  const to = { ...position, number: 0, seq: present, eventUs: present, clockUs: present, firstUs: 1 };
  records.append({ k: 'cells', listed: false, cells: [{ id: 0, cell: unheardOf('460-00-1-4') }] });
  records.append({ k: 'batch', position: to, rowsBefore: 0, batch });
  await core.whenApplied(tell(60e6));
  expect(core.counting.engine.view.present).toBe(present);
  let goOn: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let isWriting = false;
  disk.before = async (what, path) => {
    if (what !== 'write' || !path.endsWith('.snapshot.tmp')) return;
    isWriting = true;
    await gate;
  };
  for (let us = 60e6; !isWriting; us++) await core.whenApplied(tell(us));
  const { applied } = core;
  const end = tell(4 * hourUs);
  await journal.whenCommitted(end);
  // It stands still when enough is kept: some are gone, and no more of them go.
  let left = -1;
  for (let same = 0; same < 20; ) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    const { present: now } = core.counting.engine.view;
    same = now === left && now < present ? same + 1 : 0;
    left = now;
  }
  expect([core.applied, left > 0]).toEqual([applied, true]);
  return { core, disk, journal, snapshots, goOn, end };
}

test('a record that changes all there is waits for a snapshot when enough is kept of it', async () => {
  const { core, journal, goOn, end } = await allVanishing();
  goOn();
  await core.whenApplied(end);
  expect(core.counting.engine.view.present).toBe(0);
  await core.stop();
  await journal.close();
});

test('an end that comes amid such a record waits too, and puts down a last snapshot behind it', async () => {
  const { core, disk, journal, snapshots, goOn, end } = await allVanishing();
  const ended = core.stop();
  goOn();
  expect(await soon(ended)).toBe(true);
  expect([core.applied, snapshots.newest >= end]).toEqual([journal.committed, true]);
  await journal.close();
  disk.kill();
  const again = await open(disk);
  expect(again.core.counting.engine.view.present).toBe(0);
  await again.core.stop();
  await again.journal.close();
});

test('where the disk takes too long the state between two records is put down nowhere', async () => {
  const { core, disk, journal, snapshots, end, goOn } = await allVanishing();
  const { newest } = snapshots;
  const { applied } = core;
  expect(await soon(core.stop())).toBe(true);
  expect([core.applied, snapshots.newest]).toEqual([applied, newest]);
  await expect(core.whenApplied(end)).rejects.toThrow('amid a record');
  await journal.close();
  disk.kill();
  goOn();
  disk.before = async () => undefined;
  const again = await open(disk);
  expect([again.core.applied, again.core.counting.engine.view.present]).toEqual([again.journal.committed, 0]);
  await again.core.stop();
  await again.journal.close();
});
