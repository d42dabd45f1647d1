import type { ByteSource } from './byte-source.ts';
import { type CaptureFault, captureEndedEarly, type EndedEarly } from './ended-early.ts';
import type { FrameSink } from './frame.ts';
import type { FrameReader } from './frame-reader.ts';
import { type CaptureParser, found } from './pcap-parser.ts';

const bufferBytes = 1 << 20;

/** A {@link FrameReader} over any byte source and any capture format; its one buffer is reused for the whole stream. */
export class CaptureReader implements FrameReader {
  readonly faults = new Map<string, number>();
  endedEarly: EndedEarly | null = null;
  readonly #name: string;
  readonly #source: ByteSource;
  readonly #parser: CaptureParser;
  #buffer: Uint8Array;
  #start = 0;
  #end: number;
  #pending = false;
  #finished = false;
  /** Octets taken from the source. */
  #readBytes: number;
  #packets = 0;

  /**
   * @param name what messages call the source
   * @param head octets that were already taken from the source, to recognise its format
   */
  constructor(source: ByteSource, name: string, parser: CaptureParser, head: Uint8Array) {
    this.#name = name;
    this.#readBytes = head.length;
    this.#source = source;
    this.#parser = parser;
    this.#buffer = new Uint8Array(Math.max(bufferBytes, head.length));
    this.#buffer.set(head);
    this.#end = head.length;
  }

  /** Octets that parsed records took. */
  get #parsedBytes(): number {
    return this.#readBytes - (this.#end - this.#start);
  }

  get nextTimeUs(): number {
    return this.#pending ? this.#parser.timeUs : -1;
  }

  get progress(): number {
    if (this.#finished) return 1;
    const share = this.#source.progress;
    if (share < 0 || this.#readBytes === 0) return share;
    // The source is ahead by what stands in the buffer; only what was delivered counts.
    const delivered = this.#parsedBytes - (this.#pending ? this.#parser.consumed : 0);
    return share * (delivered / this.#readBytes);
  }

  async read(sink: FrameSink, untilUs: number, maxFrames: number): Promise<'more' | 'until' | 'end'> {
    let left = maxFrames;
    for (;;) {
      if (this.#finished) return 'end';
      left = this.#deliver(sink, untilUs, left);
      if (this.#pending) return this.#parser.timeUs > untilUs ? 'until' : 'more';
      if (!this.#finished && !(await this.#refill(this.#parser.need))) {
        const fault = this.#source.fault ?? (this.#start < this.#end ? 'TRUNCATED_CAPTURE' : null);
        this.#finish(fault);
      }
    }
  }

  /** Delivers what stands in the buffer, up to a frame that may not go yet (`#pending`) or the end of what is there. */
  #deliver(sink: FrameSink, untilUs: number, maxFrames: number): number {
    const parser = this.#parser;
    const buffer = this.#buffer;
    const end = this.#end;
    let start = this.#start;
    let pending = this.#pending;
    let left = maxFrames;
    for (;;) {
      if (pending === true) {
        if (parser.timeUs > untilUs || left === 0) break;
        left--;
        pending = false;
        this.#pending = false;
        sink.frame(parser.timeUs, parser.linkType, buffer, parser.frameStart, parser.frameEnd);
      }
      const step = parser.step(buffer, start, end);
      if (step >= found.need) {
        if (step === found.fault) this.#finish(parser.fault);
        break;
      }
      start += parser.consumed;
      this.#start = start;
      if (step === found.frame) {
        pending = true;
        this.#pending = true;
        this.#packets++;
      }
    }
    return left;
  }

  #finish(fault: CaptureFault | null): void {
    this.#finished = true;
    if (fault === null) return;
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
    this.endedEarly = captureEndedEarly({
      fault,
      name: this.#name,
      record: this.#parser.nameOf(this.#packets),
      atByte: this.#parsedBytes,
      sizeBytes: this.#source.sizeBytes,
    });
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
      this.#readBytes += n;
    }
    return true;
  }

  async close(): Promise<void> {
    this.#finished = true;
    this.#pending = false;
    await this.#source.close();
  }
}
