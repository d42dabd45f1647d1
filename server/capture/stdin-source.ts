import { createReadStream, fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import { isatty } from 'node:tty';
import { UserError } from '../errors.ts';
import type { FrameSink } from './frame.ts';
import type { FrameReader } from './frame-reader.ts';
import { openCaptureSource } from './open-capture.ts';
import { PlausibleTimes } from './plausible-times.ts';
import { ReadableSource } from './readable-source.ts';

const standardInput = 0;
const name = 'standard input';

/** Standard input on the thread that asks: a pipe can be waited for without holding a thread of the pool. */
function openStandardInput(): ReadableSource {
  if (isatty(standardInput)) {
    throw new UserError(
      'FEED_STDIN',
      `${name} is a terminal; pipe a capture into it, as in tcpdump -w - | signalwall …`,
    );
  }
  const info = fstatSync(standardInput);
  const waits = info.isFIFO() || info.isSocket();
  return new ReadableSource(
    waits
      ? new Socket({ fd: standardInput, readable: true, writable: false })
      : createReadStream('', { fd: standardInput, autoClose: false }),
  );
}

/**
 * The capture on a byte source that may keep one waiting: it is opened with the first read, so that whoever opens many
 * feeds waits for none. What is wrong with its beginning is thrown by that read as `openCaptureSource` would.
 */
export class DeferredCapture implements FrameReader {
  readonly #source: () => ReadableSource;
  readonly #recordBytesMax: number;
  readonly #checksTimes: boolean;
  readonly #unopened = new Map<string, number>();
  #bytes: ReadableSource | null = null;
  #reader: FrameReader | null = null;
  #closed = false;

  /** @param checksTimes whether frames with wrong times are left out */
  constructor(source: () => ReadableSource, recordBytesMax: number, checksTimes = true) {
    this.#source = source;
    this.#recordBytesMax = recordBytesMax;
    this.#checksTimes = checksTimes;
  }

  get nextTimeUs(): number {
    return this.#reader?.nextTimeUs ?? -1;
  }

  get progress(): number {
    return this.#reader?.progress ?? -1;
  }

  get faults(): Map<string, number> {
    return this.#reader?.faults ?? this.#unopened;
  }

  get endedEarly(): { code: string; message: string } | null {
    return this.#reader?.endedEarly ?? null;
  }

  async read(sink: FrameSink, untilUs: number, maxFrames: number): Promise<'more' | 'until' | 'end'> {
    if (this.#closed) return 'end';
    this.#reader ??= await this.#open();
    return this.#reader === null ? 'end' : this.#reader.read(sink, untilUs, maxFrames);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await (this.#reader ?? this.#bytes)?.close();
  }

  /** null where it was closed while it was waited for. */
  async #open(): Promise<FrameReader | null> {
    this.#bytes = this.#source();
    try {
      const reader = await openCaptureSource(this.#bytes, name, this.#recordBytesMax);
      return this.#checksTimes ? await PlausibleTimes.over(reader) : reader;
    } catch (error) {
      if (this.#closed) return null;
      throw error;
    }
  }
}

/** A feed from standard input (`-`, `pcap:-`): pcap or pcapng, in gzip or not. */
export function openStdin(recordBytesMax: number, checksTimes = true): FrameReader {
  return new DeferredCapture(openStandardInput, recordBytesMax, checksTimes);
}
