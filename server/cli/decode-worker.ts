import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { AheadApart } from '../capture/ahead-apart.ts';
import { isLive } from '../capture/feed-uri.ts';
import type { FrameReader } from '../capture/frame-reader.ts';
import { systemClock } from '../clock.ts';
import { MessageBatchWriter } from '../decode/message-batch-writer.ts';
import { messageBatchBytes } from '../decode/message-record.ts';
import { InvariantError, isFromOutside, messageOf, UserError } from '../errors.ts';
import { Pseudonymiser } from '../privacy/pseudonymiser.ts';
import { HomeAreas } from '../reference/home-areas.ts';
import { type AheadAnswer, AheadLane } from './ahead-lane.ts';
import type { DecoderToFeed, DecodeWorkerData, FeedToDecoder } from './decode-messages.ts';
import { DecodedFrames } from './message-source.ts';
import { openFrames } from './open-frames.ts';
import { Wake } from './wake.ts';

/** Messages wait no longer than this for others to fill their batch. */
const flushMs = 20;
const framesPerRun = 256;
const runsPerTurn = 16;
/** Worth a message of its own: what a run usually brings still fits into the same batch. */
const fullBytes = messageBatchBytes * (7 / 8);
/** How often a source that may be silent says how it stands. */
const statusMs = 500;
/** Files of events far ahead of the clock are waited for so long before the feed's end is told, ms. */
const answersMs = 2_000;
/** Subscribers far ahead of the clock whose pseudonyms are remembered. */
const aheadMemoMax = 1 << 20;

/** A thread that reads and decodes one feed, ahead of the thread that follows its calls, by a few batches at most. */
class DecodeWorker {
  private readonly port: MessagePort;
  private readonly data: DecodeWorkerData;
  private readonly writer = new MessageBatchWriter();
  private credits: number;
  private stopped = false;
  private flushedMs = 0;
  private readonly wake = new Wake();
  private source: DecodedFrames | null = null;
  private lane: AheadLane | null = null;

  constructor(port: MessagePort, data: DecodeWorkerData) {
    this.port = port;
    this.data = data;
    this.credits = data.config.decodedBatchesMax;
    port.on('message', (message: FeedToDecoder) => {
      if (message.k === 'credit') {
        this.credits++;
        this.writer.recycle(message.buffer);
      } else {
        this.stopped = true;
        // A live source may wait for somebody.
        void this.source?.close();
      }
      this.wake.call();
    });
  }

  async run(): Promise<void> {
    const { spec, config } = this.data;
    // While the source waits, what it has given before must not.
    const timer = setInterval(() => this.flush(), flushMs);
    const status = isLive(spec) ? setInterval(() => this.sayStatus(), statusMs) : null;
    try {
      this.lane = this.openLane();
      this.source = new DecodedFrames(await this.openReader(), config, this.writer, this.lane);
      this.send({ k: 'open', firstUs: this.source.nextTimeUs });
      await this.read(this.source);
    } catch (error) {
      // Anything but a wrong input or a failing disk is a bug of ours, which ends the server with a clear message.
      if (!isFromOutside(error)) throw error;
      const known = error instanceof UserError;
      this.send({
        k: 'failed',
        code: known ? error.code : 'FEED_FAILED',
        message: known ? error.message : `feed ${spec.uri}: ${messageOf(error)}`,
        exitCode: known ? error.exitCode : 1,
      });
    } finally {
      clearInterval(timer);
      if (status !== null) clearInterval(status);
      await this.source?.close();
      this.lane?.end();
      this.data.ahead?.port.close();
      this.port.close();
    }
  }

  private async openReader(): Promise<FrameReader> {
    const { spec, config } = this.data;
    const reader = await openFrames(spec, config);
    // Probes are read by somebody who tells such frames apart himself.
    if (this.lane === null || spec.kind !== 'stdin') return reader;
    return new AheadApart(reader, { clock: systemClock, aheadMsMax: config.liveAheadMs });
  }

  private openLane(): AheadLane | null {
    const { ahead, config } = this.data;
    if (ahead === undefined) return null;
    const { port, folder, key, areas } = ahead;
    const lane = new AheadLane({
      ...{ config, clock: systemClock, folder, port, areas: areas && new HomeAreas(areas) },
      pseudonymiser: new Pseudonymiser(key, { memoMax: aheadMemoMax }),
    });
    port.on('message', (answer: AheadAnswer) => {
      lane.answered(answer);
      this.wake.call();
    });
    return lane;
  }

  /** What the lane still holds, and whether it could be kept, belongs to the counters that the feed ends with. */
  private async endLane(): Promise<void> {
    const { lane } = this;
    if (lane === null) return;
    lane.end();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.wake.call();
    }, answersMs);
    while (lane.unanswered > 0 && !late && !this.stopped) await this.wake.wait();
    clearTimeout(timer);
  }

  private async read(source: DecodedFrames): Promise<void> {
    while (!this.stopped) {
      let why: 'more' | 'until' | 'end' = 'more';
      // What a frame brings may be many times its size, so what waits is looked at after a few.
      for (let run = 0; why === 'more' && run < runsPerTurn && !this.full; run++) {
        why = await source.read(this.writer, Number.POSITIVE_INFINITY, framesPerRun);
      }
      while (!this.stopped && (why === 'end' || this.full)) {
        if (this.credits === 0) await this.wake.wait();
        else if (this.writer.waitingBytes > 0) this.flush();
        else break;
      }
      if (why === 'end') {
        await this.endLane();
        if (!this.stopped) this.send({ k: 'end', at: source.counters, early: source.endedEarly });
        return;
      }
      if (performance.now() - this.flushedMs >= flushMs) this.flush();
      await new Promise(setImmediate);
    }
  }

  /** Whether what waits is worth a message of its own. */
  private get full(): boolean {
    return this.writer.waitingBytes >= fullBytes;
  }

  /** Sends the oldest batch, if there is one and it may be sent. */
  private flush(): void {
    if (this.credits === 0 || this.writer.waitingBytes === 0) return;
    this.flushedMs = performance.now();
    this.credits--;
    const { buffer, words } = this.writer.take();
    const at = this.source!.counters;
    // Messages still wait here whose frames came before that time.
    if (this.writer.waitingBytes > 0) {
      at.clockUs = -1;
      at.served = null;
    }
    this.send({ k: 'messages', buffer, words, at });
  }

  private sayStatus(): void {
    this.lane?.look();
    if (this.source === null || this.writer.waitingBytes > 0) return;
    this.send({ k: 'status', at: this.source.counters });
  }

  private send(message: DecoderToFeed): void {
    this.port.postMessage(message);
  }
}

if (parentPort === null) throw new InvariantError('decode-worker.ts runs as a worker thread only');
await new DecodeWorker(parentPort, workerData as DecodeWorkerData).run();
