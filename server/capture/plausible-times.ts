import { hourUs } from '../clock.ts';
import { type FrameSink, nothingTaken, type RecordsTaken } from './frame.ts';
import type { FrameReader } from './frame-reader.ts';
import type { RecordWindow } from './record-window.ts';

/**
 * No capture is from after 2150; one that begins before 1990 and goes on behind it has a first frame without a time
 * (synthetic captures that count from 0 are all before).
 */
const earliestUs = Date.UTC(1990, 0, 1) * 1000;
export const latestUs = Date.UTC(2150, 0, 1) * 1000;
/** A frame this much later than the one before is believed only when the next one agrees. */
const jumpUs = hourUs;

/**
 * Keeps wrong times out: everything behind a capture goes by its clock, so that one frame stamped 2100 would end
 * everyone's presence, make all later frames too late and let retention drop the history. A frame with an impossible
 * time is skipped and counted (`TIME_IMPLAUSIBLE`); one that jumps ahead by more than an hour is held until the next
 * frame has come, and skipped and counted (`TIME_JUMP`) if that one does not agree. Frames of the past pass: they are
 * late, which the reorder window deals with.
 */
export class PlausibleTimes implements FrameReader, FrameSink {
  readonly #inner: FrameReader;
  #sink: FrameSink = this;
  #lastUs = Number.NEGATIVE_INFINITY;
  /** The frame that jumped ahead, a copy of its own; believed once the next one agrees. */
  #held: { timeUs: number; linkType: number; bytes: Uint8Array } | null = null;
  #believed = false;
  #holding = false;
  /** Frames that may still be given in this call. */
  #left = 0;

  private constructor(inner: FrameReader) {
    this.#inner = inner;
  }

  /** Wraps a reader; the time of its first believable frame is known then. */
  static async over(inner: FrameReader): Promise<PlausibleTimes> {
    const reader = new PlausibleTimes(inner);
    await reader.#settle();
    return reader;
  }

  get nextTimeUs(): number {
    return this.#held !== null ? this.#held.timeUs : this.#inner.nextTimeUs;
  }

  get progress(): number {
    return this.#inner.progress;
  }

  get faults(): Map<string, number> {
    return this.#inner.faults;
  }

  get endedEarly(): { code: string; message: string } | null {
    return this.#inner.endedEarly ?? null;
  }

  async read(sink: FrameSink, untilUs: number, maxFrames: number): Promise<'more' | 'until' | 'end'> {
    this.#sink = sink;
    this.#left = maxFrames;
    for (;;) {
      if (this.#held !== null && this.#believed) {
        const { timeUs, linkType, bytes } = this.#held;
        if (timeUs > untilUs) return 'until';
        if (this.#left === 0) return 'more';
        this.#held = null;
        this.frame(timeUs, linkType, bytes, 0, bytes.length);
      }
      const believableUs = this.#lastUs + jumpUs;
      const why = await this.#inner.read(this, Math.min(untilUs, believableUs), this.#left);
      if (why !== 'until' || untilUs <= believableUs) return why;
      // Time may have gone on by so much frame by frame: then the next one is no jump.
      if (this.#inner.nextTimeUs <= this.#lastUs + jumpUs) continue;
      await this.#settle();
      if (this.#held === null && this.#inner.nextTimeUs < 0) return 'end';
    }
  }

  frame(timeUs: number, linkType: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#holding) {
      this.#held = { timeUs, linkType, bytes: bytes.slice(start, end) };
      return;
    }
    // Before 1970 nobody captured; a negative offset of an interface makes such times.
    if (timeUs < 0) {
      this.#fault('TIME_IMPLAUSIBLE');
      return;
    }
    if (timeUs > this.#lastUs) this.#lastUs = timeUs;
    this.#left--;
    this.#sink.frame(timeUs, linkType, bytes, start, end);
  }

  records(window: RecordWindow, linkType: number, nanoseconds: boolean): RecordsTaken {
    const taken = this.#holding ? undefined : this.#sink.records?.(window, linkType, nanoseconds);
    if (taken === undefined) return nothingTaken;
    if (taken.newestUs > this.#lastUs) this.#lastUs = taken.newestUs;
    this.#left -= taken.frames;
    return taken;
  }

  /** Holds the next frame and looks at the one after it, until there is one to believe or the capture ends. */
  async #settle(): Promise<void> {
    for (;;) {
      this.#holding = true;
      const why = await this.#inner.read(this, Number.POSITIVE_INFINITY, 1);
      this.#holding = false;
      const held = this.#held;
      if (held === null) return;
      const followerUs = this.#inner.nextTimeUs;
      const isFirst = this.#lastUs === Number.NEGATIVE_INFINITY;
      const agrees = followerUs >= held.timeUs - jumpUs;
      const outside =
        held.timeUs < 0 || held.timeUs >= latestUs || (held.timeUs < earliestUs && followerUs >= earliestUs);
      if (outside) this.#fault('TIME_IMPLAUSIBLE');
      else if (agrees || (isFirst && followerUs < 0)) {
        this.#believed = true;
        return;
      } else this.#fault('TIME_JUMP');
      this.#held = null;
      if (why === 'end' || (followerUs < 0 && this.#inner.nextTimeUs < 0)) return;
      // What follows may go on from where the last believed frame was.
      if (!isFirst && this.#inner.nextTimeUs <= this.#lastUs + jumpUs) return;
    }
  }

  #fault(reason: string): void {
    this.faults.set(reason, (this.faults.get(reason) ?? 0) + 1);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
