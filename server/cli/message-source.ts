import { joinFeedNotes } from '../../shared/feed-note.ts';
import type { FrameSink, RecordsTaken } from '../capture/frame.ts';
import type { FrameReader } from '../capture/frame-reader.ts';
import type { RecordWindow } from '../capture/record-window.ts';
import type { ServedStream } from '../capture/served-again.ts';
import type { Config } from '../config.ts';
import { Decoder } from '../decode/decoder.ts';
import type { MessageSink } from '../decode/message.ts';
import type { MessageBatchWriter } from '../decode/message-batch-writer.ts';
import type { FrameCounts } from '../events/feed-messages.ts';
import type { AheadLane } from './ahead-lane.ts';
import { FrameCoverage } from './decode-coverage.ts';

/** What decoding has seen of a feed, whole since its start. */
export interface DecodeCounters {
  /** Newest time of a frame, µs; -1 before the first. */
  clockUs: number;
  /** 0 … 1 of a finite feed, -1 of an endless one. */
  progress: number;
  frames: number;
  bytes: number;
  messages: number;
  /** Bad input skipped, by reason code. */
  faults: Record<string, number>;
  /** Well-formed input that nothing here has a use for, by its specification's name. */
  unhandled: Record<string, number>;
  /** What the decoder dropped for lack of room or after its time: the unfinished by layer, what was heard by table. */
  evicted: Record<string, number>;
  coverage: FrameCounts;
  /** Of a live source: one line on how it stands with its probes; else ''. */
  note: string;
  /** Whether the note is of something that an operator has to set right. */
  isAlarm: boolean;
  /** What the streams of probes have given, all of which was read; null: not so, or there are none. */
  served: readonly ServedStream[] | null;
}

/** Decoded messages of a feed that are pulled, as a `FrameReader` gives frames. */
export interface MessageSource {
  /** Time of the next message or frame if it is known, µs; else -1. */
  readonly nextTimeUs: number;
  /** One line on why the feed ended before its end, once it has; else null. */
  readonly endedEarly: string | null;
  /** As of what was read. */
  readonly counters: DecodeCounters;
  /**
   * Delivers what lies in frames up to `untilUs`, at most about `max` of it; says why it stopped. A source that waits
   * for somebody answers `more` after a while though nothing came.
   */
  read(sink: MessageSink, untilUs: number, max: number): Promise<'more' | 'until' | 'end'>;
  close(): Promise<void>;
}

/** Frames from a reader, decoded on the thread that reads. */
export class DecodedFrames implements MessageSource, FrameSink {
  #bytes = 0;
  /** A number from the start: V8 keeps a field that was ever undefined as an object, a new one for each frame. */
  #clockUs = -1;
  #sink: MessageSink | null = null;
  readonly #reader: FrameReader;
  readonly #decoder: Decoder;
  readonly #coverage = new FrameCoverage();
  readonly #lane: AheadLane | null;
  readonly ahead?: FrameSink['ahead'];

  /**
   * @param writer what every `read` will be given, if it is such a one: ordinary packets go there at once
   * @param lane where frames far ahead of the clock go; null: they are left out
   */
  constructor(
    reader: FrameReader,
    config: Config,
    writer: MessageBatchWriter | null = null,
    lane: AheadLane | null = null,
  ) {
    this.#reader = reader;
    this.#lane = lane;
    if (lane !== null) this.ahead = (...frame) => lane.frame(...frame);
    this.#decoder = new Decoder(
      {
        message: (message) => {
          this.#coverage.understood();
          this.#sink!.message(message);
        },
        map: (message, component) => {
          this.#coverage.understood();
          this.#sink!.map?.(message, component);
        },
        fault: () => this.#coverage.malformed(),
      },
      config,
      writer,
    );
    this.#clockUs = reader.nextTimeUs;
  }

  get nextTimeUs(): number {
    return this.#reader.nextTimeUs;
  }

  get endedEarly(): string | null {
    return this.#reader.endedEarly?.message ?? null;
  }

  get counters(): DecodeCounters {
    const { stats } = this.#decoder;
    const faults: Record<string, number> = {};
    for (const source of [this.#reader.faults, stats.faults, this.#lane?.faults ?? []]) {
      for (const [reason, count] of source) faults[reason] = (faults[reason] ?? 0) + count;
    }
    const aheadNote = this.#lane?.note ?? '';
    return {
      clockUs: this.#clockUs,
      progress: this.#reader.progress,
      frames: stats.frames,
      bytes: this.#bytes,
      messages: stats.messages,
      faults,
      unhandled: Object.fromEntries(stats.unhandled),
      evicted: Object.fromEntries(stats.evicted),
      coverage: { ...this.#coverage.counts },
      note: joinFeedNotes(this.#reader.note ?? '', aheadNote),
      isAlarm: aheadNote !== '',
      served: this.#reader.served ?? null,
    };
  }

  read(sink: MessageSink, untilUs: number, max: number): Promise<'more' | 'until' | 'end'> {
    this.#sink = sink;
    return this.#reader.read(this, untilUs, max);
  }

  frame(timeUs: number, linkType: number, bytes: Uint8Array, start: number, end: number): void {
    if (timeUs > this.#clockUs) this.#clockUs = timeUs;
    this.#bytes += end - start;
    this.#decoder.frame(timeUs, linkType, bytes, start, end);
    this.#coverage.frame(this.#decoder.stats);
  }

  records(window: RecordWindow, linkType: number, nanoseconds: boolean): RecordsTaken {
    const taken = this.#decoder.records(window, linkType, nanoseconds);
    if (taken.frames === 0) return taken;
    if (taken.newestUs > this.#clockUs) this.#clockUs = taken.newestUs;
    this.#bytes += taken.bytes;
    this.#coverage.frames(taken.frames, this.#decoder.stats);
    return taken;
  }

  close(): Promise<void> {
    return this.#reader.close();
  }
}
