import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { makeCity } from '../../fixtures/make/city/index.ts';
import { parseFeedUri } from '../../server/capture/feed-uri.ts';
import { startFeedThread } from '../../server/cli/feed-thread.ts';
import { simulateCommand } from '../../server/cli/simulate.ts';
import { makeConfig } from '../../server/config.ts';
import { temporaryFolder } from '../tools/serve.ts';
import type { Bench, Figure } from './bench.ts';
import { cityConfig } from './city-pipeline.ts';
import { startMadeFeed } from './made-feed.ts';
import { movesOf } from './made-rows.ts';
import { regionList, streams } from './presence-city.ts';
import { repeatCapture } from './repeat-capture.ts';
import { limitOf, usageFigures, watchPauses, watchUsage } from './usage.ts';
import { startWhole, type WholeOptions } from './whole-server.ts';

export interface Scale {
  seconds: number;
  /** Until the code is compiled and the reorder window is full. */
  warmUpMs: number;
  packets: number;
  /** So many of the capture that it lasts; a full run's is some 12 GB. */
  copies: number;
  subscribers: number;
}

const scales: Record<'full' | 'small', Scale> = {
  full: { seconds: 60, warmUpMs: 5_000, packets: 1_000_000, copies: 100, subscribers: 1_000_000 },
  small: { seconds: 0.5, warmUpMs: 300, packets: 5_000, copies: 20, subscribers: 50_000 },
};

/** Decoded rows in a second of event time. */
const perSecond = 50_000;

/** One kind of feed into a new server, for some seconds once it is warm. */
export async function measure(key: string, options: WholeOptions, scale: Scale): Promise<Figure[]> {
  const server = await startWhole(options);
  try {
    await Promise.race([server.failed, pause(scale.warmUpMs)]);
    const longestPause = watchPauses();
    const used = watchUsage(server);
    const read = () => ({
      rows: server.rows(),
      journal: server.journal.next,
      frames: server.client.messages.length,
    });
    const before = read();
    const sinceMs = performance.now();
    const ended = () => server.hub.allDone;
    while (!ended() && performance.now() - sinceMs < scale.seconds * 1000)
      await Promise.race([server.failed, pause(20)]);
    const after = read();
    const usage = used();
    if (scale.seconds >= 1) process.stdout.write(`  ${key}: ${limitOf(usage)} limits it\n`);
    const perS = (of: keyof typeof after) => ((after[of] - before[of]) * 1000) / usage.ms;
    const figures: [name: string, value: number, unit: string][] = [
      ['eventsPerS', perS('rows'), 'events/s'],
      ['seconds', usage.ms / 1000, 's'],
      ['journalBytesPerS', perS('journal'), 'bytes/s'],
      ['storeLagRows', server.store.status.queuedRows, 'rows'],
      ['longestPauseMs', longestPause(), 'ms'],
      ['framesPerS', perS('frames'), 'frames/s'],
      ...usageFigures(usage),
    ];
    return figures.map(([name, value, unit]) => ({ key: `whole.${key}.${name}`, value, unit }));
  } finally {
    await server.close();
  }
}

export const wholeBench: Bench = {
  name: 'whole',
  meaning:
    'the whole way in one process, decode to frames: events a second from a capture, from decoded batches with no event and with all of them stored, whose phones move as before a kick-off, and with no event where a third of all rows are moves; embedded unless DATABASE_URL is set',
  async run(size): Promise<Figure[]> {
    const scale = scales[size];
    const folder = temporaryFolder('whole');
    try {
      const figures: Figure[] = [];
      for (const [key, make] of Object.entries(feeds)) {
        // Of those that differ by a setting or a number alone the tests run one.
        if (size === 'small' && key !== 'captures' && key !== 'eventsAll') continue;
        figures.push(...(await measure(key, await make(scale, folder.path), scale)));
      }
      return figures;
    } finally {
      folder.remove();
    }
  },
};

export const feeds: Record<string, (scale: Scale, folder: string) => Promise<WholeOptions>> = {
  async captures({ copies, packets }, folder) {
    const [once, path] = [join(folder, 'once.pcap'), join(folder, 'repeated.pcap')];
    await simulateCommand.run([
      ...['--out', once, '--seed', '1', '--population', String(packets / 5), '--from', '17:30', '--hours', '4'],
      ...['--packets', String(packets)],
    ]);
    repeatCapture(once, path, copies);
    const { cells, regions } = makeCity(1);
    const spec = parseFeedUri(`pcap:${path}`, cityConfig.homePlmns.split(',')[0]);
    const key = new Uint8Array(32).fill(7);
    const start = (fail: (error: Error) => void) => startFeedThread({ spec, config: cityConfig, key, known: {} }, fail);
    return { config: cityConfig, cells, regions, feed: { start, threads: ['correlate', 'decode'] } };
  },
  eventsOff: async ({ subscribers }) => batches(subscribers, movesOf(subscribers, perSecond), 'off'),
  eventsAll: async ({ subscribers }) => batches(subscribers, movesOf(subscribers, perSecond), 'all'),
  moving: async ({ subscribers }) => batches(subscribers, streams.day.moves, 'off'),
};

function batches(subscribers: number, moves: number, keepEvents: 'off' | 'all'): WholeOptions {
  const start = (fail: (error: Error) => void) => startMadeFeed({ subscribers, moves, perSecond, pacePerS: 0 }, fail);
  const config = makeConfig({ where: 'bench', settings: { keepEvents } });
  return { config, cells: null, regions: regionList(), feed: { start, threads: ['made'] } };
}
