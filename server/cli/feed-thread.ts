import { MessageChannel, Worker } from 'node:worker_threads';
import { systemClock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { FeedToHub, HubToFeed } from '../events/feed-messages.ts';
import type { FeedPort } from '../events/hub-feed.ts';
import type { PushAside } from '../events/push-aside.ts';
import { workerUrl } from '../worker-url.ts';
import type { FeedWorkerData } from './feed-worker.ts';
import { AheadKeeper } from './probe-aside.ts';

/** How long a thread may take to end by itself. */
const endMs = 3000;

/**
 * What a feed's thread says. A worker's messages are lost as long as nobody listens: those from before are kept, and told
 * first.
 */
export class FeedMessages {
  private readonly early: FeedToHub[] = [];
  private listener: (message: FeedToHub) => void = (message) => void this.early.push(message);

  constructor(worker: Worker) {
    worker.on('message', (message: FeedToHub) => this.tell(message));
  }

  tell(message: FeedToHub): void {
    this.listener(message);
  }

  listen(listener: (message: FeedToHub) => void): void {
    this.listener = listener;
    for (const message of this.early.splice(0)) listener(message);
  }
}

/**
 * A feed in a worker thread of its own.
 *
 * @param onBroken the thread ended by an error that is no wrong input: a bug
 * @param aside of a live feed: where events far ahead of the clock are kept; null: their frames are left out
 */
export function startFeedThread(
  data: Omit<FeedWorkerData, 'ahead'>,
  onBroken: (error: Error) => void,
  aside: PushAside | null = null,
): FeedPort {
  const channel = aside && new MessageChannel();
  const keeper = channel && new AheadKeeper(channel.port1, aside, systemClock);
  const ahead = channel && { port: channel.port2, folder: aside.folder };
  const worker = new Worker(workerUrl('feed-worker'), {
    workerData: { ...data, ...(ahead && { ahead }) } satisfies FeedWorkerData,
    transferList: ahead ? [ahead.port] : [],
  });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const messages = new FeedMessages(worker);
  worker.on('error', (error) => {
    onBroken(error);
    messages.tell({ k: 'failed', message: `feed ${data.spec.uri}: its thread failed: ${messageOf(error)}` });
  });
  return {
    post: (message: HubToFeed) => worker.postMessage(message),
    onMessage: (listener: (message: FeedToHub) => void) => messages.listen(listener),
    close: async () => {
      const timer = setTimeout(() => void worker.terminate(), endMs);
      await exited;
      clearTimeout(timer);
      await keeper?.ended();
    },
  };
}
