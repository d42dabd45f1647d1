import { join } from 'node:path';
import { systemClock as clock, systemTimers as timers } from '../../server/clock.ts';
import type { Config } from '../../server/config.ts';
import { Core } from '../../server/core/core.ts';
import { EventLog } from '../../server/core/event-log.ts';
import { LogState } from '../../server/core/log-state.ts';
import { Snapshots } from '../../server/core/snapshots.ts';
import { nodeDisk } from '../../server/journal/disk.ts';
import { Journal } from '../../server/journal/journal.ts';

const log = () => undefined;

/** Journal and snapshots of a folder, without a database. */
export async function openFolder(folder: string) {
  const journal = await Journal.open({
    ...{ disk: nodeDisk, folder: join(folder, 'journal'), timers, newId: () => '0b'.repeat(16), log },
    ...{ segmentBytes: 64 << 20, bytesMax: 2 ** 40, freeBytesMin: 0, commitMs: 5 },
  });
  return { journal, snapshots: await Snapshots.open(nodeDisk, join(folder, 'snapshots'), journal, log, timers) };
}

/** The same with the counters, as a start of the server brings them back. */
export async function openCore(config: Config, folder: string) {
  const { journal, snapshots } = await openFolder(folder);
  const records = new EventLog(journal, config.recordsKeptBytesMax);
  const onFailed = (error: Error) => {
    throw error;
  };
  const core = await Core.open({
    ...{ config, clock, timers, log, journal, records, snapshots, known: new LogState(), storedTo: () => -1, onFailed },
  });
  return { journal, snapshots, records, core };
}
