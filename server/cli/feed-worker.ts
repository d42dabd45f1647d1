import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { FeedSpec } from '../capture/feed-uri.ts';
import type { Config } from '../config.ts';
import { InvariantError, isFromOutside, messageOf, UserError } from '../errors.ts';
import { BatchWriter, type Known } from '../events/batch-writer.ts';
import { batchRows, type FeedToHub, type HubToFeed } from '../events/feed-messages.ts';
import { Pseudonymiser } from '../privacy/pseudonymiser.ts';
import type { AreaTables } from '../reference/home-areas.ts';
import type { AheadData } from './decode-messages.ts';
import { type FeedPipeline, openFeedPipeline } from './feed-pipeline.ts';
import { Wake } from './wake.ts';

/** What the server gives the thread. */
export interface FeedWorkerData {
  spec: FeedSpec;
  config: Config;
  /** The pseudonym key: stays in this process. */
  key: Uint8Array;
  /** Rows that an earlier run has taken in. */
  known: Known;
  /** Where SIMs of China are at home; null or absent: nobody has told. */
  areas?: AreaTables | null;
  /** Of a live feed: over which port (which is transferred) events far ahead of the clock go, and to where. */
  ahead?: Pick<AheadData, 'port' | 'folder'>;
}

/** A feed says where it stands at least this often while it reads. */
const flushMs = 100;

/** A thread that reads one feed as far as the hub allows and sends what it located, in batches. */
class FeedWorker {
  private readonly port: MessagePort;
  private readonly writer: BatchWriter;
  private untilUs = Number.NEGATIVE_INFINITY;
  private credits: number;
  /** The hub has told how far to read since it was last told the time alone; and it is still to be told that. */
  private asked = false;
  private owesClock = false;
  private stopped = false;
  private readonly wake = new Wake();
  private readonly data: FeedWorkerData;

  constructor(port: MessagePort, data: FeedWorkerData) {
    this.port = port;
    this.data = data;
    this.credits = data.config.feedBatchesMax;
    this.writer = new BatchWriter(data.known);
    port.on('message', (message: HubToFeed) => {
      if (message.k === 'until') {
        this.untilUs = message.untilUs;
        this.asked = true;
      } else if (message.k === 'credit') this.credits++;
      else this.stopped = true;
      this.wake.call();
    });
  }

  async run(): Promise<void> {
    const { spec, config, key, areas, ahead } = this.data;
    let pipeline: FeedPipeline | null = null;
    try {
      pipeline = await openFeedPipeline(spec, {
        config,
        sorted: false,
        sortRecords: true,
        decodeApart: true,
        areas: areas ?? null,
        ...(ahead && { ahead: { ...ahead, key, areas: areas ?? null } }),
        sink: this.writer,
        pseudonymiser: new Pseudonymiser(key),
      });
      this.send({ k: 'open', firstUs: pipeline.firstUs });
      await this.read(pipeline);
      if (!this.stopped) this.send({ k: 'end', early: pipeline.endedEarly });
    } catch (error) {
      // Anything but a wrong input or a failing disk is a bug of ours, which ends the server with a clear message.
      if (!isFromOutside(error)) throw error;
      this.send({
        k: 'failed',
        message: error instanceof UserError ? error.message : `feed ${spec.uri}: ${messageOf(error)}`,
      });
    } finally {
      await pipeline?.close();
      this.port.close();
    }
  }

  private async read(pipeline: FeedPipeline): Promise<void> {
    let doneUs = Number.NEGATIVE_INFINITY;
    let ended = false;
    let flushedMs = 0;
    while (!this.stopped) {
      const hasWork = ended || this.untilUs > doneUs || this.writer.waiting > 0 || (this.owesClock && this.asked);
      if (this.credits === 0 || !hasWork) {
        await this.wake.wait();
        continue;
      }
      const untilUs = this.untilUs;
      const why: 'more' | 'until' | 'end' = ended ? 'end' : await pipeline.run(untilUs);
      ended = why === 'end';
      if (why === 'until') doneUs = untilUs;
      const nowMs = performance.now();
      if (why === 'more' && this.writer.waiting < batchRows && nowMs - flushedMs < flushMs) {
        await new Promise(setImmediate);
        continue;
      }
      flushedMs = nowMs;
      const last = this.flush(pipeline, ended);
      if (ended && last) return;
      await new Promise(setImmediate);
    }
  }

  /**
   * Sends one batch, or only how far the feed is, which the hub is not told more often than it asks; true when nothing
   * waits behind it.
   */
  private flush(pipeline: FeedPipeline, ended: boolean): boolean {
    const at = {
      clockUs: pipeline.clockUs,
      nextUs: Math.max(0, pipeline.nextUs),
      progress: pipeline.progress,
      counters: pipeline.counters(),
      note: pipeline.note,
      isAlarm: pipeline.isAlarm,
    };
    this.owesClock = this.writer.waiting === 0 && !this.asked && !ended;
    if (this.owesClock) return true;
    if (this.writer.waiting === 0) {
      this.asked = false;
      this.send({ k: 'clock', at });
      return true;
    }
    const { batch, newestUs, newCells } = this.writer.take();
    const last = this.writer.waiting === 0;
    // Rows still waiting here may be much older than the pipeline's clock: it is told with the last of them.
    if (!last) at.clockUs = newestUs;
    this.credits--;
    const streams = last ? pipeline.served : null;
    this.send({ k: 'batch', buffer: batch.buffer, rows: batch.n, newCells, at, ...(streams && { streams }) });
    return last;
  }

  /**
   * Columns are copied: to transfer a buffer detaches it, and from then on V8 checks at every access to any typed array of
   * this thread whether it is detached, a tenth of what a message costs here.
   */
  private send(message: FeedToHub): void {
    this.port.postMessage(message);
  }
}

if (parentPort === null) throw new InvariantError('feed-worker.ts runs as a worker thread only');
await new FeedWorker(parentPort, workerData as FeedWorkerData).run();
