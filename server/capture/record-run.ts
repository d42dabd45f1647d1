import type { FrameSink } from './frame.ts';
import { RecordWindow } from './record-window.ts';

/** Octets and frames read ahead at most: what a sink takes at once. */
const runBytes = 1 << 16;
const framesMax = 1024;
/** Header of a record of the classic pcap format. draft-ietf-opsawg-pcap §5. */
const headerBytes = 16;
/** Seconds that such a header can tell. */
const secondsMax = 0x1_0000_0000;

/**
 * Frames of one link type that a parser has read ahead, written again as records of the classic pcap format in
 * microseconds with the least significant octet first, so that a sink may take many at once (`FrameSink.records`)
 * whatever format they came in. What they say is the same; a frame that such a record can't hold is not for it.
 */
export class RecordRun {
  /** Octets that {@link add} and {@link skip} were told of and no delivered frame has taken yet. */
  ahead = 0;
  readonly #window = new RecordWindow(new Uint8Array(runBytes));
  #linkType = 0;
  /** By frame the octets of its format that end with it: those of blocks in front of it, too. */
  readonly #taken = new Int32Array(framesMax);
  #count = 0;
  #next = 0;
  /** Octets behind the last frame. */
  #tail = 0;

  /** Whether all frames were delivered. */
  get isEmpty(): boolean {
    return this.#next === this.#count;
  }

  /** Makes it ready for new frames; the old ones were delivered. */
  begin(): void {
    this.ahead = 0;
    this.#count = 0;
    this.#next = 0;
    this.#tail = 0;
    this.#window.start = 0;
    this.#window.end = 0;
    this.#window.version++;
  }

  /** The format's octets behind the last frame that are none of a frame's. */
  skip(octets: number): void {
    this.ahead += octets;
    this.#tail += octets;
  }

  /**
   * Takes a copy of the frame `bytes[start..end)`.
   *
   * @param octets that it takes in its own format
   * @returns false where it does not go with the others, with nothing changed: it is for the next run
   */
  add(timeUs: number, linkType: number, bytes: Uint8Array, start: number, end: number, octets: number): boolean {
    const window = this.#window;
    const at = window.end;
    const length = end - start;
    const seconds = Math.floor(timeUs / 1e6);
    if (this.#count === framesMax || at + headerBytes + length > runBytes) return false;
    if (seconds < 0 || seconds >= secondsMax || (this.#count > 0 && linkType !== this.#linkType)) return false;
    const { view } = window;
    view.setUint32(at, seconds, true);
    view.setUint32(at + 4, timeUs - seconds * 1e6, true);
    view.setUint32(at + 8, length, true);
    view.setUint32(at + 12, length, true);
    window.bytes.set(bytes.subarray(start, end), at + headerBytes);
    window.end = at + headerBytes + length;
    this.#linkType = linkType;
    this.#taken[this.#count++] = this.#tail + octets;
    this.#tail = 0;
    this.ahead += octets;
    return true;
  }

  /**
   * Gives frames to the sink as far as `source` lets it, and moves `source` behind them.
   *
   * @returns whether one is held back, by its time or because no more are wanted
   */
  deliver(source: RecordWindow, sink: FrameSink): boolean {
    const window = this.#window;
    window.untilUs = source.untilUs;
    window.recordBytesMax = source.recordBytesMax;
    while (!this.isEmpty) {
      window.left = source.left;
      const taken = sink.records?.(window, this.#linkType, false).frames ?? 0;
      for (let n = 0; n < taken; n++) this.#pass(source);
      if (this.isEmpty) break;
      const { view, start } = window;
      const timeUs = view.getUint32(start, true) * 1e6 + view.getUint32(start + 4, true);
      if (timeUs > source.untilUs || source.left === 0) {
        source.heldUs = timeUs;
        return true;
      }
      const end = start + headerBytes + view.getUint32(start + 8, true);
      window.start = end;
      this.#pass(source);
      sink.frame(timeUs, this.#linkType, window.bytes, start + headerBytes, end);
    }
    source.start += this.#tail;
    this.#tail = 0;
    return false;
  }

  #pass(source: RecordWindow): void {
    source.start += this.#taken[this.#next++];
    source.left--;
    source.frames++;
  }
}
