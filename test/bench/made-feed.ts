/** A thread that gives already decoded batches as fast as it gets credit: what a feed's thread says, without the work. */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { FeedMessages } from '../../server/cli/feed-thread.ts';
import { type FeedToHub, type HubToFeed, noCounters } from '../../server/events/feed-messages.ts';
import type { FeedPort } from '../../server/events/hub-feed.ts';
import { knobs } from '../../server/knobs.ts';
import { projectRoot } from '../../server/root.ts';
import { DrawnRows } from './drawn-rows.ts';
import { MadeRows } from './made-rows.ts';
import { cellCount, cgiOf } from './presence-city.ts';

interface MadeFeedData {
  madeFeed: true;
  subscribers: number;
  /** Share of events that are from another cell than the subscriber's before. */
  moves: number;
  /** Events in a second of event time. */
  perSecond: number;
  /** Rows given in a second of wall time at most; 0: as fast as they are taken. */
  pacePerS: number;
  /** The pace holds only from {@link MadeFeed.pace} on; until then so many events come in a second of event time. */
  unpacedPerSecond?: number;
}

/** Rows of more subscribers would take too much memory: they are drawn. */
const keptMax = 2_000_000;

export interface MadeFeed extends FeedPort {
  /** From here on the pace holds. */
  pace(): void;
}

/** @param onBroken the thread ended by an error */
export function startMadeFeed(data: Omit<MadeFeedData, 'madeFeed'>, onBroken: (error: Error) => void): MadeFeed {
  const worker = new Worker(pathToFileURL(join(projectRoot, 'dist/server/made-feed.js')), {
    workerData: { ...data, madeFeed: true } satisfies MadeFeedData,
  });
  const messages = new FeedMessages(worker);
  worker.on('error', onBroken);
  return {
    pace: () => worker.postMessage({ k: 'pace' } satisfies Pace),
    post: (message: HubToFeed) => worker.postMessage(message),
    onMessage: (listener: (message: FeedToHub) => void) => messages.listen(listener),
    close: async () => void (await worker.terminate()),
  };
}

interface Pace {
  readonly k: 'pace';
}

const startUs = 1_780_000_000_000_000;

function run({ subscribers, moves, perSecond, pacePerS, unpacedPerSecond = 0 }: MadeFeedData): void {
  const port = parentPort!;
  const rows = subscribers > keptMax ? new DrawnRows(subscribers, moves) : new MadeRows(subscribers, moves);
  let credits: number = knobs.feedBatchesMax.default;
  let given = 0;
  let running = false;
  // So many rows before the pace holds, and since when it does.
  let free = unpacedPerSecond > 0 ? Number.POSITIVE_INFINITY : 0;
  let sinceMs = performance.now();
  const isDue = () => pacePerS === 0 || given < free + ((performance.now() - sinceMs) / 1000) * pacePerS;
  const timeOf = (row: number) => {
    const slow = unpacedPerSecond > 0 ? Math.min(row, free) : 0;
    return startUs + Math.floor((slow * 1e6) / (unpacedPerSecond || 1) + ((row - slow) * 1e6) / perSecond);
  };
  const give = () => {
    while (running && credits > 0 && isDue()) {
      const batch = rows.next();
      for (let i = 0; i < batch.n; i++) batch.timeUs[i] = timeOf(given + i);
      const newCells = given === 0 ? Array.from({ length: cellCount }, (_, cell) => cgiOf(cell)) : [];
      given += batch.n;
      credits--;
      const counters = { ...noCounters(), frames: given, events: given, resolved: given };
      const at = { clockUs: timeOf(given), nextUs: 0, progress: -1, counters, note: '' };
      port.postMessage({ k: 'batch', buffer: batch.buffer, rows: batch.n, newCells, at } satisfies FeedToHub, [
        batch.buffer,
      ]);
    }
  };
  port.on('message', (message: HubToFeed | Pace) => {
    if (message.k === 'pace') {
      free = given;
      sinceMs = performance.now();
    }
    if (message.k === 'credit') credits++;
    if (message.k === 'until') running = true;
    give();
  });
  if (pacePerS > 0) setInterval(give, 10);
  port.postMessage({ k: 'open', firstUs: startUs } satisfies FeedToHub);
}

if ((workerData as MadeFeedData | null)?.madeFeed === true) run(workerData as MadeFeedData);
