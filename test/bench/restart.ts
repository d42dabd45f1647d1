import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock as clock } from '../../server/clock.ts';
import { makeConfig } from '../../server/config.ts';
import { beginRun, positionOf } from '../../server/core/begin-run.ts';
import { LogWriter } from '../../server/core/log-writer.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { temporaryFolder } from '../tools/serve.ts';
import type { Bench, Figure } from './bench.ts';
import { openCore } from './open-core.ts';
import { CityEvents, cellCount, cgiOf, regionList } from './presence-city.ts';

// A snapshot is put down by who ends the counters, and by nobody else.
const config = makeConfig({ where: 'bench', settings: { snapshotEveryMs: 3_600_000 } });
const log = () => undefined;
const startUs = 1_780_000_000_000_000;

/** Takes rows of a city in, until all are counted. */
async function feed(
  { core, journal, records }: Awaited<ReturnType<typeof openCore>>,
  source: CityEvents,
  events: number,
  perSecond: number,
) {
  core.start();
  const position = positionOf(core.state.positions, 'bench');
  await beginRun(core, records, clock, log, {
    ...{ stored: [], positions: [], after: null, cells: null, regions: regionList() },
    ...{ feeds: [position], historyFromUs: null },
  });
  const writer = new LogWriter({ clock, journal, records, state: core.state });
  const ids = Array.from({ length: cellCount }, (_, cell) => writer.cellIdOf(cgiOf(cell)));
  for (let given = 0; given < events && source.next(); ) {
    const { n } = source.batch;
    const batch = new EventBatch(n);
    batch.copyRange(source.batch, 0, n, 0);
    batch.n = n;
    for (let i = 0; i < n; i++) {
      batch.cell[i] = ids[batch.cell[i]];
      batch.timeUs[i] = startUs + Math.floor(((position.seq + i) * 1e6) / perSecond);
    }
    batch.feed.fill(position.number);
    given += n;
    position.seq += n;
    position.eventUs = batch.timeUs[n - 1];
    position.clockUs = position.eventUs;
    const kept = writer.batch({ ...position }, batch);
    const clocksUs = new Float64Array(position.number + 1).fill(position.clockUs - 10e6);
    writer.clock(position.clockUs - 10e6, clocksUs, clocksUs);
    if (records.next - core.applied < 16 << 20) continue;
    await kept;
    await core.whenApplied(records.committed);
  }
  await journal.whenCommitted(journal.next);
  await core.whenApplied(journal.next);
}

export const restartBench: Bench = {
  name: 'restart',
  meaning:
    'seconds until the counters of a million subscribers are back after a kill: the newest snapshot, and from the journal what came in 30 s of 50,000 events a second since',
  async run(scale): Promise<Figure[]> {
    const [subscribers, perSecond] = scale === 'full' ? [1_000_000, 50_000] : [5_000, 500];
    const since = 30 * perSecond;
    const before = 3 * subscribers;
    const folder = temporaryFolder('restart');
    try {
      const source = new CityEvents(before + since, subscribers);
      const first = await openCore(config, folder.path);
      await feed(first, source, before, perSecond);
      await first.core.stop();
      const snapshotTo = first.journal.committed;
      await first.journal.close();
      const second = await openCore(config, folder.path);
      await feed(second, source, since, perSecond);
      // What a kill would leave.
      const left = join(folder.path, 'left');
      for (const part of ['journal', 'snapshots'])
        cpSync(join(folder.path, part), join(left, part), { recursive: true });
      await second.core.stop();
      await second.journal.close();
      const journalBytes = second.journal.committed - snapshotTo;
      const startMs = performance.now();
      const third = await openCore(config, left);
      const seconds = (performance.now() - startMs) / 1000;
      const { view } = third.core.counting.engine;
      if (view.present !== second.core.counting.engine.view.present) throw new Error('a restart counts otherwise');
      third.core.start();
      await third.core.stop();
      await third.journal.close();
      return [
        { key: 'restart.seconds', value: seconds, unit: 's' },
        { key: 'restart.present', value: view.present, unit: 'subscribers' },
        { key: 'restart.journalBytes', value: journalBytes, unit: 'bytes' },
      ];
    } finally {
      folder.remove();
    }
  },
};
