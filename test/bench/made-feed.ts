/** A thread that gives already decoded batches as fast as it gets credit: what a feed's thread says, without the work. */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { FeedMessages } from '../../server/cli/feed-thread.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { batchRows, type FeedToHub, type HubToFeed, noCounters } from '../../server/events/feed-messages.ts';
import type { FeedPort } from '../../server/events/hub-feed.ts';
import { knobs } from '../../server/knobs.ts';
import { projectRoot } from '../../server/root.ts';
import { CityEvents, cellCount, cgiOf } from './presence-city.ts';

interface MadeFeedData {
  madeFeed: true;
  subscribers: number;
  /** Rows that are made beforehand and given again and again, later each time. */
  rows: number;
  /** Events in a second of event time. */
  perSecond: number;
  /** Rows given in a second of wall time at most; 0: as fast as they are taken. */
  pacePerS: number;
}

/** @param onBroken the thread ended by an error */
export function startMadeFeed(data: Omit<MadeFeedData, 'madeFeed'>, onBroken: (error: Error) => void): FeedPort {
  const worker = new Worker(pathToFileURL(join(projectRoot, 'dist/server/made-feed.js')), {
    workerData: { ...data, madeFeed: true } satisfies MadeFeedData,
  });
  const messages = new FeedMessages(worker);
  worker.on('error', onBroken);
  return {
    post: (message: HubToFeed) => worker.postMessage(message),
    onMessage: (listener: (message: FeedToHub) => void) => messages.listen(listener),
    close: async () => void (await worker.terminate()),
  };
}

const startUs = 1_780_000_000_000_000;

function run({ subscribers, rows, perSecond, pacePerS }: MadeFeedData): void {
  const port = parentPort!;
  const source = new CityEvents(rows, subscribers);
  const pool: EventBatch[] = [];
  while (source.next()) {
    const batch = new EventBatch(batchRows);
    batch.copyRange(source.batch, 0, source.batch.n, 0);
    batch.cause.set(source.batch.cause);
    batch.n = source.batch.n;
    pool.push(batch);
  }
  let credits: number = knobs.feedBatchesMax.default;
  let given = 0;
  let next = 0;
  let running = false;
  const sinceMs = performance.now();
  const timeOf = (row: number) => startUs + Math.floor((row * 1e6) / perSecond);
  const give = () => {
    while (running && credits > 0 && (pacePerS === 0 || given < ((performance.now() - sinceMs) / 1000) * pacePerS)) {
      const made = pool[next % pool.length];
      const batch = EventBatch.adopt(made.buffer.slice(0), made.n);
      for (let i = 0; i < batch.n; i++) batch.timeUs[i] = timeOf(given + i);
      const newCells = next === 0 ? Array.from({ length: cellCount }, (_, cell) => cgiOf(cell)) : [];
      given += batch.n;
      next++;
      credits--;
      const counters = { ...noCounters(), frames: given, events: given, resolved: given };
      const at = { clockUs: timeOf(given), nextUs: 0, progress: -1, counters, note: '' };
      port.postMessage({ k: 'batch', buffer: batch.buffer, rows: batch.n, newCells, at } satisfies FeedToHub, [
        batch.buffer,
      ]);
    }
  };
  port.on('message', (message: HubToFeed) => {
    if (message.k === 'credit') credits++;
    if (message.k === 'until') running = true;
    give();
  });
  if (pacePerS > 0) setInterval(give, 10);
  port.postMessage({ k: 'open', firstUs: startUs } satisfies FeedToHub);
}

if ((workerData as MadeFeedData | null)?.madeFeed === true) run(workerData as MadeFeedData);
