import type { Clock } from '../clock.ts';
import { type FrameSink, nothingTaken, type RecordsTaken } from './frame.ts';
import type { FrameReader } from './frame-reader.ts';
import type { RecordWindow } from './record-window.ts';

/**
 * Standard input beside probes: frames too far ahead of this machine's clock go to the sink's `ahead`, as those of a
 * `LiveReader` do.
 */
export class AheadApart implements FrameReader, FrameSink {
  readonly #inner: FrameReader;
  readonly #clock: Clock;
  readonly #aheadMsMax: number;
  #sink: FrameSink | null = null;
  #latestUs = 0;

  constructor(inner: FrameReader, { clock, aheadMsMax }: { clock: Clock; aheadMsMax: number }) {
    this.#inner = inner;
    this.#clock = clock;
    this.#aheadMsMax = aheadMsMax;
  }

  get nextTimeUs(): number {
    return this.#inner.nextTimeUs;
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

  read(sink: FrameSink, untilUs: number, maxFrames: number): Promise<'more' | 'until' | 'end'> {
    this.#sink = sink;
    return this.#inner.read(this, untilUs, maxFrames);
  }

  frame(timeUs: number, linkType: number, bytes: Uint8Array, start: number, end: number): void {
    if (timeUs > this.#latest(timeUs)) {
      this.faults.set('TIME_AHEAD', (this.faults.get('TIME_AHEAD') ?? 0) + 1);
      this.#sink?.ahead?.(timeUs, linkType, bytes, start, end);
    } else this.#sink?.frame(timeUs, linkType, bytes, start, end);
  }

  records(window: RecordWindow, linkType: number, nanoseconds: boolean): RecordsTaken {
    const { untilUs } = window;
    // What is far ahead is for `frame` to tell.
    window.untilUs = Math.min(untilUs, this.#latest(Number.POSITIVE_INFINITY));
    const taken = this.#sink?.records?.(window, linkType, nanoseconds) ?? nothingTaken;
    window.untilUs = untilUs;
    return taken;
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  /** The latest time that is believed; looked up anew only where the one of before would not do. */
  #latest(timeUs: number): number {
    if (timeUs > this.#latestUs) this.#latestUs = this.#clock.nowUs() + this.#aheadMsMax * 1000;
    return this.#latestUs;
  }
}
