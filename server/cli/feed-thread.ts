import { Worker } from 'node:worker_threads';
import { messageOf } from '../errors.ts';
import type { FeedToHub, HubToFeed } from '../events/feed-messages.ts';
import type { FeedPort } from '../events/hub-feed.ts';
import { workerUrl } from '../worker-url.ts';
import type { FeedWorkerData } from './feed-worker.ts';

/** How long a thread may take to end by itself. */
const endMs = 3000;

/**
 * A feed in a worker thread of its own. What it says before somebody listens is kept for them.
 *
 * @param onBroken the thread ended by an error that is no wrong input: a bug
 */
export function startFeedThread(data: FeedWorkerData, onBroken: (error: Error) => void): FeedPort {
  const worker = new Worker(workerUrl('feed-worker'), { workerData: data });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const early: FeedToHub[] = [];
  let listener = (message: FeedToHub): void => {
    early.push(message);
  };
  worker.on('message', (message: FeedToHub) => listener(message));
  worker.on('error', (error) => {
    onBroken(error);
    listener({ k: 'failed', message: `feed ${data.spec.uri}: its thread failed: ${messageOf(error)}` });
  });
  return {
    post: (message: HubToFeed) => worker.postMessage(message),
    onMessage: (next: (message: FeedToHub) => void) => {
      listener = next;
      for (const message of early.splice(0)) next(message);
    },
    close: async () => {
      const timer = setTimeout(() => void worker.terminate(), endMs);
      await exited;
      clearTimeout(timer);
    },
  };
}
