import type { FrameSink } from './frame.ts';
import type { FrameReader } from './frame-reader.ts';
import type { CaptureFault, CaptureParser } from './pcap-parser.ts';

/** Octets in order, pulled: a file, a gzip stream, later standard input or a TCP connection. */
export interface ByteSource {
  /** Puts up to `max` octets at `into[at…]`; resolves to their number, 0 at the end. Never rejects. */
  read(into: Uint8Array, at: number, max: number): Promise<number>;
  /** Share that was read, 0…1; -1 unknown. */
  readonly progress: number;
  /** Why it ended early; known once `read` gave 0. */
  readonly fault: CaptureFault | null;
  close(): Promise<void>;
}

const bufferBytes = 1 << 20;

/** A {@link FrameReader} over any byte source and any capture format; its one buffer is reused for the whole stream. */
export class CaptureReader implements FrameReader {
  readonly faults = new Map<string, number>();
  readonly #source: ByteSource;
  readonly #parser: CaptureParser;
  #buffer: Uint8Array;
  #start = 0;
  #end: number;
  #pending = false;
  #finished = false;

  /** @param head octets that were already taken from the source, to recognise its format */
  constructor(source: ByteSource, parser: CaptureParser, head: Uint8Array) {
    this.#source = source;
    this.#parser = parser;
    this.#buffer = new Uint8Array(Math.max(bufferBytes, head.length));
    this.#buffer.set(head);
    this.#end = head.length;
  }

  get nextTimeUs(): number {
    return this.#pending ? this.#parser.timeUs : -1;
  }

  get progress(): number {
    return this.#finished && !this.#pending ? 1 : this.#source.progress;
  }

  async read(sink: FrameSink, untilUs: number, maxFrames: number): Promise<'more' | 'until' | 'end'> {
    const parser = this.#parser;
    let left = maxFrames;
    for (;;) {
      if (this.#pending) {
        if (parser.timeUs > untilUs) return 'until';
        if (left-- === 0) return 'more';
        this.#pending = false;
        sink.frame(parser.timeUs, parser.linkType, this.#buffer, parser.frameStart, parser.frameEnd);
      }
      if (this.#finished) return 'end';
      const step = parser.step(this.#buffer, this.#start, this.#end);
      if (step === 'frame' || step === 'skip') {
        this.#start += parser.consumed;
        this.#pending = step === 'frame';
      } else if (step === 'fault') {
        this.#finish(parser.fault);
      } else if (!(await this.#refill(parser.need))) {
        const fault = this.#source.fault ?? (this.#start < this.#end ? 'TRUNCATED_CAPTURE' : null);
        this.#finish(fault);
      }
    }
  }

  #finish(fault: CaptureFault | null): void {
    this.#finished = true;
    if (fault !== null) this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
  }

  /** Gets octets until `need` stand from `#start` on; false where the source ends before. */
  async #refill(need: number): Promise<boolean> {
    const held = this.#end - this.#start;
    const target = need > this.#buffer.length ? new Uint8Array(need) : this.#buffer;
    target.set(this.#buffer.subarray(this.#start, this.#end));
    this.#buffer = target;
    this.#start = 0;
    this.#end = held;
    while (this.#end < need) {
      const n = await this.#source.read(this.#buffer, this.#end, this.#buffer.length - this.#end);
      if (n === 0) return false;
      this.#end += n;
    }
    return true;
  }

  async close(): Promise<void> {
    this.#finished = true;
    this.#pending = false;
    await this.#source.close();
  }
}
