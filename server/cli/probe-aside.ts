import { basename, join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import { feedIdentity } from '../capture/feed-identity.ts';
import type { LiveFeedSpec } from '../capture/feed-uri.ts';
import { type Clock, formatTimeUs, type Timers } from '../clock.ts';
import type { Config } from '../config.ts';
import type { PushAside } from '../events/push-aside.ts';
import type { Disk } from '../journal/disk.ts';
import type { Log } from '../log.ts';
import type { OptOuts } from '../privacy/opt-outs.ts';
import type { AheadAnswer, AheadRows } from './ahead-lane.ts';
import { AsideFiles } from './aside-files.ts';
import { asideOfOthers } from './opt-out-aside.ts';

/** No ID of an acknowledged feed has a plus: their folders stand beside this one. */
const folderOf = (spec: LiveFeedSpec): string =>
  spec.kind === 'stdin' ? 'pcap+stdin' : feedIdentity(spec).replace(/[^\w.+-]+/g, '_');

/** Where events of a live feed's frames are kept that lie too far ahead to be counted. */
export function openProbeAside(
  spec: LiveFeedSpec,
  options: { config: Config; disk: Disk; asideFolder: string; optedOut: OptOuts; timers: Timers; log: Log },
): PushAside {
  const { config, disk, asideFolder, optedOut, timers, log } = options;
  const name = folderOf(spec);
  const files = new AsideFiles({
    ...{ disk, log, bytesMax: config.pushAsideBytesMax },
    ...{ path: join(asideFolder, name), folder: join(basename(asideFolder), name) },
  });
  return asideOfOthers(files, optedOut, timers);
}

/** Keeps what a feed's thread sends over a port, one file after the other, and answers. */
export class AheadKeeper {
  readonly #aside: PushAside;
  readonly #clock: Clock;
  #running: Promise<void> = Promise.resolve();
  #files = 0;
  readonly #closed: Promise<void>;

  constructor(port: MessagePort, aside: PushAside, clock: Clock) {
    this.#aside = aside;
    this.#clock = clock;
    this.#closed = new Promise((resolve) => port.once('close', () => resolve()));
    port.on('message', ({ text, rows }: AheadRows) => {
      this.#running = this.#running.then(async () => {
        port.postMessage({ kept: await this.#keep(text), rows } satisfies AheadAnswer);
      });
    });
  }

  /** Resolves when the other end has been closed and all that came is kept. */
  async ended(): Promise<void> {
    await this.#closed;
    await this.#running;
  }

  /** By the time at which they came, and so in order; two of one second have numbers. */
  #keep(text: string): Promise<boolean> {
    const came = formatTimeUs(this.#clock.nowUs()).replace(/[^\dTZ]/g, '');
    return this.#aside.keep(`${came}-${++this.#files}.ndjson`, text);
  }
}
