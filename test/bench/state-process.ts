/**
 * A process of its own, so that the peak of its memory is: fills the counters of a city and puts them down, or brings them
 * back as a start of the server does and puts them down again as a running one. Says its figures on standard output.
 */
import '../../server/v8-flags.ts';
import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { systemClock as clock, systemTimers as timers } from '../../server/clock.ts';
import { type Config, makeConfig } from '../../server/config.ts';
import { Counting } from '../../server/core/counting.ts';
import { fingerprintOf } from '../../server/core/fingerprint.ts';
import { LogState } from '../../server/core/log-state.ts';
import { LogWriter } from '../../server/core/log-writer.ts';
import { Staging } from '../../server/core/snapshot-file.ts';
import { stagingState } from '../../server/core/staged-state.ts';
import type { LogRecord } from '../../server/journal/records.ts';
import type { StateWriter } from '../../server/state-writer.ts';
import { computedMs } from './computed-ms.ts';
import { openCore, openFolder } from './open-core.ts';
import { forgetPeak, peakMib } from './peak-memory.ts';
import { CityEvents, cellCount, cgiOf, regionList } from './presence-city.ts';

export interface StateJob {
  what: 'fill' | 'restart';
  folder: string;
  subscribers: number;
  snapshotKeptBytesMax: number;
}

/** What a restart says. */
export interface StateFigures {
  present: number;
  snapshotMib: number;
  restoreS: number;
  restorePeakMib: number;
  /** From the record after which a snapshot is due until it is there. */
  writeS: number;
  writePeakMib: number;
  /** Longest time that the event loop's thread computed between two of its turns while it was written. */
  writePauseMs: number;
  /** How long a record that comes as it begins waits to be counted. */
  writeStandMs: number;
}

const reorderWindowUs = 10e6;
/** Three hours of a day. */
const eventsPerSubscriber = 6;

async function fill(config: Config, folder: string, subscribers: number): Promise<void> {
  const { journal, snapshots } = await openFolder(folder);
  const state = new LogState();
  for (let cell = 0; cell < cellCount; cell++) state.registry.idOf(cgiOf(cell));
  state.regions = regionList();
  const run = { k: 'run', wallUs: 0, fingerprint: fingerprintOf(config), fresh: true } as const;
  state.apply({ ...run, historyFromUs: null, after: null, positions: [] });
  // What is counted has been told, as far as the log knows.
  const counting = new Counting(config, state, (number, derived) => state.apply({ ...derived, number } as LogRecord));
  const apply = (record: LogRecord) => {
    state.apply(record);
    for (const _ of counting.applying(record));
  };
  const source = new CityEvents(subscribers * eventsPerSubscriber, subscribers);
  const position = { identity: 'bench', number: 0, seq: 0, epoch: 0, eventUs: 0, clockUs: 0, firstUs: 0 };
  while (source.next()) {
    const { batch } = source;
    const rowsBefore = position.seq;
    position.seq += batch.n;
    position.eventUs = batch.timeUs[batch.n - 1];
    position.clockUs = position.eventUs;
    apply({ k: 'batch', position, rowsBefore, batch });
    const clocksUs = Float64Array.of(position.clockUs - reorderWindowUs);
    apply({ k: 'clock', releaseUs: clocksUs[0], wallUs: 0, feedClocksUs: clocksUs, readUs: clocksUs });
  }
  const staging = new Staging();
  function* save(to: StateWriter): Generator<void> {
    yield* state.save(to);
    yield* counting.save(to);
  }
  await stagingState(save, staging, { clock, timers });
  await snapshots.write(journal.committed, staging);
  await journal.close();
}

async function restart(config: Config, folder: string): Promise<StateFigures> {
  const [name] = await readdir(join(folder, 'snapshots'));
  const snapshotMib = statSync(join(folder, 'snapshots', name)).size / 2 ** 20;
  const startMs = performance.now();
  const { core, journal, records, snapshots } = await openCore(config, folder);
  const restoreS = (performance.now() - startMs) / 1000;
  const restorePeakMib = peakMib();
  const { present } = core.counting.engine.view;
  forgetPeak();
  core.start();
  // A record comes: the state is not that of the newest snapshot any more.
  const before = snapshots.newest;
  const { releaseUs } = core.state;
  const clocksUs = Float64Array.of(releaseUs);
  const sinceMs = performance.now();
  const writer = new LogWriter({ clock, journal, records, state: core.state });
  const counted = () => {
    writer.clock(releaseUs, clocksUs, clocksUs);
    return core.whenApplied(records.next);
  };
  const standing = counted().then(async () => {
    const comesMs = performance.now();
    await counted();
    return performance.now() - comesMs;
  });
  let writePauseMs = 0;
  for (let turnMs = computedMs(); snapshots.newest === before; ) {
    await turn();
    const nowMs = computedMs();
    writePauseMs = Math.max(writePauseMs, nowMs - turnMs);
    turnMs = nowMs;
  }
  const writeS = (performance.now() - sinceMs) / 1000;
  const writePeakMib = peakMib();
  const writeStandMs = await standing;
  await core.stop();
  await journal.close();
  return { present, snapshotMib, restoreS, restorePeakMib, writeS, writePeakMib, writePauseMs, writeStandMs };
}

const { what, folder, subscribers, snapshotKeptBytesMax } = JSON.parse(process.argv[2]) as StateJob;
const settings = { snapshotKeptBytesMax, snapshotEveryMs: 100 };
const config = makeConfig({ where: 'bench', settings });
if (what === 'fill') await fill(config, folder, subscribers);
else process.stdout.write(JSON.stringify(await restart(config, folder)));
