import { Worker } from 'node:worker_threads';
import type { MessageSink } from '../decode/message.ts';
import { MessageBatchReader } from '../decode/message-batch-reader.ts';
import { UserError } from '../errors.ts';
import { noFrameCounts } from '../events/feed-messages.ts';
import { workerUrl } from '../worker-url.ts';
import type { DecoderToFeed, DecodeWorkerData, FeedToDecoder } from './decode-messages.ts';
import type { DecodeCounters, MessageSource } from './message-source.ts';

/** How long a thread may take to end by itself. */
const endMs = 3000;
/** How long a reader waits for the next batch before it looks after something else. */
const waitMs = 50;
/** All messages of a batch. */
const allMessages = 0x7fff_ffff;

type Batch = Extract<DecoderToFeed, { k: 'messages' }>;

/** Messages of a feed that another thread reads and decodes. */
export class DecodedApart implements MessageSource {
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #reader = new MessageBatchReader();
  /** Batches that have come, oldest first; the first one is being read. */
  readonly #batches: Batch[] = [];
  #reading = false;
  #end: Extract<DecoderToFeed, { k: 'end' }> | null = null;
  #broken: Error | null = null;
  #wake: (() => void) | null = null;
  /** Time and number of the frame that was read last. */
  #clockUs = -1;
  #frames = 0;
  #counters: DecodeCounters = {
    clockUs: -1,
    progress: -1,
    frames: 0,
    bytes: 0,
    messages: 0,
    faults: {},
    unhandled: {},
    evicted: {},
    coverage: noFrameCounts(),
    note: '',
    isAlarm: false,
    served: null,
  };

  private constructor(data: DecodeWorkerData) {
    const transferList = data.ahead === undefined ? [] : [data.ahead.port];
    this.#worker = new Worker(workerUrl('decode-worker'), { workerData: data, transferList });
    this.#exited = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
  }

  /** Starts the thread. @throws UserError as opening the feed here would */
  static open(data: DecodeWorkerData): Promise<DecodedApart> {
    const source = new DecodedApart(data);
    return new Promise((resolve, reject) => {
      source.#worker.on('message', (message: DecoderToFeed) => {
        if (message.k === 'open') {
          source.#clockUs = message.firstUs;
          resolve(source);
        } else source.#take(message);
        if (source.#broken !== null) reject(source.#broken);
      });
      source.#worker.on('error', (error) => {
        source.#break(error);
        reject(error);
      });
    });
  }

  #take(message: Exclude<DecoderToFeed, { k: 'open' }>): void {
    if (message.k === 'messages') this.#batches.push(message);
    else if (message.k === 'end') this.#end = message;
    else if (message.k === 'status') this.#status(message.at);
    else this.#break(new UserError(message.code, message.message, { exitCode: message.exitCode }));
    this.#wake?.();
  }

  /** How a source stands that may have no messages for long. What still waits to be read is newer or says the same. */
  #status(at: DecodeCounters): void {
    if (this.#batches.length > 0) Object.assign(this.#counters, { note: at.note, isAlarm: at.isAlarm });
    else this.#stand(at);
  }

  #stand(at: DecodeCounters): void {
    this.#clockUs = Math.max(at.clockUs, this.#clockUs);
    this.#frames = at.frames;
    this.#counters = at;
  }

  #break(error: Error): void {
    this.#broken = error;
    this.#wake?.();
  }

  get nextTimeUs(): number {
    return this.#front() === null ? -1 : this.#reader.nextTimeUs;
  }

  get endedEarly(): string | null {
    return this.#batches.length === 0 && this.#end !== null ? this.#end.early : null;
  }

  get counters(): DecodeCounters {
    this.#counters.clockUs = this.#clockUs;
    this.#counters.frames = this.#frames;
    return this.#counters;
  }

  async read(sink: MessageSink, untilUs: number, max: number): Promise<'more' | 'until' | 'end'> {
    if (this.#batches.length === 0 && this.#end === null) await this.#arrival();
    let left = max;
    while (left > 0) {
      const batch = this.#front();
      if (batch === null) {
        if (this.#broken !== null) throw this.#broken;
        if (this.#end === null) return 'more';
        // What stood behind the last message: frames without any.
        if (this.#end.at.clockUs > untilUs) return 'until';
        this.#stand(this.#end.at);
        return 'end';
      }
      const reader = this.#reader;
      // What the streams of probes have given is known behind a batch: rows of a part of it would come twice after a restart.
      const given = reader.deliver(sink, untilUs, batch.at.served === null ? left : allMessages);
      left -= given;
      if (given > 0) {
        this.#frames = reader.frame;
        if (reader.newestUs > this.#clockUs) this.#clockUs = reader.newestUs;
      }
      if (reader.nextTimeUs >= 0) {
        if (left > 0) return 'until';
        break;
      }
      if (batch.at.clockUs > untilUs) return 'until';
      this.#finish(batch);
    }
    return 'more';
  }

  /** The batch that is being read or comes next. */
  #front(): Batch | null {
    const batch = this.#batches[0] ?? null;
    if (batch !== null && !this.#reading) {
      this.#reading = true;
      this.#reader.open(batch);
    }
    return batch;
  }

  /** A batch has been read: its buffer goes back. */
  #finish(batch: Batch): void {
    this.#batches.shift();
    this.#reading = false;
    this.#stand(batch.at);
    this.#send({ k: 'credit', buffer: batch.buffer });
  }

  #arrival(): Promise<void> {
    if (this.#broken !== null) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), waitMs);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = null;
        resolve();
      };
    });
  }

  #send(message: FeedToDecoder): void {
    this.#worker.postMessage(message);
  }

  async close(): Promise<void> {
    this.#send({ k: 'stop' });
    const timer = setTimeout(() => void this.#worker.terminate(), endMs);
    await this.#exited;
    clearTimeout(timer);
  }
}
