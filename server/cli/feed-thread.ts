import { Worker } from 'node:worker_threads';
import type { FeedToHub, HubToFeed } from '../events/feed-messages.ts';
import type { FeedPort } from '../events/hub.ts';
import type { Log } from '../log.ts';
import { workerUrl } from '../worker-url.ts';
import type { FeedWorkerData } from './feed-worker.ts';

/** How long a thread may take to end by itself. */
const endMs = 3000;

/** A feed in a worker thread of its own. */
export function startFeedThread(data: FeedWorkerData, log: Log): FeedPort {
  const worker = new Worker(workerUrl('feed-worker'), { workerData: data });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  return {
    post: (message: HubToFeed) => worker.postMessage(message),
    onMessage: (listener: (message: FeedToHub) => void) => {
      worker.on('message', listener);
      worker.on('error', (error) => {
        log('error', `feed ${data.spec.uri}: its thread failed: ${error.stack ?? error.message}`);
        listener({
          k: 'failed',
          code: 'FEED_THREAD',
          message: `feed ${data.spec.uri}: its thread failed: ${error.message}`,
        });
      });
    },
    close: async () => {
      const timer = setTimeout(() => void worker.terminate(), endMs);
      await exited;
      clearTimeout(timer);
    },
  };
}
