import type { ByteSource } from './byte-source.ts';
import { type CaptureFault, captureEndedEarly, type EndedEarly } from './ended-early.ts';
import type { FrameSink } from './frame.ts';
import type { FrameReader } from './frame-reader.ts';
import type { CaptureParser } from './pcap-parser.ts';
import { RecordWindow, stopped } from './record-window.ts';

const bufferBytes = 1 << 20;

/** A {@link FrameReader} over any byte source and any capture format; its one buffer is reused for the whole stream. */
export class CaptureReader implements FrameReader {
  readonly faults = new Map<string, number>();
  endedEarly: EndedEarly | null = null;
  readonly #name: string;
  readonly #source: ByteSource;
  readonly #parser: CaptureParser;
  readonly #window: RecordWindow;
  /** A frame stands at the front of the window and waits. */
  #holds = false;
  #finished = false;
  /** Octets taken from the source. */
  #readBytes: number;

  /**
   * @param name what messages call the source
   * @param head octets that were already taken from the source, to recognise its format
   */
  constructor(source: ByteSource, name: string, parser: CaptureParser, head: Uint8Array) {
    this.#name = name;
    this.#readBytes = head.length;
    this.#source = source;
    this.#parser = parser;
    this.#window = new RecordWindow(new Uint8Array(Math.max(bufferBytes, head.length)));
    this.#window.bytes.set(head);
    this.#window.end = head.length;
  }

  get nextTimeUs(): number {
    return this.#holds ? this.#window.heldUs : -1;
  }

  get progress(): number {
    if (this.#finished) return 1;
    const share = this.#source.progress;
    // The source is ahead by what stands in the window; only what was delivered counts.
    return share < 0 || this.#readBytes === 0 ? share : share * (this.#parsedBytes / this.#readBytes);
  }

  /** Octets that records took. */
  get #parsedBytes(): number {
    return this.#readBytes - (this.#window.end - this.#window.start);
  }

  async read(sink: FrameSink, untilUs: number, maxFrames: number): Promise<'more' | 'until' | 'end'> {
    const window = this.#window;
    window.untilUs = untilUs;
    window.left = maxFrames;
    for (;;) {
      if (this.#finished) return 'end';
      this.#holds = false;
      const why = this.#parser.deliver(window, sink);
      if (why === stopped.held) {
        this.#holds = true;
        return window.heldUs > untilUs ? 'until' : 'more';
      }
      if (why === stopped.fault) this.#finish(this.#parser.fault);
      else if (!(await this.#refill(this.#parser.need))) {
        this.#finish(this.#source.fault ?? (window.start < window.end ? 'TRUNCATED_CAPTURE' : null));
      }
    }
  }

  #finish(fault: CaptureFault | null): void {
    this.#finished = true;
    if (fault === null) return;
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
    this.endedEarly = captureEndedEarly({
      fault,
      name: this.#name,
      record: this.#parser.nameOf(this.#window.frames),
      atByte: this.#parsedBytes,
      sizeBytes: this.#source.sizeBytes,
    });
  }

  /** Gets octets until `need` of them stand in the window; false where the source ends before. */
  async #refill(need: number): Promise<boolean> {
    const window = this.#window;
    window.compact(need);
    while (window.end < need) {
      const n = await this.#source.read(window.bytes, window.end, window.bytes.length - window.end);
      if (n === 0) return false;
      window.end += n;
      this.#readBytes += n;
    }
    return true;
  }

  async close(): Promise<void> {
    this.#finished = true;
    this.#holds = false;
    await this.#source.close();
  }
}
