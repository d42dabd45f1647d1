import type { Readable } from 'node:stream';
import { feedNote, joinFeedNotes } from '../../shared/feed-note.ts';
import type { Clock } from '../clock.ts';
import { type FrameSink, nothingTaken, type RecordsTaken } from './frame.ts';
import type { FrameReader } from './frame-reader.ts';
import { LiveStream } from './live-stream.ts';
import { latestUs as implausibleUs } from './plausible-times.ts';
import type { RecordWindow } from './record-window.ts';
import { ServedAgain, type ServedStream } from './served-again.ts';

/** So long a read waits for something to come before it says that there is nothing. */
const waitMs = 100;
/** Frames of one stream before another one's turn. */
const turnFrames = 256;

export interface LiveOptions {
  clock: Clock;
  /** A record that claims more octets is corrupt. */
  recordBytesMax: number;
  /** Frames further ahead of wall time are told apart. */
  aheadMsMax: number;
  /** What probes had given in an earlier run, and may serve once more. */
  before?: readonly ServedStream[];
}

/** Where the streams of a {@link LiveReader} come from. */
export interface LiveOrigin {
  /** One line on how things are. */
  readonly note: string;
  /** A stream that was added has ended and was taken out. */
  ended(stream: LiveStream): void;
  close(): void;
}

/**
 * Brings the streams of probes together into one feed. It has no end and no speed: a read gives what is there, and
 * where nothing is waits a moment. What is wrong with one stream is counted and ends that one only.
 */
export class LiveReader implements FrameReader, FrameSink {
  readonly faults = new Map<string, number>();
  readonly progress = -1;
  readonly endedEarly = null;
  readonly #options: LiveOptions;
  #origin: LiveOrigin | null = null;
  #streams: LiveStream[] = [];
  /** The one that gives frames. */
  #giving: LiveStream | null = null;
  readonly #served: ServedAgain<LiveStream>;
  #sink: FrameSink | null = null;
  #latestUs = 0;
  #aheadS = 0;
  #turn = 0;
  #closed = false;
  #wake: () => void = () => undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#served = new ServedAgain(() => this.count('STREAM_FORGOTTEN'), options.before);
  }

  /** Says who is asked for the note and told of ends. */
  attach(origin: LiveOrigin): void {
    this.#origin = origin;
  }

  get streams(): readonly LiveStream[] {
    return this.#streams;
  }

  get served(): ServedStream[] {
    return this.#served.told;
  }

  get note(): string {
    const note = this.#origin?.note ?? '';
    if (this.#aheadS === 0) return note;
    return joinFeedNotes(note, feedNote('ahead', { seconds: this.#aheadS }));
  }

  get nextTimeUs(): number {
    let next = -1;
    for (const { nextTimeUs } of this.#streams)
      if (nextTimeUs >= 0 && (next < 0 || nextTimeUs < next)) next = nextTimeUs;
    return next;
  }

  /** Takes the stream of a probe in. */
  add(readable: Readable, name: string): LiveStream {
    const stream = new LiveStream(readable, name, this.#options.recordBytesMax, () => this.#wake());
    this.#streams.push(stream);
    return stream;
  }

  count(fault: string): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
  }

  async read(sink: FrameSink, untilUs: number, maxFrames: number): Promise<'more' | 'until' | 'end'> {
    let left = this.#deliver(sink, untilUs, maxFrames);
    if (left === maxFrames && this.nextTimeUs < 0) {
      await this.#arrival();
      left = this.#deliver(sink, untilUs, maxFrames);
    }
    if (this.#closed) return 'end';
    return left > 0 && this.nextTimeUs > untilUs ? 'until' : 'more';
  }

  frame(timeUs: number, linkType: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#giving !== null && this.#served.isKnown(this.#giving, timeUs, bytes, start, end)) {
      this.count('FRAME_AGAIN');
      return;
    }
    if (timeUs < 0 || timeUs >= implausibleUs) {
      this.count('TIME_IMPLAUSIBLE');
      return;
    }
    if (timeUs > this.#latestUs) {
      this.count('TIME_AHEAD');
      if (this.#sink?.ahead !== undefined) this.#sink.ahead(timeUs, linkType, bytes, start, end);
      else this.#aheadS = Math.round((timeUs - this.#latestUs + this.#options.aheadMsMax * 1000) / 1_000_000);
      return;
    }
    this.#sink?.frame(timeUs, linkType, bytes, start, end);
  }

  records(window: RecordWindow, linkType: number, nanoseconds: boolean): RecordsTaken {
    const giving = this.#giving;
    if (giving === null || this.#served.mayBeKnown(giving)) return nothingTaken;
    const { untilUs } = window;
    // What is far ahead is for `frame` to tell.
    window.untilUs = Math.min(untilUs, this.#latestUs);
    const taken = this.#sink?.records?.(window, linkType, nanoseconds) ?? nothingTaken;
    window.untilUs = untilUs;
    this.#served.passed(giving, taken.frames);
    return taken;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#origin?.close();
    for (const stream of this.#streams) stream.close();
    this.#streams = [];
    this.#wake();
  }

  /** Gives what is there, one stream after the other; says how many more frames were wanted. */
  #deliver(sink: FrameSink, untilUs: number, maxFrames: number): number {
    this.#sink = sink;
    this.#latestUs = this.#options.clock.nowUs() + this.#options.aheadMsMax * 1000;
    let left = maxFrames;
    for (let idle = 0; idle < this.#streams.length && left > 0; ) {
      const stream = this.#streams[this.#turn++ % this.#streams.length];
      this.#giving = stream;
      const given = stream.deliver(this, untilUs, Math.min(left, turnFrames));
      left -= given;
      idle = given === 0 ? idle + 1 : 0;
      if (stream.ended) this.#remove(stream);
    }
    return left;
  }

  #remove(stream: LiveStream): void {
    this.#streams = this.#streams.filter((other) => other !== stream);
    this.#served.ended(stream);
    if (stream.fault !== null) this.count(stream.fault);
    this.#origin?.ended(stream);
  }

  /** Waits until something has come or ended, {@link waitMs} at most. */
  #arrival(): Promise<void> {
    if (this.#closed || this.#streams.some(({ isReady }) => isReady)) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake(), waitMs);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = () => undefined;
        resolve();
      };
    });
  }
}
