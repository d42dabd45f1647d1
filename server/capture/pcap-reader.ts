import type { ByteSource } from './byte-source.ts';
import { type CaptureFault, captureEndedEarly, type EndedEarly } from './ended-early.ts';
import type { FrameSink } from './frame.ts';
import type { FrameReader } from './frame-reader.ts';
import type { CaptureParser } from './pcap-parser.ts';
import { RecordWindow, stopped } from './record-window.ts';

/** Octets read at once: some thousand frames, so that the next part is there before this one is done with. */
const partBytes = 1 << 19;
/** Room in front of a part for the record that the part before cuts off; of a longer one both are put together. */
const roomBytes = 1 << 16;

/**
 * A {@link FrameReader} over any byte source and any capture format. Its two buffers are reused for the whole stream:
 * while the frames of one are delivered, the next octets of a file come into the other.
 */
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
  /** Octets that the source has given, and those of them that were put into the window. */
  #readBytes: number;
  #takenBytes: number;
  /** Where the next octets of the source come to, from {@link roomBytes} on. */
  #spare: Uint8Array = new Uint8Array(roomBytes + partBytes);
  /** Their number, while they come or wait; null where they were not asked for. */
  #ahead: Promise<number> | null = null;

  /**
   * @param name what messages call the source
   * @param head octets that were already taken from the source, to recognise its format
   */
  constructor(source: ByteSource, name: string, parser: CaptureParser, head: Uint8Array) {
    this.#name = name;
    this.#readBytes = head.length;
    this.#takenBytes = head.length;
    this.#source = source;
    this.#parser = parser;
    this.#window = new RecordWindow(new Uint8Array(roomBytes + partBytes));
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
    return this.#takenBytes - (this.#window.end - this.#window.start);
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
    while (window.end - window.start < need) {
      let n = await (this.#ahead ?? this.#readSpare());
      // A file that is still written may have grown since it was asked.
      if (n === 0 && this.#ahead !== null) n = await this.#readSpare();
      this.#ahead = null;
      if (n === 0) return false;
      this.#takenBytes += n;
      const old = window.goOver(this.#spare, roomBytes, roomBytes + n);
      if (old !== null) this.#spare = old;
      else window.append(this.#spare.subarray(roomBytes, roomBytes + n));
      if (this.#source.readsAhead === true && !this.#finished) this.#ahead = this.#readSpare();
    }
    return true;
  }

  async #readSpare(): Promise<number> {
    const n = await this.#source.read(this.#spare, roomBytes, this.#spare.length - roomBytes);
    this.#readBytes += n;
    return n;
  }

  async close(): Promise<void> {
    this.#finished = true;
    this.#holds = false;
    await this.#ahead;
    await this.#source.close();
  }
}
